"""Values that are given as text → bytes, after the rules of their VRs (PS3.5 6.2)."""

import re
import struct
from datetime import datetime

from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.text_encoding import TextEncoder
from obelisk.dicom.values import NUMBER_CODES, TEXT_VRS

_FLOAT_VRS = frozenset({"FD", "FL", "OD", "OF"})

#: The VRs that have one value, in which a backslash is no delimiter.
_SINGLE_VALUED = frozenset({"LT", "ST", "UR", "UT"})

#: The VRs whose text Specific Character Set governs.
LOCALIZED_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})

#: The VRs of elements that are no sequences.
VRS = frozenset(TEXT_VRS | NUMBER_CODES.keys() | {"AT", "OB", "OW", "UN"})

_LENGTHS = {"AE": 16, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024}
_PATTERNS = {
    "AS": re.compile(r"[0-9]{3}[DWMY]"),
    "CS": re.compile(r"[A-Z0-9_ ]{1,16}"),
    "DS": re.compile(
        r"(?=.{1,16}$) *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)? *"
    ),
    "IS": re.compile(r"(?=.{1,12}$) *[+-]?[0-9]+ *"),
    "TM": re.compile(
        r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)? *"
    ),
    "DT": re.compile(
        r"[0-9]{4}(0[1-9]|1[0-2])?([0-9]{2}){0,4}(\.[0-9]{1,6})?([+-][0-9]{4})? *"
    ),
    "UI": re.compile(r"(?=.{1,64}$)(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*"),
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_PN_GROUPS_MAX, _PN_GROUP_LENGTH_MAX = 3, 64


class ForbiddenValueError(ValueError):
    """The VR does not allow the value."""


def encode_text(vr: str, text: str, encoder: TextEncoder) -> bytes:
    """Encode a value, padded to an even length.

    Parameters
    ----------
    vr
        Its VR; no sequence.
    text
        Its values, separated by backslashes.
    encoder
        Encodes text.

    Raises
    ------
    ForbiddenValueError
        If the VR cannot hold the value.
    UnicodeEncodeError
        If the character set lacks one of its characters.
    """
    if vr in NUMBER_CODES:
        return _encode_numbers(vr, text)
    if vr == "AT":
        return b"".join(map(_encode_tag, text.split("\\"))) if text else b""
    if vr in {"OB", "UN"}:
        value = text.encode("utf-8")
    elif vr not in TEXT_VRS:
        raise ForbiddenValueError
    else:
        value = encoder.encode(text) if vr in LOCALIZED_VRS else _ascii(text)
    return pad(vr, value)


def pad(vr: str, value: bytes) -> bytes:
    """Pad a value to an even length."""
    if len(value) % 2:
        value += b" " if vr in TEXT_VRS and vr != "UI" else b"\0"
    return value


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise ForbiddenValueError from error


def _encode_numbers(vr: str, text: str) -> bytes:
    convert = float if vr in _FLOAT_VRS else int
    try:
        numbers = [convert(one) for one in text.split("\\")] if text else []
        return struct.pack(f"<{len(numbers)}{NUMBER_CODES[vr]}", *numbers)
    except (ValueError, OverflowError, struct.error) as error:
        raise ForbiddenValueError from error


def _encode_tag(text: str) -> bytes:
    tag = lookup_tag(text)
    if tag is None:
        raise ForbiddenValueError
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF)


def is_allowed(vr: str, text: str) -> bool:
    """Tell whether text follows the rules of its VR."""
    values = [text] if vr in _SINGLE_VALUED else text.split("\\")
    return all(_is_allowed(vr, value) for value in values if value)


def _is_allowed(vr: str, value: str) -> bool:
    if vr == "DA":
        return _is_date(value)
    if vr == "PN":
        groups = value.split("=")
        return len(groups) <= _PN_GROUPS_MAX and all(
            len(group) <= _PN_GROUP_LENGTH_MAX and not _CONTROL.search(group)
            for group in groups
        )
    pattern = _PATTERNS.get(vr)
    if pattern is not None:
        return pattern.fullmatch(value) is not None
    return len(value) <= _LENGTHS.get(vr, len(value)) and not _CONTROL.search(value)


def _is_date(value: str) -> bool:
    if not re.fullmatch("[0-9]{8}", value):
        return False
    try:
        datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007 - only whether it exists
    except ValueError:
        return False
    return True


def resolve_vr(vr: str, text: str) -> str:
    """Choose the VR of an attribute whose VR depends on others, by its value."""
    if vr in {"xs", "lt"}:
        return "SS" if "-" in text else "US"
    return "OW" if vr == "ox" else vr
