"""Writes the directory of a File-set, the file DICOMDIR (PS3.10 Section 8).

Its dataset is in Explicit VR Little Endian, as PS3.3 Annex F describes it.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TypeAlias

from obelisk.dicom.dictionary import is_sequence, vr_of
from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.dicom.reading.dataset import Dataset, Element
from obelisk.dicom.values import TEXT_VRS

#: A tag and its value: text (numbers likewise, separated by backslashes), or items.
Value: TypeAlias = "str | Sequence[Sequence[Attribute]]"
Attribute: TypeAlias = tuple[int, Value]

_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_FILE_SET_ID = "OBELISK_MEDIA"
_PREAMBLE_BYTES = 128
_SPECIFIC_CHARACTER_SET = 0x00080005
_RELATIONSHIP_TYPE = 0x0040A010
_CONTENT_SEQUENCE = 0x0040A730
_RECORD_IN_USE = 0xFFFF
_DEPTH_MAX = 6
_UID_NUMBER_MIN = 10**38
_SHORT_LENGTH_MAX = 0xFFFE

_LONG_VRS = frozenset({"SQ", "UC", "UR", "UT"})
_NUMBER_CODES = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "FL": "f",
    "FD": "d",
    "SV": "q",
    "UV": "Q",
}

#: Where in an item the offsets of the next and of the first lower record stand.
_NEXT_OFFSET, _LOWER_OFFSET = 16, 38
_ITEM_HEADER = struct.Struct("<HHI")
_OFFSET = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Reference:
    """The file that a record stands for; `file_id` has its components."""

    file_id: Sequence[str]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


class DirectoryWriter:
    """Writes records in the order of the tree, each before those below it.

    Memory does not grow with their number. The same records give the same bytes.

    Parameters
    ----------
    file
        Where to write to; empty, and seekable.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        file.write(_file_meta(_uid_of(self._digest.digest())))
        start = file.tell()
        file.write(_element(0x00041130, "CS", _FILE_SET_ID))
        self._root = start + 8 + len(_FILE_SET_ID) + len(_FILE_SET_ID) % 2
        file.write(_element(0x00041200, "UL", "0"))
        file.write(_element(0x00041202, "UL", "0"))
        file.write(_element(0x00041212, "US", "0"))
        file.write(struct.pack("<HH2sHI", 0x0004, 0x1220, b"SQ", 0, 0))
        self._start = file.tell()
        #: Where the last record at each depth is, 0 if there is none.
        self._last = [0, 0, 0, 0]

    def add(
        self,
        depth: int,
        kind: str,
        attributes: Iterable[Attribute],
        reference: Reference | None = None,
    ) -> None:
        """Write a record.

        Parameters
        ----------
        depth
            0 for patients to 3 for instances; it belongs to the last one above.
        kind
            The type of the record, such as ``SERIES``.
        attributes
            Its keys, in the order of their tags.
        reference
            Its file, for instances.
        """
        position = self._file.tell()
        body = _record(kind, list(attributes), reference)
        self._digest.update(body)
        self._file.write(_ITEM_HEADER.pack(0xFFFE, 0xE000, len(body)) + body)
        if self._last[depth]:
            self._patch(self._last[depth] + _NEXT_OFFSET, position)
        elif depth:
            self._patch(self._last[depth - 1] + _LOWER_OFFSET, position)
        else:
            self._patch(self._root + 8, position)
        self._last[depth:] = [position] + [0] * (len(self._last) - depth - 1)

    def finish(self) -> None:
        """Fill in what is known once all records are there."""
        self._patch(self._root + 20, self._last[0])
        self._patch(self._start - _OFFSET.size, self._file.tell() - self._start)
        self._file.seek(0)
        self._file.write(_file_meta(_uid_of(self._digest.digest())))

    def _patch(self, position: int, value: int) -> None:
        stop = self._file.tell()
        self._file.seek(position)
        self._file.write(_OFFSET.pack(value))
        self._file.seek(stop)


def attribute_of(element: Element, depth: int = 0) -> Attribute | None:
    """Return an attribute of a dataset, `None` if it cannot stand in a record.

    Of a Content Sequence, only what modifies the concept is taken (PS3.3 F.5.25).
    """
    if not is_sequence(element.tag):
        text = element.text
        return None if text is None else (element.tag, text)
    if element.items is None or depth >= _DEPTH_MAX:
        return None
    items = element.items
    if element.tag == _CONTENT_SEQUENCE:
        items = [item for item in items if _modifies_concept(item)]
    return element.tag, [list(_attributes(item, depth + 1)) for item in items]


