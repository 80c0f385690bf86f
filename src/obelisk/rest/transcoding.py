"""Which transfer syntax requests want, and how much of an image may be lost."""

import re

from obelisk.dicom.dictionary import TRANSFER_SYNTAXES
from obelisk.errors import InvalidArgumentError
from obelisk.rest.messages import BadTypeError

_NUMBER = re.compile(r"\+?[0-9]*")
_NUMBER_STOP = 1 << 32
_QUALITY_MAX = 100


def known_syntax(uid: str) -> str:
    """Return the UID of a transfer syntax.

    Raises
    ------
    InvalidArgumentError
        If there is no such one.
    """
    if uid not in TRANSFER_SYNTAXES:
        raise InvalidArgumentError(f"Unknown transfer syntax: {uid}")
    return uid


def quality_of_query(text: str | None) -> int | None:
    """Return ``lossy-quality``, moved into its bounds as Orthanc does.

    Raises
    ------
    InvalidArgumentError
        If it is no number.
    """
    if text is None:
        return None
    digits = text.strip()
    if not _NUMBER.fullmatch(digits) or int(digits or 0) >= _NUMBER_STOP:
        raise InvalidArgumentError(
            f'Expected a Unsigned Int for GET argument "lossy-quality", found: {text}'
        )
    return bounded_quality(int(digits or 0))


def bounded_quality(quality: int) -> int:
    """Return a quality from 1 to 100.

    Raises
    ------
    BadTypeError
        If it is negative.
    """
    if quality < 0:
        raise BadTypeError("The quality is not negative")
    return min(max(quality, 1), _QUALITY_MAX)
