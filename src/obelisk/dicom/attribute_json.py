"""Attributes that are kept by name → Orthanc's JSON, in three forms."""

from collections.abc import Mapping
from typing import Any

from obelisk.dicom.dictionary import format_tag, lookup_tag
from obelisk.dicom.tag_json import TagForm


def attributes_json(attributes: Mapping[str, Any], form: TagForm) -> Mapping[str, Any]:
    """Write main attributes, which are given by name, in one of the three forms."""
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
            shown = {"Name": name, "Type": kind, "Value": shown}
        written[key] = shown
    return dict(sorted(written.items()))
