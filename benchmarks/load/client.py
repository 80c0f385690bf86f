"""A load generator: raw sockets with keep-alive, in a process of its own.

It has one thread, however many clients it plays, and sends what it prepared before, so
that it leaves as much as possible of the processors to the servers.

It reads one JSON object from its standard input (see `Load`), and writes one to its
standard output: seconds, requests per second, latencies, statuses, bytes received,
and its own processor time.
"""

import dataclasses
import gc
import json
import select
import socket
import statistics
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import Template, ct_template, sr_template

_BUFFER_BYTES = 1_048_576
_CHUNK_BYTES = 1_048_576
#: Parts up to that size are sent together, as clients do.
_SMALL_BYTES = 65_536
_PARTS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask of a server.

    Parameters
    ----------
    port
        Where it listens for HTTP on this machine.
    kind
        ``ct`` or ``sr`` to upload instances, ``large`` to upload files of
        `size_bytes`, ``get`` to read `paths`.
    clients
        How many connections at a time.
    count
        How many requests in all.
    first
        Number of the first instance; those of one archive must differ.
    series_size
        How many instances go to one series, which has a study and a patient of its own.
    size_bytes
        Size of the pixel data of a ``large`` file.
    paths
        What to read, over and over.
    """

    port: int
    kind: str
    clients: int = 1
    count: int = 100
    first: int = 0
    series_size: int = 100
    size_bytes: int = 0
    paths: Sequence[str] = ()


@dataclass(slots=True)
class Tally:
    """What one or more clients saw."""

    latencies_seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    received_bytes: int = 0


class Connection:
    """One keep-alive connection.

    Parameters
    ----------
    port
        Where the server listens on this machine.
    is_blocking
        Whether `proceed` waits.
    """

    def __init__(self, port: int, *, is_blocking: bool = True) -> None:
        self._port = port
        self._is_blocking = is_blocking
        self._socket: socket.socket | None = None
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._parts: Sequence[bytes] = ()
        self._unsent: deque[memoryview] = deque()
        self._is_fresh = True
        self._head = b""
        self._answer = _Answer()

    def request(self, parts: Sequence[bytes]) -> tuple[int, int]:
        """Send a request; return the status and the size of the body of its answer."""
        self.begin(parts)
        while (outcome := self.proceed()) is None:
            pass
        return outcome

    def begin(self, parts: Sequence[bytes]) -> None:
        """Prepare a request; `proceed` sends it."""
        self._parts = parts
        self._unsent = deque(memoryview(part) for part in parts if part)
        self._head = b""
        self._is_fresh = self._socket is None

    def proceed(self) -> tuple[int, int] | None:
        """Send and receive; return status and size once the answer is here.

        A connection that cannot go on without blocking returns `None`, too.
        """
        try:
            connection = self._connected()
            while self._unsent:
                self._send(connection)
            return self._receive(connection)
        except BlockingIOError:
            return None
        except (ConnectionError, EOFError):
            self.close()
            if self._is_fresh:
                raise
            self.begin(self._parts)
            return self.proceed()

    def fileno(self) -> int:
        """Return the number of its socket."""
        return self._connected().fileno()

    @property
    def events(self) -> int:
        """What it waits for."""
        return select.EPOLLOUT if self._unsent else select.EPOLLIN

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), 600)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._is_blocking:
                self._socket.setblocking(False)
        return self._socket

    def _send(self, connection: socket.socket) -> None:
        count = connection.sendmsg(list(islice(self._unsent, _PARTS_AT_ONCE)))
        while self._unsent and count >= len(self._unsent[0]):
            count -= len(self._unsent.popleft())
        if count:
            self._unsent[0] = self._unsent[0][count:]

    def _receive(self, connection: socket.socket) -> tuple[int, int]:
        while (end := self._head.find(b"\r\n\r\n")) < 0:
            self._head += self._some(connection)
            if (end := self._head.find(b"\r\n\r\n")) >= 0:
                self._answer = _Answer(self._head[:end].lower())
                self._answer.take(memoryview(self._head)[end + 4 :])
        while not self._answer.is_complete:
            self._answer.take(self._some(connection))
        if self._answer.is_last:
            self.close()
        return self._answer.status, self._answer.size

    def _some(self, connection: socket.socket) -> memoryview:
        count = connection.recv_into(self._buffer)
        if not count:
            raise EOFError
        return self._buffer[:count]


class _Answer:
    """What came of an answer.

    Parameters
    ----------
    head
        The status line and the header, in lower case, without the empty line.
    """

    def __init__(self, head: bytes = b"") -> None:
        self.status = int(head[9:12] or 0)
        self.is_last = b"\r\nconnection: close" in head
        self.size = 0
        self._is_chunked = b"\r\ntransfer-encoding: chunked" in head
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        self._length = int(length or 0)
        self._tail = b""

    def take(self, piece: memoryview) -> None:
        """Count some more bytes of the body."""
        self.size += len(piece)
        if self._is_chunked:
            self._tail = (self._tail + piece[-5:])[-5:]

    @property
    def is_complete(self) -> bool:
        """Whether the body has ended."""
        if self._is_chunked:
            return self._tail == b"0\r\n\r\n"
        return self.size >= self._length


def post_head(length: int) -> bytes:
    """Return the head of an upload."""
    return (
        "POST /instances HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/dicom\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def requests(load: Load, client: int) -> Iterator[Sequence[bytes]]:
    """Yield the requests of one client, in parts."""
    numbers = range(client, load.count, load.clients)
    if load.kind == "get":
        for number in numbers:
            path = load.paths[number % len(load.paths)]
            yield (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),)
        return
    template = _template(load)
    head = post_head(template.size_bytes + load.size_bytes)
    chunk = bytes(_CHUNK_BYTES)
    filler, rest = divmod(load.size_bytes, _CHUNK_BYTES)
    for number in numbers:
        first, *others = template.fill(
            load.first + number,
            (load.first + number) // load.series_size,
        )
        joined = head + first if len(first) <= _SMALL_BYTES else head
        unjoined = () if len(first) <= _SMALL_BYTES else (first,)
        yield (joined, *unjoined, *others, *([chunk] * filler), chunk[:rest])


def run(load: Load) -> dict[str, object]:
    """Put the load on the server; return what was measured."""
    clients = [
        _Client(load.port, list(requests(load, number)))
        for number in range(load.clients)
    ]
    gc.disable()
    spent = time.process_time()
    start = time.perf_counter()
    tally = _attend(clients)
    seconds = time.perf_counter() - start
    spent = time.process_time() - spent
    latencies = sorted(tally.latencies_seconds)
    return {
        "seconds": seconds,
        "per_second": len(latencies) / seconds,
        "median_ms": statistics.median(latencies) * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "statuses": dict(tally.statuses),
        "received_bytes": tally.received_bytes,
        "client_cpu_ms": spent * 1000 / len(latencies),
    }


class _Client:
    """Asks one thing after the other."""

    def __init__(self, port: int, prepared: Sequence[Sequence[bytes]]) -> None:
        self.connection = Connection(port, is_blocking=False)
        self._prepared = iter(prepared)
        self._start = 0.0

    def begin(self) -> bool:
        """Begin with the next request; return whether there is one."""
        parts = next(self._prepared, None)
        if parts is None:
            self.connection.close()
            return False
        self._start = time.perf_counter()
        self.connection.begin(parts)
        return True

    def proceed(self, tally: Tally) -> bool:
        """Go as far as possible; return whether there is more to wait for."""
        while (outcome := self.connection.proceed()) is not None:
            tally.latencies_seconds.append(time.perf_counter() - self._start)
            tally.statuses[outcome[0]] += 1
            tally.received_bytes += outcome[1]
            if not self.begin():
                return False
        return True


def _attend(clients: Sequence[_Client]) -> Tally:
    """Let all clients ask all that they have to ask."""
    tally = Tally()
    waiting: dict[int, _Client] = {}
    with select.epoll() as poll:

        def go_on(client: _Client) -> None:
            """Have a client proceed, and wait for what it needs then."""
            if client.proceed(tally):
                _watch(poll, client.connection)
                waiting[client.connection.fileno()] = client

        for client in clients:
            if client.begin():
                go_on(client)
        while waiting:
            for descriptor, _ in poll.poll():
                go_on(waiting.pop(descriptor))
    return tally


def _watch(poll: select.epoll, connection: Connection) -> None:
    try:
        poll.modify(connection, connection.events)
    except FileNotFoundError:  # it is new
        poll.register(connection, connection.events)


def _template(load: Load) -> Template:
    if load.kind == "sr":
        return sr_template()
    return ct_template(load.size_bytes if load.kind == "large" else None)


if __name__ == "__main__":
    wanted = {name.name for name in dataclasses.fields(Load)}
    given = json.load(sys.stdin)
    assert given.keys() <= wanted, given.keys() - wanted
    json.dump(run(Load(**given)), sys.stdout)
