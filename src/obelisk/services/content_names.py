"""Names of metadata and of content types, and the numbers that they stand for."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from obelisk.errors import ReadOnlyContentError, UnknownNameError

#: The numbers that are free for users.
USER_NUMBERS = range(1024, 65536)

METADATA_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "IndexInSeries": 1,
        "ReceptionDate": 2,
        "RemoteAET": 3,
        "ExpectedNumberOfInstances": 4,
        "ModifiedFrom": 5,
        "AnonymizedFrom": 6,
        "LastUpdate": 7,
        "Origin": 8,
        "TransferSyntax": 9,
        "SopClassUid": 10,
        "RemoteIP": 11,
        "CalledAET": 12,
        "HttpUsername": 13,
        "PixelDataOffset": 14,
        "MainDicomTagsSignature": 15,
        "MainDicomSequences": 16,
        "PixelDataVR": 17,
        "IsProtected": 18,
        "PatientRecyclingOrder": 19,
    }
)
"""The metadata that belong to the server; the numbers are Orthanc's."""

CONTENT_NUMBERS: Mapping[str, int] = MappingProxyType(
    {"dicom": 1, "dicom-as-json": 2, "dicom-until-pixel-data": 3}
)
"""The content types that belong to the server; the numbers are Orthanc's."""

_NUMBER = re.compile(r"-?[0-9]{1,9}")


class ContentNames:
    """Names of one kind, those of the server and those of the configuration.

    Parameters
    ----------
    kind
        What the names are for, such as ``metadata``.
    own, users
        The numbers by name.
    """

    def __init__(
        self, kind: str, own: Mapping[str, int], users: Mapping[str, int]
    ) -> None:
        self._kind = kind
        self._numbers = {**users, **own}
        self._names = {number: name for name, number in self._numbers.items()}

    def name(self, number: int) -> str:
        """Return the name of a number, or the number itself if it has none."""
        return self._names.get(number, str(number))

    def number(self, name: str) -> int:
        """Return what a name stands for; a number is its own name.

        Raises
        ------
        UnknownNameError
            If it stands for nothing.
        """
        if _NUMBER.fullmatch(name):
            return int(name)
        if name not in self._numbers:
            raise UnknownNameError(self._kind, name)
        return self._numbers[name]

    def user_number(self, name: str) -> int:
        """Return what a name stands for that users can change.

        Raises
        ------
        UnknownNameError
            If it stands for nothing.
        ReadOnlyContentError
            If it belongs to the server.
        """
        number = self.number(name)
        if number not in USER_NUMBERS:
            raise ReadOnlyContentError
        return number
