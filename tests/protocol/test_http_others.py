"""Two servers share the connections of one listener, as two processes would.

The first one accepts, and gives all connections to the second one; that gives those
back on which it reads a request for ``/first``.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from http_peer import SECONDS, SmallApplication, read_all, read_answer
from launching import wait_until
from obelisk.http import server as server_module
from obelisk.http.heads import Head
from obelisk.http.listening import listen
from obelisk.http.server import HTTPServer
from obelisk.http.settings import Alone, HTTPServerSettings

#: How patient both servers are, unless a test says otherwise.
_KEEP_SECONDS = 25.0


@dataclass
class Giver(Alone):
    """What the first server knows of the second one."""

    adopt: Callable[[socket.socket], None] = lambda _: None
    count: int = 0
    is_taking: bool = True

    def take(self, client: socket.socket, own_count: float) -> bool:
        """See `Alone.take`."""
        del own_count
        if self.is_taking:
            self.count += 1
            self.adopt(client.dup())
        return self.is_taking


@dataclass
class Returner(Alone):
    """What the second server knows of the first one."""

    giver: Giver
    adopt: Callable[[socket.socket, bytes], None] = lambda *_: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_own(self, head: Head) -> bool:
        """See `Alone.is_own`."""
        return not head.target.startswith(b"/first")

    def give_back(self, descriptor: int, received: bytes) -> None:
        """See `Alone.give_back`."""
        self.adopt(socket.socket(fileno=os.dup(descriptor)), received)

    def note_closed(self, count: int) -> None:
        """See `Alone.note_closed`."""
        with self.lock:
            self.giver.count -= count


class FirstApplication(SmallApplication):
    """Answers as if ``/first`` were not in front of the path."""

    def __call__(self, environ, start):
        """See PEP 3333."""
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/first") or "/first"
        return super().__call__(environ, start)


@dataclass
class Pair:
    """Both servers, and what they do."""

    port: int
    first: HTTPServer
    second: HTTPServer
    giver: Giver
    applications: tuple[SmallApplication, SmallApplication]

    def connect(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), SECONDS)

    def paths(self) -> tuple[list[str], list[str]]:
        """Return what each server answered."""
        one, other = self.applications
        return one.paths, other.paths

    def is_idle(self) -> bool:
        """Tell whether no thread of the first server attends to a connection."""
        return all(one.is_parked for one in list(self.first._connections.values()))

    def wait_for_count(self, count: int) -> None:
        """Wait until there are so many connections in all."""
        pause = threading.Event()
        for _ in range(int(SECONDS * 100)):
            if self.first.connection_count + self.giver.count == count:
                return
            pause.wait(0.01)
        raise TimeoutError


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Run both servers; all connections must have ended at last."""
    listeners = listen(["127.0.0.1"], 0)
    port = listeners[0].getsockname()[1]
    times = {
        "request_timeout_seconds": getattr(request, "param", _KEEP_SECONDS),
        "keep_alive_seconds": _KEEP_SECONDS,
    }
    giver = Giver()
    returner = Returner(giver)
    applications = FirstApplication(), SmallApplication()
    first = HTTPServer(
        listeners,
        applications[0],
        HTTPServerSettings(**times, others=giver, connection_count_max=2),
    )
    second = HTTPServer(
        [], applications[1], HTTPServerSettings(**times, others=returner)
    )
    giver.adopt, returner.adopt = second.adopt, first.adopt
    for server in (first, second):
        server.start()
    made = Pair(port, first, second, giver, applications)
    yield made
    for server in (first, second):
        server.refuse()
        assert server.wait(SECONDS)
    made.wait_for_count(0)


