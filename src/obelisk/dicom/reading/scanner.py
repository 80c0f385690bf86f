"""Find data elements, checking the structure of everything that is passed over."""

import re
import struct
from collections.abc import Container
from typing import NamedTuple

from obelisk.dicom.dictionary import is_sequence
from obelisk.dicom.reading.limits import Limits
from obelisk.dicom.reading.places import Place, RawItem
from obelisk.dicom.reading.sequences import SEQUENCE_WORDS, pass_sequence
from obelisk.dicom.reading.transfer_syntax import (
    IMPLICIT_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Buffer,
    Encoding,
    has_long_length,
)
from obelisk.errors import InvalidDICOMError

PIXEL_DATA = 0x7FE00010
_PIXEL_DATA_GROUP = 0x7FE0
ITEM = 0xFFFEE000
ITEM_DELIMITATION = 0xFFFEE00D
SEQUENCE_DELIMITATION = 0xFFFEE0DD

_NO_SEQUENCES = (PIXEL_DATA, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION)
_PRINTABLE = re.compile(rb"[\x20-\x7e]{2}")
_ENDS = "the file ends within a data element"
_EXCEEDS = "the value exceeds what surrounds it"
_SEQUENCE_VRS = (b"SQ", b"UN", b"")


class Header(NamedTuple):
    """The header of an element that has a structure, or of a delimiter."""

    tag: int
    vr: bytes
    length: int
    offset: int
    start: int

    @property
    def place(self) -> Place:
        """Where the element lies; its value is empty if the length is undefined."""
        length = 0 if self.length == UNDEFINED_LENGTH else self.length
        return self.vr, self.offset, self.start, self.start + length

    @property
    def is_sequence(self) -> bool:
        """Whether the value consists of items."""
        if self.tag == PIXEL_DATA:
            return False
        return (
            self.length == UNDEFINED_LENGTH
            or self.vr == b"SQ"
            or (self.vr == b"" and is_sequence(self.tag))
        )


class _Frame(NamedTuple):
    """A sequence or an item that the scanner is in, and what to fill with it."""

    is_item: bool
    stop: int
    is_defined: bool
    encoding: Encoding
    item: RawItem | None
    items: list[RawItem] | None


