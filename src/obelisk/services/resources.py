"""Read and delete what is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from obelisk.dicom.levels import Level
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.index.records import Attachment, Compression, Counts, ResourceRow
from obelisk.index.series_status import SeriesStatus, series_status
from obelisk.services.compression import decompress
from obelisk.services.removal import Removal
from obelisk.storage.base import Buffer, Storage


@dataclass(frozen=True, slots=True)
class ResourceDescription:
    """What is known of one resource; what does not apply to its level is `None`.

    `attributes` maps keywords to values; times are UTC as ``YYYYMMDDTHHMMSS``;
    `file_size` is in bytes, before any compression.
    """

    level: Level
    id: str
    attributes: dict[str, Any]
    metadata: dict[str, str]
    parent_id: str | None = None
    child_ids: list[str] = field(default_factory=list)
    is_stable: bool = True
    last_update: str = ""
    is_protected: bool = False
    patient_attributes: dict[str, Any] | None = None
    status: SeriesStatus | None = None
    expected_instance_count: int | None = None
    file_size: int | None = None
    file_uuid: str | None = None
    index_in_series: int | None = None


class StoredFile:
    """The file of an instance, as it was received."""

    def __init__(self, storage: Storage, attachment: Attachment) -> None:
        self._storage = storage
        self._attachment = attachment
        #: The size in bytes.
        self.size = attachment.size
        #: The MD5 sum in hexadecimal, empty if it was not computed.
        self.md5 = attachment.md5
        #: The name of the file in the storage area; it never gets other content.
        self.uuid = attachment.key

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the content, or a range of it; see `Storage.read`."""
        key = self._attachment.key
        if self._attachment.compression is Compression.NONE:
            return self._storage.read(key, start, stop)
        content = decompress(self._storage.read(key))
        return _cut(content, start, self.size if stop is None else stop)

    @contextmanager
    def view(self) -> Iterator[Buffer]:
        """Open the content for random access for the length of a `with` block."""
        if self._attachment.compression is Compression.NONE:
            with self._storage.view(self._attachment.key) as content:
                yield content
        else:
            yield b"".join(self.read())


def _cut(chunks: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to `stop` of a stream."""
    position = 0
    for chunk in chunks:
        part = chunk[max(0, start - position) : max(0, stop - position)]
        position += len(chunk)
        if part:
            yield part
        if position >= stop:
            return


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
        self, level: Level, since: int = 0, limit: int | None = None
    ) -> list[ResourceDescription]:
        """Describe the resources of a level in the order of their ids, or a page."""
        with self._index.read() as transaction:
            rows = transaction.find_rows(level, since, limit)
        return [_described(row) for row in rows]

    def get(self, level: Level, id_: str) -> ResourceDescription:
        """Describe one resource.

        Raises
        ------
        NotFoundError
            If there is no such resource; so do all methods that take an id.
        """
        with self._index.read() as transaction:
            row = transaction.get_row(level, id_)
        return _described(row)

    def child_ids(self, level: Level, id_: str, child_level: Level) -> list[str]:
        """Return the ids of what is below a resource, at any deeper level."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            return transaction.find_descendant_ids(level, pk, child_level)

    def children(
        self, level: Level, id_: str, child_level: Level
    ) -> list[ResourceDescription]:
        """Describe what is below a resource, at any deeper level."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            rows = transaction.find_descendants(level, pk, child_level)
        return [_described(row) for row in rows]

    def ancestor(
        self, level: Level, id_: str, ancestor_level: Level
    ) -> ResourceDescription:
        """Describe the resource of a higher level that one belongs to."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            ancestor_pk = transaction.find_ancestor_pk(level, pk, ancestor_level)
            row = transaction.get_row_by_pk(ancestor_level, ancestor_pk)
        return _described(row)

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

        Returns
        -------
        tuple or None
            Level and id of the nearest ancestor that still exists, if there is one.
        """
        deletion = self._index.write(lambda writer: writer.delete(level, id_))
        self._removal.remove(deletion.keys)
        return deletion.remaining

    def open_file(self, instance_id: str) -> StoredFile:
        """Return the file of an instance."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(Level.INSTANCE, instance_id)
            attachment = transaction.lookup_attachment(Level.INSTANCE, pk)
        if attachment is None:
            raise NotFoundError("attachment", instance_id)
        return StoredFile(self._storage, attachment)


def _described(row: ResourceRow) -> ResourceDescription:
    is_series = row.level is Level.SERIES
    is_instance = row.level is Level.INSTANCE
    patient, index = row.patient_attributes, row.index_in_series
    return ResourceDescription(
        level=row.level,
        id=row.id,
        attributes=orjson.loads(row.attributes),
        metadata=orjson.loads(row.metadata),
        parent_id=row.parent_id,
        child_ids=orjson.loads(row.child_ids),
        is_stable=row.stable_at is None,
        last_update=row.last_update,
        is_protected=row.is_protected,
        patient_attributes=None if patient is None else orjson.loads(patient),
        status=series_status(row.expected_instance_count, row.indexes)
        if is_series
        else None,
        expected_instance_count=row.expected_instance_count,
        file_size=row.file_size if is_instance else None,
        file_uuid=row.file_key if is_instance else None,
        index_in_series=index if index is not None and index >= 0 else None,
    )
