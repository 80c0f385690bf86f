"""One connection to another server (HTTP/1.1), which another thread can end."""

import base64
import mmap
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit

from obelisk.config.peers import Peer, Proxy

#: What may be sent; it need only stay valid during the call.
Chunk = bytes | bytearray | memoryview | mmap.mmap

#: How large an answer may be.
_ANSWER_BYTES_MAX = 4_194_304


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """How other servers are reached; the names of the options stand in brackets.

    Attributes
    ----------
    timeout_seconds
        How long one may be silent, unless it has a time of its own; 0 for ever
        (HttpTimeout).
    is_verified
        Whether their certificates are checked (HttpsVerifyPeers).
    authorities
        Whom to trust; `None` for whom the system trusts (HttpsCACertificates).
    proxy
        Through whom they are reached, `None` for nobody (HttpProxy).
    """

    timeout_seconds: float = 60.0
    is_verified: bool = True
    authorities: Path | None = None
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.

    Attributes
    ----------
    size
        How many bytes it has.
    read
        Yields them; it may be called again.
    """

    size: int
    read: Callable[[], Iterable[Chunk]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    content: bytes


class IncompleteBodyError(HTTPException):
    """There was less to send, or more, than was announced."""


class ProxyError(HTTPException):
    """The proxy does not let us through."""


class Connection(HTTPConnection):
    """A connection to a peer, which is opened by the first request.

    Used by one thread, but for `abort`.

    Parameters
    ----------
    peer
        The server.
    settings
        How it is reached.
    """

    def __init__(self, peer: Peer, settings: PeerSettings) -> None:
        parts = urlsplit(peer.url)
        seconds = peer.timeout_seconds or settings.timeout_seconds or None
        self._is_secure = parts.scheme == "https"
        default_port = 443 if self._is_secure else 80
        port = parts.port or default_port
        super().__init__(parts.hostname or "", port, timeout=seconds)
        self.default_port = default_port
        self._peer = peer
        self._settings = settings
        self._proxy = settings.proxy
        self._place = parts.netloc
        self._base = parts.path
        self._socket: socket.socket | None = None
        self._is_aborted = False
        #: How many answers came over it.
        self.answer_count = 0

    @property
    def is_open(self) -> bool:
        """Whether the next request can be sent at once."""
        return self.sock is not None and not self._is_aborted

    def abort(self) -> None:
        """End whatever blocks, with an error of the operating system."""
        self._is_aborted = True
        if self._socket is not None:
            with suppress(OSError):
                # Not that of SSLSocket, which is not made for other threads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def connect(self) -> None:
        """Open the connection; called by the first request.

        Raises
        ------
        OSError
            If that fails.
        """
        problem: OSError = ConnectionAbortedError()
        host, port = self.host, self.port
        if self._proxy is not None:
            host, port = self._proxy.host, self._proxy.port
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise socket.gaierror(str(error)) from error
        for family, kind, protocol, _, address in found:
            try:
                self.sock = self._opened(family, kind, protocol, address)
            except ConnectionAbortedError:
                raise
            except OSError as error:
                problem = error
            else:
                return
        raise problem

    def _opened(
        self,
        family: socket.AddressFamily,
        kind: socket.SocketKind,
        protocol: int,
        address: object,
    ) -> socket.socket:
        self._socket = made = socket.socket(family, kind, protocol)
        try:
            self._check()
            made.settimeout(self.timeout)
            made.connect(address)  # type: ignore[arg-type]  # as getaddrinfo gives it
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_secure and self._proxy is not None:
                self._pass(self._proxy, made)
            if self._is_secure:
                context = _tls_context(self._peer, self._settings)
                self._socket = made = context.wrap_socket(
                    made, server_hostname=self.host, do_handshake_on_connect=False
                )
                self._check()
                made.do_handshake()
            self._check()
        except BaseException:
            made.close()
            raise
        return made

    def _check(self) -> None:
        if self._is_aborted:
            raise ConnectionAbortedError

    def _pass(self, proxy: Proxy, made: socket.socket) -> None:
        """Ask a proxy to hand on whatever comes (RFC 9110 Section 9.3.6)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{host}:{self.port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        lines += [f"{name}: {text}" for name, text in _credentials(proxy).items()]
        made.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = HTTPResponse(made, method="CONNECT")
        answer.begin()
        status = answer.status
        answer.close()
        if status != 200:
            raise ProxyError(f"The proxy answered {status}")

    def exchange(
        self, method: str, path: str, headers: dict[str, str], body: Body | None
    ) -> Answer:
        """Send a request and return its answer.

        Parameters
        ----------
        method
            The method.
        path
            What follows the URL of the peer.
        headers
            All headers but ``Content-Length``, and ``Host`` unless it is another one.
        body
            What to send.

        Raises
        ------
        OSError, HTTPException
            If the connection or its peer fails; it is closed then.
        ServerError
            If the body cannot be read.
        """
        is_done = False
        try:
            if self.sock is None:
                self.connect()
            self._begin(method, path, headers, body)
            is_sent = self._send_body(body)
            answer = self._receive(is_whole=is_sent)
            is_done = True
        finally:
            if not is_done:
                self.close()
        self.answer_count += 1
        return answer

    def _begin(
        self, method: str, path: str, headers: dict[str, str], body: Body | None
    ) -> None:
        has_host = any(name.lower() == "host" for name in headers)
        target, more = self._base + path, {}
        if self._proxy is not None and not self._is_secure:
            target, more = f"http://{self._place}{target}", _credentials(self._proxy)
        self.putrequest(method, target, skip_host=has_host, skip_accept_encoding=True)
        for name, value in (more | headers).items():
            self.putheader(name, value)
        if body is not None:
            self.putheader("Content-Length", str(body.size))
        with suppress(BrokenPipeError, ConnectionResetError):
            self.endheaders()

    def _send_body(self, body: Body | None) -> bool:
        """Send a body; return whether the peer took all of it."""
        if body is None:
            return True
        count = 0
        for chunk in body.read():
            try:
                self.send(chunk)
            except (BrokenPipeError, ConnectionResetError):
                return False  # it may have answered before, and closed
            count += len(chunk)
        if count != body.size:
            raise IncompleteBodyError(f"{count} of {body.size} bytes could be sent")
        return True

    def _receive(self, *, is_whole: bool) -> Answer:
        response = self.getresponse()
        content = response.read(_ANSWER_BYTES_MAX)
        if response.length:
            raise IncompleteRead(content, response.length)
        if response.will_close or not is_whole or not response.isclosed():
            self.close()
        if not is_whole and response.status < 300:
            raise IncompleteBodyError("The peer did not want all of the body")
        return Answer(response.status, content)


def _credentials(proxy: Proxy) -> dict[str, str]:
    if not proxy.user:
        return {}
    user = base64.b64encode(proxy.user.encode()).decode()
    return {"Proxy-Authorization": f"Basic {user}"}


def _tls_context(peer: Peer, settings: PeerSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.authorities)
    if not settings.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if peer.certificate_file:
        key = peer.certificate_key_file or None
        # With a password, be it empty, OpenSSL never asks for one at the terminal.
        password = peer.certificate_key_password
        context.load_cert_chain(peer.certificate_file, key, password)
    return context
