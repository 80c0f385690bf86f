"""The JSON object in the body of a request, and its fields."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from obelisk.config.text import blank_comments
from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.rest.bodies import open_body, present_body
from obelisk.rest.messages import BadContentError, Request, Services, UploadLimits

_BOOLEANS = {b"1": True, b"true": True, b"0": False, b"false": False}
_INTEGER_MAX = 2**63 - 1
_COMMENTED_BYTES_MAX = 262_144

#: Millions of identifiers fit, but what is held in memory has its end.
_WHOLE_BYTES_MAX = 268_435_456


def read_body(request: Request, services: Services) -> bytes:
    """Return the whole body of a request, of 256 MB at most."""
    body = present_body(request, services.limits)
    if body is not None:
        return body
    limits = services.limits.at_most(_WHOLE_BYTES_MAX)
    return bytes(receive_body(request, services, limits))


def receive_body(
    request: Request, services: Services, limits: UploadLimits
) -> bytearray:
    """Return the whole body of a request, which may be large, without a copy."""
    body = bytearray()
    with services.admission.receive():
        for chunk in open_body(request, services.admission, limits):
            body += chunk
    return body


def read_boolean(request: Request, services: Services) -> bool:
    """Return the Boolean that is the body of a request, as a word or as 1 or 0.

    Raises
    ------
    BadContentError
        If it is none.
    """
    value = _BOOLEANS.get(read_body(request, services).strip())
    if value is None:
        raise BadContentError("The body must be 1 or 0")
    return value


class Fields:
    """The fields of a JSON object; one that is absent or null has its default.

    Parameters
    ----------
    values
        The object.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def get(self, name: str) -> Any:
        """Return a value as it came, `None` if it is absent."""
        return self._values.get(name)

    def has_any(self, names: frozenset[str]) -> bool:
        """Tell whether any of some fields is there, even if it is null."""
        return not names.isdisjoint(self._values)

    def canonical(self) -> bytes:
        """Return the object as JSON, the same for each way to write it."""
        return orjson.dumps(self._values, option=orjson.OPT_SORT_KEYS)

    def _given(self, name: str, default: Any) -> Any:
        value = self._values.get(name)
        return default if value is None else value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a Boolean, or raise `InvalidInputError`."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise InvalidInputError(f'Field "{name}" must be a Boolean')
        return value

    def truth(self, name: str) -> bool:
        """Return a Boolean, given as such or as a number; false by default."""
        value = self._values.get(name)
        return value != 0 if isinstance(value, int) else self.flag(name, default=False)

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer that is not negative.

        Raises
        ------
        InvalidInputError
            If it is no integer.
        InvalidArgumentError
            If it is negative, or too large.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidInputError(f'Field "{name}" must be an integer')
        if not 0 <= value <= _INTEGER_MAX:
            raise InvalidArgumentError(f'Field "{name}" must be a positive integer')
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Return text, or raise `InvalidInputError`; without default it is required."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise InvalidInputError(f'Field "{name}" must be a string')
        return value

    def texts(self, name: str) -> Sequence[str]:
        """Return a list of text, empty by default, or raise `InvalidInputError`."""
        value = self._given(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InvalidInputError(f'Field "{name}" must be an array of strings')
        return value

    def text_by_name(self, name: str) -> Mapping[str, str]:
        """Return an object of text, empty by default, or raise `InvalidInputError`."""
        value = self._given(name, {})
        if not isinstance(value, dict):
            raise InvalidInputError(f'Field "{name}" must be an object')
        for key, member in value.items():
            if not isinstance(member, str):
                raise InvalidInputError(f'"{key}" in "{name}" must be a string')
        return value

    def objects(self, name: str) -> "Sequence[Fields]":
        """Return a list of objects, empty by default, or raise `InvalidInputError`."""
        value = self._given(name, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise InvalidInputError(f'Field "{name}" must be an array of objects')
        return [Fields(member) for member in value]


def read_fields(request: Request, services: Services) -> Fields:
    """Return the JSON object that is the body of a request.

    Raises
    ------
    InvalidInputError
        If the body is no JSON object.
    """
    return fields_of(read_body(request, services))


def read_optional_fields(request: Request, services: Services) -> Fields:
    """Return the fields of `read_fields`; none of them for an empty body."""
    return fields_of(read_body(request, services) or b"{}")


def parse_json(body: bytes | bytearray) -> Any:
    """Return what JSON says.

    As in Orthanc, a byte order mark, comments, and a comma behind the last member are
    no faults, unless the body is very large.

    Raises
    ------
    orjson.JSONDecodeError
        If it is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if len(body) > _COMMENTED_BYTES_MAX:
            raise
        text = body.decode("utf-8-sig", "surrogateescape")
        return orjson.loads(blank_comments(text))


def fields_of(body: bytes) -> Fields:
    """Return the JSON object in a body; see `read_fields`."""
    try:
        values = parse_json(body)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise InvalidInputError("The body must contain a JSON object")
    return Fields(values)
