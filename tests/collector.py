"""A collector of OpenTelemetry traces: it takes OTLP over HTTP, and keeps it.

What comes must fit OpenTelemetry's own definitions.
"""

import base64
import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from scanning import SCAN, keep_spans

_SECONDS_MAX = 30.0

#: The ids of a span, and their sizes in bytes.
_ID_SIZES = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


@dataclass(frozen=True, slots=True)
class ReceivedSpan:
    """A span as it came, with the name of the server that it came from."""

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    seconds: float
    attributes: dict[str, Any]
    has_failed: bool
    state: str
    server: str


@dataclass(slots=True)
class Collector:
    """What came so far; `status` is what the next requests are answered with."""

    url: str
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    spans: list[ReceivedSpan] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, path: str, body: bytes) -> int:
        """Take one request; return the status of its answer."""
        if SCAN in os.environ:
            keep_spans(body, Path(os.environ[SCAN]))
        with self.changed:
            self.bodies.append(body)
            status = self.status if path == "/v1/traces" else 404
            if status == 200:
                check(json.loads(body))
                self.spans.extend(_spans(json.loads(body)))
            self.changed.notify_all()
        return status

    def wait(self, *names: str) -> list[ReceivedSpan]:
        """Wait until spans of all these names came; return all that came."""
        with self.changed:
            is_there = self.changed.wait_for(
                lambda: {span.name for span in self.spans} >= set(names), _SECONDS_MAX
            )
            assert is_there, [span.name for span in self.spans]
            return list(self.spans)

    def only(self, name: str) -> ReceivedSpan:
        """Wait for the only span of a name."""
        self.wait(name)
        (found,) = (span for span in self.spans if span.name == name)
        return found

    def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests came, refused ones included."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: len(self.bodies) >= count, _SECONDS_MAX
            )


def check(body: dict[str, Any]) -> None:
    """Raise if a body is not what OTLP says, or has a field that it does not know.

    In JSON, OTLP has ids in hexadecimal where protocol buffers have Base64.
    """
    for whole in body.get("resourceSpans", ()):
        for scoped in whole.get("scopeSpans", ()):
            for span in scoped.get("spans", ()):
                for name, size in _ID_SIZES.items():
                    if name in span:
                        id_ = bytes.fromhex(span[name])
                        assert len(id_) == size, name
                        span[name] = base64.b64encode(id_).decode()
    request = ParseDict(body, ExportTraceServiceRequest(), ignore_unknown_fields=False)
    assert request.IsInitialized()


def _spans(body: dict[str, Any]) -> Iterator[ReceivedSpan]:
    for whole in body["resourceSpans"]:
        resource = _values(whole["resource"]["attributes"])
        for scoped in whole["scopeSpans"]:
            for one in scoped["spans"]:
                took = int(one["endTimeUnixNano"]) - int(one["startTimeUnixNano"])
                yield ReceivedSpan(
                    trace=one["traceId"],
                    id=one["spanId"],
                    parent=one.get("parentSpanId", ""),
                    name=one["name"],
                    kind=one["kind"],
                    seconds=took / 1e9,
                    attributes=_values(one["attributes"]),
                    has_failed=one.get("status", {}).get("code") == 2,
                    state=one.get("traceState", ""),
                    server=resource["service.instance.id"],
                )


def _values(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return attributes by their keys; integers come as texts."""
    found = {}
    for one in attributes:
        ((kind, value),) = one["value"].items()
        found[one["key"]] = int(value) if kind == "intValue" else value
    return found


@contextlib.contextmanager
def running_collector(port: int = 0) -> Iterator[Collector]:
    """Run a collector for the time of a block."""

    class Handler(BaseHTTPRequestHandler):
        """Hands requests over."""

        def do_POST(self) -> None:
            """Take spans."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/json"
            self.send_response(collector.take(self.path, body))
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
