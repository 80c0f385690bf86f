"""The head of a request: found, bounded, parsed by llhttp, and checked further."""

from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

import httptools

from obelisk.errors import InvalidInputError

_HEAD_BYTES_MAX = 65_536
_LINE_BYTES_MAX = 32_768
_FIELD_COUNT_MAX = 200
_VERSIONS = {"1.0": (1, 0), "1.1": (1, 1)}
_END = b"\r\n\r\n"

#: All of ASCII that `quote_from_bytes` is to leave as it is.
_ASCII = "".join(map(chr, range(128)))


class BadRequestError(InvalidInputError):
    """The request breaks the rules of HTTP.

    Parameters
    ----------
    message
        What is wrong.
    status
        The HTTP status of the answer.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Head:
    """The request line and the header of a request.

    Attributes
    ----------
    method
        The method.
    target
        What is asked for: a path and perhaps a query.
    version
        The version of HTTP, (1, 0) or (1, 1).
    fields
        The names and values of the header, in their order.
    content_length
        The size of the body in bytes, `None` if it comes in chunks.
    is_persistent
        Whether the client wants to keep the connection.
    is_continue_expected
        Whether the client waits for a sign before it sends the body.
    """

    method: str
    target: bytes
    version: tuple[int, int]
    fields: list[tuple[bytes, bytes]]
    content_length: int | None
    is_persistent: bool
    is_continue_expected: bool


def find_end(received: bytes) -> int:
    """Return where the first head ends that was received, 0 if it is incomplete.

    Raises
    ------
    BadRequestError
        If it is too large, or can become no head any more.
    """
    end = received.find(_END) + len(_END)
    if end >= len(_END):
        _check_size(received, end)
        return end
    if received[:1] not in (b"\r", b"") and not received[:1].isupper():
        raise BadRequestError("This is no HTTP request")
    line_end = received.find(b"\n")
    if line_end >= 0 and received[line_end - 1 : line_end] != b"\r":
        raise BadRequestError("A line does not end in CR LF")
    _check_size(received, len(received))
    return 0


def _check_size(received: bytes, size: int) -> None:
    if size > _LINE_BYTES_MAX and received.find(b"\r\n", 0, _LINE_BYTES_MAX) < 0:
        raise BadRequestError("The URI is too long", 414)
    if size > _HEAD_BYTES_MAX:
        raise BadRequestError("The header is too large", 431)


@dataclass(slots=True)
class _Collector:
    """What httptools calls while it parses."""

    target: bytes = b""
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    is_complete: bool = False

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def parse_head(block: bytes) -> Head:
    """Parse a head, its empty line included.

    Raises
    ------
    BadRequestError
        If it is malformed, ambiguous, or asks for what is not supported.
    """
    if not block.isascii():
        block = _without_raw_utf8(block)
    collector = _Collector()
    parser = httptools.HttpRequestParser(collector)
    try:
        parser.feed_data(block)
    except httptools.HttpParserUpgrade:
        pass  # a server may ignore the wish (RFC 9110 Section 7.8)
    except httptools.HttpParserError as error:
        raise BadRequestError(f"The request is malformed: {error}") from error
    version = _VERSIONS.get(parser.get_http_version())
    if version is None:
        raise BadRequestError("This version of HTTP is not supported", 505)
    method = parser.get_method().decode("ascii")
    if not collector.is_complete or method == "CONNECT":
        raise BadRequestError("The request is malformed")
    return _checked(
        Head(
            method,
            _origin_form(collector.target),
            version,
            collector.fields,
            0,
            is_persistent=version >= (1, 1),
            is_continue_expected=False,
        )
    )


def _without_raw_utf8(block: bytes) -> bytes:
    """Encode what is not ASCII in the request line, as some clients leave it raw."""
    line, separator, rest = block.partition(b"\r\n")
    return quote_from_bytes(line, safe=_ASCII).encode("ascii") + separator + rest


def _origin_form(target: bytes) -> bytes:
    """Return the path and query of any form of target (RFC 9112 Section 3.2)."""
    if target.startswith(b"/") or target == b"*":
        return target
    authority_and_path = target.partition(b"://")[2]
    if not authority_and_path:
        raise BadRequestError("The target of the request is no path")
    rest = authority_and_path.partition(b"/")
    if rest[1]:
        return b"/" + rest[2]
    query = authority_and_path.partition(b"?")
    return b"/" + query[1] + query[2]


def _checked(head: Head) -> Head:
    """Fill in what the header says about the body; refuse what is ambiguous."""
    if len(head.fields) > _FIELD_COUNT_MAX:
        raise BadRequestError("The header has too many fields", 431)
    host_count = 0
    for name, value in head.fields:
        lowered = name.lower()
        if lowered == b"host":
            host_count += 1
        elif lowered == b"content-length":
            head.content_length = int(value)
        elif lowered == b"transfer-encoding":
            _check_transfer_encoding(head, value)
            head.content_length = None
        elif lowered == b"connection":
            head.is_persistent = _wants_to_persist(value, default=head.is_persistent)
        elif lowered == b"expect" and value.strip() and head.version >= (1, 1):
            if value.strip().lower() != b"100-continue":
                raise BadRequestError("The expectation cannot be met", 417)
            head.is_continue_expected = True
    if host_count > 1 or (host_count == 0 and head.version >= (1, 1)):
        raise BadRequestError("The request must have one Host header")
    return head


def _wants_to_persist(value: bytes, *, default: bool) -> bool:
    options = {option.strip() for option in value.lower().split(b",")}
    return b"close" not in options and (default or b"keep-alive" in options)


def _check_transfer_encoding(head: Head, value: bytes) -> None:
    """Take chunked bodies once and alone; anything else is a way to smuggle."""
    if head.content_length is None or head.version < (1, 1):
        raise BadRequestError("The Transfer-Encoding is ambiguous")
    if value.strip().lower() != b"chunked":
        raise BadRequestError("The Transfer-Encoding is not supported", 501)
