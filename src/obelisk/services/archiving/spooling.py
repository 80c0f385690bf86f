"""Temporary files: archives that are made before anybody gets them."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, cast

from obelisk.errors import StorageFullError
from obelisk.temporary_files import NO_ROOM, temporary_file_errors

_CHUNK_BYTES = 1_048_576


class Spool:
    """A temporary file (TemporaryDirectory) that is filled, and then read once.

    Parameters
    ----------
    size_max
        How many bytes there must be room for.

    Raises
    ------
    StorageFullError
        If there is no room for them.
    """

    def __init__(self, size_max: int) -> None:
        if size_max > shutil.disk_usage(tempfile.gettempdir()).free:
            raise StorageFullError(NO_ROOM)
        self._file = cast(
            "IO[bytes]",
            tempfile.TemporaryFile(),  # noqa: SIM115 -- closed by who reads it
        )
        #: How many bytes are in it.
        self.size = 0

    def fill(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Write chunks, and yield them.

        Raises
        ------
        StorageError
            If one cannot be written.
        """
        is_whole = False
        try:
            for chunk in chunks:
                self._write(chunk)
                yield chunk
            self._file.seek(0)
            is_whole = True
        finally:
            if not is_whole:
                self._file.close()

    def _write(self, chunk: bytes) -> None:
        with temporary_file_errors():
            self._file.write(chunk)
            self._file.flush()
        self.size += len(chunk)

    def read(self) -> Iterator[bytes]:
        """Yield the content; the file is gone then."""
        with self._file:
            while chunk := self._file.read(_CHUNK_BYTES):
                yield chunk
