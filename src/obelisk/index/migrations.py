"""Bring the schema of an index up to date: `sql/migrations/NNNN_*.sql`, in order."""

import re
import sqlite3
from collections.abc import Iterator
from importlib import resources

from obelisk.errors import IndexUnavailableError

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")


def migrations() -> list[tuple[int, str]]:
    """Return number and text of each migration, in ascending order."""
    folder = resources.files("obelisk.index").joinpath("sql/migrations")
    found = [
        (int(match[1]), file.read_text())
        for file in folder.iterdir()
        if (match := _FILE_NAME.fullmatch(file.name))
    ]
    return sorted(found)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that a database lacks, all of them or none.

    Raises
    ------
    IndexUnavailableError
        If the database was written by a newer version of the program.
    """
    known = migrations()
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        _check(version, known[-1][0])
        for number, text in known:
            if number > version:
                _apply(connection, number, text)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def check_schema(connection: sqlite3.Connection) -> None:
    """Check that a database which may not be changed needs no migration.

    Raises
    ------
    IndexUnavailableError
        If it was written by another version of the program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    newest = migrations()[-1][0]
    _check(version, newest)
    if version < newest:
        message = (
            f"The index has schema version {version}, and version {newest} is needed:"
            ' start the server once without "ReadOnly"'
        )
        raise IndexUnavailableError(message)


def _check(version: int, newest: int) -> None:
    if version > newest:
        message = (
            f"The index has schema version {version}, this program knows versions up"
            f" to {newest}: start a newer version of it"
        )
        raise IndexUnavailableError(message)


def _apply(connection: sqlite3.Connection, number: int, text: str) -> None:
    for statement in _statements(text):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {number}")


def _statements(text: str) -> Iterator[str]:
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
