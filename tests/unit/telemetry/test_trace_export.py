"""Spans on their way to a collector that takes them, refuses them, or is away."""

import logging
import threading

import pytest

from collector import running_collector
from launching import free_port
from obelisk.telemetry import trace_export
from obelisk.telemetry.trace_context import TraceContext
from obelisk.telemetry.trace_export import BATCH_SIZE, SpanExporter
from obelisk.telemetry.tracing import Kind, Span

PARENT = TraceContext(
    "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True, "a=1"
)
RESOURCE = {"service.name": "obelisk", "service.instance.id": "here"}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    """Send every few milliseconds."""
    monkeypatch.setattr(trace_export, "_PERIOD_SECONDS", 0.005)


@pytest.fixture
def collector():
    """A collector that runs."""
    with running_collector() as running:
        yield running


@pytest.fixture
def export():
    """A function that starts an exporter; all are closed at last."""
    made = []

    def start(url, **options):
        made.append(SpanExporter(url, RESOURCE, **options))
        made[-1].start()
        return made[-1]

    yield start
    for exporter in made:
        exporter.close(10)


class Ear(logging.Handler):
    """Lets a test wait for the first line."""

    def __init__(self):
        """Hear the exporter."""
        super().__init__()
        self.heard = threading.Event()
        logging.getLogger(trace_export.__name__).addHandler(self)

    def emit(self, _record):
        """See `logging.Handler.emit`."""
        self.heard.set()


@pytest.fixture
def ear():
    """What hears the lines of the exporter."""
    made = Ear()
    yield made
    logging.getLogger(trace_export.__name__).removeHandler(made)


def put(exporter, *names):
    """Let spans end."""
    for name in names:
        with Span(name, Kind.SERVER, PARENT, exporter) as span:
            span.set({"text": "x\ud800", "number": 2**40, "share": 0.5, "is": True})


@pytest.mark.parametrize("tail", ["", "/", "/v1/traces"])
def test_spans_arrive_with_all_that_they_say(collector, export, tail):
    """Values have their types; what JSON cannot say is replaced."""
    exporter = export(collector.url + tail)
    put(exporter, "a")
    span = collector.only("a")

    assert (span.trace, span.parent) == (PARENT.trace_id, PARENT.span_id)
    assert (span.kind, span.state, span.server) == (2, "a=1", "here")
    assert 0 <= span.seconds < 10
    assert span.attributes == {"text": "x?", "number": 2**40, "share": 0.5, "is": True}


def test_what_waits_is_sent_when_it_is_closed(collector, export, monkeypatch):
    """In batches."""
    monkeypatch.setattr(trace_export, "_PERIOD_SECONDS", 60)
    exporter = export(collector.url)
    put(exporter, *(["a"] * (BATCH_SIZE // 2)))
    assert collector.bodies == []
    exporter.close(30)

    assert len(collector.spans) == BATCH_SIZE // 2
    assert exporter.counts() == {"exported": BATCH_SIZE // 2, "dropped": 0}


def test_many_spans_are_sent_before_their_time(collector, export, monkeypatch):
    """As soon as there is a batch."""
    monkeypatch.setattr(trace_export, "_PERIOD_SECONDS", 60)
    put(export(collector.url), *(["a"] * (BATCH_SIZE + 1)), "b")
    collector.wait_for_requests(1)

    assert len(collector.spans) >= BATCH_SIZE


def test_a_collector_that_is_away_is_told_once(export, ear, caplog):
    """Nobody waits, and what there is no room for is dropped and counted."""
    port = free_port()
    exporter = export(f"http://127.0.0.1:{port}", queue_max=10)
    with caplog.at_level(logging.WARNING):
        put(exporter, *(["a"] * 100))
        assert ear.heard.wait(30)
        with running_collector(port) as collector:
            collector.wait("a")
            exporter.close(10)
    texts = [record.getMessage() for record in caplog.records]
    counts = exporter.counts()

    assert len(texts) == 2
    assert texts[0].startswith(f"Traces cannot be sent to 127.0.0.1:{port}: ")
    assert texts[1] == f"Traces are sent to 127.0.0.1:{port} again"
    assert counts["exported"] == len(collector.spans) >= 10
    assert counts["exported"] + counts["dropped"] == 100


@pytest.mark.parametrize("status", [429, 503])
def test_a_collector_that_is_busy_is_asked_again(collector, export, status):
    """Nothing is lost."""
    collector.status = status
    exporter = export(collector.url)
    put(exporter, "a", "b")
    collector.wait_for_requests(2)
    collector.status = 200
    collector.wait("a", "b")
    exporter.close(10)

    assert len(collector.spans) == 2
    assert exporter.counts() == {"exported": 2, "dropped": 0}


def test_what_a_collector_refuses_is_dropped(collector, export, caplog):
    """It would refuse it again."""
    collector.status = 400
    exporter = export(collector.url)
    put(exporter, "a")
    collector.wait_for_requests(1)
    exporter.close(10)

    assert len(collector.bodies) == 1
    assert exporter.counts() == {"exported": 0, "dropped": 1}
    assert "status 400, and they are dropped" in caplog.text


def test_closing_does_not_wait_for_a_collector_that_is_away(export, caplog):
    """What is left is lost, and the log says so."""
    exporter = export(f"http://127.0.0.1:{free_port()}")
    put(exporter, "a")
    exporter.close(10)

    assert exporter.counts() == {"exported": 0, "dropped": 1}
    assert caplog.records[-1].getMessage().startswith("Not all traces were sent")
