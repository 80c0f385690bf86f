"""How many requests work, and how many wait for their bodies, at the same time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

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
        # A queue hands out turns in a tenth of the time of a semaphore.
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _ in range(working_max):
            self._turns.put(None)
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._body_count = 0
        self._last_progress = time.monotonic()

    def work(self) -> "_Turn":
        """Take a turn for the length of a `with` block."""
        return _Turn(self._turns, self.note_progress)

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Give the turn back for the length of a `with` block."""
        self._turns.put(None)
        try:
            yield
        finally:
            self._turns.get()
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

    @property
    def is_full(self) -> bool:
        """Whether the next request has to wait for its turn."""
        return self._turns.empty()

    def note_progress(self) -> None:
        """Remember that a request got on."""
        self._last_progress = time.monotonic()

    def seconds_without_progress(self) -> float:
        """Return for how long no request got on."""
        return time.monotonic() - self._last_progress


class _Turn:
    """A turn that is taken and given back; a generator takes three times as long."""

    __slots__ = ("_note_progress", "_turns")

    def __init__(
        self, turns: "SimpleQueue[None]", note_progress: Callable[[], None]
    ) -> None:
        self._turns = turns
        self._note_progress = note_progress

    def __enter__(self) -> None:
        self._turns.get()
        self._note_progress()

    def __exit__(self, kind: object, *_: object) -> None:
        self._turns.put(None)
        if kind is None:
            self._note_progress()
