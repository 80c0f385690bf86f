"""Asks other servers by HTTP, over connections that last, as a part of a trace."""

import base64
import select
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException, RemoteDisconnected
from socket import gaierror
from time import monotonic
from urllib.parse import urlsplit

from obelisk.config.peers import Peer
from obelisk.errors import PeerError, PeerStatusError
from obelisk.peers.connection import Answer, Body, Connection, PeerSettings, ProxyError
from obelisk.telemetry.tracing import Kind, Span, child, current_context

_IDLE_COUNT_MAX = 8
_IDLE_SECONDS_MAX = 10.0

#: What a connection fails with that its peer closed while nobody used it.
_STALE = (RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError)

#: By kind of error, from the special ones to the general ones.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ProxyError, "The proxy does not let us through to the peer"),
    (TimeoutError, "The peer was silent for too long"),
    (gaierror, "The name of the peer cannot be resolved"),
    (ConnectionRefusedError, "The peer refused the connection"),
    (ConnectionError, "The peer closed the connection"),
    (ssl.SSLError, "There is no secure connection to the peer"),
    (HTTPException, "The peer broke the protocol"),
)


class Link:
    """What one thread asks of one peer, on a connection after the other.

    Parameters
    ----------
    peer
        The peer.
    settings
        How it is reached.
    connection
        An open connection to it, if there is one.
    """

    def __init__(
        self, peer: Peer, settings: PeerSettings, connection: Connection | None
    ) -> None:
        self._peer = peer
        self._settings = settings
        self._is_aborted = False
        #: The present connection.
        self.connection = connection or Connection(peer, settings)

    def abort(self) -> None:
        """End whatever blocks; for other threads."""
        self._is_aborted = True
        self.connection.abort()

    def ask(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request and return the content of its answer.

        Parameters
        ----------
        method
            The method.
        path
            The path below the root of the REST API, one of few, without a slash.
        body
            What to send.
        headers
            What to say about it.

        Raises
        ------
        PeerError
            If the peer cannot be reached, or does not do its part.
        PeerStatusError
            If it refuses.
        ServerError
            If the body cannot be read.
        """
        url = self._peer.url + path
        with child(f"{method} /{path}", Kind.CLIENT) as span:
            place = urlsplit(url)
            span.set({"http.request.method": method})
            span.set({"server.address": place.hostname or ""})
            all_headers = _headers(self._peer, headers or {}, span)
            try:
                answer = self._exchange(method, path, all_headers, body)
            except (OSError, HTTPException) as error:
                message = f"{_reason(error)} ({method} {url})"
                raise PeerError(message) from error
            span.set({"http.response.status_code": answer.status})
            if not 200 <= answer.status < 300:
                message = f"The peer answered {_phrase(answer.status)} ({method} {url})"
                raise PeerStatusError(message, answer.status)
        return answer.content

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], body: Body | None
    ) -> Answer:
        is_old = self.connection.answer_count > 0
        try:
            return self.connection.exchange(method, path, headers, body)
        except _STALE:
            if not is_old or self._is_aborted:
                raise
        # The peer closed it meanwhile; what was asked can be asked again.
        self.connection = Connection(self._peer, self._settings)
        if self._is_aborted:
            raise ConnectionAbortedError
        return self.connection.exchange(method, path, headers, body)


class PeerClient:
    """Gives links to peers, and keeps their connections; safe for several threads.

    Parameters
    ----------
    settings
        How peers are reached.
    """

    def __init__(self, settings: PeerSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[tuple[Peer, Connection, float]] = []

    @contextmanager
    def link(self, peer: Peer) -> Iterator[Link]:
        """Open a link to a peer for the length of a `with` block."""
        link = Link(peer, self._settings, self._take(peer))
        try:
            yield link
        finally:
            self._give_back(peer, link.connection)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection, _ in idle:
            connection.close()

    def _take(self, peer: Peer) -> Connection | None:
        """Return an open connection to a peer, and close those that are too old."""
        oldest = monotonic() - _IDLE_SECONDS_MAX
        with self._lock:
            old = [one for one in self._idle if one[2] < oldest]
            kept = [one for one in self._idle if one[2] >= oldest]
            found = next((one for one in reversed(kept) if one[0] == peer), None)
            self._idle = [one for one in kept if one is not found]
        for _, connection, _ in old:
            connection.close()
        if found is None:
            return None
        connection = found[1]
        if _is_silent(connection):
            return connection
        connection.close()
        return None

    def _give_back(self, peer: Peer, connection: Connection) -> None:
        with self._lock:
            if connection.is_open and len(self._idle) < _IDLE_COUNT_MAX:
                self._idle.append((peer, connection, monotonic()))
                return
        connection.close()


def _is_silent(connection: Connection) -> bool:
    """Return whether nothing came on an idle connection, as its end would."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)


def _headers(peer: Peer, headers: Mapping[str, str], span: Span) -> dict[str, str]:
    """Return all headers of a request; those that users want win over ours."""
    found = {"User-Agent": "Obelisk", "Accept": "*/*", **headers}
    if peer.username:
        user = f"{peer.username}:{peer.password}".encode()
        found["Authorization"] = f"Basic {base64.b64encode(user).decode()}"
    wanted = {name.lower() for name in peer.headers}
    found = {name: one for name, one in found.items() if name.lower() not in wanted}
    found |= peer.headers
    context = span.context if span.is_recorded else current_context()
    if context is not None:
        found["traceparent"] = context.parent
        if context.state:
            found["tracestate"] = context.state
    return found


def _phrase(status: int) -> str:
    known = {one.value for one in HTTPStatus}
    return f"{status} {HTTPStatus(status).phrase}" if status in known else str(status)


def _reason(error: OSError | HTTPException) -> str:
    """Say for a person what went wrong with a connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of the peer is not trusted: {error.verify_message}"
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    detail = getattr(error, "strerror", None) or type(error).__name__
    return f"The peer cannot be reached: {detail}"
