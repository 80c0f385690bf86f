"""An HTTP server with a small application, and raw sockets that talk to it."""

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from obelisk.http.listening import listen
from obelisk.http.server import HTTPServer
from obelisk.http.settings import HTTPServerSettings

SECONDS = 20.0


@dataclass(slots=True)
class SmallApplication:
    """Answers by path; remembers what became of its answers.

    ``/echo`` gives the body back, ``/endless`` never ends, ``/file`` is a file of
    which the query gives the range, ``/fail`` fails, ``/late`` fails in its body,
    ``/cut`` and ``/never`` break off behind a part of it, and in front of it.
    """

    content: bytes = bytes(range(256)) * 8192
    closed: threading.Event = field(default_factory=threading.Event)
    errors: list[Exception] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __call__(
        self, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        """See PEP 3333."""
        path = environ["PATH_INFO"]
        self.paths.append(path)
        if path == "/fail":
            raise LookupError("secret")
        if path == "/echo":
            return self._echo(environ, start)
        if path == "/file":
            return self._file(environ, start)
        if path in {"/endless", "/late", "/short", "/pieces", "/cut", "/never"}:
            known = [("Content-Length", "9")] if path == "/short" else []
            start("200 OK", known)
            return self._pieces(path)
        if path == "/unread":
            start("413 Too Large", [("Connection", "close")])
            return [b"no"]
        start("200 OK", [("X-Scheme", environ["wsgi.url_scheme"])])
        return [environ["REQUEST_METHOD"].encode(), b" ", path.encode("latin-1")]

    def _echo(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        try:
            body = environ["wsgi.input"].read()
        except (OSError, ValueError) as error:
            self.errors.append(error)
            start("408 Timeout", [])
            return [type(error).__name__.encode()]
        start("200 OK", [])
        return [body]

    def _file(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        first, last = map(int, environ["QUERY_STRING"].split("-"))
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # the server closes
        file.write(self.content)
        file.seek(first)
        start("200 OK", [("Content-Length", str(last - first))])
        return environ["wsgi.file_wrapper"](file)

    def _pieces(self, path: str) -> Iterator[bytes]:
        try:
            if path == "/never":
                raise ConnectionAbortedError
            yield b"abc"
            if path == "/cut":
                raise ConnectionAbortedError
            if path == "/late":
                raise LookupError("secret")
            yield b"de"
            while path == "/endless":
                yield self.content
        finally:
            self.closed.set()


@dataclass(frozen=True, slots=True)
class HTTPPeer:
    """A running server."""

    server: HTTPServer
    application: SmallApplication
    port: int

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def talk(self, request: bytes) -> bytes:
        """Send bytes and the end; return all that comes back."""
        with self.connect() as client:
            with contextlib.suppress(OSError):  # it may have been closed already
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
            return read_all(client)


@contextlib.contextmanager
def running_http_server(
    tls: ssl.SSLContext | None = None, **changes: Any
) -> Iterator[HTTPPeer]:
    """Run a server for the time of a block; all connections must end by then."""
    application = SmallApplication()
    listeners = listen(["127.0.0.1"], 0)
    port = listeners[0].getsockname()[1]
    settings = replace(HTTPServerSettings(tls=tls), **changes)
    server = HTTPServer(listeners, application, settings)
    server.start()
    try:
        yield HTTPPeer(server, application, port)
    finally:
        server.refuse()
        assert server.wait(SECONDS)


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the end of the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(1_048_576):
            parts.append(part)
    return b"".join(parts)


def read_answer(client: socket.socket) -> tuple[bytes, bytes]:
    """Return head and body of one answer with Content-Length, and nothing more."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(1)
        assert part, received
        received += part
    fields = dict(
        line.lower().split(b": ", 1) for line in received.strip().split(b"\r\n")[1:]
    )
    body = b""
    while len(body) < int(fields.get(b"content-length", 0)):
        body += client.recv(int(fields[b"content-length"]) - len(body))
    return received, body
