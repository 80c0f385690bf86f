"""Orthanc's recorded answers to searches, asked again of this server."""

import re
from pathlib import Path

import pytest

from golden.record_find import play_find
from golden.recording import load
from launching import OBELISK, running_server
from parity.differences import SEARCHES, iter_differences


@pytest.mark.timeout(300)
def test_searches_find_what_orthanc_finds(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    recorded = dict(load("find"))
    unused = dict(SEARCHES)
    faults = []
    with running_server(OBELISK, tmp_path) as server:
        for call, value in play_find(server.url):
            expected = recorded.pop(call.key)
            difference = next(iter_differences(expected, value), None)
            if difference is None:
                continue
            found = [name for name in SEARCHES if re.fullmatch(name, call.argument)]
            for name in found:
                unused.pop(name, None)
            if not found:
                faults.append(f"{call.argument}: {difference}")

    assert not faults, "\n".join(faults)
    assert not unused
    assert not recorded
