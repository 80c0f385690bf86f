import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.http.bodies import ChunkedBody, FixedBody, Source
from obelisk.http.settings import HTTPServerSettings
from obelisk.http.transports import GoneError, PlainTransport


def _ignore() -> None:
    """Do nothing."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, PlainTransport]]:
    """Return a client and the transport of the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
    with client, server:
        yield client, PlainTransport(server, HTTPServerSettings())


def _source(
    transport: PlainTransport, received: bytes = b"", *, is_continue: bool = False
) -> Source:
    return Source(transport, received, 0.2, _ignore, is_continue_expected=is_continue)


def _chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


def test_fixed_body(pair) -> None:
    """A body ends where it was said to end; the rest is the next request's."""
    client, transport = pair
    client.sendall(b"de")
    source = _source(transport, b"abc")
    body = FixedBody(source, 5)

    assert not body.is_here
    assert (body.read(2), body.read(), body.read()) == (b"ab", b"cde", b"")
    assert body.is_complete
    source = _source(transport, b"abcdefg")
    whole = FixedBody(source, 5)
    assert whole.is_here
    assert whole.read() == b"abcde"
    assert source.received == b"fg"


def test_body_that_is_here_comes_whole(pair) -> None:
    """A body that is asked for by its size leaves nothing, and only what follows it."""
    source = _source(pair[1], b"abcdefg")
    body = FixedBody(source, 5)

    assert body.read(5) == b"abcde"
    assert body.is_complete
    assert (body.read(5), body.read()) == (b"", b"")
    assert source.received == b"fg"


def test_lines(pair) -> None:
    """PEP 3333 asks for lines too."""
    _, transport = pair
    source = _source(transport, b"a\nbc\nd")

    assert list(FixedBody(source, 6)) == [b"a\n", b"bc\n", b"d"]


def test_client_that_leaves(pair) -> None:
    """A body that breaks off is no body that ends."""
    client, transport = pair
    client.close()

    with pytest.raises(GoneError):
        FixedBody(_source(transport, b"abc"), 5).read()
    with pytest.raises(GoneError):
        ChunkedBody(_source(transport, b"5\r\nabc")).read()


def test_client_that_is_silent(pair) -> None:
    """Waiting ends."""
    _, transport = pair

    with pytest.raises(TimeoutError):
        FixedBody(_source(transport, b"abc"), 5).read()
    with pytest.raises(TimeoutError):
        ChunkedBody(_source(transport, b"5")).read()


def test_continue(pair) -> None:
    """The sign is given when the application reads, and once."""
    client, transport = pair
    body = FixedBody(_source(transport, is_continue=True), 2)
    assert not body.may_end_soon
    client.sendall(b"ab")

    assert body.read() == b"ab"
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_chunks(pair) -> None:
    """Extensions and trailers are read over."""
    _, transport = pair
    stream = b'3;a="b"\r\nabc\r\n' + _chunked(b"de", end=b"0\r\nX: y\r\n\r\nGET")
    source = _source(transport, stream)
    body = ChunkedBody(source)

    assert body.read() == b"abcde"
    assert body.is_complete
    assert source.received == b"GET"


@pytest.mark.parametrize(
    "stream",
    [
        b"\r\n",
        b"3\nabc\n0\n\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3_0\r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"1" * 17 + b"\r\nabc",
        b"3" + b";" * 5000,
        b"0\r\n" + b"a: b\r\n" * 101 + b"\r\n",
    ],
)
def test_malformed_chunks(pair, stream: bytes) -> None:
    """What two programs could read in two ways is refused, now and later."""
    _, transport = pair
    body = ChunkedBody(_source(transport, stream))
    with pytest.raises(ValueError, match="chunked body"):
        body.read()

    assert not body.is_complete
    assert not body.skip(0.1)


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.integers(1, 9))
def test_chunks_in_pieces(parts: list[bytes], step: int) -> None:
    """How the network cuts the stream does not matter."""

    class Pieces(PlainTransport):
        """A connection that brings few bytes at once."""

        def __init__(self) -> None:
            stream = _chunked(*parts)
            self._pieces = [
                stream[start : start + step] for start in range(0, len(stream), step)
            ]

        def set_receive_timeout(self, seconds: float) -> None:
            """Do nothing."""

        def receive(self) -> bytes:
            """Return the next piece."""
            return self._pieces.pop(0) if self._pieces else b""

        def receive_into(self, view: memoryview) -> int:
            """Put a part of the next piece into a buffer."""
            piece = self.receive()
            count = min(len(piece), len(view))
            view[:count] = piece[:count]
            if piece[count:]:
                self._pieces.insert(0, piece[count:])
            return count

    body = ChunkedBody(_source(Pieces()))

    assert body.read() == b"".join(parts)
    assert body.is_complete
