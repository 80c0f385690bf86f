"""Log files that others may rename, and that are rotated when they are large."""

import fcntl
import logging
import logging.handlers
import os
from contextlib import suppress
from pathlib import Path

#: How many rotated files are kept.
_KEPT_COUNT = 5


class LogFile(logging.handlers.WatchedFileHandler):
    """Appends to a file; if that was renamed, the next line goes to a new one.

    Several processes may write to the same file.

    Parameters
    ----------
    path
        The file.
    size_max
        How large it may be, in bytes, before it becomes ``path.1``; 0 means no limit.
    """

    def __init__(self, path: Path, size_max: int = 0) -> None:
        super().__init__(path, encoding="utf-8")
        self._size_max = size_max

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        super().emit(record)
        if self._size_max and self.stream is not None:
            descriptor = self.stream.fileno()
            if os.fstat(descriptor).st_size >= self._size_max:
                self._rotate(descriptor)

    def _rotate(self, descriptor: int) -> None:
        """Rename the files, unless another process does or did."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            with suppress(OSError):
                if os.path.samestat(
                    os.fstat(descriptor), Path(self.baseFilename).stat()
                ):
                    self._rename()
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        self.reopenIfNeeded()

    def _rename(self) -> None:
        for number in range(_KEPT_COUNT - 1, 0, -1):
            with suppress(FileNotFoundError):
                Path(f"{self.baseFilename}.{number}").rename(
                    f"{self.baseFilename}.{number + 1}"
                )
        Path(self.baseFilename).rename(f"{self.baseFilename}.1")