def _get(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def _post(path: str, body: bytes, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def test_a_connection_goes_back_with_its_request(pair):
    """It stays there, also for requests that the second server could answer."""
    with pair.connect() as client:
        for path in ("/a", "/b", "/first", "/c", "/first"):
            client.sendall(_get(path))
            assert read_answer(client)[0].startswith(b"HTTP/1.1 200 OK")
        assert pair.giver.count == 0
        assert pair.first.connection_count == 1

    assert pair.paths() == (["/first", "/c", "/first"], ["/a", "/b"])


def test_pipelined_requests_are_answered_in_order(pair):
    """What came with the head, and after it, is not lost."""
    body = bytes(range(256)) * 200
    sent = _get("/a") + _post("/echo", b"one") + _post("/first/echo", body)
    sent += _get("/b") + _post("/echo", b"two")
    with pair.connect() as client:
        client.sendall(sent)
        answers = [read_answer(client)[1] for _ in range(5)]

    assert answers == [b"GET /a", b"one", body, b"GET /b", b"two"]
    assert pair.paths() == (["/echo", "/b", "/echo"], ["/a", "/echo"])


@pytest.mark.parametrize("cut", [1, 20, 60, 3000])
def test_a_request_in_pieces(pair, cut):
    """A head or a body that has only begun goes on where it was."""
    request = _post("/first/echo", bytes(9000))
    with pair.connect() as client:
        client.sendall(request[:cut])
        threading.Event().wait(0.1)
        client.sendall(request[cut:])

        assert read_answer(client)[1] == bytes(9000)


def test_chunks_and_the_sign_to_continue(pair):
    """Whoever reads the body gives the sign, once."""
    with pair.connect() as client:
        client.sendall(
            b"POST /first/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        sign = client.recv(25, socket.MSG_WAITALL)
        client.sendall(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        answer = read_answer(client)

    assert sign == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer[0].startswith(b"HTTP/1.1 200")
    assert answer[1] == b"abcde"


def test_head_requests(pair):
    """No body comes from either server."""
    with pair.connect() as client:
        for path in ("/a", "/first"):
            client.sendall(_get(path).replace(b"GET", b"HEAD"))
        client.sendall(_get("/z", "Connection: close"))
        received = read_all(client)

    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.endswith(b"GET /z")
    assert b"HEAD" not in received


def test_a_body_that_is_not_read(pair):
    """What the second server did not read of one body is no next request."""
    with pair.connect() as client:
        client.sendall(_post("/a", b"GET /first HTTP/1.1\r\n\r\n") + _get("/first"))
        answers = [read_answer(client)[1] for _ in range(2)]

    assert answers == [b"POST /a", b"GET /first"]


def test_each_has_a_limit_of_connections(pair):
    """Those that the second server gives back make room for each other in the first."""
    clients = [pair.connect() for _ in range(4)]
    for client in clients:
        client.sendall(_get("/first"))
        assert read_answer(client)[1] == b"GET /first"
        wait_until(pair.is_idle)
    begun = time.monotonic()
    is_closed = clients[0].recv(1) == clients[1].recv(1) == b""
    seconds = time.monotonic() - begun
    count = pair.first.connection_count
    for client in clients:
        client.close()

    assert is_closed
    assert seconds < _KEEP_SECONDS
    assert count == 2


@pytest.mark.parametrize("pair", [1.0], indirect=True)
def test_silent_clients_are_cut_off_in_time(pair):
    """Those that say nothing, and those that begin, go back and begin again."""
    with pair.connect() as silent, pair.connect() as slow:
        slow.sendall(_get("/first") + b"GET /fir")
        read_answer(slow)

        assert silent.recv(1) == b""
        assert read_all(slow).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_left_meanwhile(pair):
    """Nothing is left of it."""
    for _ in range(20):
        client = pair.connect()
        client.sendall(_get("/first"))
        client.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )  # so that a reset ends it
        client.close()
    pair.wait_for_count(0)


def test_a_server_that_stops_adopts_nothing_idle(pair):
    """A request that is here already gets its answer, and is the last one."""
    pair.giver.is_taking = False
    pair.first.refuse()
    listener = socket.create_server(("127.0.0.1", 0))
    idle = socket.create_connection(listener.getsockname(), SECONDS)
    busy = socket.create_connection(listener.getsockname(), SECONDS)
    pair.first.adopt(listener.accept()[0])
    pair.first.adopt(listener.accept()[0], _get("/a"))
    answer = read_all(busy)

    assert idle.recv(1) == b""
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"Connection: close" in answer
    for one in (listener, idle, busy):
        one.close()


def test_a_stop_waits_for_the_first_request(pair, monkeypatch):
    """Whoever was accepted just now, and has not come to ask yet, gets an answer."""
    monkeypatch.setattr(server_module, "_FIRST_REQUEST_SECONDS", SECONDS)
    with pair.connect() as client:
        pair.wait_for_count(1)
        stop = threading.Thread(target=pair.second.refuse)
        stop.start()
        client.sendall(_get("/a"))
        head, body = read_answer(client)
        stop.join()

    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"GET /a"
