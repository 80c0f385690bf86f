"""What is in deploy/ for systemd and for containers fits the server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from launching import OBELISK

_ROOT = Path(__file__).parents[2]
_CONTAINERFILE = (_ROOT / "deploy" / "Containerfile").read_text()
_COPIED = re.findall(r"^COPY (?!--)(.+) \S+$", _CONTAINERFILE, re.MULTILINE)
_INSTALLED = re.findall(r"-r (\S+)", _CONTAINERFILE)


def test_systemd_accepts_the_unit(tmp_path):
    """Its own checker says so, once the program is where this one is."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (_ROOT / "deploy" / "systemd" / "obelisk.service").read_text()
    unit = tmp_path / "obelisk.service"
    unit.write_text(text.replace("/opt/obelisk/bin/obelisk", sys.executable))
    done = subprocess.run(
        [program, "verify", str(unit)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [*" ".join(_COPIED).split(), *_INSTALLED])
def test_what_the_container_is_made_of_is_there(name):
    """Each file and folder that is copied, or that says what is installed."""
    assert (_ROOT / name).exists()


def test_the_configuration_of_the_container_is_right(tmp_path):
    """The server accepts it, with the command that the container runs."""
    written = re.findall(r"echo '(.+)' > /etc/obelisk/(\S+)", _CONTAINERFILE)
    for text, name in written:
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [*OBELISK, "check-config", str(tmp_path)], capture_output=True, check=False
    )

    assert len(written) == 1
    assert done.returncode == 0
    assert 'CMD ["serve", "/etc/obelisk"]' in _CONTAINERFILE
