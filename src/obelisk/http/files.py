"""Files as bodies of answers, so that the operating system can send them."""

from collections.abc import Iterator
from typing import Protocol

_CHUNK_BYTES = 1_048_576


class File(Protocol):
    """What a body is made from: an open file at the place where it starts."""

    def fileno(self) -> int:
        """Return its descriptor."""
        ...

    def tell(self) -> int:
        """Return the place of the next byte."""
        ...

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class FileBody:
    """See `wsgi.file_wrapper` in PEP 3333.

    The server sends as many bytes as ``Content-Length`` says, straight from the file.
    """

    def __init__(self, file: File, block_size: int = _CHUNK_BYTES) -> None:
        self.file = file
        self._block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes from the place of the file to its end."""
        while chunk := self.file.read(self._block_size):
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self.file.close()
