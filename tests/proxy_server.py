"""A proxy for HTTP that notes what it is asked for, and hands that on."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from obelisk.config.peers import Proxy


@dataclass(slots=True)
class _ProxyServer:
    listener: socket.socket
    status: bytes
    heads: list[str] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.threads.append(threading.Thread(target=self.serve, args=(client,)))
                self.threads[-1].start()

    def serve(self, client: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.heads.append(head.decode())
        method, target = self.heads[-1].split()[:2]
        place = urlsplit(f"//{target}" if method == "CONNECT" else target)
        with client:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 " + self.status + b"\r\n\r\n")
                head = b""
            if self.status.startswith(b"200"):
                address = (place.hostname or "", place.port or 80)
                with socket.create_connection(address) as server:
                    server.sendall(head)
                    _join(client, server)


def _join(client: socket.socket, server: socket.socket) -> None:
    back = threading.Thread(target=_copy, args=(server, client))
    back.start()
    _copy(client, server)
    back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_proxy(status: bytes = b"200 OK") -> Iterator[tuple[Proxy, list[str]]]:
    """Run a proxy for the time of a block; give the heads of requests that came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _ProxyServer(listener, status)
        accepting = threading.Thread(target=server.accept)
        accepting.start()
        port = listener.getsockname()[1]
        yield Proxy("127.0.0.1", port, "user:secret"), server.heads
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for thread in server.threads:
        thread.join()
