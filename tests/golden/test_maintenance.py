"""Orthanc's recorded answers about the maintenance of its index, asked again."""

from operator import attrgetter
from pathlib import Path

import pytest

from golden.record_maintenance import play_maintenance
from golden.replay import assert_replayed
from launching import OBELISK

#: Keys of calls whose answers differ, and why.
DIFFERENT = {
    r"POST /tools/.*\"Series\", \"Query\": \{\"OperatorsName\".*": (
        "of two levels that have an attribute, the one that is asked for comes first"
    ),
}


@pytest.mark.timeout(300)
def test_the_index_is_maintained_as_by_orthanc(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    played = play_maintenance(OBELISK, tmp_path)
    assert_replayed("maintenance", played, DIFFERENT, attrgetter("key"))
