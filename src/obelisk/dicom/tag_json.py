"""Datasets as JSON, in the three forms of Orthanc."""

from collections.abc import Container
from enum import Enum

from obelisk.dicom.character_sets import character_set_of
from obelisk.dicom.dictionary import format_tag, lookup
from obelisk.dicom.reading.dataset import Dataset, Element
from obelisk.dicom.reading.file_meta import FileMeta
from obelisk.dicom.values import text_of

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
    converted: dict[str, object] = {}
    for element in dataset:
        value: object
        if element.items is not None:
            kind = "Sequence"
            value = [
                tags_json(item, form, ignore_length, maximum_text_size)
                for item in element.items
            ]
        else:
            limit = 0 if element.tag in ignore_length else maximum_text_size
            kind, value = text_value(element, limit)
        if form is TagForm.SIMPLE:
            converted[element.name] = value
        elif form is TagForm.SHORT:
            converted[format_tag(element.tag)] = value
        else:
            converted[format_tag(element.tag)] = _full(element, kind, value)
    return converted


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


def _full(element: Element, kind: str, value: object) -> dict[str, object]:
    full = {"Name": element.name, "Type": kind, "Value": value}
    if element.private_creator is not None and element.items is None:
        full["PrivateCreator"] = element.private_creator
    return full


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
