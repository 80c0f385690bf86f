"""How many requests work, and how many wait for their bodies, at the same time."""

import threading
import time
from collections.abc import Iterator
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
        self.turns: SimpleQueue[None] = SimpleQueue()
        for _ in range(working_max):
            self.turns.put(None)
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._body_count = 0
        #: When a request got on at last, by the monotonic clock.
        self.last_progress = time.monotonic()

    def work(self, now: float | None = None) -> "_Turn":
        """Take a turn for the length of a `with` block.

        Parameters
        ----------
        now
            The time of the monotonic clock, if it is known.
        """
        return _Turn(self, time.monotonic() if now is None else now)

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Give the turn back for the length of a `with` block."""
        self.note_progress()
        self.turns.put(None)
        try:
            yield
        finally:
            self.turns.get()
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
        return self.turns.empty()

    def note_progress(self) -> None:
        """Remember that a request got on."""
        self.last_progress = time.monotonic()

    def seconds_without_progress(self) -> float:
        """Return for how long no request got on."""
        return time.monotonic() - self.last_progress


class _Turn:
    """A turn that is taken and given back; a generator takes three times as long."""

    __slots__ = ("_admission", "_arrived")

    def __init__(self, admission: Admission, arrived: float) -> None:
        self._admission = admission
        self._arrived = arrived

    def __enter__(self) -> None:
        admission = self._admission
        admission.turns.get()
        # If it waited for its turn, the one who gave that noted the time.
        admission.last_progress = max(admission.last_progress, self._arrived)

    def __exit__(self, kind: object, *_: object) -> None:
        admission = self._admission
        if kind is None:
            admission.note_progress()
        admission.turns.put(None)
