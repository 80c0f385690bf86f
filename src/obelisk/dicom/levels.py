"""The four levels of the DICOM information model, and what is indexed at each."""

from enum import Enum
from typing import Self


class Level(Enum):
    """A level of the Query/Retrieve information model (PS3.4 Section C.6).

    The value is the name of a resource type in the REST API.
    """

    PATIENT = "Patient", 0, "patients"
    STUDY = "Study", 1, "studies"
    SERIES = "Series", 2, "series"
    INSTANCE = "Instance", 3, "instances"

    #: The distance from the patient.
    depth: int
    #: The name of a collection in the REST API, such as ``studies``.
    plural: str

    def __new__(cls, value: str, depth: int, plural: str) -> Self:
        """Make a member of the name of its resource type."""
        level = object.__new__(cls)
        level._value_ = value
        level.depth = depth
        level.plural = plural
        return level

    #: Each member is there once; the hash of `Enum` costs a call in Python.
    __hash__ = object.__hash__

    @property
    def parent(self) -> "Level | None":
        """The level above, `None` above the patient."""
        return LEVELS[self.depth - 1] if self.depth else None

    @property
    def child(self) -> "Level | None":
        """The level below, `None` below the instance."""
        return LEVELS[self.depth + 1] if self.depth < 3 else None


LEVELS = tuple(Level)

#: Tags (group << 16 | element) that are indexed at each level, as Orthanc 1.13 does.
MAIN_TAGS: dict[Level, tuple[int, ...]] = {
    Level.PATIENT: (0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101000),
    Level.STUDY: (
        0x00080020,
        0x00080030,
        0x00080050,
        0x00080080,
        0x00080090,
        0x00080201,
        0x00081030,
        0x0020000D,
        0x00200010,
        0x00321032,
        0x00321060,
    ),
    Level.SERIES: (
        0x00080021,
        0x00080031,
        0x00080060,
        0x00080070,
        0x00080201,
        0x00081010,
        0x0008103E,
        0x00081070,
        0x00180010,
        0x00180015,
        0x00180024,
        0x00181030,
        0x00181090,
        0x00181400,
        0x0020000E,
        0x00200011,
        0x00200037,
        0x00200105,
        0x00201002,
        0x00400244,
        0x00400245,
        0x00400254,
        0x00400275,
        0x00540081,
        0x00540101,
        0x00541000,
    ),
    Level.INSTANCE: (
        0x00080012,
        0x00080013,
        0x00080018,
        0x00200012,
        0x00200013,
        0x00200032,
        0x00200037,
        0x00200100,
        0x00204000,
        0x00280008,
        0x00541330,
    ),
}
