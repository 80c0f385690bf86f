"""Spans: what is a part of what, and what is recorded at all."""

import threading

import pytest

from obelisk.telemetry.context import context
from obelisk.telemetry.trace_context import TraceContext
from obelisk.telemetry.tracing import (
    NO_SPAN,
    Kind,
    Tracer,
    child,
    current_context,
    current_span,
)

PARENT = TraceContext(
    "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True, "a=1"
)


class Shelf:
    """Keeps spans."""

    def __init__(self):
        """Begin with none."""
        self.spans = []

    def put(self, span):
        """See `Sink.put`."""
        self.spans.append(span)

    def counts(self):
        """See `Sink.counts`."""
        return {"exported": len(self.spans), "dropped": 0}

    def close(self, timeout_seconds):
        """See `Sink.close`."""
        self.spans.append(timeout_seconds)


@pytest.fixture
def shelf():
    """Where the spans of `tracer` go."""
    return Shelf()


@pytest.fixture
def tracer(shelf):
    """A tracer that is on."""
    made = Tracer()
    made.open(shelf)
    return made


def test_a_tracer_is_off_until_it_is_opened():
    """Nothing is recorded, and parts of nothing are nothing."""
    with Tracer().start("a", Kind.SERVER, PARENT) as span:
        span.set({"b": 1})
        span.fail(ValueError())

        assert span is child("c") is current_span() is NO_SPAN
        assert current_context() is None
    assert (span.attributes, span.has_failed) == ({}, False)


def test_a_span_goes_on_with_the_trace_of_its_parent(tracer, shelf):
    """And hands its state on."""
    with tracer.start("a", Kind.SERVER, PARENT) as span:
        pass

    assert shelf.spans == [span]
    assert span.parent_id == PARENT.span_id
    assert span.context == PARENT._replace(span_id=span.context.span_id)
    assert span.context.span_id != PARENT.span_id


def test_parts_belong_to_what_the_thread_does(tracer, shelf):
    """However deep, and in the order of their ends."""
    with tracer.start("a", Kind.SERVER) as whole:
        with child("b") as part, child("c") as smaller:
            assert current_span() is smaller
            assert current_context() == smaller.context
        with child("d") as last:
            pass

    assert shelf.spans == [smaller, part, last, whole]
    assert smaller.parent_id == part.context.span_id
    assert part.parent_id == last.parent_id == whole.context.span_id
    assert len({span.context.trace_id for span in shelf.spans}) == 1
    assert current_span() is NO_SPAN


def test_other_threads_do_something_else(tracer, shelf):
    """What a thread does is no part of what another one does."""
    with tracer.start("a", Kind.SERVER):
        found = []
        other = threading.Thread(target=lambda: found.append(child("b")))
        other.start()
        other.join()

    assert found == [NO_SPAN]
    assert len(shelf.spans) == 1


def test_a_trace_that_its_sender_does_not_record_is_not_recorded(tracer, shelf):
    """But those who are called in its course are told of it."""
    with tracer.start("a", Kind.SERVER, PARENT._replace(is_sampled=False)):
        assert child("b") is NO_SPAN
        assert current_span() is NO_SPAN
        assert current_context().trace_id == PARENT.trace_id
        assert not current_context().is_sampled

    assert shelf.spans == []


@pytest.mark.parametrize(("percentage", "least", "most"), [(0, 0, 0), (25, 120, 380)])
def test_only_some_of_the_traces_that_begin_here_are_recorded(
    shelf, percentage, least, most
):
    """As many as wanted, and all that others record."""
    tracer = Tracer()
    tracer.open(shelf, percentage)
    for _ in range(1000):
        with tracer.start("a", Kind.SERVER):
            pass
    count = len(shelf.spans)
    with tracer.start("a", Kind.SERVER, PARENT):
        pass

    assert least <= count <= most
    assert len(shelf.spans) == count + 1


def test_an_error_is_named_without_its_text(tracer, shelf):
    """It may say what a file says."""
    with pytest.raises(ValueError, match="SMITH"), tracer.start("a", Kind.SERVER):
        raise ValueError("SMITH")
    (span,) = shelf.spans

    assert span.has_failed
    assert span.attributes == {"error.type": "ValueError"}


def test_a_generator_that_is_closed_has_not_failed(tracer, shelf):
    """Its reader has enough."""

    def work():
        with tracer.start("a", Kind.SERVER):
            yield 1

    made = work()
    next(made)
    made.close()

    assert [span.has_failed for span in shelf.spans] == [False]


def test_a_span_names_what_the_lines_of_its_thread_name(tracer):
    """So that the log of a trace is found."""
    with context(request="7", aet="CT"), tracer.start("a", Kind.SERVER) as span:
        pass

    assert span.attributes == {"obelisk.request": "7", "obelisk.aet": "CT"}


def test_a_span_that_is_kept_ends_with_the_next_block(tracer, shelf):
    """For what goes on later."""
    with tracer.start("a", Kind.SERVER) as span:
        span.keep()
    assert shelf.spans == []
    with span:
        assert current_span() is span

    assert shelf.spans == [span]


def test_a_part_can_be_told_when_it_is_over(tracer, shelf):
    """With its times."""
    with tracer.start("a", Kind.SERVER) as span:
        span.note_child("b", span._begun + 5_000, span._begun + 7_000)
    part, _ = shelf.spans

    assert (part.started_ns - span.started_ns, part.duration_ns) == (5_000, 2_000)
    assert part.parent_id == span.context.span_id


def test_what_is_left_is_sent_when_a_tracer_is_closed(tracer, shelf):
    """And nothing begins any more."""
    tracer.close(3.0)

    assert shelf.spans == [3.0]
    assert tracer.start("a", Kind.SERVER) is NO_SPAN
    assert tracer.counts() == {"exported": 1, "dropped": 0}
