"""What was done for whom, and how long it took: spans, which make up traces."""

import os
import threading
from collections.abc import Mapping
from enum import Enum
from time import monotonic_ns, time_ns
from types import TracebackType
from typing import Protocol, Self

from obelisk.telemetry.context import present_context
from obelisk.telemetry.trace_context import TraceContext

Value = str | int | float | bool


class Kind(Enum):
    """What a span is to others; the numbers are those of OpenTelemetry."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


class Sink(Protocol):
    """What takes spans that have ended."""

    def put(self, span: "Span") -> None:
        """Take a span; never wait."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return how many spans were taken, by what became of them."""
        ...

    def close(self, timeout_seconds: float) -> None:
        """Send what is left, unless it takes too long."""
        ...


class Span:
    """Something that takes time, from its making to `end`, or to the end of a `with`.

    While a `with` block lasts, it is what the thread does. Attributes must not say
    anything of patients.

    Parameters
    ----------
    name
        What is done: one of few names.
    kind
        What it is to others.
    parent
        What it is a part of.
    sink
        Where it goes when it has ended; `None` if it is not recorded.
    """

    __slots__ = (
        *("_before", "_begun", "_is_kept", "_sink", "attributes", "context"),
        *("duration_ns", "has_failed", "kind", "name", "parent_id", "started_ns"),
    )

    def __init__(
        self, name: str, kind: Kind, parent: TraceContext, sink: Sink | None
    ) -> None:
        self.name = name
        self.kind = kind
        #: The identifier of its parent, empty if it has none.
        self.parent_id = parent.span_id
        #: The trace, for those who are children of the span.
        self.context = TraceContext(
            parent.trace_id, os.urandom(8).hex(), parent.is_sampled, parent.state
        )
        #: Facts about it.
        self.attributes: dict[str, Value] = {}
        #: Whether it did not do what it should have.
        self.has_failed = False
        #: When it began, as POSIX time.
        self.started_ns = time_ns()
        #: How long it took, once it has ended.
        self.duration_ns = 0
        self._begun = monotonic_ns()
        self._before: Span | None = None
        self._is_kept = False
        self._sink = sink

    @property
    def is_recorded(self) -> bool:
        """Whether anybody will see it."""
        return self._sink is not None

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Add facts."""
        self.attributes.update(attributes)

    def fail(self, error: BaseException) -> None:
        """Note that an error is what became of it; its text is left out."""
        self.has_failed = True
        self.attributes["error.type"] = type(error).__name__

    def child(self, name: str, kind: Kind = Kind.INTERNAL) -> "Span":
        """Return a part of it, which begins now."""
        return Span(name, kind, self.context, self._sink)

    def note_child(self, name: str, begun_ns: int, ended_ns: int) -> None:
        """Add a part of it that is over; times are those of the monotonic clock."""
        child = self.child(name)
        child.started_ns = self.started_ns + begun_ns - self._begun
        child.duration_ns = ended_ns - begun_ns
        if self._sink is not None:
            self._sink.put(child)

    def end(self) -> None:
        """Say that it is over."""
        self.duration_ns = monotonic_ns() - self._begun
        if self._sink is not None:
            self._sink.put(self)

    def keep(self) -> None:
        """Let a later `with` block be its end, rather than the present one."""
        self._is_kept = True

    def __enter__(self) -> Self:
        self._before, _active.span = _active.span, self
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _active.span = self._before
        if isinstance(error, Exception):
            self.fail(error)
        if self._is_kept:
            self._is_kept = False
        else:
            self.end()


class _NoSpan(Span):
    """What stands for a span where nothing is recorded, for any number of threads."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            "", Kind.INTERNAL, TraceContext("", "", is_sampled=False), None
        )

    def set(self, attributes: Mapping[str, Value]) -> None:
        pass

    def fail(self, error: BaseException) -> None:
        pass

    def end(self) -> None:
        pass

    def keep(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


NO_SPAN: Span = _NoSpan()


class _Active(threading.local):
    span: Span | None = None


_active = _Active()


def current_span() -> Span:
    """Return what this thread does, `NO_SPAN` if nobody will see it."""
    span = _active.span
    return NO_SPAN if span is None or not span.is_recorded else span


def current_context() -> TraceContext | None:
    """Return the trace that this thread works for, recorded or not."""
    span = _active.span
    return None if span is None else span.context


def child(name: str, kind: Kind = Kind.INTERNAL) -> Span:
    """Return a part of what this thread does; `NO_SPAN` if nobody will see it."""
    span = _active.span
    if span is None or not span.is_recorded:
        return NO_SPAN
    return span.child(name, kind)


class Tracer:
    """Begins traces, or goes on with those of others; off until it is opened."""

    def __init__(self) -> None:
        #: Whether there are traces at all.
        self.is_on = False
        self._sink: Sink | None = None
        self._bound = 0

    def open(self, sink: Sink, percentage: int = 100) -> None:
        """Switch traces on.

        Parameters
        ----------
        sink
            Where spans go.
        percentage
            How many of the traces that begin here are recorded; of others, their
            beginner has decided.
        """
        self._sink = sink
        self._bound = (percentage << 64) // 100
        self.is_on = True

    def close(self, timeout_seconds: float) -> None:
        """Switch traces off, and send what is left, unless it takes too long."""
        self.is_on = False
        if self._sink is not None:
            self._sink.close(timeout_seconds)

    def counts(self) -> Mapping[str, int]:
        """Return how many spans there were, by what became of them."""
        sink = self._sink
        return {"exported": 0, "dropped": 0} if sink is None else sink.counts()

    def start(self, name: str, kind: Kind, parent: TraceContext | None = None) -> Span:
        """Return a span that begins now, of the trace of its parent or of a new one.

        Its first attributes are what the lines of this thread name.
        """
        if not self.is_on:
            return NO_SPAN
        if parent is None:
            trace_id = os.urandom(16).hex()
            is_sampled = int(trace_id[16:], 16) < self._bound
            parent = TraceContext(trace_id, "", is_sampled)
        span = Span(name, kind, parent, self._sink if parent.is_sampled else None)
        for key, value in present_context().items():
            span.attributes[f"obelisk.{key}"] = value
        return span


#: That of this process.
TRACER = Tracer()
