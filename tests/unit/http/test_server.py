"""Servers in this process, and what they do at their end."""

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Any

from obelisk.http.server import HTTPServer
from obelisk.http.settings import Alone, HTTPServerSettings
from obelisk.workers.lane import Lane

_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Others(Alone):
    """Other processes that count what this one has closed."""

    def __init__(self) -> None:
        self.closed_count = 0

    def note_closed(self, count: int) -> None:
        """See `Alone.note_closed`."""
        self.closed_count += count


def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer any request."""
    del environ
    start("200 OK", [("Content-Length", "2")])
    return [b"hi"]


def test_a_stop_serves_all_who_have_connected():
    """However many wait to be accepted, as their requests may be here already."""
    lane, others = Lane(), Others()
    clients = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for number in range(200):
            client = socket.create_connection(listener.getsockname())
            client.sendall(_REQUEST)
            with listener.accept()[0] as accepted:
                lane.put(number, accepted.fileno())
            clients.append(client)
    server = HTTPServer([lane], answer, HTTPServerSettings(others=others))
    server.start()
    server.refuse()
    has_ended = server.wait(30)
    answers = [client.recv(1000) for client in clients]
    for client in clients:
        client.close()

    assert has_ended
    assert all(one.endswith(b"hi") for one in answers)
    assert others.closed_count == 200


class Full(Lane):
    """Gives no connection as long as there is another one."""

    server: HTTPServer

    def accept(self) -> tuple[socket.socket, Any]:
        """See `Lane.accept`."""
        if self.oldest() is not None and self.server.connection_count:
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_an_idle_connection_makes_room_for_another_one_file():
    """Nobody waits until it ends by itself."""
    lane = Full()
    lane.server = HTTPServer([lane], answer, HTTPServerSettings())
    lane.server.start()
    clients = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for number in range(3):
            client = socket.create_connection(listener.getsockname(), 10)
            with listener.accept()[0] as accepted:
                lane.put(number, accepted.fileno())
            client.sendall(_REQUEST)
            clients.append(client)
            while not client.recv(1000).endswith(b"hi"):
                pass
    ends = [client.recv(1) for client in clients[:2]]
    lane.server.refuse()
    assert lane.server.wait(30)
    for client in clients:
        client.close()

    assert ends == [b"", b""]
