"""Values of the DICOM JSON Model (PS3.18 Annex F) → text or bytes."""

import binascii
from collections.abc import Mapping
from typing import Any

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


class ModelError(ValueError):
    """The JSON is not as the model wants it."""


def is_model_value(value: object) -> bool:
    """Tell whether a JSON value is an attribute of the model."""
    return isinstance(value, dict) and isinstance(value.get("vr"), str)


def read_model_value(attribute: Mapping[str, Any]) -> str | bytes:
    """Return the value of an attribute that is no sequence.

    Raises
    ------
    ModelError
        If it is malformed, or kept elsewhere.
    """
    if "BulkDataURI" in attribute:
        raise ModelError
    if "InlineBinary" in attribute:
        try:
            return binascii.a2b_base64(str(attribute["InlineBinary"]), strict_mode=True)
        except (binascii.Error, ValueError) as error:
            raise ModelError from error
    return "\\".join(map(_text, model_values(attribute)))


def model_values(attribute: Mapping[str, Any]) -> list[Any]:
    """Return the values or items of an attribute.

    Raises
    ------
    ModelError
        If they are no list.
    """
    values = attribute.get("Value", [])
    if not isinstance(values, list):
        raise ModelError
    return values


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        groups = [str(value.get(name, "")) for name in _GROUPS]
        return "=".join(groups).rstrip("=")
    if isinstance(value, bool | list):
        raise ModelError
    return str(value)
