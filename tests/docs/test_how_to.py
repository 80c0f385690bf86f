import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from images import rgb_image, save
from launching import OBELISK, running_server

PAGE = (Path(__file__).parents[2] / "docs/how-to/create-instances.md").read_text()
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def folder(tmp_path):
    """Run all commands of the page in a folder, under the configuration on it."""
    (tmp_path / "report.pdf").write_bytes(PDF)
    (tmp_path / "image.png").write_bytes(save(rgb_image(), "PNG"))
    (configuration,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    commands = re.findall(r"(?m)^\$ (.*)$", PAGE)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    options = json.loads(configuration)
    with running_server(OBELISK, tmp_path / "server", **options) as server:
        address = f"localhost:{server.http_port}"
        script = "\n".join(commands).replace("localhost:8042", address)
        for command in (
            ["/bin/sh", "-e", "-c", script],
            [sys.executable, "-c", program.replace("localhost:8042", address)],
        ):
            done = subprocess.run(
                command,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            (tmp_path / "output.txt").write_text(done.stdout)
    return tmp_path


def test_the_commands_work(folder):
    """What the page tells to type makes what the page says."""
    answers = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in (
            *("instance", "other", "report", "child", "private", "form"),
            "compressed",
        )
    }

    assert all(answer["Status"] == "Success" for answer in answers.values())
    assert answers["child"]["ParentStudy"] == answers["instance"]["ParentStudy"]
    assert (folder / "copy.pdf").read_bytes() == PDF
    found = json.loads((folder / "found.json").read_text())
    assert found == [answers["private"]["ID"]]
    assert (folder / "output.txt").read_text() == "Success\n"
    assert json.loads((folder / "job.json").read_text())["Path"].startswith("/jobs/")
