"""Room that is kept for the moment when the disk is full."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

_SIZE_BYTES = 33_554_432
#: The room is taken only where there is that many times as much.
_PLENTY = 4
#: What a start needs: journals, and what SQLite makes of its log.
_START_BYTES = 4_194_304


class Reserve:
    """A file of no use, which goes when the disk is full.

    Who deletes then needs room at first: the index notes what it changes. Safe to use
    from several threads and processes.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_missing = False

    @classmethod
    def beside(cls, index: Path) -> "Reserve":
        """Return the one that lies beside an index."""
        return cls(index.with_name(f"{index.name}-reserve"))

    def make_room(self) -> bool:
        """Give the room up if there is no other for a start; return whether it did."""
        free = shutil.disk_usage(self._path.parent).free
        return free < _START_BYTES and self.release()

    def fill(self) -> None:
        """Take the room, unless it is taken already, or there is too little."""
        with suppress(OSError):
            self._is_missing = not self._path.exists()
            if self._is_missing and self._has_plenty():
                self._take()
                self._is_missing = False

    def refill(self) -> None:
        """Take the room again, if this process missed it, or gave it up."""
        if self._is_missing:
            self.fill()

    def _has_plenty(self) -> bool:
        return shutil.disk_usage(self._path.parent).free >= _PLENTY * _SIZE_BYTES

    def _take(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, _SIZE_BYTES)
        except OSError:
            self._path.unlink()
            raise
        finally:
            os.close(descriptor)

    def release(self) -> bool:
        """Give the room up; return whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        self._is_missing = True
        return True