class Scanner:
    """Goes through a buffer, element by element, without recursion.

    Parameters
    ----------
    buffer
        The file, or the inflated dataset of one.
    position
        Where to start.
    limits
        How much to take.
    """

    def __init__(self, buffer: Buffer, position: int, limits: Limits) -> None:
        self.buffer = buffer
        self.position = position
        self._budget = limits.element_count
        self._limits = limits

    def scan(
        self,
        stop: int,
        encoding: Encoding,
        wanted: Container[int] | None,
        places: dict[int, Place],
    ) -> Header | None:
        """Pass over data elements up to the next one that has a structure.

        Parameters
        ----------
        stop
            Where the dataset or item ends.
        encoding
            How it is encoded.
        wanted
            The words of the elements to note; `None` for all of them.
        places
            Where to note them; of doubled elements, the first one counts.

        Returns
        -------
        Header | None
            A sequence, a delimiter, an item, pixel data, an element of undefined
            length or, if implicit, any after pixel data; `None` at `stop`.

        Raises
        ------
        InvalidDICOMError
            If an element passes `stop`, or there are too many.
        """
        if encoding.is_explicit:
            return self._scan_explicit(stop, encoding, wanted, places)
        return self._scan_implicit(stop, encoding, wanted, places)

    def _scan_explicit(
        self,
        stop: int,
        encoding: Encoding,
        wanted: Container[int] | None,
        places: dict[int, Place],
    ) -> Header | None:
        buffer = self.buffer
        unpack = encoding.unpack_explicit
        short_vrs = SHORT_VRS
        position = self.position
        for count in range(self._budget):
            if position >= stop:
                self.position = position
                self._budget -= count
                return None
            try:
                word, vr, length = unpack(buffer, position)
            except struct.error:
                raise InvalidDICOMError(_ENDS, position) from None
            start = position + 8
            if vr not in short_vrs:
                header, has_structure = self._read_header(position, stop, encoding)
                if has_structure:
                    self._budget -= count + 1
                    return header
                start, length = header.start, header.length
            end = start + length
            if end > stop:
                raise InvalidDICOMError(_EXCEEDS, position)
            if (wanted is None or word in wanted) and word not in places:
                places[word] = (vr, position, start, end)
            position = end
        raise InvalidDICOMError("too many data elements", position)

    def _read_header(
        self, position: int, stop: int, encoding: Encoding
    ) -> tuple[Header, bool]:
        """Read what has no short VR; tell whether it has a structure."""
        word, vr, length = encoding.unpack_explicit(self.buffer, position)
        tag = encoding.word(word)
        start = position + 8
        if word in encoding.delimiters:
            (length,) = encoding.unpack_length(self.buffer, position + 4)
            return Header(tag, b"", length, position, start), True
        if vr not in LONG_VRS and not _PRINTABLE.fullmatch(vr):
            raise InvalidDICOMError("the VR is not text", position)
        if not has_long_length(vr):
            return Header(tag, vr, length, position, start), False
        if start + 4 > stop:
            raise InvalidDICOMError(_ENDS, position)
        (length,) = encoding.unpack_length(self.buffer, start)
        has_structure = vr == b"SQ" or length == UNDEFINED_LENGTH or tag == PIXEL_DATA
        return Header(tag, vr, length, position, start + 4), has_structure

    def _scan_implicit(
        self,
        stop: int,
        encoding: Encoding,
        wanted: Container[int] | None,
        places: dict[int, Place],
    ) -> Header | None:
        buffer = self.buffer
        unpack = encoding.unpack_implicit
        sequence_words = SEQUENCE_WORDS[encoding.is_little_endian]
        group_shift = 0 if encoding.is_little_endian else 16
        position = self.position
        for count in range(self._budget):
            if position >= stop:
                self.position = position
                self._budget -= count
                return None
            try:
                word, length = unpack(buffer, position)
            except struct.error:
                raise InvalidDICOMError(_ENDS, position) from None
            start = position + 8
            if (
                length == UNDEFINED_LENGTH
                or word >> group_shift & 0xFFFF >= _PIXEL_DATA_GROUP
                or word in sequence_words
            ):
                self._budget -= count + 1
                return Header(encoding.word(word), b"", length, position, start)
            end = start + length
            if end > stop:
                raise InvalidDICOMError(_EXCEEDS, position)
            if (wanted is None or word in wanted) and word not in places:
                places[word] = (b"", position, start, end)
            position = end
        raise InvalidDICOMError("too many data elements", position)

    def enter(
        self,
        header: Header,
        stop: int,
        encoding: Encoding,
        items: list[RawItem] | None = None,
    ) -> None:
        """Pass over what `scan` came upon.

        Parameters
        ----------
        header
            What `scan` returned.
        stop
            Where the dataset that holds it ends.
        encoding
            How that dataset is encoded.
        items
            Where to keep the items of the sequence; `None` for not keeping them.

        Raises
        ------
        InvalidDICOMError
            If the structure is broken, or too deep.
        """
        has_items = header.vr == b"SQ" or (not header.vr and header.is_sequence)
        if has_items and header.tag not in _NO_SEQUENCES:
            bounds = (header.start, stop)
            passed = pass_sequence(
                self.buffer, encoding, bounds, header.length, self._limits, items
            )
            if passed is not None:
                self.position, count = passed
                self._budget -= count
                return
        frames: list[_Frame] = []
        self._push(header, stop, encoding, frames, items)
        while frames:
            frame = frames.pop()
            if frame.is_item:
                self._read_item(frame, frames)
            else:
                self._read_items(frame, frames)

    def _push(
        self,
        header: Header,
        stop: int,
        encoding: Encoding,
        frames: list[_Frame],
        items: list[RawItem] | None,
    ) -> None:
        """Go into a sequence."""
        if header.tag in (ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION):
            raise InvalidDICOMError("a delimiter has no counterpart", header.offset)
        self.position = header.start
        is_defined = header.length != UNDEFINED_LENGTH
        if is_defined:
            end = header.start + header.length
            if end > stop:
                raise InvalidDICOMError(_EXCEEDS, header.offset)
            if not header.is_sequence:
                self.position = end
                return
            stop = end
        elif header.tag == PIXEL_DATA:
            self._skip_fragments(stop, encoding)
            return
        elif header.vr not in _SEQUENCE_VRS:
            raise InvalidDICOMError("the length is undefined", header.offset)
        elif header.start == stop == len(self.buffer):
            return  # Cut off before its first item: no item.
        if len(frames) >= 2 * self._limits.depth:
            raise InvalidDICOMError("sequences are nested too deeply", header.offset)
        if header.vr == b"UN":
            encoding = IMPLICIT_LITTLE
        frames.append(_Frame(False, stop, is_defined, encoding, None, items))

    def _read_items(self, frame: _Frame, frames: list[_Frame]) -> None:
        """Go through the items of a sequence, up to one that has a sequence."""
        _, stop, is_defined, encoding, _, items = frame
        while self.position < stop:
            offset = self.position
            tag, length = self._read_item_header(encoding)
            if tag == SEQUENCE_DELIMITATION:
                if is_defined:
                    self.position = stop
                return
            if tag != ITEM:
                raise InvalidDICOMError("an item was expected", offset)
            has_length = length != UNDEFINED_LENGTH
            item_stop = min(self.position + length, stop) if has_length else stop
            item = None
            if items is not None:
                item = RawItem(encoding)
                items.append(item)
            header = self._scan_item(item_stop, encoding, item)
            if header is None:
                self._check_end(is_defined=has_length)
                continue
            inner = _Frame(True, item_stop, has_length, encoding, item, None)
            if header.tag == ITEM_DELIMITATION:
                self.position = item_stop if has_length else header.start
                continue
            frames.append(frame)
            self._enter_inner(inner, header, frames)
            return
        self._check_end(is_defined=is_defined)

    def _read_item(self, frame: _Frame, frames: list[_Frame]) -> None:
        """Go on in an item after one of its sequences."""
        header = self._scan_item(frame.stop, frame.encoding, frame.item)
        if header is None:
            self._check_end(is_defined=frame.is_defined)
        elif header.tag == ITEM_DELIMITATION:
            self.position = frame.stop if frame.is_defined else header.start
        else:
            self._enter_inner(frame, header, frames)

    def _scan_item(
        self, stop: int, encoding: Encoding, item: RawItem | None
    ) -> Header | None:
        if item is None:
            return self.scan(stop, encoding, (), {})
        return self.scan(stop, encoding, None, item.places)

    def _check_end(self, *, is_defined: bool) -> None:
        """Check that what has no delimiter here has a length."""
        if not is_defined:
            raise InvalidDICOMError("a delimiter is missing", self.position)

    def _enter_inner(self, frame: _Frame, header: Header, frames: list[_Frame]) -> None:
        """Go into a sequence of an item, to come back to the item later."""
        items: list[RawItem] | None = None
        item, encoding = frame.item, frame.encoding
        if item is not None:
            items = []
            word = encoding.word(header.tag)
            if word not in item.places:
                item.places[word] = header.place
                if header.is_sequence:
                    item.sequences[word] = items
        frames.append(frame)
        self._push(header, frame.stop, encoding, frames, items)

    def _skip_fragments(self, stop: int, encoding: Encoding) -> None:
        """Pass over the fragments of encapsulated pixel data (PS3.5 Annex A.4)."""
        is_empty = True
        while not (is_empty and self.position == stop == len(self.buffer)):
            offset = self.position
            tag, length = self._read_item_header(encoding)
            if tag == SEQUENCE_DELIMITATION:
                return
            if tag != ITEM or self.position + length > stop:
                raise InvalidDICOMError("a fragment was expected", offset)
            self.position += length
            is_empty = is_empty and not length

    def _read_item_header(self, encoding: Encoding) -> tuple[int, int]:
        self._budget -= 1
        if self._budget < 0:
            raise InvalidDICOMError("too many items", self.position)
        try:
            word, length = encoding.unpack_implicit(self.buffer, self.position)
        except struct.error:
            raise InvalidDICOMError(
                "the file ends within a sequence", self.position
            ) from None
        self.position += 8
        return encoding.word(word), length