def _attributes(item: Dataset, depth: int) -> Iterator[Attribute]:
    for element in item:
        is_usable = vr_of(element.tag) in TEXT_VRS | _NUMBER_CODES.keys() | {"SQ"}
        found = attribute_of(element, depth) if is_usable else None
        if found is not None and element.tag != _SPECIFIC_CHARACTER_SET:
            yield found


def _modifies_concept(item: Dataset) -> bool:
    element = item.lookup(_RELATIONSHIP_TYPE)
    return element is not None and element.text == "HAS CONCEPT MOD"


def _record(
    kind: str, attributes: list[Attribute], reference: Reference | None
) -> bytes:
    parts = [
        _element(0x00041400, "UL", "0"),
        _element(0x00041410, "US", str(_RECORD_IN_USE)),
        _element(0x00041420, "UL", "0"),
        _element(0x00041430, "CS", kind),
    ]
    if reference is not None:
        parts += [
            _element(0x00041500, "CS", "\\".join(reference.file_id)),
            _element(0x00041510, "UI", reference.sop_class_uid),
            _element(0x00041511, "UI", reference.sop_instance_uid),
            _element(0x00041512, "UI", reference.transfer_syntax_uid),
        ]
    codec, term = _character_set(attributes)
    if term:
        parts.append(_element(_SPECIFIC_CHARACTER_SET, "CS", term))
    parts += [_encode(attribute, codec) for attribute in attributes]
    return b"".join(parts)


def _texts(attributes: Iterable[Attribute]) -> Iterator[str]:
    for _, value in attributes:
        if isinstance(value, str):
            yield value
        else:
            for item in value:
                yield from _texts(item)


def _character_set(attributes: list[Attribute]) -> tuple[str, str]:
    """Choose the simplest character set that has all characters of a record."""
    text = "".join(_texts(attributes))
    if text.isascii():
        return "ascii", ""
    if all("\xa0" <= character <= "\xff" for character in text if character > "\x7f"):
        return "latin-1", "ISO_IR 100"
    return "utf-8", "ISO_IR 192"


def _encode(attribute: Attribute, codec: str) -> bytes:
    tag, value = attribute
    if isinstance(value, str):
        return _element(tag, vr_of(tag), value, codec)
    items = [b"".join([_encode(one, codec) for one in item]) for item in value]
    body = b"".join(
        [_ITEM_HEADER.pack(0xFFFE, 0xE000, len(item)) + item for item in items]
    )
    return _with_header(tag, "SQ", body)


def _element(tag: int, vr: str, text: str, codec: str = "ascii") -> bytes:
    """Encode a value that is given as text."""
    code = _NUMBER_CODES.get(vr)
    if code is None:
        value = text.encode(codec, "replace")
        if len(value) % 2:
            value += b"\0" if vr == "UI" else b" "
    else:
        convert = float if vr in {"FL", "FD"} else int
        numbers = [convert(one) for one in text.split("\\")] if text else []
        value = struct.pack(f"<{len(numbers)}{code}", *numbers)
    return _with_header(tag, vr, value)


def _with_header(tag: int, vr: str, value: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode("ascii"))
    if vr in _LONG_VRS:
        return head + struct.pack("<HI", 0, len(value)) + value
    value = value[:_SHORT_LENGTH_MAX]
    return head + struct.pack("<H", len(value)) + value


def _uid_of(digest: bytes) -> str:
    """Derive a UID from a digest, always of the same length (PS3.5 Section B.2)."""
    number = int.from_bytes(digest[:16], "big") % (2**128 - _UID_NUMBER_MIN)
    return f"2.25.{_UID_NUMBER_MIN + number}"


def _file_meta(sop_instance_uid: str) -> bytes:
    """Return the preamble and the File Meta Information (PS3.10 Section 7.1)."""
    body = struct.pack("<HH2sHI2s", 0x0002, 0x0001, b"OB", 0, 2, b"\0\1") + b"".join(
        [
            _element(0x00020002, "UI", _MEDIA_STORAGE_DIRECTORY),
            _element(0x00020003, "UI", sop_instance_uid),
            _element(0x00020010, "UI", _EXPLICIT_VR_LITTLE_ENDIAN),
            _element(0x00020012, "UI", IMPLEMENTATION_CLASS_UID),
            _element(0x00020013, "SH", IMPLEMENTATION_VERSION_NAME),
        ]
    )
    length = _element(0x00020000, "UL", str(len(body)))
    return bytes(_PREAMBLE_BYTES) + b"DICM" + length + body
