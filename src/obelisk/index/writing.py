"""What can be changed in the index inside one transaction."""

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.attribute_writing import (
    AttributeWriting,
    searched_values,
    to_json,
)
from obelisk.index.exports import ExportWriting
from obelisk.index.job_writing import JobWriting
from obelisk.index.peers import PeerWriting
from obelisk.index.records import (
    NEW,
    STABLE,
    ChangeType,
    Counts,
    Deletion,
    NewInstance,
    StoreOutcome,
    StoreStatus,
)
from obelisk.index.series_status import SeriesStatus, series_status
from obelisk.index.statements import STATEMENTS

#: What goes before the rows of a level; the first gives the keys of files.
_DELETE_ANNOTATIONS = (
    "delete_attachments",
    "delete_changes",
    "delete_user_metadata",
    "delete_labels",
)


class WriteTransaction(AttributeWriting, ExportWriting, JobWriting, PeerWriting):
    """A consistent view of the index that can be changed."""

    def store_instance(self, new: NewInstance, mode: OverwriteMode) -> StoreOutcome:
        """Record an instance and create the resources above it that are missing.

        Parameters
        ----------
        new
            The instance; its file is already in the storage area.
        mode
            What to do if there is an instance with the same id.

        Returns
        -------
        StoreOutcome
            `ALREADY_STORED` if nothing was changed.
        """
        pk, *lineage = self._find_lineage(new)
        removed: list[str] = []
        if pk is not None:
            if not self.is_replaced(pk, new.attachment.md5, new.attachment.crc32, mode):
                return StoreOutcome(StoreStatus.ALREADY_STORED)
            removed = self.delete(Level.INSTANCE, new.ids.instance).keys
            lineage = self._find_lineage(new)[1:]
        self._insert(new, *lineage)
        return StoreOutcome(StoreStatus.SUCCESS, removed)

    def _find_lineage(self, new: NewInstance) -> list[int | None]:
        """Find its row, those above it from the series on, and what is expected."""
        ids = new.ids
        found = self._run("find_lineage", ids.instance, ids.series).fetchone()
        return list(found)

    def is_replaced(self, pk: int, md5: str, crc32: int, mode: OverwriteMode) -> bool:
        """Tell whether new content takes the place of a stored instance."""
        if mode is not OverwriteMode.IF_CHANGED:
            return mode is OverwriteMode.ALWAYS
        stored = self.lookup_attachment(Level.INSTANCE, pk)
        return stored is None or (stored.md5, stored.crc32) != (md5, crc32)

    def _insert(
        self,
        new: NewInstance,
        series: int | None,
        study: int | None,
        patient: int | None,
        expected: int | None,
    ) -> None:
        created: list[tuple[Level, int]] = []
        if series is None or study is None or patient is None:
            patient = self._ensure(Level.PATIENT, None, new, created)
            study = self._ensure(Level.STUDY, patient, new, created)
            series = self._ensure(Level.SERIES, study, new, created)
            expected = new.expected_instance_count
        self._insert_instance(new, (patient, study, series), len(created))
        if created:
            changes = [
                (NEW[level], level, pk, new.ids.at(level))
                for level, pk in reversed(created)
            ]
            self._log_all(changes, new.received)
        if expected is not None:
            self._log_completion(new, series, expected)

    def _ensure(
        self,
        level: Level,
        parent_pk: int | None,
        new: NewInstance,
        created: list[tuple[Level, int]],
    ) -> int:
        pk = self.lookup_pk(level, new.ids.at(level))
        if pk is None:
            pk = self._insert_ancestor(level, parent_pk, new)
            created.append((level, pk))
        return pk

    def _insert_ancestor(
        self, level: Level, parent_pk: int | None, new: NewInstance
    ) -> int:
        searched: tuple[object, ...] = searched_values(level, new.attributes)
        if parent_pk is not None:
            searched = (parent_pk, *searched)
        if level is Level.SERIES:
            searched = (*searched, new.expected_instance_count)
        cursor = self._run(
            f"insert_{level.name.lower()}",
            new.ids.at(level),
            *searched,
            to_json(new.attributes[level]),
            to_json(new.metadata[level]),
            new.received,
            new.stable_at,
        )
        return _row_number(cursor.lastrowid)

    def _insert_instance(
        self, new: NewInstance, pks: tuple[int, int, int], created_count: int
    ) -> None:
        """Insert an instance, let all above it grow, and log it."""
        file = new.attachment
        self._run(
            "insert_arrival",
            new.ids.instance,
            *pks,
            *(int(created_count >= n) for n in (3, 2, 1)),
            *searched_values(Level.INSTANCE, new.attributes),
            new.index_in_series,
            to_json(new.attributes[Level.INSTANCE]),
            to_json(new.metadata[Level.INSTANCE]),
            file.content_type,
            file.key,
            file.compression,
            file.size,
            file.md5,
            file.crc32,
            file.stored_size,
            file.stored_md5,
            NEW[Level.INSTANCE].value,
            new.received,
            new.stable_at,
        )

    def _log_completion(self, new: NewInstance, series_pk: int, expected: int) -> None:
        status = series_status(expected, self.series_indexes(series_pk))
        if status is SeriesStatus.COMPLETE:
            type_, id_ = ChangeType.COMPLETED_SERIES, new.ids.series
            self._log(type_, Level.SERIES, series_pk, id_, new.received)

    def delete(self, level: Level, id_: str) -> Deletion:
        """Delete a resource, all below it, and its ancestors that become empty.

        The files are only named in the answer, and in the list of removals: they are
        for the caller to remove, once the transaction is committed.

        Raises
        ------
        NotFoundError
            If there is no such resource.
        """
        pk = self.get_pk(level, id_)
        top, top_pk, parent_pk = self._topmost(level, pk)
        lost = self.counts_of(top, top_pk)
        keys = self._delete_tree(top, top_pk)
        remaining = self._shrink_ancestors(top, parent_pk, lost)
        counts = [lost.patient_count, lost.study_count, lost.series_count]
        counts[: top.depth] = [0] * top.depth
        sizes = (lost.instance_count, lost.disk_size, lost.uncompressed_size)
        self._run("grow_total", *(-count for count in (*counts, *sizes)))
        return Deletion(remaining, keys)

    def thin_out(self, series_id: str, count: int) -> list[str]:
        """Delete some instances of a series that has more; see `delete`.

        Returns
        -------
        list
            The keys of their files; none if the series has no more instances, or if
            there is none.
        """
        pk = self.lookup_pk(Level.SERIES, series_id)
        if pk is None or self.counts_of(Level.SERIES, pk).instance_count <= count:
            return []
        lost = Counts(*self._run("first_instances_counts", pk, count).fetchone())
        below = f"r.parent_pk = ? ORDER BY r.pk LIMIT {count:d}"
        keys = self._insert_removals(self._delete_rows(Level.INSTANCE, pk, below))
        self._shrink_ancestors(Level.INSTANCE, pk, lost)
        sizes = (lost.instance_count, lost.disk_size, lost.uncompressed_size)
        self._run("grow_total", 0, 0, 0, *(-size for size in sizes))
        return keys

    def _topmost(self, level: Level, pk: int) -> tuple[Level, int, int | None]:
        """Return the highest ancestor that has nothing else below, and its parent."""
        while level is not Level.PATIENT:
            parent, siblings = self._run_at("count_siblings", level, pk).fetchone()
            if siblings > 1:
                return level, pk, int(parent)
            level, pk = LEVELS[level.depth - 1], int(parent)
        return level, pk, None

    def _delete_tree(self, top: Level, pk: int) -> list[str]:
        """Delete a resource and all below, a level at a time; return its files."""
        keys: list[tuple[str]] = []
        for level in reversed(LEVELS[top.depth :]):
            below = "r.pk = ?" if level is top else self._below(top, level)
            keys += self._delete_rows(level, pk, below)
        return self._insert_removals(keys)

    def _delete_rows(self, level: Level, pk: int, below: str) -> list[tuple[str]]:
        """Delete the rows of a level that a condition holds for; return their files."""
        table = level.name.lower()
        rows = f"SELECT pk FROM {table} r WHERE {below}"  # noqa: S608 -- names of our own tables
        keys: list[tuple[str]] = []
        for name in _DELETE_ANNOTATIONS:
            sql = STATEMENTS[name].format(rows=rows)
            keys += self._connection.execute(sql, (level.depth, pk)).fetchall()
        sql = STATEMENTS["delete_rows"].format(level=table, rows=rows)
        self._connection.execute(sql, (pk,))
        return keys

    def _insert_removals(self, keys: list[tuple[str]]) -> list[str]:
        self._connection.executemany(STATEMENTS["insert_removal"], keys)
        return [key for (key,) in keys]

    def _shrink_ancestors(
        self, top: Level, parent_pk: int | None, lost: Counts
    ) -> tuple[Level, str] | None:
        if parent_pk is None:
            return None
        level, pk = LEVELS[top.depth - 1], parent_pk
        remaining = (level, self.get_id(level, pk))
        studies = lost.study_count if top is Level.STUDY else 0
        seriess = lost.series_count if top is not Level.INSTANCE else 0
        sizes = (
            lost.instance_count,
            lost.disk_size,
            lost.uncompressed_size,
            lost.other_disk_size,
            lost.other_uncompressed_size,
        )
        below = {Level.SERIES: (), Level.STUDY: (seriess,)}
        for ancestor in reversed(LEVELS[: top.depth]):
            pk = self.find_ancestor_pk(level, pk, ancestor)
            counts = below.get(ancestor, (studies, seriess))
            self._run(f"shrink_{ancestor.name.lower()}", *counts, *sizes, pk)
            level = ancestor
        return remaining

    def begin_deletion(self, level: Level, id_: str) -> None:
        """Note that the deletion of a resource takes several transactions."""
        self._run_at("begin_deletion", level, id_)

    def give_up_deletion(self, level: Level, id_: str) -> None:
        """Forget that the deletion of a resource has begun."""
        self._run_at("give_up_deletion", level, id_)

    def confirm_removals(self, keys: list[str]) -> None:
        """Forget files that have been removed from the storage area."""
        for key in keys:
            self._run("delete_removal", key)

    def make_stable(
        self, level: Level, pk: int, id_: str, now: float, date: str
    ) -> None:
        """Declare a resource stable and log it, unless it grew or went meanwhile."""
        if self._run_at("set_stable", level, pk, id_, now).rowcount == 1:
            self._log(STABLE[level], level, pk, id_, date)

    def clear_changes(self) -> None:
        """Empty the change log; numbers go on where they were."""
        self._run("clear_changes")


def _row_number(lastrowid: int | None) -> int:
    assert lastrowid is not None
    return lastrowid
