"""Counters, histograms and peaks: what a few hundred nanoseconds can note."""

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar


class Instrument(Protocol):
    """What all instruments can do beside noting."""

    def dump(self) -> Any:
        """Return what was noted, as JSON has it."""
        ...

    def absorb(self, dumped: Any) -> None:
        """Add what an instrument of another process noted; see `dump`."""
        ...


T = TypeVar("T")
Kind = TypeVar("Kind", bound=Instrument)

#: The upper bounds of the buckets of durations, in seconds.
DURATIONS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 5.0, 30.0),
)

#: The same for what takes as long as a job.
LONG_DURATIONS = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

_CHILDREN_MAX = 1_000
_PEAK_SECONDS = 10.0

#: How many values wait to be counted.
_FRESH_MAX = 256


def taken(fresh: list[T]) -> list[T]:
    """Take out what waits just now; others may put in more meanwhile.

    Only one thread at a time may take.
    """
    waiting = fresh[:]
    del fresh[: len(waiting)]
    return waiting


class Counter:
    """A number that grows; safe to use from several threads.

    What is noted is put into a list, which takes a quarter of the time of a lock, and
    nobody waits.
    """

    __slots__ = ("_fresh", "_lock", "_value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: list[int] = []
        self._value = 0

    def add(self, amount: int = 1) -> None:
        """Count some more."""
        self._fresh.append(amount)
        if len(self._fresh) > _FRESH_MAX:
            self._fold()

    def _fold(self) -> None:
        with self._lock:
            self._value += sum(taken(self._fresh))

    @property
    def value(self) -> int:
        """How much was counted."""
        self._fold()
        return self._value

    def dump(self) -> int:
        """See `Instrument.dump`."""
        return self.value

    def absorb(self, dumped: int) -> None:
        """See `Instrument.absorb`."""
        self.add(dumped)


class Histogram:
    """How many observations were at most so large; safe to use from several threads.

    Parameters
    ----------
    bounds
        The upper bounds of the buckets, ascending; one more bucket has none.
    """

    __slots__ = ("_bounds", "_counts", "_fresh", "_lock", "_sum")

    def __init__(self, bounds: Sequence[float] = DURATIONS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._fresh: list[float] = []
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Note one value."""
        fresh = self._fresh
        fresh.append(value)
        if len(fresh) > _FRESH_MAX:
            self.observe_all(())

    def observe_all(self, values: Iterable[float]) -> None:
        """Note some values, and count what waits: many at once, which is faster."""
        with self._lock:
            ordered = sorted([*taken(self._fresh), *values])
            self._sum += sum(ordered)
            below = 0
            for number, bound in enumerate(self._bounds):
                upto = bisect_right(ordered, bound, below)
                self._counts[number] += upto - below
                below = upto
            self._counts[-1] += len(ordered) - below

    def dump(self) -> tuple[list[int], float]:
        """See `Instrument.dump`."""
        self.observe_all(())
        with self._lock:
            return list(self._counts), self._sum

    def absorb(self, dumped: tuple[list[int], float]) -> None:
        """See `Instrument.absorb`; the bounds must be the same."""
        counts, total = dumped
        with self._lock:
            for number, count in enumerate(counts):
                self._counts[number] += count
            self._sum += total

    def read(self) -> tuple[list[tuple[float, int]], float]:
        """Return bounds with the counts up to them, and the sum of the values."""
        self.observe_all(())
        with self._lock:
            counts, total = list(self._counts), self._sum
        cumulated, count = [], 0
        for bound, more in zip((*self._bounds, float("inf")), counts, strict=True):
            count += more
            cumulated.append((bound, count))
        return cumulated, total


class Peak:
    """The greatest value of the last ten seconds, and else the last one.

    Boards made for Orthanc expect this: a value that is scraped now and then tells of
    what was in between. Two threads that come at once may lose one of their values.
    """

    __slots__ = ("_clock", "_last", "_peak", "_until")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last = 0.0
        self._peak = 0.0
        self._until = clock() + _PEAK_SECONDS

    def update(self, value: float, now: float | None = None) -> None:
        """Note the present value; `now` is the time of the clock, if it is known."""
        if now is None:
            now = self._clock()
        self._last = value
        if value >= self._peak or now > self._until:
            self._peak, self._until = value, now + _PEAK_SECONDS

    def update_all(self, noted: Iterable[tuple[float, float]]) -> None:
        """Note values with the times of the clock that they are from, in order."""
        last, peak, until = self._last, self._peak, self._until
        for value, now in noted:
            last = value
            if value >= peak or now > until:
                peak, until = value, now + _PEAK_SECONDS
        self._last, self._peak, self._until = last, peak, until

    def read(self) -> float:
        """Return the greatest value of the last ten seconds."""
        return self._last if self._clock() > self._until else self._peak

    def dump(self) -> float:
        """See `Instrument.dump`."""
        return self.read()

    def absorb(self, dumped: float) -> None:
        """See `Instrument.absorb`: the greater peak counts."""
        self.update(max(dumped, self.read()))


class Level:
    """How many there are of something just now, and at most in the last ten seconds."""

    __slots__ = ("_there", "peak")

    def __init__(self) -> None:
        # Its length is what counts; to append and to pop needs no lock.
        self._there: deque[None] = deque()
        #: How many there were.
        self.peak = Peak()

    @property
    def value(self) -> int:
        """How many there are."""
        return len(self._there)

    def enter(self, now: float) -> None:
        """Note that one came, at a time of the monotonic clock."""
        self._there.append(None)
        self.peak.update(len(self._there), now)

    def leave(self) -> None:
        """Note that one went."""
        self._there.pop()

    def dump(self) -> tuple[int, float]:
        """See `Instrument.dump`."""
        return self.value, self.peak.read()

    def absorb(self, dumped: tuple[int, float]) -> None:
        """See `Instrument.absorb`: peaks of several processes count as one moment."""
        count, peak = dumped
        self._there.extend([None] * count)
        self.peak.update(self.peak.read() + peak)


class Family(Generic[Kind]):
    """Instruments of one kind that differ by the values of their labels.

    Parameters
    ----------
    make
        Makes an instrument.
    count_max
        How many there may be; what has other values beyond that goes into one, with
        ``other`` for every label.
    """

    __slots__ = ("_children", "_count_max", "_make")

    def __init__(
        self, make: Callable[[], Kind], count_max: int = _CHILDREN_MAX
    ) -> None:
        self._make = make
        self._count_max = count_max
        self._children: dict[tuple[str, ...], Kind] = {}

    def of(self, *values: str) -> Kind:
        """Return the instrument for some values of the labels."""
        child = self._children.get(values)
        if child is None:
            if len(self._children) >= self._count_max:
                values = ("other",) * len(values)
            child = self._children.setdefault(values, self._make())
        return child

    def items(self) -> Iterator[tuple[tuple[str, ...], Kind]]:
        """Yield the values of the labels, and the instrument for them, in order."""
        return iter(sorted(self._children.copy().items(), key=lambda one: one[0]))

    def dump(self) -> list[Any]:
        """See `Instrument.dump`."""
        return [[labels, child.dump()] for labels, child in self.items()]

    def absorb(self, dumped: list[Any]) -> None:
        """See `Instrument.absorb`."""
        for labels, child in dumped:
            self.of(*labels).absorb(child)
