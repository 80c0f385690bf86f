"""Datasets as JSON, in the three forms of Orthanc."""

import sys
from collections.abc import Container
from enum import Enum
from functools import lru_cache
from typing import Any

from obelisk.dicom.character_sets import character_set_of
from obelisk.dicom.dictionary import format_tag, lookup
from obelisk.dicom.reading.dataset import Dataset, Element
from obelisk.dicom.reading.file_meta import FileMeta
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.reading.transfer_syntax import EXPLICIT_LITTLE, Buffer
from obelisk.dicom.values import (
    ENCODED_NUMBER_VRS,
    ENCODED_TEXT_VRS,
    plain_text,
    text_of,
)

#: Text with more bytes than that, as UTF-8, is left out.
MAXIMUM_TEXT_SIZE = 256

#: Nothing that is stripped or decoded makes text that much shorter.
_HOPELESS_SIZE = 1 << 16


class TagForm(Enum):
    """A form of JSON for datasets."""

    FULL = "full"
    """``gggg,eeee`` → ``Name``, ``Type``, ``Value`` and maybe ``PrivateCreator``."""

    SIMPLE = "simple"
    """Name → value."""

    SHORT = "short"
    """``gggg,eeee`` → value."""


def tags_json(
    dataset: Dataset,
    form: TagForm = TagForm.FULL,
    ignore_length: Container[int] = (),
    maximum_text_size: int = MAXIMUM_TEXT_SIZE,
) -> dict[str, object]:
    """Convert a dataset to JSON values.

    Parameters
    ----------
    dataset
        What to convert.
    form
        Which form to give it.
    ignore_length
        Tags whose text is given however long it is.
    maximum_text_size
        The bytes of UTF-8 up to which other text is given; 0 for no limit.

    Returns
    -------
    dict[str, object]
        A value is text, `None` for binary or too long ones, and a list of
        dictionaries for sequences. Where tags share a name, the last one counts.
    """
    return _Converter(form, ignore_length, maximum_text_size).convert(dataset)


class _Converter:
    """Converts a dataset and its items."""

    __slots__ = ("_form", "_ignore_length", "_maximum_size")

    def __init__(
        self, form: TagForm, ignore_length: Container[int], maximum_size: int
    ) -> None:
        self._form = form
        self._ignore_length = ignore_length
        self._maximum_size = maximum_size

    def convert(self, dataset: Dataset) -> dict[str, object]:
        """Convert the elements; short text, the most frequent, without detours."""
        raw, source = dataset.raw, dataset.source
        describe = _describe_word if raw.encoding.is_little_endian else _describe
        buffer, sequences = source.buffer, raw.sequences
        codec = source.character_set.plain_codec
        plain_vrs = ENCODED_TEXT_VRS if codec else ()
        # Its characters take up to two bytes as UTF-8.
        plain_size = (self._maximum_size or sys.maxsize) // 2
        is_full, is_simple = self._form is TagForm.FULL, self._form is TagForm.SIMPLE
        converted: dict[str, object] = {}
        previous = 0
        for word, place in raw.places.items():
            tag, key, name, dictionary_vr = describe(word)
            if tag < previous:
                raw.sort()
                return self.convert(dataset)
            previous = tag
            encoded_vr, _, start, stop = place
            vr = encoded_vr or dictionary_vr
            kind = "String"
            value: object = None
            if tag & 0x10000:
                pass  # Its name depends on its creator.
            elif word in sequences:
                items = dataset.items(word)
                kind, value = "Sequence", [self.convert(item) for item in items]
            elif stop - start <= plain_size:
                if vr in plain_vrs:
                    value = plain_text(vr, buffer[start:stop], codec)
                elif encoded_vr in ENCODED_NUMBER_VRS and tag != PIXEL_DATA:
                    value = self._number(dataset, encoded_vr, buffer[start:stop])
            if value is not None:
                full: dict[str, Any] = {"Name": name, "Type": kind, "Value": value}
            else:
                full = self._describe_element(dataset.element(tag, place))
            if is_full:
                converted[key] = full
            else:
                converted[full["Name"] if is_simple else key] = full["Value"]
        return converted

    def _number(self, dataset: Dataset, vr: bytes, value: Buffer) -> str | None:
        """Get numbers as text, `None` if they are too long or none."""
        character_set = dataset.source.character_set
        order = dataset.encoding.order
        text = text_of(ENCODED_NUMBER_VRS[vr], bytes(value), order, character_set)
        is_long = text is not None and len(text) > self._maximum_size > 0
        return None if is_long else text

    def _describe_element(self, element: Element) -> dict[str, Any]:
        """Get the full form of an element."""
        full: dict[str, Any] = {"Name": element.name}
        if element.items is not None:
            full["Type"] = "Sequence"
            full["Value"] = [self.convert(item) for item in element.items]
            return full
        limit = 0 if element.tag in self._ignore_length else self._maximum_size
        full["Type"], full["Value"] = text_value(element, limit)
        if element.private_creator:
            full["PrivateCreator"] = element.private_creator
        return full


def text_value(element: Element, maximum_size: int) -> tuple[str, str | None]:
    """Get the type, ``String``, ``Null`` or ``TooLong``, and the text of an element.

    Parameters
    ----------
    element
        No sequence.
    maximum_size
        The bytes of UTF-8 up to which text is given; 0 for no limit.
    """
    if maximum_size and element.size > _HOPELESS_SIZE and element.is_textual:
        return "TooLong", None
    text = element.text
    if text is None:
        return "Null", None
    if maximum_size and len(text.encode()) > maximum_size:
        return "TooLong", None
    return "String", text


@lru_cache(maxsize=16384)
def _describe(tag: int) -> tuple[int, str, str, bytes]:
    """Get the tag, how it is written, its name and its VR; for standard tags."""
    vr, name = lookup(tag)
    return tag, format_tag(tag), name, vr.encode("ascii")


@lru_cache(maxsize=16384)
def _describe_word(word: int) -> tuple[int, str, str, bytes]:
    """Do so by the word of a little endian encoding."""
    return _describe(EXPLICIT_LITTLE.word(word))


def header_json(file_meta: FileMeta, form: TagForm = TagForm.FULL) -> dict[str, object]:
    """Convert the File Meta Information to JSON values, without binary ones."""
    character_set = character_set_of("", "Latin1")
    converted: dict[str, object] = {}
    for tag, (vr, value) in sorted(file_meta.elements.items()):
        name = lookup(tag)[1]
        text = text_of(vr, value, "<", character_set)
        if text is None:
            continue
        if form is TagForm.SIMPLE:
            converted[name] = text
        elif form is TagForm.SHORT:
            converted[format_tag(tag)] = text
        else:
            converted[format_tag(tag)] = {"Name": name, "Type": "String", "Value": text}
    return converted
