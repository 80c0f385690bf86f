"""Orthanc's recorded answers about the maintenance of its index, asked again."""

import re
from pathlib import Path

import pytest

from golden.record_maintenance import play_maintenance
from golden.recording import load
from launching import OBELISK
from parity.differences import iter_differences

#: Keys of calls whose answers differ, and why.
DIFFERENT = {
    r"POST /tools/.*\"Series\", \"Query\": \{\"OperatorsName\".*": (
        "of two levels that have an attribute, the one that is asked for comes first"
    ),
}


@pytest.mark.timeout(300)
def test_the_index_is_maintained_as_by_orthanc(tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for those with a reason, which do differ."""
    recorded = dict(load("maintenance"))
    unused = dict(DIFFERENT)
    faults = []
    for call, value in play_maintenance(OBELISK, tmp_path):
        expected = recorded.pop(call.key)
        difference = next(iter_differences(expected, value), None)
        if difference is None:
            continue
        found = [name for name in DIFFERENT if re.fullmatch(name, call.key)]
        for name in found:
            unused.pop(name, None)
        if not found:
            faults.append(f"{call.key}: {difference}")

    assert not faults, "\n".join(faults)
    assert not unused
    assert not recorded
