"""A server that takes instances by HTTP as Orthanc does, and remembers what came."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came; those over one connection have its port in common."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request is answered with."""

    content: bytes = b'{"Status": "Success"}'
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    #: Whether the body of the request is read before.
    is_patient: bool = True
    #: Whether the connection is closed behind it, without a word.
    is_last: bool = False


@dataclass(slots=True)
class PeerServer:
    """What came so far; `reply` says what the next requests are answered with."""

    url: str
    reply: Callable[[str, str], Reply] = lambda _method, _path: Reply()
    received: list[Received] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    #: Set to let those go on that `wait` holds.
    is_free: threading.Event = field(default_factory=threading.Event)

    def hold(self, _method: str = "", _path: str = "") -> Reply:
        """Answer when somebody sets `is_free`."""
        self.is_free.wait(_SECONDS_MAX)
        return Reply()

    def say(self, content: bytes | object, **how: object) -> None:
        """Answer all that follows by this."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.reply = lambda _method, _path: Reply(data, **how)

    def wait_for(self, count: int) -> list[Received]:
        """Wait until so many requests came."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: len(self.received) >= count, _SECONDS_MAX
            )
            return list(self.received)


@contextlib.contextmanager
def running_peer(tls: ssl.SSLContext | None = None) -> Iterator[PeerServer]:
    """Run a server for the time of a block."""

    class Handler(BaseHTTPRequestHandler):
        """Notes requests, and answers them."""

        protocol_version = "HTTP/1.1"

        def handle_all(self) -> None:
            """Take one request."""
            headers = {name.lower(): text for name, text in self.headers.items()}
            size = int(headers.get("content-length", 0))
            early = peer.reply(self.command, self.path)
            body = self.rfile.read(size) if early.is_patient else b""
            if early.is_patient and len(body) < size:
                self.close_connection = True  # the client left
                return
            port = self.client_address[1]
            with peer.changed:
                peer.received.append(
                    Received(self.command, self.path, headers, body, port)
                )
                peer.changed.notify_all()
            self.send_response(early.status)
            for name, text in early.headers:
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(early.content)))
            self.end_headers()
            self.wfile.write(early.content)
            if early.is_last or not early.is_patient:
                self.close_connection = True

        do_GET = do_POST = handle_all  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        """Forgives clients that leave."""

        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    peer = PeerServer(f"{scheme}://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield peer
    finally:
        peer.is_free.set()
        server.shutdown()
        thread.join()
        server.server_close()
