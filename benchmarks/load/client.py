"""A load generator: raw sockets with keep-alive, in a process of its own.

It reads one JSON object from its standard input (see `Load`), and writes one to its
standard output: seconds, requests per second, latencies, statuses, bytes received.
"""

import dataclasses
import json
import socket
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import Template, ct_template, sr_template

_BUFFER_BYTES = 1_048_576
_CHUNK_BYTES = 1_048_576


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
        How many connections, each in a thread.
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
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._buffer = bytearray(_BUFFER_BYTES)

    def request(self, parts: Iterator[bytes] | Sequence[bytes]) -> tuple[int, int]:
        """Send a request; return the status and the size of the body of its answer."""
        fresh = self._socket is None
        try:
            return self._exchange(parts)
        except (ConnectionError, EOFError):
            self.close()
            if fresh or not isinstance(parts, Sequence):
                raise
            return self._exchange(parts)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, parts: Iterator[bytes] | Sequence[bytes]) -> tuple[int, int]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), 600)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            self._socket.sendall(part)
        return self._receive(self._socket)

    def _receive(self, connection: socket.socket) -> tuple[int, int]:
        head = bytearray()
        while (end := head.find(b"\r\n\r\n")) < 0:
            head += self._some(connection)
        lines = bytes(head[:end]).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        received = len(head) - end - 4
        if "chunked" in fields.get("transfer-encoding", ""):
            tail = bytes(head[-5:])
            while not tail.endswith(b"0\r\n\r\n"):
                piece = self._some(connection)
                received += len(piece)
                tail = (tail + bytes(piece[-5:]))[-5:]
        else:
            length = int(fields.get("content-length", "0"))
            while received < length:
                received += len(self._some(connection))
        if fields.get("connection") == "close":
            self.close()
        return int(lines[0].split(" ")[1]), received

    def _some(self, connection: socket.socket) -> memoryview:
        count = connection.recv_into(self._buffer)
        if not count:
            raise EOFError
        return memoryview(self._buffer)[:count]


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
        parts = template.fill(
            load.first + number,
            (load.first + number) // load.series_size,
        )
        yield (head, *parts, *([chunk] * filler), chunk[:rest])


def run(load: Load) -> dict[str, object]:
    """Put the load on the server; return what was measured."""
    tallies = [Tally() for _ in range(load.clients)]
    ready = threading.Barrier(load.clients + 1)
    threads = [
        threading.Thread(target=_client, args=(load, client, tallies[client], ready))
        for client in range(load.clients)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    latencies = sorted(x for tally in tallies for x in tally.latencies_seconds)
    statuses: Counter[int] = sum((tally.statuses for tally in tallies), Counter())
    return {
        "seconds": seconds,
        "per_second": len(latencies) / seconds,
        "median_ms": statistics.median(latencies) * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "statuses": dict(statuses),
        "received_bytes": sum(tally.received_bytes for tally in tallies),
    }


def _client(load: Load, client: int, tally: Tally, ready: threading.Barrier) -> None:
    prepared = list(requests(load, client))
    connection = Connection(load.port)
    ready.wait()
    for parts in prepared:
        start = time.perf_counter()
        status, size = connection.request(parts)
        tally.latencies_seconds.append(time.perf_counter() - start)
        tally.statuses[status] += 1
        tally.received_bytes += size
    connection.close()


def _template(load: Load) -> Template:
    if load.kind == "sr":
        return sr_template()
    return ct_template(load.size_bytes if load.kind == "large" else None)


if __name__ == "__main__":
    wanted = {name.name for name in dataclasses.fields(Load)}
    given = json.load(sys.stdin)
    assert given.keys() <= wanted, given.keys() - wanted
    json.dump(run(Load(**given)), sys.stdout)
