"""Long contents in a JSON body, taken out before the rest of it is read.

A parser of JSON would hold such a body three times: as it came, as its own copy, and as
text.
"""

import binascii
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from obelisk.dicom.creation import DataURI
from obelisk.errors import InvalidInputError

#: What is shorter stays in the body.
_LENGTH_MIN = 1_048_576

_KEY = re.compile(rb'"Content"\s*:\s*(?:\[\s*)?(?="data:)')
_URI = re.compile(rb'"data:[^"\\,]{0,100};base64,')
_NEXT = re.compile(rb'\s*,\s*(?="data:)')

#: What no client can know, and what is no base64.
_MARK = f"#{uuid.uuid4()}#"
_TAKEN = re.compile(rf"data:([^;,]*)(?:;[^,]*)?;base64,{_MARK}([0-9]+)", re.ASCII)


def take_contents(body: bytearray) -> list[bytes]:
    """Take long data URIs that are a ``Content``, or a list of them, out of a body.

    What is no base64 stays, for others to complain about.

    Returns
    -------
    list of bytes
        The contents, for `put_contents`.
    """
    contents: list[bytes] = []
    for start, stop in reversed(list(_spans(body))):
        try:
            with memoryview(body) as whole, whole[start:stop] as encoded:
                content = binascii.a2b_base64(encoded, strict_mode=True)
        except binascii.Error:
            continue
        body[start:stop] = f"{_MARK}{len(contents)}".encode("ascii")
        contents.append(content)
    return contents


def _spans(body: bytearray) -> Iterator[tuple[int, int]]:
    """Yield where the base64 of long contents starts and stops."""
    key = _KEY.search(body)
    while key is not None:
        position = key.end()
        while (uri := _URI.match(body, position)) is not None:
            stop = body.find(b'"', uri.end())
            if stop < 0:
                return
            if stop - uri.end() >= _LENGTH_MIN:
                yield uri.end(), stop
            following = _NEXT.match(body, stop + 1)
            position = following.end() if following else stop
        key = _KEY.search(body, position)


def put_contents(values: dict[str, Any], contents: Sequence[bytes]) -> None:
    """Put contents where they were, as `DataURI`.

    Raises
    ------
    InvalidInputError
        If one of them was at another place than it should be.
    """
    if not contents:
        return
    given = values.get("Content")
    members = given if isinstance(given, list) else [given]
    placed = [_placed(one, contents) for one in members]
    values["Content"] = placed if isinstance(given, list) else placed[0]
    if sum(_is_placed(one) for one in placed) < len(contents):
        raise InvalidInputError("There is a content at a wrong place")


def _placed(member: Any, contents: Sequence[bytes]) -> Any:
    if isinstance(member, dict):
        return member | {"Content": _found(member.get("Content"), contents)}
    return _found(member, contents)


def _is_placed(member: Any) -> bool:
    value = member["Content"] if isinstance(member, dict) else member
    return isinstance(value, DataURI)


def _found(value: Any, contents: Sequence[bytes]) -> Any:
    match = _TAKEN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    return DataURI(match[1].strip().lower(), contents[int(match[2])])
