"""Tears a step out of a wait for something outside, such as a silent peer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

from obelisk.errors import (
    ServerError,
    StepInterruptedError,
    StepTimeoutError,
)


@dataclass(slots=True, eq=False)
class _Wait:
    """Something that blocks, until it is closed."""

    close: Callable[[], None]
    deadline: float
    is_overdue: bool = False

    def end(self) -> None:
        """Close it; it may just have been closed by its step."""
        with suppress(OSError, ServerError):
            self.close()


class Interruption:
    """What steps register their sockets with; safe to use from several threads.

    A step that blocks cannot look whether its job is cancelled, paused or taken away.
    So it names what to close in these cases, which makes its call return or raise::

        with services.interruption.closing(association.abort, seconds=60):
            association.send(instance)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits: list[_Wait] = []
        self._is_interrupted = False

    @property
    def is_waiting(self) -> bool:
        """Whether the step is in a wait that can be ended, and need not be yet."""
        with self._lock:
            return bool(self._waits)

    @contextmanager
    def closing(
        self, close: Callable[[], None], *, seconds: float = float("inf")
    ) -> Iterator[None]:
        """Let `close` be called if the step is to end, or has lasted too long.

        Parameters
        ----------
        close
            Makes what blocks return or raise `OSError` or `ServerError`. It is called
            by another thread, once at most, and must not block itself.
        seconds
            How long it may last.

        Raises
        ------
        StepInterruptedError
            Instead of what is raised because of `close`, if the step is to end.
        StepTimeoutError
            Idem, if it has lasted too long.
        """
        wait = _Wait(close, monotonic() + seconds)
        with self._lock:
            if self._is_interrupted:
                raise StepInterruptedError
            self._waits.append(wait)
        try:
            yield
        except (OSError, ServerError) as error:
            if self._is_interrupted:
                raise StepInterruptedError from error
            if wait.is_overdue:
                raise StepTimeoutError from error
            raise
        finally:
            with self._lock:
                if wait in self._waits:
                    self._waits.remove(wait)

    def interrupt(self) -> None:
        """Let the step end, now or as soon as it blocks."""
        with self._lock:
            self._is_interrupted = True
            waits, self._waits = self._waits, []
        for wait in waits:
            wait.end()

    def check_deadlines(self) -> None:
        """Close what has lasted too long."""
        now = monotonic()
        with self._lock:
            overdue = [wait for wait in self._waits if wait.deadline <= now]
            for wait in overdue:
                wait.is_overdue = True
                self._waits.remove(wait)
        for wait in overdue:
            wait.end()
