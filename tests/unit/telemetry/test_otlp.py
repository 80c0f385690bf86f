"""Spans as OTLP: what OpenTelemetry's own definitions say of them."""

import json

import pytest
from google.protobuf.json_format import ParseError

from collector import check
from obelisk.telemetry.otlp import encode
from obelisk.telemetry.trace_context import TraceContext
from obelisk.telemetry.tracing import Kind, Span

_CONTEXT = TraceContext(
    "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", True, "a=1"
)
_RESOURCE = {"service.name": "obelisk", "service.version": "1"}


def _body():
    spans = [Span("GET /system", kind, _CONTEXT, None) for kind in Kind]
    for span in spans:
        span.set({"text": "ä\ud800", "whole": 2**63 - 1, "part": 0.5, "flag": True})
        span.has_failed = True
    return json.loads(encode(_RESOURCE, spans))


def test_all_that_a_span_can_have_is_known_to_opentelemetry():
    """Each kind of span, of value and of field."""
    check(_body())


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("colour", "red", ParseError),
        ("kind", "unheard-of", ParseError),
        ("startTimeUnixNano", "soon", ParseError),
        ("traceId", "4bf92f", AssertionError),
    ],
)
def test_what_opentelemetry_does_not_know_is_seen(name, value, error):
    """So that the test above, and each test with a collector, can fail."""
    body = _body()
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0][name] = value
    with pytest.raises(error):
        check(body)
