"""Contents that a client can ask for in parts (RFC 9110 Sections 8.8, 13 and 14)."""

from collections.abc import Callable, Iterator
from itertools import chain

from werkzeug.datastructures import Range
from werkzeug.http import is_resource_modified, quote_etag

from obelisk.errors import ServerError
from obelisk.rest.messages import Request, Response

_SMALL_BYTES = 4_194_304


class RangeError(ServerError):
    """The range that was asked for lies outside of the content."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The content has {size} bytes")
        self.size = size


def content_response(
    request: Request,
    read: Callable[[int, int], Iterator[bytes]],
    size: int,
    etag: str,
    headers: list[tuple[str, str]],
) -> Response:
    """Answer with a content, with a range of it, or that the client has it already.

    Parameters
    ----------
    request
        The request; ``HEAD`` reads nothing.
    read
        Yields the bytes from an offset to another one, exclusive.
    size
        The size of the whole content in bytes.
    etag
        What changes whenever the content does, without quotes.
    headers
        The other headers of the answer.

    Raises
    ------
    RangeError
        If the range lies outside of the content.
    """
    quoted = quote_etag(etag)
    headers = [*headers, ("ETag", quoted), ("Accept-Ranges", "bytes")]
    environ = request.environ
    if environ.get("HTTP_IF_MATCH", "").strip() == "*":  # as does all that is there
        environ = {name: environ[name] for name in environ if name != "HTTP_IF_MATCH"}
    if ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ) and (
        not is_resource_modified(environ, quoted)
    ):
        return Response(b"", [("ETag", quoted)], 304 if request.if_none_match else 412)
    part = _wanted_part(request, size, etag)
    start, stop = part or (0, size)
    if part is not None:
        headers.append(("Content-Range", f"bytes {start}-{stop - 1}/{size}"))
    headers.append(("Content-Length", str(stop - start)))
    body = _body(request, read, start, stop)
    return Response(body, headers, 200 if part is None else 206)


def _wanted_part(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return the range that a request asks for, `None` if it is to get everything."""
    environ = request.environ
    if "HTTP_RANGE" not in environ:
        return None
    if "HTTP_IF_RANGE" in environ and request.if_range.etag != etag:
        return None  # dates never match
    wanted = request.range
    return None if wanted is None else _part(wanted, size)


def _part(wanted: Range, size: int) -> tuple[int, int] | None:
    """Return the only range of a request; `None`, hence all, if it has several."""
    if wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    start, stop = wanted.ranges[0]
    if start >= size:
        raise RangeError(size)
    if start < 0:
        return max(0, size + start), size
    return start, size if stop is None else min(stop, size)


def _body(
    request: Request, read: Callable[[int, int], Iterator[bytes]], start: int, stop: int
) -> bytes | Iterator[bytes]:
    if request.method == "HEAD" or start == stop:
        return b""
    chunks = read(start, stop)
    if hasattr(chunks, "fileno"):
        return chunks  # an open file, which the server can send by itself
    if stop - start <= _SMALL_BYTES:
        return b"".join(chunks)
    return chain((next(chunks),), chunks)  # what cannot be opened fails here
