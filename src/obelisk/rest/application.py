"""The WSGI application: it checks, routes and answers every request."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from time import monotonic
from typing import Any, cast

from werkzeug.exceptions import HTTPException

from obelisk.errors import ContentReplacedError, InvalidInputError, ServerError
from obelisk.metrics.registry import OFF, Metrics
from obelisk.rest import health
from obelisk.rest.auth import Access
from obelisk.rest.encoding import compress
from obelisk.rest.failures import failure_response
from obelisk.rest.messages import Request, Response, Services
from obelisk.rest.overriding import wanted_method
from obelisk.rest.routing import Handler, Router
from obelisk.rest.tracing import traced
from obelisk.rest.xml_form import in_wanted_form
from obelisk.telemetry.context import REQUEST_ID, context, new_id
from obelisk.telemetry.tracing import NO_SPAN, TRACER, Span

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Application:
    """See PEP 3333; safe to use from several threads.

    Parameters
    ----------
    services
        What the handlers work with.
    access
        Who may send requests.
    is_error_described
        Whether the answer to a request that failed has a body (HttpDescribeErrors).
    is_compressing
        Whether answers are compressed for clients that accept it
        (HttpCompressionEnabled).
    is_method_overridable
        Whether requests may name another method than their own
        (HttpMethodOverrideEnabled).
    router
        The routes.
    metrics
        Where requests are noted.
    """

    def __init__(
        self,
        services: Services,
        access: Access,
        *,
        is_error_described: bool = True,
        is_compressing: bool = False,
        is_method_overridable: bool = True,
        router: Router,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._services = services
        self._access = access
        self._is_error_described = is_error_described
        self._is_compressing = is_compressing
        self._is_method_overridable = is_method_overridable
        self._router = router

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request; small bodies are given as a list."""
        request = Request(environ)
        id_ = environ[REQUEST_ID] = _request_id(environ)
        span = NO_SPAN
        with context(request=id_):
            if TRACER.is_on:
                response, span = traced(request, self._work)
            else:
                response = self._work(request)
        headers = response.headers
        headers.append(("X-Request-ID", id_))
        headers.append(_NO_SNIFFING)
        body = response.body
        if not isinstance(body, bytes):
            start_response(_LINES[response.status], headers)
            wrapper = environ.get("wsgi.file_wrapper")
            if wrapper is not None and hasattr(body, "fileno"):
                return cast("Iterable[bytes]", wrapper(body))
            return self._stream(body, id_, span)
        if request.method == "HEAD":
            _announce(headers, len(body))
            body = b""
        start_response(_LINES[response.status], headers)
        return [body]

    def _work(self, request: Request) -> Response:
        metrics, status, now = self._metrics, 500, monotonic()
        requests = metrics.requests if metrics.is_enabled else None
        if requests is not None:
            requests.there.append(None)
        try:
            if request.path in health.PATHS:  # even if all others hang
                response = self._answer(request)
            else:
                with self._services.admission.work(now):
                    response = self._answer(request)
                    if self._is_compressing:
                        compress(request, response)
            status = response.status
        finally:
            if requests is not None:
                requests.end(now, request.method, request.route, status)
        return response

    def _answer(self, request: Request) -> Response:
        try:
            environ = request.environ
            request.username = self._access.authorize(
                environ.get("REMOTE_ADDR", ""),
                environ.get("HTTP_AUTHORIZATION", ""),
                request.path,
            )
            if self._is_method_overridable:
                request.method = wanted_method(request)
            return self.answer_trusted(request)
        except ServerError as error:
            return self._failed(error, request)
        except HTTPException as error:
            return self._failed(InvalidInputError(error.description), request)
        except Exception as error:  # noqa: BLE001  # the edge: others stay served
            return self._failed(error, request)

    def answer_trusted(self, request: Request) -> Response:
        """Answer a request that needs no credentials, as the server itself sends it.

        Whatever the handler of its route raises is raised.
        """
        match = self._router.match(request.method, request.path)
        request.id, request.name = match.id, match.name
        request.level, request.relative = match.level, match.relative
        request.rest, request.route = match.rest, match.route
        return in_wanted_form(request, self._handled(match.handler, request))

    def _handled(self, handler: Handler, request: Request) -> Response:
        try:
            return handler(request, self._services)
        except ContentReplacedError:
            if _has_body(request):  # which can be read only once
                raise
            return handler(request, self._services)

    def _failed(self, error: Exception, request: Request) -> Response:
        return failure_response(error, request, is_described=self._is_error_described)

    def _stream(self, body: Iterator[bytes], id_: str, span: Span) -> Iterator[bytes]:
        """Yield a large body; the server closes it when the client has left.

        Raises
        ------
        ConnectionAbortedError
            If there is no more of it, though there should be.
        """
        chunk: bytes | None = b""
        try:
            while chunk is not None:
                with context(request=id_), span:
                    span.keep()
                    chunk = _next_chunk(body)
                self._services.admission.note_progress()
                if chunk:
                    yield chunk
        finally:
            with context(request=id_), span:
                close = getattr(body, "close", None)
                if close is not None:
                    close()


def _next_chunk(body: Iterator[bytes]) -> bytes | None:
    """Return the next part of a body, `None` at its end."""
    try:
        return next(body, None)
    except ServerError as error:
        reason = error.message or type(error).__name__
        _log.warning("An answer is cut off: %s", reason)
        raise ConnectionAbortedError from error


def _request_id(environ: Environ) -> str:
    """Return the id that the client, or a proxy, gave a request, or a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and _REQUEST_ID.fullmatch(given) else new_id()


def _has_body(request: Request) -> bool:
    environ = request.environ
    return bool(request.content_length) or "HTTP_TRANSFER_ENCODING" in environ


def _announce(headers: list[tuple[str, str]], size: int) -> None:
    """Add the size of the body that a ``HEAD`` request does not get."""
    if all(name != "Content-Length" for name, _ in headers):
        headers.append(("Content-Length", str(size)))
