"""Writes a dataset that was read in another encoding (PS3.5 Chapter 7, Annex A)."""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from obelisk.dicom.byte_order import NUMBER_SIZES, swapped
from obelisk.dicom.parsing import Dataset, Element
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.reading.transfer_syntax import (
    LONG_VRS,
    UNDEFINED_LENGTH,
    VRS,
    Buffer,
    encoding_of,
)
from obelisk.dicom.values import TEXT_VRS
from obelisk.dicom.writing import Blob, Value, encode_element

_CHUNK_BYTES = 1_048_576
_GROUP_MIN = 0x0008
_SHORT_LENGTH_MAX = 0xFFFE
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

#: VRs that depend on other attributes, as they are where all bytes fit.
_AMBIGUOUS_VRS = {"ox": "OW", "lt": "OW"}

#: What to write instead of some elements of a dataset, or beside them, by tag; `None`
#: leaves one out.
Changes: TypeAlias = Mapping[int, Value | None]


def is_encapsulated(element: Element) -> bool:
    """Tell whether Pixel Data consists of fragments (PS3.5 Section A.4)."""
    if element.tag != PIXEL_DATA or element.size:
        return False
    buffer = element.dataset.source.buffer
    return bytes(buffer[element.start - 4 : element.start]) == b"\xff\xff\xff\xff"


class Recoder:
    """Writes datasets in the encoding of a transfer syntax.

    Group lengths (PS3.5 Section 7.2) are left out, as they would be wrong.

    Parameters
    ----------
    transfer_syntax_uid
        How to encode elements.
    write
        Takes the bytes.
    changes
        Tells what to change in a dataset, or an item of a sequence. Encapsulated Pixel
        Data has to be changed.
    """

    def __init__(
        self,
        transfer_syntax_uid: str,
        write: Callable[[Buffer], object],
        changes: Callable[[Dataset], Changes],
    ) -> None:
        encoding = encoding_of(transfer_syntax_uid)
        self._is_explicit = encoding.is_explicit
        self._is_big = not encoding.is_little_endian
        self._order = encoding.order
        self._write = write
        self._changes = changes

    def write_dataset(self, dataset: Dataset) -> None:
        """Write a dataset, or what is in an item."""
        changes = self._changes(dataset)
        elements = {element.tag: element for element in dataset}
        for tag in sorted(elements.keys() | changes.keys()):
            if tag & 0xFFFF == 0 or tag >> 16 < _GROUP_MIN:
                continue
            if tag not in changes:
                self._write_element(elements[tag])
            elif (value := changes[tag]) is not None:
                self._write_value(tag, value)

    def _write_element(self, element: Element) -> None:
        if element.items is not None:
            self._write_sequence(element.tag, element.items)
            return
        vr = _vr_of(element)
        size = NUMBER_SIZES.get(vr, 1)
        was_big = element.dataset.encoding.order == ">"
        self._write_header(element.tag, vr, element.size)
        chunks: Iterable[Buffer] = _chunks(element)
        if was_big != self._is_big and size > 1:
            chunks = (swapped(chunk, size) for chunk in chunks)
        for chunk in chunks:
            self._write(chunk)
        if element.size % 2:
            self._write(b" " if vr in TEXT_VRS and vr != "UI" else b"\0")

    def _write_value(self, tag: int, value: Value) -> None:
        """Write a new value, which is in little endian order."""
        content = value.content
        if self._is_explicit and not self._is_big:
            for chunk in encode_element(tag, value):
                self._write(chunk)
            return
        if isinstance(content, Blob):
            size, chunks = content.size, content.read()
        else:
            assert isinstance(content, bytes), "only Explicit VR has to hold the rest"
            size, chunks = len(content), (content,)
        self._write_header(tag, value.vr, size)
        number_size = NUMBER_SIZES.get(value.vr, 1) if self._is_big else 1
        for chunk in _aligned(chunks, number_size) if number_size > 1 else chunks:
            self._write(swapped(chunk, number_size) if number_size > 1 else chunk)
        if size % 2:
            self._write(b"\0")

    def _write_sequence(self, tag: int, items: Sequence[Dataset]) -> None:
        self._write_header(tag, "SQ", UNDEFINED_LENGTH if items else 0)
        for item in items:
            self._write_delimiter(_ITEM, UNDEFINED_LENGTH)
            self.write_dataset(item)
            self._write_delimiter(_ITEM_END, 0)
        if items:
            self._write_delimiter(_SEQUENCE_END, 0)

    def _write_delimiter(self, tag: int, length: int) -> None:
        group, element = tag >> 16, tag & 0xFFFF
        self._write(struct.pack(f"{self._order}HHI", group, element, length))

    def _write_header(self, tag: int, vr: str, length: int) -> None:
        if length != UNDEFINED_LENGTH:
            length += length % 2
        if not self._is_explicit:
            self._write_delimiter(tag, length)
            return
        name = vr.encode("ascii")
        if name not in LONG_VRS and length > _SHORT_LENGTH_MAX:
            name = b"UN"  # PS3.5 Section 6.2.2
        start = struct.pack(f"{self._order}HH", tag >> 16, tag & 0xFFFF) + name
        long = name in LONG_VRS
        self._write(
            start + struct.pack(f"{self._order}{'xxI' if long else 'H'}", length)
        )


def _vr_of(element: Element) -> str:
    """Return the VR to write."""
    vr = _AMBIGUOUS_VRS.get(element.vr, element.vr)
    if vr == "xs":
        vr = element.dataset.source.ambiguous_number_vr or "US"
    return vr if vr.encode("latin-1") in VRS else "UN"


def _chunks(element: Element) -> Iterator[bytes]:
    buffer, stop = element.dataset.source.buffer, element.start + element.size
    for start in range(element.start, stop, _CHUNK_BYTES):
        yield bytes(buffer[start : min(start + _CHUNK_BYTES, stop)])


def _aligned(chunks: Iterable[Buffer], size: int) -> Iterator[bytes]:
    """Cut chunks so that no number is cut; the last one may get NULs."""
    left = b""
    for chunk in chunks:
        left += bytes(chunk)
        stop = len(left) // size * size
        yield left[:stop]
        left = left[stop:]
    if left:
        yield left.ljust(size, b"\0")
