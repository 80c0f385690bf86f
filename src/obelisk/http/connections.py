"""One connection: requests in, answers out, until nothing comes for a moment."""

import logging
import time
from contextlib import suppress

from obelisk.http.answers import Answer, Application, refusal
from obelisk.http.bodies import ChunkedBody, FixedBody, Source
from obelisk.http.environments import Environ, request_environ
from obelisk.http.heads import BadRequestError, Head, find_end, parse_head
from obelisk.http.settings import HTTPServerSettings
from obelisk.http.transports import GoneError, Transport
from obelisk.telemetry.context import REQUEST_ID, context, new_id

#: For how long a thread waits for the next request before it gives a connection back.
NEXT_REQUEST_SECONDS = 0.05

_SKIP_SECONDS = 5.0
_LINGER_SECONDS = 10.0
_LINGER_SILENCE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Connection:
    """A connection to a client; used by one thread at a time.

    Parameters
    ----------
    descriptor
        The number of its socket.
    transport
        Its bytes.
    common
        What the environments of its requests have in common.
    application
        Answers the requests.
    settings
        The settings of the server.
    inherited
        What another process received, from the head of a request on.
    """

    def __init__(
        self,
        descriptor: int,
        transport: Transport,
        common: Environ,
        application: Application,
        settings: HTTPServerSettings,
        inherited: bytes = b"",
    ) -> None:
        self.descriptor = descriptor
        self._transport = transport
        self._common = common
        self._application = application
        self._settings = settings
        self._inherited = inherited
        self._received = b""
        #: Since when its next request is awaited, and when its head must be there.
        self.waiting_since = self.deadline = 0.0
        self._wait(settings.request_timeout_seconds)
        #: Whether no thread attends to it.
        self.is_parked = True
        #: Whether the current request is the last one.
        self.is_ending = False
        #: Whether no request came yet.
        self.is_new = True
        #: Whether another process must answer what was received.
        self.is_foreign = False

    @property
    def received(self) -> bytes:
        """What was received of the next request, or more."""
        return self._received

    def serve(self, patience_seconds: float) -> bool:
        """Serve what comes, until nothing came for some time.

        Returns
        -------
        bool
            Whether more may come later; if not, the connection wants to be closed.
        """
        try:
            is_ready = self._transport.prepare(patience_seconds)
            return self._serve(patience_seconds) if is_ready else True
        except BadRequestError as error:
            self._refuse(error)
        except GoneError:
            _log.debug("A client left")
        return False

    def _serve(self, patience_seconds: float) -> bool:
        while True:
            self._transport.set_receive_timeout(patience_seconds)
            try:
                data = self._next_bytes()
            except TimeoutError:
                return True
            if not data:
                return False
            if not self._received:
                self._await_head()
            self._received += data
            if not self._serve_received() or self.is_ending:
                return False
            if self._received and time.monotonic() > self.deadline:
                raise BadRequestError("The request took too long", 408)
            if self._received and not self._transport.is_buffered:
                return True

    def _next_bytes(self) -> bytes:
        data, self._inherited = self._inherited, b""
        return data or self._transport.receive()

    def _await_head(self) -> None:
        self._wait(self._settings.request_timeout_seconds)

    def _wait(self, seconds: float) -> None:
        self.waiting_since = time.monotonic()
        self.deadline = self.waiting_since + seconds

    def _serve_received(self) -> bool:
        """Serve the requests whose heads are here; return whether more may follow."""
        while self._received:
            while self._received.startswith(b"\r\n"):  # RFC 9112 Section 2.2
                self._received = self._received[2:]
            end = find_end(self._received)
            if not end:
                return True
            head = parse_head(self._received[:end])
            if not self._settings.others.is_own(head):
                self.is_foreign = True
                return False
            if not self._exchange(head, self._received[end:]):
                return False
        self._wait(self._settings.keep_alive_seconds)
        return True

    def _exchange(self, head: Head, rest: bytes) -> bool:
        """Answer one request; return whether the connection may serve another one."""
        self._received, self.is_new = rest, False
        body = None if head.content_length == 0 else self._open_body(head)
        answer = Answer(
            self._transport,
            self._settings,
            head,
            body,
            may_persist=self._settings.keep_alive_seconds > 0 and not self.is_ending,
        )
        environ = request_environ(self._common, head, body)
        try:
            answer.give(self._application, environ)
        except GoneError:
            return False
        except Exception as error:  # noqa: BLE001  # the edge: others stay served
            id_ = environ.get(REQUEST_ID) or new_id()
            if not isinstance(error, ConnectionAbortedError):  # which was told
                with context(request=id_):
                    _log.exception("%s failed", head.method)
            answer.fail(id_)
        if answer.is_persistent and body is not None:
            answer.is_persistent = body.skip(_SKIP_SECONDS)
        if not answer.is_persistent:
            if body is not None and not body.is_complete:
                self._linger()
            return False
        if body is not None:
            self._received = body.source.received
        if self._received:
            self._await_head()
        return True

    def _open_body(self, head: Head) -> FixedBody | ChunkedBody:
        source = Source(
            self._transport,
            self._received,
            self._settings.request_timeout_seconds,
            self._settings.note_progress,
            is_continue_expected=head.is_continue_expected,
        )
        if head.content_length is None:
            return ChunkedBody(source)
        return FixedBody(source, head.content_length)

    def _refuse(self, error: BadRequestError) -> None:
        id_ = new_id()
        with suppress(GoneError), context(request=id_):
            _log.info("Request refused: %s", error)
            self._transport.send(refusal(error, self._settings.name, id_))
            self._linger()

    def _linger(self) -> None:
        """Let the client read the answer before a reset destroys it."""
        deadline = time.monotonic() + _LINGER_SECONDS
        with suppress(GoneError, TimeoutError):
            self._transport.end_sending()
            self._transport.set_receive_timeout(_LINGER_SILENCE_SECONDS)
            while time.monotonic() < deadline and not self.is_ending:
                if not self._transport.receive():
                    break

    def expire(self) -> None:
        """Say that the client took too long, if it began a request; then close."""
        if self._received and not self._transport.is_buffered:
            error = BadRequestError("The request took too long", 408)
            with suppress(GoneError):
                self._transport.send(refusal(error, self._settings.name, new_id()))
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
