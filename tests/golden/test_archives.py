"""Orthanc's recorded archives, asked again of this server."""

import re
from pathlib import Path

import pytest

from golden.record_archives import play_archives
from golden.recording import load
from launching import OBELISK, running_server
from parity.differences import iter_differences

#: What archives are about that differ, and why.
DIFFERENT = {
    r"hostile|folders": "no member leaves the folder that it is extracted to",
    r"long": "no name is longer than file systems take",
    r"number 2147483648 .*": "a number that is too large does not become negative",
}


@pytest.mark.timeout(300)
def test_archives_are_those_of_orthanc(tmp_path: Path) -> None:
    """All have the same members, but for those with a reason, which do differ."""
    recorded = dict(load("archives"))
    unused = dict(DIFFERENT)
    faults = []
    with running_server(OBELISK, tmp_path) as server:
        for call, value in play_archives(server.url):
            expected = recorded.pop(call.key)
            difference = next(iter_differences(expected, value), None)
            if difference is None:
                continue
            found = [name for name in DIFFERENT if re.fullmatch(name, call.argument)]
            for name in found:
                unused.pop(name, None)
            if not found:
                faults.append(f"{call.key}: {difference}")

    assert not faults, "\n".join(faults)
    assert not unused
    assert not recorded
