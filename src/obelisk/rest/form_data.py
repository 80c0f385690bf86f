"""Splits multipart/form-data (RFC 7578) while it arrives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from obelisk.errors import InvalidInputError
from obelisk.storage.base import Buffer

_PARTS_MAX = 100_000
_HEADER_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: a file if it has a file name, else a field.

    `name` is that of the field, `media_type` what its content is said to be; both are
    "" if absent.
    """

    filename: str | None
    chunks: Iterator[bytes]
    name: str = ""
    media_type: str = ""


def split_parts(chunks: Iterable[Buffer], boundary: bytes) -> Iterator[Part]:
    """Yield the parts of a form in their order.

    What a part has left when the next one is asked for is skipped.

    Raises
    ------
    InvalidInputError
        If the form is malformed.
    """
    delimiter = b"\r\n--" + boundary
    stream = _Stream(chunks)
    _skip(stream.read_until(delimiter))
    for _ in range(_PARTS_MAX):
        rest = stream.read_line()
        if rest.startswith(b"--"):
            return
        if rest.strip(b" \t"):
            raise InvalidInputError("The form data is malformed")
        header = _header(stream)
        options = header.disposition
        content = stream.read_until(delimiter)
        yield Part(
            options.get("filename"), content, options.get("name", ""), header.media_type
        )
        _skip(content)
    raise InvalidInputError("The form data has too many parts")


def _skip(content: Iterator[bytes]) -> None:
    for _ in content:
        pass


@dataclass(slots=True)
class _Header:
    """What the header of a part says."""

    disposition: dict[str, str]
    media_type: str = ""


def _header(stream: "_Stream") -> _Header:
    """Read the header of a part."""
    header = _Header({})
    while line := stream.read_line():
        name, _, value = line.decode("utf-8", "replace").partition(":")
        if name.strip().lower() == "content-disposition":
            header.disposition = parse_options_header(value)[1]
        elif name.strip().lower() == "content-type":
            header.media_type = parse_options_header(value)[0].lower()
    return header


class _Stream:
    """Chunks, with what was received but not yet consumed.

    It starts with a line break, so that the first delimiter is like the others.
    """

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b"\r\n"

    def _receive(self) -> None:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise InvalidInputError("The form data is incomplete")
        self._buffer += chunk

    def read_line(self) -> bytes:
        """Return what comes before the next line break; the end mark needs none."""
        while (index := self._buffer.find(b"\r\n")) < 0:
            if self._buffer.startswith(b"--"):
                return self._buffer
            if len(self._buffer) > _HEADER_BYTES_MAX:
                raise InvalidInputError("A header in the form data is too long")
            self._receive()
        line, self._buffer = self._buffer[:index], self._buffer[index + 2 :]
        return line

    def read_until(self, delimiter: bytes) -> Iterator[bytes]:
        """Yield what comes before a delimiter, and consume both."""
        tail = len(delimiter) - 1
        while (index := self._buffer.find(delimiter)) < 0:
            if len(self._buffer) > tail:
                content, self._buffer = self._buffer[:-tail], self._buffer[-tail:]
                yield content
            self._receive()
        content, self._buffer = (
            self._buffer[:index],
            self._buffer[index + len(delimiter) :],
        )
        if content:
            yield content
