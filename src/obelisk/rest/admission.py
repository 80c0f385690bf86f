"""How many requests work, and how many wait for their bodies, at the same time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from obelisk.errors import UnavailableError


class Admission:
    """Keeps slow and silent clients from taking the server away from the others.

    A request works from its start to its end, except while it waits for the next
    bytes of its body. Working requests are few, waiting ones may be many.

    Parameters
    ----------
    working_max
        How many requests work at the same time; others wait for their turn.
    waiting_max
        How many requests with a body may be open at the same time; others are
        refused.
    """

    def __init__(self, working_max: int, waiting_max: int) -> None:
        self._turns = threading.BoundedSemaphore(working_max)
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._body_count = 0
        self._last_progress = time.monotonic()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Take a turn for the length of a `with` block."""
        with self._turns:
            yield
        self.note_progress()

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Give the turn back for the length of a `with` block."""
        self._turns.release()
        try:
            yield
        finally:
            self._turns.acquire()
            self.note_progress()

    @contextmanager
    def receive(self) -> Iterator[None]:
        """Be one of the requests with a body for the length of a `with` block.

        Raises
        ------
        UnavailableError
            If there are too many of them.
        """
        with self._lock:
            if self._body_count >= self._waiting_max:
                raise UnavailableError("Too many requests are being received")
            self._body_count += 1
        try:
            yield
        finally:
            with self._lock:
                self._body_count -= 1

    def note_progress(self) -> None:
        """Remember that a request got on."""
        self._last_progress = time.monotonic()

    def seconds_without_progress(self) -> float:
        """Return for how long no request got on."""
        return time.monotonic() - self._last_progress
