"""Datasets → bytes of a DICOM file, in Explicit VR Little Endian (PS3.5, PS3.10)."""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.dicom.reading.transfer_syntax import Buffer

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

_LONG_VRS = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
_SHORT_LENGTH_MAX = 0xFFFE
_LONG_LENGTH_MAX = 0xFFFFFFFE
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = struct.Struct("<HHI")
_PREAMBLE_BYTES = 128


class TooLongError(ValueError):
    """A value does not fit into the length field of its VR.

    Parameters
    ----------
    tag
        Group << 16 | element.
    vr
        The VR.
    length
        The number of its bytes.
    """

    def __init__(self, tag: int, vr: str, length: int) -> None:
        super().__init__(f"{tag:08x} of VR {vr} cannot have {length} bytes")
        self.tag = tag
        self.vr = vr
        self.length = length


@dataclass(frozen=True, slots=True)
class Blob:
    """A value that is read when it is written.

    Attributes
    ----------
    size
        The number of its bytes.
    read
        Yields them; each chunk is valid until the next one is asked for.
    """

    size: int
    read: Callable[[], Iterable[Buffer]]


@dataclass(frozen=True, slots=True)
class Frames:
    """Compressed pixel data (PS3.5 Section A.4): one fragment for each frame."""

    contents: Sequence[Blob]


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a data element: its VR, and bytes or items."""

    vr: str
    content: "bytes | Blob | Frames | Sequence[Attributes]"


Attributes: TypeAlias = dict[int, Value]


def iter_file(
    attributes: Attributes,
    sop_class_uid: str,
    sop_instance_uid: str,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
) -> Iterator[Buffer]:
    """Yield a DICOM file.

    Raises
    ------
    TooLongError
        If a value does not fit; before anything is yielded but for its header.
    """
    uids = (sop_class_uid, sop_instance_uid, transfer_syntax_uid)
    yield file_meta(*uids) + b"".join(_small(attributes))
    for tag, value in _large(attributes):
        yield from encode_element(tag, value)


def _is_large(value: Value) -> bool:
    return isinstance(value.content, Blob | Frames)


def _small(attributes: Attributes) -> Iterator[bytes]:
    """Encode what comes before the first large value."""
    for tag in sorted(attributes):
        if _is_large(attributes[tag]):
            return
        yield from map(bytes, encode_element(tag, attributes[tag]))


def _large(attributes: Attributes) -> Iterator[tuple[int, Value]]:
    first = min((tag for tag, one in attributes.items() if _is_large(one)), default=-1)
    if first >= 0:
        for tag in sorted(attributes):
            if tag >= first:
                yield tag, attributes[tag]


def encode_element(tag: int, value: Value) -> Iterator[Buffer]:
    """Yield a data element in Explicit VR Little Endian."""
    content = value.content
    if isinstance(content, Blob):
        yield _header(tag, value.vr, content.size + content.size % 2)
        yield from _padded(content)
    elif isinstance(content, Frames):
        yield _header(tag, value.vr, _UNDEFINED_LENGTH)
        yield from _fragments(tag, value.vr, content.contents)
    elif isinstance(content, bytes):
        yield _header(tag, value.vr, len(content)) + content
    else:
        items = [encode_items(item) for item in content]
        body = b"".join([_ITEM.pack(0xFFFE, 0xE000, len(one)) + one for one in items])
        yield _header(tag, value.vr, len(body)) + body


def encode_items(item: Attributes) -> bytes:
    """Encode the elements of an item of a sequence."""
    chunks = (chunk for tag in sorted(item) for chunk in encode_element(tag, item[tag]))
    return b"".join(map(bytes, chunks))


def _padded(content: Blob) -> Iterator[Buffer]:
    yield from content.read()
    if content.size % 2:
        yield b"\0"


def _fragments(tag: int, vr: str, frames: Sequence[Blob]) -> Iterator[Buffer]:
    """Yield a Basic Offset Table and the items."""
    sizes = [one.size + one.size % 2 for one in frames]
    offsets, position = [], 0
    for size in sizes:
        offsets.append(position)
        position += size + _ITEM.size
    table = b""
    if position <= _LONG_LENGTH_MAX:
        table = struct.pack(f"<{len(offsets)}I", *offsets)
    yield _ITEM.pack(0xFFFE, 0xE000, len(table)) + table
    longest = max(sizes, default=0)
    if longest > _LONG_LENGTH_MAX:
        raise TooLongError(tag, vr, longest)
    for size, one in zip(sizes, frames, strict=True):
        yield _ITEM.pack(0xFFFE, 0xE000, size)
        yield from _padded(one)
    yield _ITEM.pack(0xFFFE, 0xE0DD, 0)


def _header(tag: int, vr: str, length: int) -> bytes:
    start = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode("ascii"))
    if vr in _LONG_VRS:
        if length > _LONG_LENGTH_MAX and length != _UNDEFINED_LENGTH:
            raise TooLongError(tag, vr, length)
        return start + struct.pack("<HI", 0, length)
    if length > _SHORT_LENGTH_MAX:
        raise TooLongError(tag, vr, length)
    return start + struct.pack("<H", length)


def _uid(tag: int, uid: str) -> bytes:
    value = uid.encode("latin-1", "replace")  # so that a bad one stays as it is
    value += b"\0" * (len(value) % 2)
    return _header(tag, "UI", len(value)) + value


def file_meta(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
) -> bytes:
    """Return the preamble and the File Meta Information (PS3.10 Section 7.1)."""
    name = IMPLEMENTATION_VERSION_NAME.encode("ascii")
    name += b" " * (len(name) % 2)
    body = (
        _header(0x00020001, "OB", 2)
        + b"\0\1"
        + (_uid(0x00020002, sop_class_uid) if sop_class_uid else b"")
        + _uid(0x00020003, sop_instance_uid)
        + _uid(0x00020010, transfer_syntax_uid)
        + _uid(0x00020012, IMPLEMENTATION_CLASS_UID)
        + _header(0x00020013, "SH", len(name))
        + name
    )
    length = _header(0x00020000, "UL", 4) + struct.pack("<I", len(body))
    return bytes(_PREAMBLE_BYTES) + b"DICM" + length + body
