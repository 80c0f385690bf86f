"""Requests: noted in half a microsecond each, and counted many at once."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from obelisk.metrics.instruments import DURATIONS, Family, Histogram, Peak, taken

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"))
_CLASSES = {number: f"{number}xx" for number in range(1, 6)}

#: How long requests wait to be counted while more of them come; a peak is not told
#: more finely than this.
_GATHERING_SECONDS = 1.0

#: Method, route and status.
_Kind = tuple[str, str, int]


class RequestMetrics:
    """How long requests take, and how many there are; safe to use from several threads.

    All that happens at once for a request is that its duration goes into a list of
    such requests. The lists are counted when the next request comes after a second,
    or when somebody asks.

    Parameters
    ----------
    clock
        Tells the time.
    """

    __slots__ = (
        *("_clock", "_count", "_durations", "_last_count", "_last_spent", "_lock"),
        *("_most", "_slowest", "_spent", "_until", "there"),
    )

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        #: Has something for each request that is worked on: whoever begins one appends
        #: to it, and `end` takes that out. Neither needs a lock.
        self.there: deque[None] = deque()
        #: Durations that wait to be counted; the lists stay, and are emptied.
        self._spent: dict[_Kind, list[float]] = {}
        #: How many requests there were just before the last one ended, and at most
        #: since the lists were counted; two threads that come at once may lose one.
        self._last_count = self._count = 0
        self._last_spent = 0.0
        #: When the lists are to be counted.
        self._until = clock()
        self._lock = threading.Lock()
        self._durations = Family(lambda: Histogram(DURATIONS))
        self._slowest, self._most = Peak(clock), Peak(clock)

    def end(self, begun: float, method: str, route: str, status: int) -> None:
        """Note that a request was answered.

        Parameters
        ----------
        begun
            The time of the clock when it came.
        method
            Its method.
        route
            The path of its route in the route table, empty if there is none.
        status
            The status of the answer.
        """
        now = self._clock()
        if now > self._until:
            self._fold()
        there = self.there
        self._last_count = count = len(there)
        there.pop()
        if count > self._count:  # noqa: PLR1730 -- max() takes three times as long
            self._count = count
        self._last_spent = spent = now - begun
        try:
            self._spent[method, route, status].append(spent)
        except KeyError:
            self._list_of(method, route, status).append(spent)

    @property
    def active_count(self) -> int:
        """How many requests are worked on, or wait for their turn."""
        return len(self.there)

    def most(self) -> int:
        """Return how many there were at the same time in the last ten seconds."""
        self._fold()
        return max(len(self.there), int(self._most.read()))

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
        self.there.extend([None] * active_count)

    def forget_present(self) -> None:
        """Forget which requests there are."""
        self.there.clear()

    def _fold(self) -> None:
        with self._lock:
            now = self._clock()
            # They ended before the time was up, however late that is seen.
            ended, self._until = min(now, self._until), now + _GATHERING_SECONDS
            waiting = [(kind, taken(fresh)) for kind, fresh in self._spent.items()]
            counted = [(kind, spent) for kind, spent in waiting if spent]
            if not counted:
                return
            most, self._count = self._count, 0
            slowest = max(max(spent) for _, spent in counted)
            self._most.update_all(((most, ended), (self._last_count, ended)))
            self._slowest.update_all(((slowest, ended), (self._last_spent, ended)))
            for (method, route, status), spent in counted:
                self._of(method, route, status).observe_all(spent)

    def _list_of(self, method: str, route: str, status: int) -> list[float]:
        known = method if method in _METHODS else "other"
        with self._lock:
            return self._spent.setdefault((known, route, status), [])

    def _of(self, method: str, route: str, status: int) -> Histogram:
        return self._durations.of(method, route or "unmatched", _CLASSES[status // 100])
