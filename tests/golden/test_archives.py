"""Orthanc's recorded archives, asked again of this server."""

from operator import attrgetter
from pathlib import Path

import pytest

from golden.record_archives import play_archives
from golden.replay import assert_replayed
from launching import OBELISK, running_server

#: What archives are about that differ, and why.
DIFFERENT = {
    r"hostile|folders": "no member leaves the folder that it is extracted to",
    r"long": "no name is longer than file systems take",
    r"number 2147483648 .*": "a number that is too large does not become negative",
}


@pytest.mark.timeout(300)
def test_archives_are_those_of_orthanc(tmp_path: Path) -> None:
    """All have the same members, but for those with a reason, which do differ."""
    with running_server(OBELISK, tmp_path) as server:
        played = play_archives(server.url)
        assert_replayed("archives", played, DIFFERENT, attrgetter("argument"))
