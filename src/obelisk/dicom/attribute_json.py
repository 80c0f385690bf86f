"""Single attributes as JSON, in the three forms of Orthanc."""

from collections.abc import Mapping
from typing import Any

from obelisk.dicom.dictionary import format_tag, lookup_tag, name_of
from obelisk.dicom.reading.dataset import Element
from obelisk.dicom.tag_json import TagForm, tags_json, text_value


def attributes_json(attributes: Mapping[str, Any], form: TagForm) -> Mapping[str, Any]:
    """Write attributes, which are given by name, in one of the three forms."""
    if form is TagForm.SIMPLE:
        return attributes
    written: dict[str, Any] = {}
    for name, value in attributes.items():
        tag = lookup_tag(name)
        key = name if tag is None else format_tag(tag)
        is_sequence = isinstance(value, list)
        shown = (
            [attributes_json(item, form) for item in value] if is_sequence else value
        )
        if form is TagForm.FULL:
            kind = "Sequence" if is_sequence else "String"
            label = name if tag is None else name_of(tag)
            shown = {"Name": label, "Type": kind, "Value": shown}
        written[key] = shown
    return dict(sorted(written.items()))


def element_json(
    tag: int, element: Element | None, form: TagForm, maximum_text_size: int = 0
) -> tuple[str, object]:
    """Write one element of a dataset.

    Parameters
    ----------
    tag
        Its tag.
    element
        What the dataset has of it, `None` if it is absent.
    form
        How to write it.
    maximum_text_size
        The bytes of UTF-8 up to which text is given; 0 for no limit.

    Returns
    -------
    tuple
        The key, which is a name or ``gggg,eeee``, and the value.
    """
    name, kind = name_of(tag), "Null"
    value: object = None
    if element is not None:
        name = element.name
        if element.items is None:
            kind, value = text_value(element, maximum_text_size)
        else:
            kind = "Sequence"
            value = [
                tags_json(item, form, (), maximum_text_size) for item in element.items
            ]
    if form is TagForm.FULL:
        value = {"Name": name, "Type": kind, "Value": value}
    return (name if form is TagForm.SIMPLE else format_tag(tag)), value
