import socket
import struct
import threading

import pytest

from obelisk.workers.channel import Channel


@pytest.fixture
def ends():
    """Two channels that are connected."""
    pair = [Channel(one) for one in socket.socketpair(socket.AF_UNIX)]
    yield pair
    for one in pair:
        one.close()


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_000])
def test_messages_arrive_as_they_were_sent(ends, size):
    """Facts and bytes, however large, one message after the other."""
    payload = bytes(range(256)) * (size // 256 + 1)
    sender = threading.Thread(
        target=lambda: [
            ends[0].send("one", [1, {"a": None}], payload[:size]),
            ends[0].send("two"),
        ]
    )
    sender.start()
    first, second = ends[1].receive(), ends[1].receive()
    sender.join()

    assert first is not None
    assert (first.kind, first.facts) == ("one", [1, {"a": None}])
    assert first.payload == payload[:size]
    assert first.client is None
    assert second is not None
    assert (second.kind, second.facts, second.payload) == ("two", None, b"")


def test_connections_go_with_their_messages(ends):
    """Each message brings its own one, which outlives that of the sender."""
    pairs = [socket.socketpair() for _ in range(3)]
    for number, (given, _) in enumerate(pairs):
        ends[0].send("take", number, b"x" * 1000 * number, given.fileno())
        given.close()
        ends[0].send("between")
    for number, (_, other) in enumerate(pairs):
        message, between = ends[1].receive(), ends[1].receive()

        assert message is not None
        assert message.facts == number
        assert message.client is not None
        assert not message.client.get_inheritable()
        assert between is not None
        assert between.client is None
        message.client.sendall(b"%d" % number)
        assert other.recv(9) == b"%d" % number
        message.client.close()
        other.close()


def test_the_end_of_the_other_process(ends):
    """Nothing more comes, also in the middle of a message, and sending fails."""
    ends[0]._socket.sendall(b"\0\0\0\x09\0\0")
    ends[0].sever()

    assert ends[1].receive() is None
    with pytest.raises(OSError, match="pipe"):
        ends[1].send("anything")


def test_a_message_that_breaks_off_leaves_nothing_open(ends):
    """Not even the connection that came with its beginning."""
    ours, theirs = socket.socketpair()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("@i", ours.fileno()))]
    ends[0]._socket.sendmsg([struct.pack("!II", 9, 9), b"half"], rights)
    ours.close()
    ends[0].sever()

    assert ends[1].receive() is None
    theirs.settimeout(10)
    assert theirs.recv(1) == b""
    theirs.close()


def test_a_process_that_takes_nothing_in_holds_nobody_up(ends):
    """What is sent without patience fails instead."""

    def send_on() -> None:
        for _ in range(1_000_000):
            ends[0].send("take", is_patient=False)

    with pytest.raises(BlockingIOError):
        send_on()
