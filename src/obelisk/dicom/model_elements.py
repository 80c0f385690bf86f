"""Data elements as the DICOM JSON Model and the Native DICOM Model want them.

The models (PS3.18 Annex F, PS3.19 Annex A) differ in how they write this only.
"""

import re
import struct
from collections.abc import Iterator
from typing import TypeAlias

from obelisk.dicom.byte_order import NUMBER_SIZES, swapped
from obelisk.dicom.reading.dataset import Dataset, Element
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.values import NUMBER_CODES, NUMBER_VRS, TEXT_VRS

#: A value of an attribute: text, a number, or nothing.
Value: TypeAlias = str | int | float | None

#: The names of the component groups of a person name, in order (PS3.5 Section 6.2.1).
PERSON_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

_BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})

_VRS = TEXT_VRS | NUMBER_VRS | _BINARY_VRS

#: Those whose text may contain a backslash.
_SINGLE_VALUED = frozenset({"LT", "ST", "UR", "UT"})
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)

#: What is read at once: whole numbers, and whole groups of Base64.
_CHUNK_BYTES = 3 * 65_536


def iter_elements(dataset: Dataset) -> Iterator[tuple[Element, str]]:
    """Yield the elements that the models have, each with its VR.

    Group lengths are no part of a data set as such, and encapsulated Pixel Data is
    too large to be embedded.
    """
    for element in dataset:
        is_encapsulated = element.tag == PIXEL_DATA and not element.size
        if element.tag & 0xFFFF and not is_encapsulated:
            yield element, _vr(element)


def _vr(element: Element) -> str:
    """Return the VR of an element as one of the standard's."""
    if element.items is not None:
        return "SQ"
    vr = element.vr
    if vr == "UN" and element.text is not None:
        return element.dictionary_vr
    if vr == "xs":
        return element.dataset.source.ambiguous_number_vr or "US"
    if vr in {"ox", "lt"}:
        return "OW"  # PS3.5 Section A.1
    return vr if vr in _VRS else "UN"


def is_binary(vr: str) -> bool:
    """Tell whether values of a VR are given as Base64."""
    return vr in _BINARY_VRS


def iter_binary(element: Element, vr: str) -> Iterator[bytes]:
    """Yield the bytes of a value in little endian order, each but the last 3n."""
    for chunk in _chunks(element):
        is_big = element.dataset.encoding.order == ">"
        yield swapped(chunk, NUMBER_SIZES.get(vr, 1)) if is_big else chunk


def iter_values(element: Element, vr: str) -> Iterator[Value]:
    """Yield the values of an element that is neither binary nor a sequence.

    Empty values are `None`, and so is what the VR does not allow.
    """
    order = element.dataset.encoding.order
    if vr in NUMBER_CODES:
        return _numbers(element, struct.Struct(order + NUMBER_CODES[vr]))
    if vr == "AT":
        return _tags(element, struct.Struct(order + "HH"))
    return _texts(element.text or "", vr)


def _chunks(element: Element) -> Iterator[bytes]:
    buffer = element.dataset.source.buffer
    stop = element.start + element.size
    for start in range(element.start, stop, _CHUNK_BYTES):
        yield bytes(buffer[start : min(start + _CHUNK_BYTES, stop)])


def _numbers(element: Element, number: struct.Struct) -> Iterator[int | float]:
    for chunk in _chunks(element):
        whole = len(chunk) // number.size * number.size
        for (value,) in number.iter_unpack(chunk[:whole]):
            yield value


def _tags(element: Element, tag: struct.Struct) -> Iterator[str]:
    for chunk in _chunks(element):
        whole = len(chunk) // tag.size * tag.size
        for group, number in tag.iter_unpack(chunk[:whole]):
            yield f"{group:04X}{number:04X}"


def _texts(text: str, vr: str) -> Iterator[str | int | None]:
    if not text:
        return
    for value in [text] if vr in _SINGLE_VALUED else text.split("\\"):
        if vr == "IS":
            digits = value.strip()
            yield int(digits) if _INTEGER.fullmatch(digits) else None
        elif vr == "DS":
            digits = value.strip()
            yield digits if _DECIMAL.fullmatch(digits) else None
        else:
            yield value or None
