"""What is in an index and a storage area, counted anew, row by row and file by file.

Nothing of the server is used here but its tables: what it counted itself is compared
with this.
"""

import hashlib
import itertools
import re
import sqlite3
from pathlib import Path

_LEVELS = ("patient", "study", "series", "instance")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: What belongs to resources, and must not outlive them.
_ANNOTATIONS = ("attachment", "user_metadata", "label", "change", "begun_deletion")


def discrepancies(storage: Path) -> list[str]:
    """Compare a stopped server's counters, rows and files; return what is wrong."""
    connection = sqlite3.connect(f"file:{storage / 'obelisk.sqlite3'}", uri=True)
    try:
        return [
            *_broken_tables(connection),
            *_wrong_counters(connection),
            *_wrong_total(connection),
            *_without_resource(connection),
            *_wrong_order(connection),
            *_wrong_unstable(connection),
            *_wrong_files(connection, storage),
        ]
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, sql: str) -> list[tuple[object, ...]]:
    return connection.execute(sql).fetchall()


def _broken_tables(connection: sqlite3.Connection) -> list[str]:
    found = [str(row) for row in _rows(connection, "PRAGMA foreign_key_check")]
    found += [
        str(row)
        for row in _rows(connection, "PRAGMA integrity_check")
        if row != ("ok",)
    ]
    for table in ("patient_trigram", "study_trigram"):
        check = f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)"
        connection.execute(check)
    connection.rollback()
    return found


def _lineages(level: str) -> str:
    """Return a FROM clause with every resource of a level and all below it."""
    clause = level
    for parent, child in itertools.pairwise(_LEVELS):
        if _LEVELS.index(parent) >= _LEVELS.index(level):
            clause += f" LEFT JOIN {child} ON {child}.parent_pk = {parent}.pk"
    return clause


def _wrong_counters(connection: sqlite3.Connection) -> list[str]:
    wrong = []
    for depth, level in enumerate(_LEVELS):
        below = _LEVELS[depth + 1 :]
        kept = [f"{level}.{name}_count" for name in below]
        counted = [f"COUNT(DISTINCT {name}.pk)" for name in below]
        if below:
            sql = (
                f"SELECT {level}.id, {', '.join(kept + counted)}"
                f" FROM {_lineages(level)} GROUP BY {level}.pk"
            )
            wrong += [
                f"{level} {id_}: counts {numbers}"
                for id_, *numbers in _rows(connection, sql)
                if numbers[: len(below)] != numbers[len(below) :] or not all(numbers)
            ]
        wrong += _wrong_sizes(connection, depth, level)
    return wrong


def _wrong_sizes(connection: sqlite3.Connection, depth: int, level: str) -> list[str]:
    """Compare the sizes of each resource with the attachments of all below it."""
    columns = "disk_size, uncompressed_size, other_disk_size, other_uncompressed_size"
    kept = {
        pk: tuple(sizes)
        for pk, *sizes in _rows(connection, f"SELECT pk, {columns} FROM {level}")
    }
    counted = dict.fromkeys(kept, (0, 0, 0, 0))
    for below, name in enumerate(_LEVELS[depth:], depth):
        sql = (
            f"SELECT {level}.pk, a.stored_size, a.size, a.content_type FROM"
            f" (SELECT DISTINCT {level}.pk AS top, {name}.pk AS pk"
            f" FROM {_lineages(level)}) AS pair"
            f" JOIN {level} ON {level}.pk = pair.top"
            f" JOIN attachment a ON a.level = {below} AND a.resource_pk = pair.pk"
        )
        for pk, stored, size, content_type in _rows(connection, sql):
            other = (0, 0) if content_type == 1 else (stored, size)
            added = (stored, size, *other)
            counted[pk] = tuple(map(sum, zip(counted[pk], added, strict=True)))
    return [
        f"{level} {pk}: sizes {kept[pk]}, counted {counted[pk]}"
        for pk in kept
        if kept[pk] != counted[pk]
    ]


def _wrong_total(connection: sqlite3.Connection) -> list[str]:
    (kept,) = _rows(
        connection,
        "SELECT patient_count, study_count, series_count, instance_count, disk_size,"
        " uncompressed_size FROM total",
    )
    counts = ", ".join(f"(SELECT COUNT(*) FROM {level})" for level in _LEVELS)
    sums = "coalesce(SUM(stored_size), 0), coalesce(SUM(size), 0)"
    (counted,) = _rows(connection, f"SELECT {counts}, {sums} FROM attachment")
    return [] if kept == counted else [f"total {kept}, counted {counted}"]


def _without_resource(connection: sqlite3.Connection) -> list[str]:
    known = " UNION ALL ".join(
        f"SELECT {depth} AS level, pk FROM {level}"
        for depth, level in enumerate(_LEVELS)
    )
    wrong = []
    for table in _ANNOTATIONS:
        sql = (
            f"SELECT COUNT(*) FROM {table} WHERE (level, resource_pk) NOT IN ({known})"
        )
        ((count,),) = _rows(connection, sql)
        if count:
            wrong.append(f"{table}: {count} rows without resource")
    for depth, level in enumerate(_LEVELS):
        sql = (
            f"SELECT COUNT(*) FROM change c JOIN {level} r ON r.pk = c.resource_pk"
            f" WHERE c.level = {depth} AND c.id <> r.id"
        )
        ((count,),) = _rows(connection, sql)
        if count:
            wrong.append(f"change: {count} rows with the id of another {level}")
    return wrong


def _wrong_order(connection: sqlite3.Connection) -> list[str]:
    sql = """SELECT COUNT(*) FROM patient
        WHERE (recycling_order IS NULL) <> is_protected
        UNION ALL
        SELECT COUNT(recycling_order) - COUNT(DISTINCT recycling_order) FROM patient"""
    counts = [count for (count,) in _rows(connection, sql)]
    return [f"recycling order {counts}"] if any(counts) else []


def _wrong_unstable(connection: sqlite3.Connection) -> list[str]:
    """Compare the list of unstable resources with the resources."""
    kept = _rows(connection, "SELECT level, resource_pk FROM unstable ORDER BY 1, 2")
    found = [
        (depth, pk)
        for depth, level in enumerate(_LEVELS[:-1])
        for (pk,) in _rows(
            connection,
            f"SELECT pk FROM {level} WHERE stable_at IS NOT NULL ORDER BY pk",
        )
    ]
    return [] if kept == found else [f"unstable {kept}, found {found}"]


def _wrong_files(connection: sqlite3.Connection, storage: Path) -> list[str]:
    files = {
        path.name: path
        for path in storage.rglob("*")
        if path.is_file() and _UUID.fullmatch(path.name)
    }
    sql = "SELECT key, stored_size, stored_md5 FROM attachment"
    known = {key: rest for key, *rest in _rows(connection, sql)}
    wrong = [f"orphan file {name}" for name in files.keys() - known.keys()]
    wrong += [f"missing file {name}" for name in known.keys() - files.keys()]
    for name in files.keys() & known.keys():
        content = files[name].read_bytes()
        md5 = hashlib.md5(content).hexdigest()
        if [len(content), md5] != known[name]:
            wrong.append(f"other content in {name}")
    pending = [key for (key,) in _rows(connection, "SELECT key FROM removal")]
    return wrong + [f"not removed yet: {key}" for key in pending]
