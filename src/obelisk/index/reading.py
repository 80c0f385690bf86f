"""What can be asked of the index inside one transaction."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import orjson

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME
from obelisk.dicom.matching import Query
from obelisk.errors import NotFoundError
from obelisk.index.annotation_reading import AnnotationReading
from obelisk.index.archive_reading import ArchiveReading
from obelisk.index.exports import ExportReading
from obelisk.index.job_reading import JobReading
from obelisk.index.peers import PeerReading
from obelisk.index.query import compile_count, compile_find
from obelisk.index.records import (
    WHOLE,
    Attachment,
    Change,
    ChangeType,
    Compression,
    ContentType,
    Counts,
    ResourceRow,
    RowParts,
    SeriesIndexes,
)
from obelisk.index.sources import Statement
from obelisk.index.statements import STATEMENTS
from obelisk.index.transaction import FEW

_LAST_SEQ = 2**63 - 1
_CHANGE_TYPES = {one.value: one for one in ChangeType}
_PAGE = " ORDER BY r.id LIMIT ? OFFSET ?"


class ReadTransaction(
    AnnotationReading, ExportReading, ArchiveReading, JobReading, PeerReading
):
    """A consistent view of the index.

    Parameters
    ----------
    connection
        A connection on which a transaction is open.
    main_tags
        Which attributes are indexed.
    """

    def find_ids(self, level: Level, since: int, limit: int | None) -> list[str]:
        """Return the ids of a page of resources, in the order of the ids."""
        rows = self._run_at("find_ids", level, -1 if limit is None else limit, since)
        return [id_ for (id_,) in rows]

    def find_edge_metadata(self, level: Level) -> list[dict[str, str]]:
        """Return the metadata of the oldest and the newest resource of a level."""
        rows = self._run_at("find_edge_metadata", level)
        return [orjson.loads(metadata) for (metadata,) in rows]

    def find_ids_after(self, level: Level, last: str, limit: int) -> list[str]:
        """Return the ids that follow one, in the order of the ids."""
        return [id_ for (id_,) in self._run_at("find_ids_after", level, last, limit)]

    def find(self, query: Query) -> list[tuple[int, str]]:
        """Return row number and id of the resources that a query looks for.

        Raises
        ------
        InvalidArgumentError
            If an attribute or an order is not indexed.
        """
        statement = compile_find(query, self._measure, self._main_tags)
        rows = self._connection.execute(statement.sql, statement.parameters)
        return rows.fetchall()

    def count(self, query: Query) -> int:
        """Return how many resources a query looks for, whatever part of them."""
        return self._measure(compile_count(query, self._measure, self._main_tags))

    def _measure(self, statement: Statement) -> int:
        row = self._connection.execute(statement.sql, statement.parameters).fetchone()
        return int(row[0])

    def find_modalities(self, study_pk: int) -> list[str]:
        """Return the modalities of a study, each once, in their order."""
        return [value for (value,) in self._run("find_modalities", study_pk)]

    def find_sop_classes(self, study_pk: int) -> list[str]:
        """Return the SOP Class UIDs of a study, each once, in their order."""
        return [value for (value,) in self._run("find_sop_classes", study_pk)]

    def find_rows(
        self, level: Level, since: int, limit: int | None, parts: RowParts = WHOLE
    ) -> list[ResourceRow]:
        """Return a page of resources, in the order of the ids."""
        page = (-1 if limit is None else limit, since)
        return self._rows(level, _PAGE, page, parts)

    def find_study_texts(
        self, template: str, mark: str, since: int, limit: int | None
    ) -> list[tuple[bytes, str | None]]:
        """Return a page of studies as texts, where making records would take too long.

        Parameters
        ----------
        template
            What to write of a study: `%s` stands for its id, the ids of its series,
            whether it is stable, its last update, its labels, its attributes, the id
            of its patient and the attributes of that, one after the other. All of
            them are JSON, but the ids and the time have no quotes.
        mark
            A part of the metadata, as JSON, of the studies whose metadata are wanted.
        since, limit
            The page, as for `find_rows`.

        Returns
        -------
        list
            For each study, the text, and its metadata if they have the mark.
        """
        page = (-1 if limit is None else limit, since)
        sql = STATEMENTS["study_texts"] + _PAGE
        return self._connection.execute(sql, (template, mark, *page)).fetchall()

    def get_row(self, level: Level, id_: str, parts: RowParts = WHOLE) -> ResourceRow:
        """Return one resource, or raise `NotFoundError`."""
        rows = self._rows(level, " WHERE r.id = ?", (id_,), parts)
        if not rows:
            raise NotFoundError(level.name.lower(), id_)
        return rows[0]

    def get_row_by_pk(self, level: Level, pk: int) -> ResourceRow:
        """Return the resource with a row number that is known to exist."""
        return self._rows(level, " WHERE r.pk = ?", (pk,))[0]

    def get_rows_by_pk(
        self, level: Level, pks: Sequence[int], parts: RowParts = WHOLE
    ) -> list[ResourceRow]:
        """Return resources with row numbers that are known to exist, in their order."""
        if len(pks) < FEW:
            one = " WHERE r.pk = ?"
            return [self._rows(level, one, (pk,), parts)[0] for pk in pks]
        tail = " WHERE r.pk IN (SELECT value FROM json_each(?))"
        rows = self._rows(level, tail, (_json_list(pks),), parts)
        by_pk = {row.pk: row for row in rows}
        return [by_pk[pk] for pk in pks]

    def find_rows_by_id(
        self, level: Level, ids: Sequence[str], parts: RowParts = WHOLE
    ) -> list[ResourceRow]:
        """Return those of some resources that there are, in their order."""
        if len(ids) < FEW:
            one = " WHERE r.id = ?"
            found = [self._rows(level, one, (id_,), parts) for id_ in ids]
            return list(chain.from_iterable(found))
        tail = " WHERE r.id IN (SELECT value FROM json_each(?))"
        rows = self._rows(level, tail, (_json_list(ids),), parts)
        by_id = {row.id: row for row in rows}
        return [by_id[id_] for id_ in ids if id_ in by_id]

    def lookup_level(self, id_: str) -> Level | None:
        """Return the level of a resource, `None` if there is none with this id."""
        found = (one for one in LEVELS if self.lookup_pk(one, id_) is not None)
        return next(found, None)

    def get_id(self, level: Level, pk: int) -> str:
        """Return the id of the resource with a row number that is known to exist."""
        return str(self._run_at("find_id", level, pk).fetchone()[0])

    def find_present(
        self, level: Level, resources: Sequence[tuple[int, str]]
    ) -> set[tuple[int, str]]:
        """Return row number and id of those of some resources that there are."""
        if len(resources) < FEW:
            return {one for one in resources if self.lookup_pk(level, one[1]) == one[0]}
        listed = _json_list(pk for pk, _ in resources)
        return set(self._run_at("find_present", level, listed))

    def find_descendants(
        self, level: Level, pk: int, target: Level, parts: RowParts = WHOLE
    ) -> list[ResourceRow]:
        """Return the resources of a deeper level below one, in the order of the ids."""
        tail = f" WHERE {self._below(level, target)} ORDER BY r.id"
        return self._rows(target, tail, (pk,), parts)

    def find_descendant_ids(self, level: Level, pk: int, target: Level) -> list[str]:
        """Return the ids of `find_descendants`."""
        table = target.name.lower()
        sql = f"SELECT id FROM {table} r WHERE {self._below(level, target)} ORDER BY id"  # noqa: S608 -- names of our own tables
        return [id_ for (id_,) in self._connection.execute(sql, (pk,))]

    def find_instance_ids(self, level: Level, pk: int) -> list[str]:
        """Return the ids of the instances below a resource, as archives number them."""
        below = self._below(level, Level.INSTANCE)
        sql = (
            "SELECT r.id FROM instance r JOIN series e ON e.pk = r.parent_pk"  # noqa: S608 -- idem
            f" JOIN study s ON s.pk = e.parent_pk WHERE {below}"
            " ORDER BY s.id, e.id, MAX(0, COALESCE(r.index_in_series, 0)), r.id"
        )
        return [id_ for (id_,) in self._connection.execute(sql, (pk,))]

    @staticmethod
    def _below(level: Level, target: Level) -> str:
        condition = "= ?"
        for middle in LEVELS[level.depth + 1 : target.depth]:
            condition = (
                f"IN (SELECT pk FROM {middle.name.lower()} WHERE parent_pk {condition})"  # noqa: S608 -- idem
            )
        return f"r.parent_pk {condition}"

    def _rows(
        self,
        level: Level,
        tail: str,
        parameters: Sequence[object],
        parts: RowParts = WHOLE,
    ) -> list[ResourceRow]:
        sql = STATEMENTS[f"{level.name.lower()}_rows"] + tail
        wanted = (parts.children, parts.labels, *parameters)
        rows = self._connection.execute(sql, wanted)
        return [ResourceRow(*self._current(level, row)) for row in rows]

    def _current(self, level: Level, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return a row without attributes that are not indexed any more."""
        if SIGNATURE_NAME not in row[3]:  # the standard ones, which always are
            return row
        pk, id_, attributes, metadata, *others = row
        if level is Level.STUDY:
            others[5] = self._main_tags.current(Level.PATIENT, others[5])
        attributes = self._main_tags.current(level, attributes)
        return (pk, id_, attributes, metadata, *others)

    def find_ancestor_pk(self, level: Level, pk: int, target: Level) -> int:
        """Return the row number of the ancestor of a resource at a higher level."""
        while level is not target:
            sql = f"SELECT parent_pk FROM {level.name.lower()} WHERE pk = ?"  # noqa: S608 -- idem
            pk = self._connection.execute(sql, (pk,)).fetchone()[0]
            level = LEVELS[level.depth - 1]
        return pk

    def find_begun_deletions(self) -> list[tuple[Level, str, bool]]:
        """Return what is being deleted, and whether it grew since that began."""
        return [
            (level, id_, bool(is_grown))
            for level in LEVELS[:-1]
            for id_, is_grown in self._run_at("find_begun_deletions", level)
        ]

    def series_indexes(self, pk: int) -> SeriesIndexes:
        """Return what the instances of a series say of their positions."""
        return SeriesIndexes(*self._run("series_indexes", pk).fetchone())

    def counts_of(self, level: Level, pk: int) -> Counts:
        """Return how much is below a resource, itself included."""
        return Counts(*self._run(f"{level.name.lower()}_counts", pk).fetchone())

    def total_counts(self) -> Counts:
        """Return how much there is in the whole archive."""
        return Counts(*self._run("total_counts").fetchone())

    def lookup_attachment(
        self, level: Level, pk: int, content_type: int = ContentType.DICOM
    ) -> Attachment | None:
        """Return an attachment of a resource, `None` if it has none of that type."""
        row = self._run("find_attachment", level.depth, pk, content_type).fetchone()
        return None if row is None else _attachment(row)

    def lookup_file(self, instance_id: str) -> Attachment | None:
        """Return the file of an instance, `None` if there is none, or no instance."""
        what = (Level.INSTANCE.depth, instance_id, ContentType.DICOM)
        row = self._run("find_file", *what).fetchone()
        return None if row is None else _attachment(row)

    def find_attachments(self, level: Level, pk: int) -> list[Attachment]:
        """Return all attachments of a resource."""
        return list(map(_attachment, self._run("find_attachments", level.depth, pk)))

    def find_attachments_of(
        self, level: Level, pks: Sequence[int]
    ) -> list[list[Attachment]]:
        """Return all attachments of each of some resources."""
        if len(pks) < FEW:
            return [self.find_attachments(level, pk) for pk in pks]
        found: dict[int, list[Attachment]] = {pk: [] for pk in pks}
        for pk, *row in self._run(
            "find_attachments_of_some", level.depth, _json_list(pks)
        ):
            found[pk].append(_attachment(tuple(row)))
        return [found[pk] for pk in pks]

    def find_lowest_instance_id(self, level: Level, pk: int) -> str:
        """Return the instance below a resource, or the resource, with the lowest id."""
        below = "r.pk = ?"
        if level is not Level.INSTANCE:
            below = self._below(level, Level.INSTANCE)
        sql = f"SELECT MIN(id) FROM instance r WHERE {below}"  # noqa: S608 -- names of our own tables
        return str(self._connection.execute(sql, (pk,)).fetchone()[0])

    def find_padded_patients(self, folded_id: str) -> list[tuple[int, str]]:
        """Return the patients whose Patient ID is another one after leading blanks."""
        return self._run("find_padded_patients", folded_id).fetchall()

    def find_first_instance_id(self, level: Level, pk: int) -> str:
        """Return the instance below a resource, or the resource, that came first."""
        below = "r.pk = ?"
        if level is not Level.INSTANCE:
            below = self._below(level, Level.INSTANCE)
        sql = f"SELECT id FROM instance r WHERE {below} ORDER BY pk LIMIT 1"  # noqa: S608 -- names of our own tables
        return str(self._connection.execute(sql, (pk,)).fetchone()[0])

    def find_known_keys(self, keys: Iterable[str]) -> set[str]:
        """Return those of some keys that an attachment names."""
        rows = self._run("find_known_keys", _json_list(keys))
        return {key for (key,) in rows}

    def find_removals(self) -> list[str]:
        """Return the keys of the files that are still to be removed."""
        return [key for (key,) in self._run("find_removals")]

    def find_changes(
        self,
        *,
        since: int,
        limit: int,
        to: int | None = None,
        types: Sequence[ChangeType] = (),
        is_backward: bool = False,
    ) -> list[Change]:
        """Return at most `limit` changes after `since` and up to `to`.

        They come in ascending order; with `is_backward` they are the last ones
        up to `to`, whatever `since` is.
        """
        stop = _LAST_SEQ if to is None else to
        bounds = (stop,) if is_backward else (since, stop)
        name = "find_changes_backward" if is_backward else "find_changes_forward"
        marks = ",".join("?" * len(types))
        sql = STATEMENTS[name].format(types=f" AND type IN ({marks})" if types else "")
        values = (*bounds, *(type_.value for type_ in types), limit)
        rows = self._connection.execute(sql, values).fetchall()
        return [_change(row) for row in (reversed(rows) if is_backward else rows)]

    def last_change(self) -> int:
        """Return the number of the last change that ever was, 0 if there was none."""
        return int(self._run("find_last_change").fetchone()[0])

    def find_unstable(self, level: Level, now: float) -> list[tuple[int, str, float]]:
        """Return row number and id of what has become stable, and since when."""
        return self._run_at("find_unstable", level, level.depth, now).fetchall()


def _json_list(values: Iterable[object]) -> str:
    return orjson.dumps(list(values)).decode()


def _change(row: tuple[Any, ...]) -> Change:
    seq, type_, depth, id_, date = row
    return Change(seq, _CHANGE_TYPES[type_], LEVELS[depth], id_, date)


def _attachment(row: tuple[Any, ...]) -> Attachment:
    key, compression, *rest = row
    return Attachment(key, Compression(compression), *rest)
