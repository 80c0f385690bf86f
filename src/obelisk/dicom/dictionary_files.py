"""Reads dictionaries in the format of DCMTK (``.dic``)."""

import re
from collections.abc import Iterable, Iterator

from obelisk.dicom.dictionary import NewEntry

_TAG = re.compile(
    r'\(([0-9a-fA-F]{4}),(?:"([^"]*)",)?([0-9a-fA-F]{1,4})\)\s+([A-Za-z]{2})\s+(\S+)'
)
#: How the files spell VRs that depend on other attributes or are no values at all.
_INTERNAL = re.compile("[a-z]|up|na")


def read_dictionary(lines: Iterable[str]) -> Iterator[NewEntry]:
    """Yield the attributes of a file.

    Those of repeating groups, and those whose VR depends on others, are left out: the
    standard has them all.
    """
    for line in lines:
        match = _TAG.match(line.strip())
        if match is None or _INTERNAL.match(match[4]):
            continue
        group, creator, element, vr, name = match.groups()
        tag = int(group, 16) << 16 | int(element, 16)
        yield NewEntry(tag, vr, name, creator or "")
