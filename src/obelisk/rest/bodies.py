"""The bytes of a request's body as a stream: bounded, complete, and unpacked."""

import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from obelisk.errors import (
    InvalidDICOMError,
    InvalidInputError,
    LimitError,
    NotSupportedError,
)
from obelisk.rest.admission import Admission
from obelisk.rest.messages import Request, UploadLimits

_CHUNK_BYTES = 1_048_576
_GZIP_WINDOW_BITS = 31


def open_body(
    request: Request, admission: Admission, limits: UploadLimits
) -> Iterator[bytes]:
    """Return the chunks of a body, without its content encoding.

    Raises
    ------
    LimitError
        If the body is too large; at once if the request announces it.
    NotSupportedError
        If the content encoding is not known.
    """
    announced = request.content_length
    if limits.body and announced is not None and announced > limits.body:
        raise LimitError(_too_large(limits.body))
    chunks = _received(request.environ["wsgi.input"], announced, admission, limits.body)
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return gunzip(chunks, limits.unpacked)
    if encoding in {"", "identity"}:
        return chunks
    raise NotSupportedError(f"Content encoding {encoding} is not supported")


def _too_large(size_max: int) -> str:
    return f"The body of a request may have {size_max} bytes at most"


def _received(
    stream: IO[bytes], announced: int | None, admission: Admission, size_max: int
) -> Iterator[bytes]:
    """Yield what the client sends; a body that breaks off is an error."""
    size = 0
    while True:
        with admission.wait():
            chunk = stream.read(_CHUNK_BYTES)
        if not chunk:
            break
        size += len(chunk)
        if size_max and size > size_max:
            raise LimitError(_too_large(size_max))
        yield chunk
        if size == announced:
            break
    if announced is not None and size != announced:
        raise InvalidInputError(
            f"The body ended after {size} of the {announced} bytes that were announced"
        )


def gunzip(chunks: Iterable[bytes], size_max: int) -> Iterator[bytes]:
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
        data = chunk
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
