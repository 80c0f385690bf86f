"""The bytes of a request's body as a stream: bounded, complete, and unpacked."""

import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from obelisk.buffers import new_buffer
from obelisk.errors import (
    InvalidDICOMError,
    InvalidInputError,
    LimitError,
    NotSupportedError,
    RequestTimeoutError,
)
from obelisk.rest.admission import Admission
from obelisk.rest.messages import Request, UploadLimits
from obelisk.storage.base import Buffer

_CHUNK_BYTES = 1_048_576
_GZIP_WINDOW_BITS = 31
_SPARE_BUFFER_COUNT_MAX = 16

#: The content encodings that change the bytes (RFC 9110 Section 8.4.1).
_ENCODINGS = frozenset(
    (
        "aes128gcm",
        "br",
        "compress",
        "dcb",
        "dcz",
        "deflate",
        "exi",
        "gzip",
        "pack200-gzip",
        "x-compress",
        "x-gzip",
        "zstd",
    )
)


#: Buffers that no request uses; getting memory anew costs more than receiving.
_spare_buffers: list[memoryview] = []


def open_body(
    request: Request, admission: Admission, limits: UploadLimits
) -> Iterator[Buffer]:
    """Return the chunks of a body, without its content encoding.

    A chunk is valid until the next one is asked for.

    Raises
    ------
    LimitError
        If the body is too large; at once if the request announces it.
    RequestTimeoutError, InvalidInputError
        While it is read, if the client sends nothing for too long, leaves, or sends
        what is malformed.
    NotSupportedError
        If the content has an encoding that cannot be undone.
    """
    announced = request.content_length
    if limits.body and announced is not None and announced > limits.body:
        raise LimitError(_too_large(limits.body))
    chunks = _received(request.environ["wsgi.input"], announced, admission, limits.body)
    named = request.environ.get("HTTP_CONTENT_ENCODING", "").lower().split(",")
    # Some clients name character sets and the like, which change nothing.
    encodings = [name for part in named if (name := part.strip()) in _ENCODINGS]
    if not encodings:
        return chunks
    if encodings in (["gzip"], ["x-gzip"]):
        return gunzip(chunks, limits.unpacked)
    message = f"Content encoding {', '.join(encodings)} is not supported"
    raise NotSupportedError(message)


def present_body(request: Request, limits: UploadLimits) -> bytes | None:
    """Return a body that came together with its head; `None` if there is more to do."""
    environ = request.environ
    stream = environ["wsgi.input"]
    if "HTTP_CONTENT_ENCODING" in environ or not getattr(stream, "is_here", False):
        return None
    size = int(environ["CONTENT_LENGTH"])
    if limits.body and size > limits.body:
        return None
    content: bytes = stream.read(size)
    return content


def _too_large(size_max: int) -> str:
    return f"The body of a request may have {size_max} bytes at most"


def _received(
    stream: IO[bytes], announced: int | None, admission: Admission, size_max: int
) -> Iterator[memoryview]:
    """Yield what the client sends; a body that breaks off is an error."""
    buffer = _spare_buffers.pop() if _spare_buffers else new_buffer(_CHUNK_BYTES)
    size = 0
    try:
        while size != announced:
            with admission.wait():
                count = _read_into(stream, buffer)
            if not count:
                break
            size += count
            if size_max and size > size_max:
                raise LimitError(_too_large(size_max))
            yield buffer[:count]
    finally:
        if len(_spare_buffers) < _SPARE_BUFFER_COUNT_MAX:
            _spare_buffers.append(buffer)
    if announced is not None and size != announced:
        raise InvalidInputError(
            f"The body ended after {size} of the {announced} bytes that were announced"
        )


def _read_into(stream: IO[bytes], buffer: memoryview) -> int:
    """Read the next bytes, and translate why there are none."""
    try:
        return int(stream.readinto(buffer))  # type: ignore[attr-defined]
    except TimeoutError as error:
        raise RequestTimeoutError from error
    except ConnectionError as error:
        raise InvalidInputError("The client left in the middle of its body") from error
    except ValueError as error:
        raise InvalidInputError(str(error)) from error


def gunzip(chunks: Iterable[Buffer], size_max: int) -> Iterator[bytes]:
    """Yield the content of a gzip stream, at most 1,048,576 bytes at once.

    Parameters
    ----------
    chunks
        The compressed bytes; several gzip members may follow each other.
    size_max
        How many bytes may come out, 0 for any number.

    Raises
    ------
    InvalidDICOMError
        If the stream is damaged or incomplete, or yields too much.
    """
    decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
    size = 0
    for chunk in chunks:
        data: Buffer = chunk
        while data:
            if decompressor.eof:
                decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
            try:
                content = decompressor.decompress(data, _CHUNK_BYTES)
            except zlib.error as error:
                raise InvalidDICOMError("The gzip stream is damaged") from error
            data = decompressor.unconsumed_tail or decompressor.unused_data
            size += len(content)
            if size_max and size > size_max:
                raise InvalidDICOMError(unpacked_too_large(size_max))
            if content:
                yield content
    if not decompressor.eof:
        raise InvalidDICOMError("The gzip stream is incomplete")


def unpacked_too_large(size_max: int) -> str:
    """Say that something would unpack to more than is allowed."""
    return f"Uncompressed size exceeds limit ({size_max / 1_048_576:.1f}MB)"
