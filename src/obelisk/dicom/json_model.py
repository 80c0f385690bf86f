"""Datasets in the DICOM JSON Model (PS3.18 Annex F)."""

import json
import math
from base64 import b64encode
from collections.abc import Iterable, Iterator

from obelisk.dicom.model_elements import (
    PERSON_NAME_GROUPS,
    Value,
    is_binary,
    iter_binary,
    iter_elements,
    iter_values,
)
from obelisk.dicom.reading.dataset import Dataset, Element

_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


def iter_json_model(dataset: Dataset) -> Iterator[bytes]:
    """Yield a dataset as JSON, in small pieces and parts of large values.

    Binary values are inline. What JSON has no number for is null, and so is what is no
    number though the VR wants one.
    """
    separator = b"{"
    for element, vr in iter_elements(dataset):
        yield b'%b"%08X":{"vr":"%b"' % (separator, element.tag, vr.encode("ascii"))
        if element.items is not None:
            yield from _bracketed(map(iter_json_model, element.items))
        elif is_binary(vr):
            yield from _inline(element, vr)
        else:
            yield from _bracketed(_written(iter_values(element, vr), vr))
        yield b"}"
        separator = b","
    yield b"{}" if separator == b"{" else b"}"


def _bracketed(values: Iterator[Iterable[bytes]]) -> Iterator[bytes]:
    """Write values, if there are any."""
    separator = b',"Value":['
    for value in values:
        yield separator
        yield from value
        separator = b","
    if separator == b",":
        yield b"]"


def _inline(element: Element, vr: str) -> Iterator[bytes]:
    if element.size:
        yield b',"InlineBinary":"'
        yield from map(b64encode, iter_binary(element, vr))
        yield b'"'


def _written(values: Iterator[Value], vr: str) -> Iterator[tuple[bytes]]:
    is_name = vr == "PN"
    for value in values:
        yield (_encode(_name(value) if is_name else _finite(value)).encode(),)


def _name(value: Value) -> dict[str, str]:
    """Return the component groups of a person name that are there."""
    groups = str(value).split("=") if value else []
    return dict(zip(PERSON_NAME_GROUPS, groups, strict=False))


def _finite(value: Value) -> Value:
    is_strange = isinstance(value, float) and not math.isfinite(value)
    return None if is_strange else value
