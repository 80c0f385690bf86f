"""Values of data elements as text, the way that Orthanc prints them."""

import math
from struct import iter_unpack

from obelisk.dicom.character_sets import CharacterSet

#: The VRs whose values are text (PS3.5 Section 6.2).
TEXT_VRS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM"}
    | {"UC", "UI", "UR", "UT"}
)

_NUMBER_FORMATS = {
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
NUMBER_VRS = frozenset(_NUMBER_FORMATS) | {"AT"}

_SIZES = {"d": 8, "f": 4, "i": 4, "h": 2, "q": 8, "I": 4, "H": 2, "Q": 8}
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
    if vr in _NUMBER_FORMATS:
        numbers = _print_numbers(value, order, vr)
        return numbers if numbers or vr[0] == "O" else None
    if vr == "AT":
        tags = iter_unpack(f"{order}HH", _whole(value, 4))
        return (
            "\\".join(f"{group:04x},{element:04x}" for group, element in tags) or None
        )
    return None


def _whole(value: bytes, size: int) -> bytes:
    """Pad a value to an even length, and cut it to whole numbers."""
    if len(value) & 1:
        value += b"\0"
    return value[: len(value) // size * size]


def _print_numbers(value: bytes, order: str, vr: str) -> str:
    code = _NUMBER_FORMATS[vr]
    numbers = iter_unpack(order + code, _whole(value, _SIZES[code]))
    if code not in "df":
        return "\\".join(str(number) for (number,) in numbers)
    digits = 9 if vr == "OF" else 17
    return "\\".join(_print_float(number, digits) for (number,) in numbers)


def _print_float(number: float, digits: int) -> str:
    if math.isnan(number):
        return "-nan" if math.copysign(1, number) < 0 else "nan"
    return f"{number:.{digits}g}"


def text_of_unknown(value: bytes, character_set: CharacterSet) -> str:
    """Print a value of VR UN whose tag is text in the dictionary.

    Only one trailing NUL goes; spaces stay.
    """
    return character_set.decode(value.removesuffix(b"\0"))
