"""Read and delete what is stored."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import orjson

from obelisk.dicom.levels import Level
from obelisk.errors import IndexFullError, NotFoundError, ServerError
from obelisk.index.base import Index
from obelisk.index.reading import ReadTransaction
from obelisk.index.records import WHOLE, Attachment, Counts, ResourceRow, RowParts
from obelisk.index.series_status import SeriesStatus, series_status
from obelisk.index.writing import WriteTransaction
from obelisk.services.removal import Removal
from obelisk.services.stored_files import StoredFile
from obelisk.storage.base import Storage

_log = logging.getLogger("obelisk.storage")

#: So many instances are deleted at a time, if their series are not larger.
_DELETED_MAX = 1000


class ResourceDescription(NamedTuple):
    """What is known of one resource; what does not apply to its level is `None`.

    `row` holds it as the index does, with JSON left encoded; `status` is that of a
    series. Times are UTC as ``YYYYMMDDTHHMMSS``.
    """

    level: Level
    row: ResourceRow
    status: SeriesStatus | None = None

    @property
    def id(self) -> str:
        """The id."""
        return self.row.id

    @property
    def parent_id(self) -> str | None:
        """The id of the parent."""
        return self.row.parent_id

    @property
    def is_stable(self) -> bool:
        """Whether the resource did not grow for some time."""
        return self.row.stable_at is None

    @property
    def index_in_series(self) -> int | None:
        """The position of an instance, if it is known and makes sense."""
        index = self.row.index_in_series
        return index if index is not None and index >= 0 else None

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the level: keywords and values."""
        found: dict[str, Any] = orjson.loads(self.row.attributes)
        return found

    @property
    def patient_attributes(self) -> dict[str, Any] | None:
        """The attributes of the patient, of a study."""
        encoded = self.row.patient_attributes
        found: dict[str, Any] | None = orjson.loads(encoded) if encoded else None
        return found

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata: names and values."""
        found: dict[str, str] = orjson.loads(self.row.metadata)
        return found

    @property
    def labels(self) -> list[str]:
        """The labels, in their order."""
        found: list[str] = orjson.loads(self.row.labels)
        return found

    @property
    def child_ids(self) -> list[str]:
        """The ids of the children, in their order."""
        found: list[str] = orjson.loads(self.row.child_ids)
        return found


class Resources:
    """Reads and deletes patients, studies, series and instances."""

    def __init__(self, index: Index, storage: Storage) -> None:
        self._index = index
        self._storage = storage
        self._removal = Removal(index, storage)

    def ids(self, level: Level, since: int = 0, limit: int | None = None) -> list[str]:
        """Return the ids of a level in their order, or a page of them."""
        with self._index.read() as transaction:
            return transaction.find_ids(level, since, limit)

    def page(
        self,
        level: Level,
        since: int = 0,
        limit: int | None = None,
        parts: RowParts = WHOLE,
    ) -> list[ResourceDescription]:
        """Describe the resources of a level in the order of their ids, or a page."""
        with self._index.read() as transaction:
            rows = transaction.find_rows(level, since, limit, parts)
            return describe(transaction, level, rows, parts)

    def study_texts(
        self, template: str, mark: str, since: int = 0, limit: int | None = None
    ) -> list[tuple[bytes, str | None]]:
        """Return what `page` describes of studies as texts, made by the index.

        See `ReadTransaction.find_study_texts`.
        """
        with self._index.read() as transaction:
            return transaction.find_study_texts(template, mark, since, limit)

    def get(
        self, level: Level, id_: str, parts: RowParts = WHOLE
    ) -> ResourceDescription:
        """Describe one resource.

        Raises
        ------
        NotFoundError
            If there is no such resource; so do all methods that take an id.
        """
        with self._index.read() as transaction:
            row = transaction.get_row(level, id_, parts)
            return describe(transaction, level, [row], parts)[0]

    def some(self, level: Level, ids: Sequence[str]) -> list[ResourceDescription]:
        """Describe those of some resources that there are, in their order."""
        with self._index.read() as transaction:
            return describe(transaction, level, transaction.find_rows_by_id(level, ids))

    def known(self, ids: Sequence[str]) -> list[tuple[Level, str]]:
        """Return level and id of those of some ids that are of a resource."""
        with self._index.read() as transaction:
            levels = [(transaction.lookup_level(id_), id_) for id_ in ids]
        return [(level, id_) for level, id_ in levels if level is not None]

    def instances_of(self, resources: Sequence[tuple[Level, str]]) -> list[str]:
        """Return the ids of the instances of some resources, each once.

        Those of a series follow each other by their numbers.
        """
        found: dict[str, None] = {}
        with self._index.read() as transaction:
            for level, id_ in resources:
                pk = transaction.get_pk(level, id_)
                if level is Level.INSTANCE:
                    found[id_] = None
                else:
                    found |= dict.fromkeys(transaction.find_instance_ids(level, pk))
        return list(found)

    def child_ids(self, level: Level, id_: str, child_level: Level) -> list[str]:
        """Return the ids of what is below a resource, at any deeper level."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            return transaction.find_descendant_ids(level, pk, child_level)

    def children(
        self, level: Level, id_: str, child_level: Level, parts: RowParts = WHOLE
    ) -> list[ResourceDescription]:
        """Describe what is below a resource, at any deeper level."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            rows = transaction.find_descendants(level, pk, child_level, parts)
            return describe(transaction, child_level, rows, parts)

    def ancestor(
        self, level: Level, id_: str, ancestor_level: Level
    ) -> ResourceDescription:
        """Describe the resource of a higher level that one belongs to."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            ancestor_pk = transaction.find_ancestor_pk(level, pk, ancestor_level)
            row = transaction.get_row_by_pk(ancestor_level, ancestor_pk)
            return describe(transaction, ancestor_level, [row])[0]

    def statistics(self) -> Counts:
        """Return how much there is in all."""
        with self._index.read() as transaction:
            return transaction.total_counts()

    def statistics_of(self, level: Level, id_: str) -> Counts:
        """Return how much is below a resource, itself included."""
        with self._index.read() as transaction:
            return transaction.counts_of(level, transaction.get_pk(level, id_))

    def delete(self, level: Level, id_: str) -> tuple[Level, str] | None:
        """Delete a resource, all below it, and its ancestors that become empty.

        Many instances go away some at a time, so that other writes have their turn.
        What the death of the process interrupts, `finish_deletions` ends. On a full
        disk, the reserve of the index makes room.

        Returns
        -------
        tuple or None
            Level and id of the nearest ancestor that still exists, if there is one.
        """
        reserve = self._index.reserve
        try:
            remaining = self._delete(level, id_)
        except IndexFullError:
            if not reserve.release():
                raise
            _log.warning("The disk is full; the reserve of the index makes room")
            remaining = self._delete(level, id_)
        reserve.refill()
        return remaining

    def _delete(self, level: Level, id_: str) -> tuple[Level, str] | None:
        count, series = self._size_of(level, id_)
        if count <= _DELETED_MAX:
            return self._delete_whole(level, id_)
        self._index.write(lambda writer: writer.begin_deletion(level, id_))
        try:
            self._delete_most(series, max(1, len(series) * _DELETED_MAX // count))
            return self._delete_whole(level, id_)
        except ServerError:
            self._index.write(lambda writer: writer.give_up_deletion(level, id_))
            raise

    def _delete_whole(self, level: Level, id_: str) -> tuple[Level, str] | None:
        deletion = self._index.write(lambda writer: writer.delete(level, id_))
        self._removal.remove(deletion.keys)
        return deletion.remaining

    def finish_deletions(self) -> None:
        """Delete the rest of what a dead process was deleting, unless it grew since."""
        with self._index.read() as transaction:
            begun = transaction.find_begun_deletions()
        for level, id_, is_grown in begun:
            if is_grown:
                self._index.write(partial(_give_up, level, id_))
                continue
            with suppress(NotFoundError):  # another process was faster
                self.delete(level, id_)
                _log.warning("The deletion of %s %s was finished", level.value, id_)

    def _size_of(self, level: Level, id_: str) -> tuple[int, list[str]]:
        """Return how many instances are below a resource, and its series if many."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            count = transaction.counts_of(level, pk).instance_count
            if level is Level.SERIES or count <= _DELETED_MAX:
                return count, [id_]
            return count, transaction.find_descendant_ids(level, pk, Level.SERIES)

    def _delete_most(self, series: Sequence[str], group_size: int) -> None:
        """Delete series in groups, but for what is left of the last one."""
        for start in range(0, len(series) - 1, group_size):
            group = series[start : min(start + group_size, len(series) - 1)]
            if len(group) == 1:
                self._thin_out(group[0])
            self._delete_series(group)
        for id_ in series[-1:]:
            self._thin_out(id_)

    def _thin_out(self, series_id: str) -> None:
        """Delete instances of a large series, until few are left."""
        is_large = True
        while is_large:
            keys = self._index.write(
                lambda writer: writer.thin_out(series_id, _DELETED_MAX)
            )
            self._removal.remove(keys)
            is_large = bool(keys)

    def _delete_series(self, ids: Sequence[str]) -> None:
        """Delete those series that are still there, in one transaction."""

        def delete(writer: WriteTransaction) -> list[str]:
            keys: list[str] = []
            for id_ in ids:
                if writer.lookup_pk(Level.SERIES, id_) is not None:
                    keys += writer.delete(Level.SERIES, id_).keys
            return keys

        self._removal.remove(self._index.write(delete))

    def attachments(self, level: Level, pks: Sequence[int]) -> list[list[Attachment]]:
        """Return the attachments of each of some resources, by their row numbers."""
        with self._index.read() as transaction:
            return transaction.find_attachments_of(level, pks)

    def open_file(self, instance_id: str) -> StoredFile:
        """Return the file of an instance."""
        attachment = self._file_of(instance_id)
        return StoredFile(self._storage, attachment, lambda: self._file_of(instance_id))

    def _file_of(self, instance_id: str) -> Attachment:
        with self._index.read() as transaction:
            attachment = transaction.lookup_file(instance_id)
            if attachment is None:
                transaction.get_pk(Level.INSTANCE, instance_id)
                raise NotFoundError("attachment", instance_id)
        return attachment


def _give_up(level: Level, id_: str, writer: WriteTransaction) -> None:
    writer.give_up_deletion(level, id_)


def describe(
    transaction: ReadTransaction,
    level: Level,
    rows: Sequence[ResourceRow],
    parts: RowParts = WHOLE,
) -> list[ResourceDescription]:
    """Describe resources of one level, in the transaction that found them."""
    if level is not Level.SERIES or not parts.status:
        return [ResourceDescription(level, row) for row in rows]
    return [_described_series(transaction, row) for row in rows]


def _described_series(
    transaction: ReadTransaction, row: ResourceRow
) -> ResourceDescription:
    expected = row.expected_instance_count
    found = None if expected is None else transaction.series_indexes(row.pk)
    return ResourceDescription(Level.SERIES, row, series_status(expected, found))
