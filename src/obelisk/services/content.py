"""The raw bytes of the attributes of an instance, found by their path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obelisk.dicom.byte_order import NUMBER_SIZES, swapped
from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.fragments import find_fragments
from obelisk.dicom.parsing import Buffer, Dataset, Element, read_dataset
from obelisk.dicom.payloads import DOCUMENT_CLASSES
from obelisk.dicom.values import TEXT_VRS
from obelisk.errors import InvalidArgumentError, NotFoundError
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.resources import Resources
from obelisk.services.stored_files import StoredFile

_PIXEL_DATA = 0x7FE00010

_SOP_CLASS_UID = 0x00080016
_DOCUMENT = 0x00420011
_MIME_TYPE = 0x00420012
_DOCUMENT_LENGTH = 0x00420015


@dataclass(frozen=True, slots=True)
class RawValue:
    """Bytes of a file: a part of it, or a value that had to be converted."""

    file: StoredFile
    start: int
    stop: int
    converted: bytes | None = None

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.stop - self.start

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes, or a range of them."""
        stop = self.size if stop is None else min(stop, self.size)
        if self.converted is not None:
            return iter((self.converted[start:stop],))
        return self.file.read(self.start + start, self.start + stop)


class Contents:
    """Navigates datasets; only the headers of their elements are read."""

    def __init__(self, resources: Resources, default_encoding: AssumedEncoding) -> None:
        self._resources = resources
        self._default_encoding = default_encoding

    def find(self, instance_id: str, path: Sequence[str]) -> list[str] | RawValue:
        """Find what a path leads to.

        Parameters
        ----------
        instance_id
            The instance.
        path
            Tags and, after each but the last, the number of an item of a sequence, or
            of a fragment of Pixel Data; all numbers start at 0.

        Returns
        -------
        list or RawValue
            The names of what is below a dataset, a sequence or Pixel Data; or else
            the bytes.

        Raises
        ------
        NotFoundError
            If there is no such instance, or nothing at this path.
        InvalidArgumentError
            If there cannot be such a path.
        """
        file = self._resources.open_file(instance_id)
        with file.view() as content:
            dataset = read_dataset(
                content, default_encoding=self._default_encoding.name, whole=True
            )
            remaining = list(path)
            while remaining:
                element = _element(dataset, remaining.pop(0))
                if element.tag == _PIXEL_DATA:
                    return _pixels(file, content, element, remaining)
                if element.items is None:
                    if remaining:
                        raise NotFoundError("content", instance_id)
                    return _raw(file, content, element)
                if not remaining:
                    return [str(number) for number in range(len(element.items))]
                dataset = element.items[_number(remaining.pop(0), len(element.items))]
            return [f"{tag >> 16:04x}-{tag & 0xFFFF:04x}" for tag in _tags(dataset)]

    def document(self, instance_id: str, media_type: str) -> RawValue:
        """Find the document or model that an instance encapsulates, without padding.

        Raises
        ------
        NotFoundError
            If the instance holds none of this type.
        """
        file = self._resources.open_file(instance_id)
        with file.view() as content:
            dataset = read_dataset(
                content, default_encoding=self._default_encoding.name
            )
            found = map(dataset.lookup, (_SOP_CLASS_UID, _MIME_TYPE, _DOCUMENT_LENGTH))
            *texts, length = [None if one is None else one.text for one in found]
            element = dataset.lookup(_DOCUMENT)
            if texts != [DOCUMENT_CLASSES[media_type], media_type] or element is None:
                raise NotFoundError("document", instance_id)
            raw = _raw(file, content, element)
            stop = raw.start + _document_size(element, length)
            return RawValue(file, raw.start, stop, raw.converted)


def _document_size(element: Element, length: str | None) -> int:
    """Return the size that is told, if it can be; else a NUL at the end is padding."""
    size = element.size
    if length is not None and length.isdecimal() and 0 <= size - int(length) <= 1:
        return int(length)
    buffer = element.dataset.source.buffer
    return size - (size > 0 and buffer[element.start + size - 1] == 0)


def _element(dataset: Dataset, name: str) -> Element:
    tag = lookup_tag(name)
    if tag is None:
        raise InvalidArgumentError(f"Unknown DICOM tag: {name}")
    element = dataset.lookup(tag)
    if element is None:
        raise NotFoundError("attribute", name)
    return element


def _tags(dataset: Dataset) -> list[int]:
    return [element.tag for element in dataset]


def _number(text: str, count: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= count:
        raise NotFoundError("item", text)
    return int(text)


def _raw(file: StoredFile, content: Buffer, element: Element) -> RawValue:
    """Return the value of an element: numbers in little endian order, padded text."""
    dataset = element.dataset
    size = NUMBER_SIZES.get(element.vr, 1)
    is_swapped = dataset.encoding.order == ">" and size > 1
    is_text = element.vr in TEXT_VRS
    if dataset.source.buffer is content and not is_swapped and not is_text:
        return RawValue(file, element.start, element.start + element.size)
    value = element.value
    if is_text:
        value = _padded(value, element.vr)
    if is_swapped:
        value = swapped(value, size)
    return RawValue(file, 0, len(value), value)


def _padded(text: bytes, vr: str) -> bytes:
    """Return text with as much padding as it needs (PS3.5 Section 6.2).

    Files also have more of it, and NUL where a blank belongs.
    """
    pad = b" "
    if vr == "UI":
        text, pad = text.replace(b" ", b""), b"\0"
    text = text.rstrip(b" \0")
    return text + pad * (len(text) % 2)


def _pixels(
    file: StoredFile, content: Buffer, element: Element, path: Sequence[str]
) -> list[str] | RawValue:
    """Return the numbers of the fragments, or one of them."""
    fragments = [] if element.size else list(find_fragments(content, element.start))
    if not path:
        return [str(number) for number in range(len(fragments) or 1)]
    if not path[0].isascii() or not path[0].isdigit():
        raise InvalidArgumentError("The number of a fragment is not a number")
    if len(path) > 1:
        raise NotFoundError("content", path[1])
    number = _number(path[0], len(fragments) or 1)
    if not fragments:
        return _raw(file, content, element)
    return RawValue(file, *fragments[number])
