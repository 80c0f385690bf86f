"""The stages of ingest, in the metrics and in a trace."""

from time import monotonic_ns

from obelisk.metrics.instruments import Histogram
from obelisk.metrics.registry import Laps, Metrics, Timing
from obelisk.telemetry.tracing import Span


class StageSpans(Laps):
    """A stopwatch whose laps are parts of a span too.

    Parameters
    ----------
    metrics
        Where laps are noted.
    span
        What they are parts of.
    """

    __slots__ = ("_laps", "_last_ns", "_names", "_span")

    def __init__(self, metrics: Metrics, span: Span) -> None:
        noted = metrics.ingest
        self._names: dict[Histogram | Timing, str] = {
            noted.receive: "receive",
            noted.parse: "parse",
            noted.store: "store",
            noted.index: "index",
        }
        self._laps = metrics.laps()
        self._span = span
        self._last_ns = monotonic_ns()

    def lap(self, instrument: Histogram | Timing) -> None:
        """Note the time since the last lap."""
        self._laps.lap(instrument)
        now = monotonic_ns()
        self._span.note_child(self._names[instrument], self._last_ns, now)
        self._last_ns = now

    def total(self, instrument: Histogram | Timing) -> None:
        """Note the time since the start."""
        self._laps.total(instrument)
