"""A dataset with all its elements."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from obelisk.dicom.character_sets import CharacterSet, character_set_of
from obelisk.dicom.dictionary import lookup
from obelisk.dicom.reading.file_meta import open_dataset, read_file_meta
from obelisk.dicom.reading.limits import DEFAULT_LIMITS, Limits
from obelisk.dicom.reading.places import Place, RawItem
from obelisk.dicom.reading.scanner import (
    ITEM_DELIMITATION,
    PIXEL_DATA,
    Scanner,
)
from obelisk.dicom.reading.sequences import pass_sequence
from obelisk.dicom.reading.transfer_syntax import Buffer, Encoding
from obelisk.dicom.values import NUMBER_VRS, TEXT_VRS, text_of, text_of_unknown

_SPECIFIC_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103
#: Red, green and blue ones mix signed and unsigned numbers: not shown as text.
_PALETTE_DESCRIPTORS = frozenset({0x00281101, 0x00281102, 0x00281103})
_ASCII = re.compile(rb"[\n\x20-\x7e]*\0?")


class Source:
    """What all the elements of a file share.

    Parameters
    ----------
    buffer
        Holds the values.
    root
        The elements of the dataset.
    default_encoding
        Orthanc's name of the encoding of text without Specific Character Set.
    """

    __slots__ = ("ambiguous_number_vr", "buffer", "character_set")

    def __init__(self, buffer: Buffer, root: RawItem, default_encoding: str) -> None:
        self.buffer = buffer
        self.character_set = _character_set(buffer, root, default_encoding)
        #: The VR of "US or SS" attributes, "" if that cannot be told.
        self.ambiguous_number_vr = ""
        place = root.places.get(root.encoding.word(_PIXEL_REPRESENTATION))
        if place is not None:
            is_signed = any(buffer[place[2] : place[3]])
            self.ambiguous_number_vr = "SS" if is_signed else "US"


def _character_set(
    buffer: Buffer, root: RawItem, default_encoding: str
) -> CharacterSet:
    place = root.places.get(root.encoding.word(_SPECIFIC_CHARACTER_SET))
    if place is None:
        return character_set_of("", default_encoding)
    vr, _, start, stop = place
    if vr == b"UN":
        return character_set_of("UN", default_encoding)
    terms = bytes(buffer[start:stop]).split(b"\0", 1)[0].decode("latin-1")
    return character_set_of(terms, default_encoding)


@dataclass(slots=True)
class Element:
    """A data element.

    Parameters
    ----------
    tag
        Group << 16 | element.
    vr
        As encoded, or by the dictionary where the encoding is implicit.
    name
        By the dictionary.
    private_creator
        Who reserved the block of a private tag, `None` for other tags.
    items
        Of a sequence, `None` for anything else.
    """

    tag: int
    vr: str
    name: str
    private_creator: str | None
    items: "list[Dataset] | None"
    _start: int
    _stop: int
    _dictionary_vr: str
    _dataset: "Dataset"

    @property
    def dataset(self) -> "Dataset":
        """The dataset or item that it belongs to."""
        return self._dataset

    @property
    def dictionary_vr(self) -> str:
        """The VR by the dictionary, or what it has instead; see `lookup`."""
        return self._dictionary_vr

    @property
    def start(self) -> int:
        """Where the value starts in the buffer of the dataset."""
        return self._start

    @property
    def size(self) -> int:
        """The length of the value in bytes, 0 if it is undefined."""
        return self._stop - self._start

    @property
    def value(self) -> bytes:
        """The bytes of the value."""
        return bytes(self._dataset.source.buffer[self._start : self._stop])

    @property
    def is_textual(self) -> bool:
        """Whether the value is text, or is shown as text."""
        vr = self._dictionary_vr if self.vr == "UN" else self.vr
        return self.items is None and vr in (
            TEXT_VRS if self.vr == "UN" else TEXT_VRS | NUMBER_VRS
        )

    @property
    def _is_private_binary(self) -> bool:
        return self.tag & 0x10000 != 0 and _ASCII.fullmatch(self.value) is None

    @property
    def text(self) -> str | None:
        """The value as text, `None` if it is binary or a sequence."""
        if self.items is not None or self.tag == PIXEL_DATA:
            return None
        source = self._dataset.source
        if self.vr == "UN":
            if self._dictionary_vr not in TEXT_VRS or self._is_private_binary:
                return None
            return text_of_unknown(self.value, source.character_set)
        vr = self.vr
        if vr == "xs" and self.tag not in _PALETTE_DESCRIPTORS:
            vr = source.ambiguous_number_vr
        order = self._dataset.encoding.order
        return text_of(vr, self.value, order, source.character_set)


class Dataset:
    """The elements of a dataset or item, in the order of their tags.

    Parameters
    ----------
    raw
        Where they lie.
    source
        What holds them.
    """

    __slots__ = ("raw", "source")

    def __init__(self, raw: RawItem, source: Source) -> None:
        self.raw = raw
        self.source = source

    @property
    def encoding(self) -> Encoding:
        """How the elements are encoded."""
        return self.raw.encoding

    def __iter__(self) -> Iterator[Element]:
        word = self.raw.encoding.word
        places = self.raw.places
        for tag, place in sorted([(word(key), place) for key, place in places.items()]):
            yield self.element(tag, place)

    def __len__(self) -> int:
        return len(self.raw.places)

    def items(self, word: int) -> "list[Dataset]":
        """Get the items of a sequence."""
        source = self.source
        return [Dataset(item, source) for item in self.raw.sequences[word]]

    def _private_items(self, start: int, stop: int) -> "list[Dataset] | None":
        """Get the items of what only the private dictionary knows as a sequence.

        `None` if there are none without a fault.
        """
        source, items = self.source, list[RawItem]()
        bounds, length = (start, stop), stop - start
        encoding, limits = self.raw.encoding, DEFAULT_LIMITS
        passed = pass_sequence(source.buffer, encoding, bounds, length, limits, items)
        return None if passed is None else [Dataset(item, source) for item in items]

    def lookup(self, tag: int) -> Element | None:
        """Find an element by its tag."""
        place = self.raw.places.get(self.raw.encoding.word(tag))
        return None if place is None else self.element(tag, place)

    def private_creator(self, tag: int) -> str | None:
        """Find who reserved the block of a private tag (PS3.5 Section 7.8.1)."""
        if not tag & 0x10000 or tag & 0xFFFF < 0x1000:
            return None
        block = (tag & 0xFFFF0000) | (tag >> 8 & 0xFF)
        place = self.raw.places.get(self.raw.encoding.word(block))
        if place is None or place[0] not in (b"LO", b""):
            return None
        value = bytes(self.source.buffer[place[2] : place[3]])
        return text_of("LO", value, "<", self.source.character_set)

    def element(self, tag: int, place: Place) -> Element:
        """Make an element of its tag and its place."""
        vr, _, start, stop = place
        raw = self.raw
        creator = self.private_creator(tag) if tag & 0x10000 else None
        dictionary_vr, name = lookup(tag, creator)
        word = raw.encoding.word(tag)
        items = self.items(word) if word in raw.sequences else None
        if not vr and dictionary_vr == "SQ" and items is None:
            items = self._private_items(start, stop)
        encoded_vr = vr.decode("latin-1") or dictionary_vr
        return Element(
            tag, encoded_vr, name, creator, items, start, stop, dictionary_vr, self
        )


def read_dataset(
    buffer: Buffer,
    *,
    default_encoding: str = "Latin1",
    whole: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> Dataset:
    """Read the dataset of a DICOM file.

    Parameters
    ----------
    buffer
        The whole file. The dataset refers to it.
    default_encoding
        Orthanc's name of the encoding of text without Specific Character Set.
    whole
        Whether to go on after Pixel Data.
    limits
        How much to take.

    Raises
    ------
    InvalidDICOMError
        If the file is malformed.
    """
    file_meta = read_file_meta(buffer)
    content, start = open_dataset(buffer, file_meta, limits)
    root = RawItem(file_meta.encoding)
    read_elements(Scanner(content, start, limits), root, whole=whole)
    return Dataset(root, Source(content, root, default_encoding))


def read_elements(scanner: Scanner, root: RawItem, *, whole: bool) -> None:
    """Fill in the elements of a dataset, up to Pixel Data or all of them.

    Raises
    ------
    InvalidDICOMError
        If the dataset is malformed.
    """
    encoding = root.encoding
    stop = len(scanner.buffer)
    while (header := scanner.scan(stop, encoding, None, root.places)) is not None:
        if header.tag == ITEM_DELIMITATION:
            break
        items: list[RawItem] = []
        word = encoding.word(header.tag)
        if word not in root.places:
            root.places[word] = header.place
            if header.is_sequence:
                root.sequences[word] = items
        if header.tag == PIXEL_DATA and not whole:
            break
        scanner.enter(header, stop, encoding, items)
    if not whole:
        for word in list(root.places):
            if encoding.word(word) > PIXEL_DATA:
                del root.places[word]
