"""Requests as spans: from the trace that a client names, or of a new one."""

from collections.abc import Callable

from obelisk.rest.failures import told
from obelisk.rest.messages import Request, Response
from obelisk.telemetry.trace_context import TraceContext
from obelisk.telemetry.tracing import NO_SPAN, TRACER, Kind, Span


def traced(
    request: Request, work: Callable[[Request], Response]
) -> tuple[Response, Span]:
    """Answer a request as a span.

    Returns
    -------
    tuple
        The answer, and the span, which the one who sends the body ends: `NO_SPAN`
        unless the body is made while it is sent.
    """
    environ = request.environ
    headers = environ.get("HTTP_TRACEPARENT", ""), environ.get("HTTP_TRACESTATE", "")
    parent = TraceContext.from_headers(*headers)
    with TRACER.start("HTTP", Kind.SERVER, parent) as span:
        response = work(request)
        if span.is_recorded:
            _describe(span, request, response.status)
        if not _is_streamed(response):
            return response, NO_SPAN
        span.keep()
        return response, span


def _is_streamed(response: Response) -> bool:
    """Tell whether the body of an answer is made while it is sent."""
    return not (isinstance(response.body, bytes) or hasattr(response.body, "fileno"))


def _describe(span: Span, request: Request, status: int) -> None:
    """Name a span, and say what the log says too."""
    method, path = told(request)
    span.name = f"{method} {request.route}".rstrip()
    span.has_failed = status >= 500
    span.set(
        {
            "http.request.method": method,
            "http.route": request.route,
            "http.response.status_code": status,
            "url.path": path,
            "url.scheme": request.environ.get("wsgi.url_scheme", ""),
        }
    )
