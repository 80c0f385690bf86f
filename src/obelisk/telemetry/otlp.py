"""Spans as OpenTelemetry sends them: OTLP 1, in its encoding as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from obelisk.telemetry.tracing import Span, Value

_ERROR = 2


def encode(resource: Mapping[str, Value], spans: Iterable[Span]) -> bytes:
    """Return the body of a request that exports spans.

    Parameters
    ----------
    resource
        What they come from.
    spans
        The spans, which have ended.
    """
    scope = {"name": "obelisk", "version": resource.get("service.version", "")}
    scoped = {"scope": scope, "spans": [_span(span) for span in spans]}
    whole = {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scoped]}
    return orjson.dumps({"resourceSpans": [whole]})


def _span(span: Span) -> dict[str, Any]:
    context, start = span.context, span.started_ns
    found: dict[str, Any] = {
        "traceId": context.trace_id,
        "spanId": context.span_id,
        "name": span.name,
        "kind": span.kind.value,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + span.duration_ns),
        "attributes": _attributes(span.attributes),
    }
    if span.parent_id:
        found["parentSpanId"] = span.parent_id
    if context.state:
        found["traceState"] = context.state
    if span.has_failed:
        found["status"] = {"code": _ERROR}
    return found


def _attributes(values: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Value) -> dict[str, object]:
    """Return a value with its type; integers are texts, as they have 64 bits."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value.encode(errors="replace").decode()}
