"""Reading files of a storage area, and what is said when the system refuses."""

import errno
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from obelisk.errors import ContentGoneError, StorageError, StorageFullError
from obelisk.storage.base import Buffer

_CHUNK_BYTES = 1_048_576
_SMALL_BYTES = 65_536
TOO_SHORT = "A file of the storage area is shorter than expected"


class translated:  # noqa: N801 -- it is used as a function
    """Turn errors of the operating system within a block into ours."""

    def __init__(self, verb: str) -> None:
        self._verb = verb

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _: object, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if not isinstance(error, OSError):
            return
        message = f"Cannot {self._verb} the storage area: {error.strerror}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFullError(message) from error
        if error.errno == errno.ENOENT:
            raise ContentGoneError(message) from error
        raise StorageError(message) from error


class FileRange(Iterator[bytes]):
    """The bytes of a file from `start` to `stop`, in chunks.

    `fileno` and `tell` are for whoever can have the operating system send them.
    """

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        self._descriptor = descriptor
        self._position = start
        self._stop = stop

    def fileno(self) -> int:
        """Return the descriptor of the open file."""
        return self._descriptor

    def tell(self) -> int:
        """Return the place of the next byte in the file."""
        return self._position

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        size = min(size, self._stop - self._position)
        if size <= 0:
            return b""
        with translated("read from"):
            chunk = os.pread(self._descriptor, size, self._position)
        if not chunk:
            raise StorageError(TOO_SHORT)
        self._position += len(chunk)
        return chunk

    def __next__(self) -> bytes:
        """Return the next chunk; the file is closed after the last one."""
        chunk = self.read(_CHUNK_BYTES)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def __del__(self) -> None:
        """Close the file, should nobody have read it to its end."""
        self.close()


@contextmanager
def mapped(descriptor: int) -> Iterator[Buffer]:
    """Open a file for random access: read if it is small, else mapped."""
    with translated("read from"):
        size = os.fstat(descriptor).st_size
        if size <= _SMALL_BYTES:
            content: Buffer = os.pread(descriptor, size, 0)
        else:
            content = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    try:
        yield content
    finally:
        if isinstance(content, mmap.mmap):
            with suppress(BufferError):  # a view lives on: it goes with the last one
                content.close()
