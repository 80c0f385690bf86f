"""Values of data elements as text, the way that Orthanc prints them."""

import math
from struct import Struct, iter_unpack

from obelisk.dicom.character_sets import CharacterSet

#: The VRs whose values are text (PS3.5 Section 6.2).
TEXT_VRS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM"}
    | {"UC", "UI", "UR", "UT"}
)

#: The same as they are encoded.
ENCODED_TEXT_VRS = frozenset(vr.encode("ascii") for vr in TEXT_VRS)

#: By VR of binary numbers: the format character of `struct`.
NUMBER_CODES = {
    "FD": "d",
    "FL": "f",
    "OD": "d",
    "OF": "f",
    "OL": "I",
    "OV": "Q",
    "SL": "i",
    "SS": "h",
    "SV": "q",
    "UL": "I",
    "US": "H",
    "UV": "Q",
}

#: The VRs whose values are numbers or tags.
NUMBER_VRS = frozenset(NUMBER_CODES) | {"AT"}

#: The same, by how they are encoded.
ENCODED_NUMBER_VRS = {vr.encode("ascii"): vr for vr in NUMBER_VRS}

_STRUCTS = {
    (vr, order): Struct(order + code)
    for vr, code in NUMBER_CODES.items()
    for order in "<>"
}
_WHITESPACE = b" \t\n\v\f\r"


def text_of(
    vr: str, value: bytes, order: str, character_set: CharacterSet
) -> str | None:
    r"""Print a value.

    Parameters
    ----------
    vr
        Its VR.
    value
        Its bytes.
    order
        Its byte order, ``<`` or ``>``.
    character_set
        Decodes text.

    Returns
    -------
    str | None
        Text up to the first NUL and without trailing spaces; UIDs without any
        white space; numbers and tags joined by ``\``; `None` if it is binary, or
        a number without value.
    """
    if vr in TEXT_VRS:
        text = value.split(b"\0", 1)[0] if b"\0" in value else value
        if vr == "UI":
            return character_set.decode(text.translate(None, _WHITESPACE), vr)
        return character_set.decode(text.rstrip(b" "), vr)
    if vr in NUMBER_CODES:
        numbers = _print_numbers(value, order, vr)
        return numbers if numbers or vr[0] == "O" else None
    if vr == "AT":
        tags = iter_unpack(f"{order}HH", _whole(value, 4))
        return (
            "\\".join(f"{group:04x},{element:04x}" for group, element in tags) or None
        )
    return None


def plain_text(
    vr: bytes, value: bytes | bytearray | memoryview, codec: str
) -> str | None:
    """Print text as `text_of` does, but faster.

    Parameters
    ----------
    vr
        Its VR, one of `ENCODED_TEXT_VRS`.
    value
        Its bytes.
    codec
        See `CharacterSet.plain_codec`.

    Returns
    -------
    str | None
        `None` if that takes more than the codec.
    """
    try:
        text = str(value, codec)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        text = text[: text.index("\0")]
    text = text.rstrip(" ")
    if vr == b"UI" and (" " in text or not text.isprintable()):
        return None
    return text


def _whole(value: bytes, size: int) -> bytes:
    """Pad a value to an even length, and cut it to whole numbers."""
    if len(value) & 1:
        value += b"\0"
    return value[: len(value) // size * size]


def _print_numbers(value: bytes, order: str, vr: str) -> str:
    struct = _STRUCTS[vr, order]
    if len(value) != struct.size:
        numbers = struct.iter_unpack(_whole(value, struct.size))
        return "\\".join([_print_number(number, vr) for (number,) in numbers])
    return _print_number(struct.unpack(value)[0], vr)


def _print_number(number: float, vr: str) -> str:
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "-nan" if math.copysign(1, number) < 0 else "nan"
    return f"{number:.9g}" if vr == "OF" else f"{number:.17g}"


def text_of_unknown(value: bytes, character_set: CharacterSet) -> str:
    """Print a value of VR UN whose tag is text in the dictionary.

    Only one trailing NUL goes; spaces stay.
    """
    return character_set.decode(value.removesuffix(b"\0"))
