"""The embedded index: SQLite in WAL mode, with writes that are committed in groups."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Generic, TypeVar

from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.errors import (
    IndexFullError,
    IndexRuleError,
    IndexUnavailableError,
    ReadOnlyError,
    ServerError,
)
from obelisk.index.conditions import fold_value
from obelisk.index.migrations import check_schema, migrate
from obelisk.index.reading import ReadTransaction
from obelisk.index.reserve import Reserve
from obelisk.index.turns import SharedTurn
from obelisk.index.watching import Watcher
from obelisk.index.writing import WriteTransaction
from obelisk.metrics.instruments import Counter
from obelisk.metrics.registry import OFF, Metrics

_T = TypeVar("_T")

_BUSY_TIMEOUT_SECONDS = 30
_GROUP_SIZE_MAX = 64
_IDLE_READERS_MAX = 16
_CACHE_KIB = 16_384
#: The ids are spread over their whole index, so that a write touches many pages of it.
_WRITER_CACHE_KIB = 65_536
_NO_TURN = nullcontext()


class _Write(Generic[_T]):
    """One action that waits for its transaction, then its outcome."""

    __slots__ = ("action", "error", "is_done", "result")

    def __init__(self, action: Callable[[WriteTransaction], _T]) -> None:
        self.action = action
        self.result: _T | None = None
        self.error: BaseException | None = None
        self.is_done = False

    def run(self, transaction: WriteTransaction) -> None:
        self.result = self.action(transaction)

    def outcome(self) -> _T:
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # set by run()


class _Reading:
    """A transaction that reads; as a generator it would take three times as long."""

    __slots__ = ("_index", "_laps", "_metrics", "_transaction")

    def __init__(self, index: "SQLiteIndex", metrics: Metrics) -> None:
        self._index = index
        self._metrics = metrics

    def __enter__(self) -> ReadTransaction:
        self._laps = self._metrics.laps()
        self._transaction = self._index.begin_reading()
        return self._transaction

    def __exit__(self, _kind: object, error: BaseException | None, _: object) -> None:
        self._index.end_reading(self._transaction)
        self._laps.total(self._metrics.read_transactions)
        if isinstance(error, sqlite3.Error):
            raise IndexUnavailableError(f"The index failed: {error}") from error


class SQLiteIndex:
    """See `Index`; one file, for the processes of one machine.

    Parameters
    ----------
    path
        The database; created, or migrated to the present schema, if need be.
    is_synchronous
        Whether a transaction reaches the disk before it counts as durable.
    is_writable
        Whether anything may be written; if not, `write` raises `ReadOnlyError`.
    main_tags
        Which attributes are indexed.
    metrics
        Where transactions are noted.
    is_shared
        Whether other processes write, too; they must say so as well.
    may_create
        Whether the file is created if need be.

    Raises
    ------
    IndexUnavailableError
        If the file cannot be opened, or comes from a newer version; where nothing may
        be written, also if it is absent, or comes from an older version.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_synchronous: bool = True,
        is_writable: bool = True,
        main_tags: MainTags = STANDARD,
        metrics: Metrics = OFF,
        is_shared: bool = False,
        may_create: bool = True,
    ) -> None:
        if not is_writable and not path.exists():
            message = f'There is no {path}: start the server once without "ReadOnly"'
            raise IndexUnavailableError(message)
        self.reserve = Reserve.beside(path)
        self._metrics = metrics
        self._shared_turn = SharedTurn(path.parent) if is_shared else None
        self._connections = Counter()
        self._main_tags = main_tags
        self._is_writable = is_writable
        uri = path.absolute().as_uri()
        self._uri = f"{uri}?mode={'rw' if is_writable else 'ro'}"
        self._path = path
        self._is_synchronous = is_synchronous
        self._pending: deque[_Write[Any]] = deque()
        self._turn = threading.Lock()
        self._readers: deque[sqlite3.Connection] = deque()
        self._is_closed = False
        try:
            if is_writable and may_create:
                sqlite3.connect(f"{uri}?mode=rwc", uri=True).close()
            self._writer = self._connect(_WRITER_CACHE_KIB)
            # What a savepoint would restore: in a file, it costs more than the write.
            self._writer.execute("PRAGMA temp_store = MEMORY")
            if is_writable:
                migrate(self._writer)
            else:
                check_schema(self._writer)
        except sqlite3.Error as error:
            raise IndexUnavailableError(f"Cannot open the index: {error}") from error
        self._watcher = Watcher(self._connect)

    def _connect(self, cache_kib: int = _CACHE_KIB) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        synchronous = "FULL" if self._is_synchronous else "NORMAL"
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {synchronous}",
            "foreign_keys = ON",
            f"cache_size = -{cache_kib}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("fold", 1, fold_value, deterministic=True)
        current = self._main_tags.current_at
        connection.create_function("main_attributes", 2, current, deterministic=True)
        self._connections.add(1)
        return connection

    def _connect_again(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.Error as error:
            message = f"Cannot open the index {self._path}, which may have been moved"
            raise IndexUnavailableError(message) from error

    @property
    def connection_count(self) -> int:
        """The number of connections to the database that are open."""
        return self._connections.value

    def version(self) -> int:
        """See `Index.version`."""
        return self._watcher.version()

    def read(self) -> "_Reading":
        """See `Index.read`."""
        return _Reading(self, self._metrics)

    def begin_reading(self) -> ReadTransaction:
        """Begin a transaction that reads; `end_reading` must follow.

        Raises
        ------
        IndexUnavailableError
            If the index is closed, or the database fails.
        """
        if self._is_closed:
            raise IndexUnavailableError("The index is closed")
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect_again()
        try:
            connection.execute("BEGIN")
        except sqlite3.Error as error:
            self._release(connection)
            raise IndexUnavailableError(f"The index failed: {error}") from error
        return ReadTransaction(connection, self._main_tags)

    def end_reading(self, transaction: ReadTransaction) -> None:
        """End a transaction that reads."""
        transaction.connection.rollback()
        self._release(transaction.connection)

    def _release(self, connection: sqlite3.Connection) -> None:
        if self._is_closed or len(self._readers) >= _IDLE_READERS_MAX:
            connection.close()
            self._connections.add(-1)
        else:
            self._readers.append(connection)

    def write(self, action: Callable[[WriteTransaction], _T]) -> _T:
        """See `Index.write`; whoever gets the turn commits for all who wait."""
        if not self._is_writable:
            raise ReadOnlyError
        laps = self._metrics.laps()
        write = _Write(action)
        self._pending.append(write)
        with self._turn:
            while not write.is_done:
                with self._shared_turn or _NO_TURN:
                    self._commit_group()
        laps.total(self._metrics.write_transactions)
        return write.outcome()

    def _commit_group(self) -> None:
        group = [
            self._pending.popleft()
            for _ in range(min(len(self._pending), _GROUP_SIZE_MAX))
        ]
        failure: ServerError | None = IndexUnavailableError("The write was given up")
        try:
            self._run_group(group)
            failure = None
        except sqlite3.Error as error:
            failure = _wrapped(error)
        finally:
            for write in group:
                write.error = failure or write.error
                write.is_done = True

    def _run_group(self, group: list[_Write[Any]]) -> None:
        if self._is_closed:
            raise sqlite3.ProgrammingError("the index is closed")
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            transaction = WriteTransaction(connection, self._main_tags)
            if len(group) == 1:  # the one of this very thread: an error goes through
                group[0].run(transaction)
            else:
                for write in group:
                    self._run_one(write, transaction)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def _run_one(self, write: _Write[Any], transaction: WriteTransaction) -> None:
        connection = self._writer
        connection.execute("SAVEPOINT one")
        try:
            write.run(transaction)
        except Exception as error:
            if not connection.in_transaction:  # SQLite gave the whole group up
                raise
            connection.execute("ROLLBACK TO one")
            is_own = isinstance(error, sqlite3.Error)
            write.error = _wrapped(error) if is_own else error
        connection.execute("RELEASE one")

    def close(self) -> None:
        """See `Index.close`."""
        with self._turn:
            if self._is_closed:
                return
            self._is_closed = True
            self._writer.close()
            self._watcher.close()
            if self._shared_turn is not None:
                self._shared_turn.close()
        while self._readers:
            self._readers.pop().close()


def _wrapped(error: BaseException) -> ServerError:
    kind: type[ServerError] = IndexUnavailableError
    if isinstance(error, sqlite3.IntegrityError):
        kind = IndexRuleError
    elif getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        kind = IndexFullError
    wrapped = kind(f"The index failed: {error}")
    wrapped.__cause__ = error
    return wrapped
