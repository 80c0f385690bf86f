"""What all transactions of the index have: statements, and the way to a row."""

import sqlite3

from obelisk.dicom.levels import Level
from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.errors import NotFoundError
from obelisk.index.statements import LEVEL_STATEMENTS, STATEMENTS

#: Fewer resources than this are looked up one by one, which is faster than at once.
FEW = 4


class Transaction:
    """A consistent view of the index.

    Parameters
    ----------
    connection
        A connection on which a transaction is open.
    main_tags
        Which attributes are indexed.
    """

    def __init__(
        self, connection: sqlite3.Connection, main_tags: MainTags = STANDARD
    ) -> None:
        self._connection = connection
        self._main_tags = main_tags

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection on which it is open."""
        return self._connection

    def _run(self, name: str, *parameters: object) -> sqlite3.Cursor:
        return self._connection.execute(STATEMENTS[name], parameters)

    def _run_at(self, name: str, level: Level, *parameters: object) -> sqlite3.Cursor:
        return self._connection.execute(LEVEL_STATEMENTS[name, level], parameters)

    def lookup_pk(self, level: Level, id_: str) -> int | None:
        """Return the row number of a resource, `None` if there is none."""
        row = self._run_at("find_pk", level, id_).fetchone()
        return None if row is None else int(row[0])

    def get_pk(self, level: Level, id_: str) -> int:
        """Return the row number of a resource, or raise `NotFoundError`."""
        pk = self.lookup_pk(level, id_)
        if pk is None:
            raise NotFoundError(level.name.lower(), id_)
        return pk
