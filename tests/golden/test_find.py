"""Orthanc's recorded answers to searches, asked again of this server."""

from operator import attrgetter
from pathlib import Path

import pytest

from golden.record_find import play_find
from golden.replay import assert_replayed
from launching import OBELISK, running_server
from parity.differences import SEARCHES


@pytest.mark.timeout(300)
def test_searches_find_what_orthanc_finds(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    with running_server(OBELISK, tmp_path) as server:
        played = play_find(server.url)
        assert_replayed("find", played, SEARCHES, attrgetter("argument"))
