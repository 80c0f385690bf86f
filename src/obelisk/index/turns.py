"""Whose turn it is to write, among the processes of one machine."""

import fcntl
import os
from pathlib import Path


class SharedTurn:
    """A lock between processes, for a `with` block; a process that dies gives it back.

    SQLite would do without it, but lets those who wait sleep for up to 100 ms.

    Parameters
    ----------
    folder
        A folder, of which all these processes know.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Take no turn any more."""
        os.close(self._descriptor)
