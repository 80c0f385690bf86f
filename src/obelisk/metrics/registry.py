"""Every instrument of the server, declared once."""

import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

from obelisk.metrics.instruments import (
    DURATIONS,
    LONG_DURATIONS,
    Counter,
    Family,
    Histogram,
    Instrument,
    Level,
    Peak,
    taken,
)
from obelisk.metrics.requests import RequestMetrics

#: How many durations wait to be counted.
_FRESH_MAX = 256


class Timing:
    """How long something takes: a histogram, and the peak of the last ten seconds."""

    __slots__ = ("_fresh", "_histogram", "_lock", "_peak")

    def __init__(self) -> None:
        self._histogram, self._peak = Histogram(DURATIONS), Peak()
        self._lock = threading.Lock()
        # Durations, and when they ended.
        self._fresh: list[tuple[float, float]] = []

    def observe(self, seconds: float) -> None:
        """Note one duration, which has just ended."""
        fresh = self._fresh
        fresh.append((seconds, monotonic()))
        if len(fresh) > _FRESH_MAX:
            self._fold()

    def _fold(self) -> None:
        with self._lock:
            noted = taken(self._fresh)
            self._histogram.observe_all(seconds for seconds, _ in noted)
            self._peak.update_all(noted)

    @property
    def histogram(self) -> Histogram:
        """All durations, in seconds."""
        self._fold()
        return self._histogram

    @property
    def peak(self) -> Peak:
        """The latest ones, in seconds."""
        self._fold()
        return self._peak

    def dump(self) -> list[Any]:
        """See `Instrument.dump`."""
        return [self.histogram.dump(), self.peak.dump()]

    def absorb(self, dumped: list[Any]) -> None:
        """See `Instrument.absorb`."""
        self.histogram.absorb(dumped[0])
        self.peak.absorb(dumped[1])


class Laps:
    """A stopwatch: each lap goes to an instrument of its own."""

    __slots__ = ("_last", "_start")

    def __init__(self) -> None:
        self._start = self._last = monotonic()

    def lap(self, instrument: Histogram | Timing) -> None:
        """Note the time since the last lap."""
        now = monotonic()
        instrument.observe(now - self._last)
        self._last = now

    def total(self, instrument: Histogram | Timing) -> None:
        """Note the time since the start."""
        instrument.observe(monotonic() - self._start)


class _NoLaps(Laps):
    """A stopwatch that stands still."""

    __slots__ = ()

    def lap(self, instrument: Histogram | Timing) -> None:
        """Do nothing."""

    def total(self, instrument: Histogram | Timing) -> None:
        """Do nothing."""


_NO_LAPS = _NoLaps()


@dataclass(frozen=True, slots=True)
class IngestMetrics:
    """The stages of ingest, and what became of the instances."""

    receive: Histogram
    parse: Histogram
    store: Histogram
    index: Histogram
    total: Timing
    stored: Family[Counter]


class Metrics:
    """Every instrument, as the parts of the server note in them.

    Parameters
    ----------
    is_enabled
        Whether anything is noted (MetricsEnabled); may change at any time.
    """

    def __init__(self, *, is_enabled: bool = True) -> None:
        #: Whether anything is noted.
        self.is_enabled = is_enabled
        #: Requests of HTTP.
        self.requests = RequestMetrics()
        #: DICOM operations by service and status.
        self.operations = Family(lambda: Histogram(DURATIONS))
        self.operation_peaks = Family(Peak)
        self.active_operations = Level()
        #: Associations by what became of their request.
        self.associations = Family(Counter)
        stages = Family(lambda: Histogram(DURATIONS))
        self.ingest_stages = stages
        self.ingest = IngestMetrics(
            receive=stages.of("receive"),
            parse=stages.of("parse"),
            store=stages.of("store"),
            index=stages.of("index"),
            total=Timing(),
            stored=Family(Counter),
        )
        #: Transactions of the index: read and write.
        self.transactions = Family(lambda: Histogram(DURATIONS))
        self.read_transactions = self.transactions.of("read")
        self.write_transactions = self.transactions.of("write")
        #: Operations of the storage area: create, read and remove.
        self.storage_operations = Family(Timing)
        self.creations = self.storage_operations.of("create")
        self.readings = self.storage_operations.of("read")
        self.removals = self.storage_operations.of("remove")
        self.written_bytes = Counter()
        self.read_bytes = Counter()
        #: Images that were decoded, and encoded again, by format, encoding and outcome.
        self.codecs = Family(lambda: Histogram(DURATIONS))
        #: Jobs by type and outcome, and for how long they waited, by type.
        self.job_runs = Family(lambda: Histogram(LONG_DURATIONS))
        self.job_waits = Family(lambda: Histogram(LONG_DURATIONS))

    def begin_operation(self) -> float:
        """Note that a DICOM operation is worked on; return the time."""
        now = monotonic()
        self.active_operations.enter(now)
        return now

    def end_operation(self, begun: float, service: str, status: int | None) -> None:
        """Note that a DICOM operation was answered, or that it never will be.

        Parameters
        ----------
        begun
            What `begin_operation` returned.
        service
            The DIMSE service, such as ``C-STORE``.
        status
            The status of the answer, `None` if the association ended before.
        """
        now = monotonic()
        self.active_operations.leave()
        self.operation_peaks.of(service).update(now - begun, now)
        text = "none" if status is None else f"{status:04X}"
        self.operations.of(service, text).observe(now - begun)

    def dump(self) -> list[Any]:
        """Return what was noted, as JSON has it."""
        return [one.dump() for one in self._instruments()]

    def absorb(self, dumped: list[Any]) -> None:
        """Add what another process noted; see `dump`."""
        for one, noted in zip(self._instruments(), dumped, strict=True):
            one.absorb(noted)

    def forget_present(self) -> None:
        """Forget what there is just now, and keep what only grows."""
        self.requests.forget_present()
        self.active_operations = Level()

    def _instruments(self) -> tuple[Instrument, ...]:
        return (
            self.requests,
            self.operations,
            self.operation_peaks,
            self.active_operations,
            self.associations,
            self.ingest_stages,
            self.ingest.total,
            self.ingest.stored,
            self.transactions,
            self.storage_operations,
            self.written_bytes,
            self.read_bytes,
            self.codecs,
            self.job_runs,
            self.job_waits,
        )

    def laps(self) -> Laps:
        """Return a stopwatch that runs; it stands still if nothing is noted."""
        return Laps() if self.is_enabled else _NO_LAPS


#: For what is used without being watched, as in tests.
OFF = Metrics(is_enabled=False)
