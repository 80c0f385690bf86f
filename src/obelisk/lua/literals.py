"""JSON values as expressions of Lua, which makes tables of them in its own memory."""

import re
from collections.abc import Iterator
from typing import Any

_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')
_INTEGER_MIN = -(2**31)
_INTEGER_MAX = 2**32 - 1
_DEPTH_MAX = 150


def literal(value: Any) -> bytes:
    """Return a chunk of Lua that returns a JSON value.

    As in Orthanc, what is null in a list leaves a gap, and integers beyond 32 bits
    become floating-point numbers.

    Raises
    ------
    ValueError
        If it has too many levels.
    """
    return f"return {_expression(value, 1)}".encode(errors="replace")


def _expression(value: Any, depth: int) -> str:
    if depth > _DEPTH_MAX:
        raise ValueError("The JSON value has too many levels")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dict | list):
        return "{" + ",".join(_members(value, depth + 1)) + "}"
    return "nil"


def _members(value: dict[str, Any] | list[Any], depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield f"[{_text(name)}]={_expression(one, depth)}"
        return
    has_gaps = None in value
    for place, one in enumerate(value, 1):
        text = _expression(one, depth)
        yield f"[{place}]={text}" if has_gaps else text


def _text(text: str) -> str:
    return '"' + _SPECIAL.sub(lambda found: f"\\{ord(found[0]):03}", text) + '"'


def _number(value: float) -> str:
    if _INTEGER_MIN <= value <= _INTEGER_MAX and value == int(value):
        return str(int(value))
    if abs(value) == float("inf"):
        return "1/0" if value > 0 else "-1/0"
    return repr(float(value))
