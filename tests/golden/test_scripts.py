"""Orthanc's recorded answers to scripts in Lua, asked again of this server."""

from operator import attrgetter
from pathlib import Path

import pytest

from golden.record_scripts import play_scripts
from golden.replay import assert_replayed, unexplained_difference
from launching import OBELISK

#: Scripts whose answers differ, and why.
DIFFERENT = {
    r"'error\(.*\)'|.*\[true\]=4.*": (
        "an error that is no text is one of the script, as others are"
    ),
    r".*/tools/execute-script.*42.*": "a script cannot run another one",
    r".*trailing.*": "what follows a JSON value is a fault",
    r".*bit32.*": "what Lua 5.3 has dropped is not there",
}


@pytest.mark.timeout(120)
def test_scripts_print_what_they_do_in_orthanc(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    played = play_scripts(OBELISK, tmp_path)
    subject = attrgetter("argument")
    assert_replayed("scripts", played, DIFFERENT, subject, unexplained_difference)
