"""Whether anything was written to the database, by whichever process."""

import sqlite3
import threading
from collections.abc import Callable

from obelisk.errors import IndexUnavailableError


class Watcher:
    """Tells the version of a database; safe to use from several threads.

    It has a connection of its own, by which nothing is ever written: SQLite counts the
    transactions of all others for it.

    Parameters
    ----------
    connect
        Opens a connection.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connection = connect()
        self._lock = threading.Lock()

    def version(self) -> int:
        """See `obelisk.index.base.Index.version`."""
        try:
            with self._lock:
                row = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise IndexUnavailableError(f"The index failed: {error}") from error
        return int(row[0])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()
