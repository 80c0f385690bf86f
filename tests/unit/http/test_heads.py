import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.http.heads import BadRequestError, find_end, parse_head


def _head(*lines: str, method: str = "GET", target: str = "/") -> bytes:
    first = f"{method} {target} HTTP/1.1"
    return "\r\n".join([first, "Host: localhost", *lines, "", ""]).encode("latin-1")


def test_plain_request() -> None:
    """What a usual client sends comes out in parts."""
    head = parse_head(_head("Accept: */*", target="/a%20b?c=d"))

    assert (head.method, head.target, head.version) == ("GET", b"/a%20b?c=d", (1, 1))
    assert head.fields == [(b"Host", b"localhost"), (b"Accept", b"*/*")]
    assert (head.content_length, head.is_persistent) == (0, True)


def test_body_size() -> None:
    """A body has a size, or comes in chunks."""
    fixed = parse_head(_head("Content-Length: 12", method="POST"))
    chunked = parse_head(_head("Transfer-Encoding: Chunked", method="POST"))

    assert fixed.content_length == 12
    assert chunked.content_length is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://host/a?b", b"/a?b"),
        ("http://host", b"/"),
        ("http://host?a=b", b"/?a=b"),
        ("/caf\xc3\xa9", b"/caf%C3%A9"),
    ],
)
def test_forms_of_targets(target: str, expected: bytes) -> None:
    """All forms become a path; UTF-8 that a client left raw is taken."""
    assert parse_head(_head(target=target)).target == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Content-Length: 3", "Content-Length: 3"],
        ["Content-Length: 3, 3"],
        ["Content-Length: +3"],
        ["Content-Length: -3"],
        ["Content-Length: 0x3"],
        ["Content-Length: 99999999999999999999"],
        ["Content-Length:"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding:\x0bchunked"],
        ["X: a", " Transfer-Encoding: chunked"],
        ["X: a\x00b"],
        ["X: a\rb"],
        ["Host: other"],
        ["no colon"],
        [": no name"],
        ["caf\xe9: name"],
    ],
)
def test_ambiguous_headers(lines: list[str]) -> None:
    """What two programs could read in two ways is refused."""
    with pytest.raises(BadRequestError):
        parse_head(_head(*lines, method="POST"))


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/1.1\nHost: a\n\r\n\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (_head("Transfer-Encoding: gzip, chunked"), 501),
        (_head("Expect: miracles"), 417),
        (_head(*["A: b"] * 200), 431),
    ],
)
def test_refused_requests(block: bytes, status: int) -> None:
    """The status says what is wrong."""
    with pytest.raises(BadRequestError) as caught:
        parse_head(block)

    assert caught.value.status == status


def test_an_empty_expectation_is_none() -> None:
    """Clients send it to keep a library from asking for 100 Continue."""
    assert not parse_head(_head("Expect: ")).is_continue_expected


def test_chunks_are_younger_than_http_1_0() -> None:
    """A chunked body of an old client is a way to smuggle."""
    with pytest.raises(BadRequestError):
        parse_head(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_upgrade_is_ignored() -> None:
    """A server may go on with HTTP/1.1."""
    head = parse_head(_head("Connection: Upgrade", "Upgrade: h2c"))

    assert head.method == "GET"


def test_end_of_a_head() -> None:
    """What follows belongs to the body or to the next request."""
    assert find_end(_head() + b"rest") == len(_head())
    assert find_end(_head()[:-1]) == 0
    assert find_end(b"") == 0


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"GET /" + b"a" * 32_768, 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 11_000, 431),
        (b"\x16\x03\x01", 400),
        (b"get / HTTP/1.1", 400),
        (b"GET / HTTP/1.1\nHost: a", 400),
        (b"\n", 400),
    ],
)
def test_hopeless_starts(received: bytes, status: int) -> None:
    """What can become no request is refused before its end."""
    with pytest.raises(BadRequestError) as caught:
        find_end(received)

    assert caught.value.status == status


@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    """Bytes are a request or refused; nothing else is raised."""
    for block in (content, b"GET / HTTP/1.1\r\n" + content + b"\r\n\r\n"):
        try:
            end = find_end(block)
            if end:
                parse_head(block[:end])
        except BadRequestError as error:
            assert 400 <= error.status < 600  # noqa: PT017
