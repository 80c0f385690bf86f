"""Requests: noted in half a microsecond each, and counted many at once."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from time import monotonic
from typing import Any

from obelisk.metrics.instruments import DURATIONS, Family, Histogram, Peak, taken

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
_CLASSES = {number: f"{number}xx" for number in range(1, 6)}

#: How many requests wait to be counted.
_FRESH_MAX = 512


class RequestMetrics:
    """How long requests take, and how many there are; safe to use from several threads.

    All that happens at once for a request is that its facts go into a queue.
    """

    __slots__ = ("_durations", "_fresh", "_lock", "_most", "_slowest", "_there")

    def __init__(self) -> None:
        # Its length is what counts; to append and to pop needs no lock.
        self._there: deque[None] = deque()
        # Begin and end, how many there were just before, method, route, status.
        self._fresh: deque[tuple[float, float, int, str, str, int]] = deque()
        self._lock = threading.Lock()
        self._durations = Family(lambda: Histogram(DURATIONS))
        self._slowest, self._most = Peak(), Peak()

    def begin(self) -> float:
        """Note that a request is worked on; return the time."""
        self._there.append(None)
        return monotonic()

    def end(self, begun: float, method: str, route: str, status: int) -> None:
        """Note that a request was answered.

        Parameters
        ----------
        begun
            What `begin` returned.
        method
            Its method.
        route
            The path of its route in the route table, empty if there is none.
        status
            The status of the answer.
        """
        fresh, there = self._fresh, self._there
        fresh.append((begun, monotonic(), len(there), method, route, status))
        there.pop()
        if len(fresh) > _FRESH_MAX:
            self._fold()

    @property
    def active_count(self) -> int:
        """How many requests are worked on, or wait for their turn."""
        return len(self._there)

    def most(self) -> int:
        """Return how many there were at the same time in the last ten seconds."""
        self._fold()
        return max(len(self._there), int(self._most.read()))

    def slowest(self) -> float:
        """Return the seconds that the slowest one of the last ten seconds took."""
        self._fold()
        return self._slowest.read()

    def durations(self) -> Iterator[tuple[tuple[str, ...], Histogram]]:
        """Yield method, route and class of status, and how long such requests took."""
        self._fold()
        return self._durations.items()

    def dump(self) -> list[Any]:
        """See `Instrument.dump`."""
        self._fold()
        slowest = self._slowest.dump()
        return [self._durations.dump(), slowest, self.active_count, self.most()]

    def absorb(self, dumped: list[Any]) -> None:
        """See `Instrument.absorb`: peaks of several processes count as one moment."""
        durations, slowest, active_count, most = dumped
        self._durations.absorb(durations)
        self._slowest.absorb(slowest)
        self._most.update(self.most() + most)
        self._there.extend([None] * active_count)

    def forget_present(self) -> None:
        """Forget which requests there are."""
        self._there.clear()

    def _fold(self) -> None:
        seconds: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)
        slowest, most = [], []
        with self._lock:
            for begun, now, count, method, route, status in taken(self._fresh):
                spent = now - begun
                seconds[method, route, status].append(spent)
                slowest.append((spent, now))
                most.append((count, now))
            self._slowest.update_all(slowest)
            self._most.update_all(most)
            for (method, route, status), values in seconds.items():
                self._of(method, route, status).observe_all(values)

    def _of(self, method: str, route: str, status: int) -> Histogram:
        return self._durations.of(
            method if method in _METHODS else "other",
            route or "unmatched",
            _CLASSES[status // 100],
        )
