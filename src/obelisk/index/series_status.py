"""Whether a series has all the instances that it announces."""

from enum import Enum

from obelisk.index.records import SeriesIndexes


class SeriesStatus(Enum):
    """The completeness of a series; the values are Orthanc's."""

    COMPLETE = "Complete"
    MISSING = "Missing"
    INCONSISTENT = "Inconsistent"
    UNKNOWN = "Unknown"


def series_status(expected: int | None, found: SeriesIndexes | None) -> SeriesStatus:
    """Compare the instances of a series with the number that it announces.

    Parameters
    ----------
    expected
        The number of instances that the series announces, if it does.
    found
        What its instances say of their positions, counted from 1.
    """
    if expected is None or found is None or found.indexed_count < found.instance_count:
        return SeriesStatus.UNKNOWN
    is_repeated = found.distinct_count < found.indexed_count
    lowest = 1 if found.lowest is None else found.lowest
    if is_repeated or lowest < 1 or (found.highest or 1) > expected:
        return SeriesStatus.INCONSISTENT
    if found.instance_count == expected:
        return SeriesStatus.COMPLETE
    return SeriesStatus.MISSING
