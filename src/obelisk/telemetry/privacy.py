"""Keeps what clients and files say of patients out of the log."""

import traceback
from types import TracebackType

ExceptionFacts = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


class Privacy:
    """Whether the log may tell what it was told."""

    def __init__(self) -> None:
        #: Whether values of clients and of files are left out (DeidentifyLogs).
        self.is_deidentifying = True


#: That of this process.
PRIVACY = Privacy()


def format_exception(facts: ExceptionFacts) -> str:
    """Return the stack of an exception; its text only if that may be told."""
    error = facts[1]
    if error is None:
        return ""
    if not PRIVACY.is_deidentifying:
        return "".join(traceback.format_exception(error)).rstrip()
    parts: list[str] = []
    while error is not None:
        stack = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{stack}{_name(error)}")
        error = error.__cause__ or error.__context__
    return "\n\nwhich came from\n\n".join(parts)


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"
