"""What a thread works for: the request, association or job that its lines name."""

import itertools
import logging
import os
import secrets
import threading
from collections.abc import Mapping

#: Where an application leaves the identifier of a request, in its environment.
REQUEST_ID = "obelisk.request_id"

_NOTHING: Mapping[str, str] = {}


class _Context(threading.local):
    fields: Mapping[str, str] = _NOTHING


_context = _Context()
_prefix = secrets.token_hex(4)
_numbers = itertools.count(1)


def _start_anew() -> None:
    global _prefix  # noqa: PLW0603 -- a process that was forked is another one
    _prefix = secrets.token_hex(4)


os.register_at_fork(after_in_child=_start_anew)


def new_id() -> str:
    """Return an identifier that no other request or association has."""
    return f"{_prefix}-{next(_numbers):x}"


class context:  # noqa: N801 -- a class, as a generator takes three times as long
    """Let the lines of this thread name something for the length of a `with` block."""

    __slots__ = ("_before", "_fields")

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._before = before = _context.fields
        _context.fields = {**before, **self._fields} if before else self._fields

    def __exit__(self, *_: object) -> None:
        _context.fields = self._before


def present_context() -> Mapping[str, str]:
    """Return what this thread works for."""
    return _context.fields


class AddContext(logging.Filter):
    """Gives each record what its thread works for, as `context`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter.filter`; called in the thread of the record."""
        record.context = _context.fields
        return True


def context_of(record: logging.LogRecord) -> Mapping[str, str]:
    """Return what the thread of a record worked for."""
    found: Mapping[str, str] = getattr(record, "context", _NOTHING)
    return found
