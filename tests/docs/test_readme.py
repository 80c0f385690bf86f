import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from launching import OBELISK, running_server

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture
def console(tmp_path):
    """Run a line of the README in a folder with the files that it names."""
    (tmp_path / "my-study").mkdir()
    shutil.copy(get_testdata_file("MR_small.dcm"), tmp_path / "my-study")
    shutil.copy(get_testdata_file("CT_small.dcm"), tmp_path / "slice.dcm")
    (tmp_path / ".curlrc").write_text("fail\n")
    with running_server(OBELISK, tmp_path / "server") as server:

        def console(command):
            line = command.replace("localhost:8042", f"localhost:{server.http_port}")
            line = line.replace("localhost 4242", f"localhost {server.dicom_port}")
            return subprocess.run(
                ["/bin/sh", "-e", "-c", line],
                cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "CURL_HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout

        yield console


def test_the_first_steps_work_as_printed(console, tmp_path):
    """What a newcomer types gives what the README shows."""
    steps = re.findall(r"(?m)^\$ (.*)\n((?:(?!\$|```).*\n)*)", README)
    shown = 0

    for command, output in steps:
        printed = console(command)
        if output:
            shown += 1
            assert json.loads(printed) == json.loads(output)

    assert shown == 1
    assert len(steps) == 5
    original = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    assert (tmp_path / "slice.dcm").read_bytes() == original
