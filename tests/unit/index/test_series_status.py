import pytest

from obelisk.index.records import SeriesIndexes
from obelisk.index.series_status import SeriesStatus, series_status


def naive(expected, indexes):
    """Judge a list of positions one by one."""
    if expected is None or None in indexes:
        return SeriesStatus.UNKNOWN
    if len(set(indexes)) < len(indexes) or any(not 1 <= i <= expected for i in indexes):
        return SeriesStatus.INCONSISTENT
    return SeriesStatus.COMPLETE if len(indexes) == expected else SeriesStatus.MISSING


@pytest.mark.parametrize(
    ("expected", "indexes"),
    [
        (None, [1]),
        (2, [1]),
        (2, [1, 2]),
        (2, [1, None]),
        (2, [1, 1]),
        (2, [0, 1]),
        (2, [-1]),
        (2, [1, 3]),
        (1, [1]),
        (1, [2]),
        (3, []),
    ],
)
def test_status_follows_from_the_positions(expected, indexes):
    """The status equals that of a position by position comparison."""
    known = [index for index in indexes if index is not None]
    found = SeriesIndexes(
        len(indexes),
        len(known),
        len(set(known)),
        min(known, default=None),
        max(known, default=None),
    )

    assert series_status(expected, found) is naive(expected, indexes)
