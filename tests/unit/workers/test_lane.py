"""Lanes, of which both ends are in this process."""

import resource
import socket
from pathlib import Path

import pytest

from obelisk.workers.lane import Lane


def open_files() -> list[str]:
    """Return the numbers of the files that this process has open."""
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.fixture
def lane():
    """An empty lane."""
    made = Lane()
    yield made
    made.close()


@pytest.fixture
def pairs():
    """Connections, as servers and clients have them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        made = [(listener.accept()[0], client) for client in clients]
    yield made
    for pair in made:
        for one in pair:
            one.close()


def test_connections_come_out_in_turn(lane, pairs):
    """Marks tell how old they are, and then are passed over."""
    for number, (server, _) in enumerate(pairs):
        lane.put(number, server.fileno())
        lane.put(number + 0.5)
        server.close()
    ages = []
    for number, (_, client) in enumerate(pairs):
        ages.append(lane.oldest())
        taken, address = lane.accept()
        taken.sendall(b"%d" % number)

        assert address == client.getsockname()
        assert not taken.get_inheritable()
        assert client.recv(9) == b"%d" % number
        taken.close()

    assert ages == [0, 0.5, 1.5]
    assert lane.oldest() == 2.5
    with pytest.raises(BlockingIOError):
        lane.take()
    assert lane.oldest() is None


def test_a_full_lane_holds_nobody_up(lane, pairs):
    """It takes some hundreds."""

    def fill() -> None:
        for _ in range(100_000):
            lane.put(1, pairs[0][0].fileno())

    with pytest.raises(BlockingIOError):
        fill()


def test_a_client_that_left_already(lane, pairs):
    """Its connection counts as lost, and is closed."""
    server, client = pairs[0]
    lane.put(1, server.fileno())
    server.close()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    before = open_files()

    with pytest.raises(ConnectionAbortedError):
        lane.accept()
    assert set(open_files()) <= set(before)


def test_a_process_with_too_many_files_takes_nothing_out(lane, pairs):
    """But for marks; the connection waits for one that has room."""
    server, client = pairs[0]
    lane.put(1)
    lane.put(2, server.fileno())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            lane.take()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    left = lane.oldest()
    with lane.take() as taken:
        taken.sendall(b"x")

    assert left == 2
    assert client.recv(9) == b"x"
