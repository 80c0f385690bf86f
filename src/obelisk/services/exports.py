"""The log of what was sent to other servers, for medical traceability."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.base import Index
from obelisk.index.exports import Export, NewExport
from obelisk.index.reading import ReadTransaction
from obelisk.services.timestamps import utc_text

_KEYWORDS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class ExportsPage:
    """Some exports in ascending order, and whether they reach the end of the log.

    `last` is the number of the last one; where there is none, the number after which
    was looked.
    """

    exports: list[Export]
    is_done: bool
    last: int


class Exports:
    """Writes, reads and clears the log; safe to use from several threads.

    Parameters
    ----------
    index
        Where the log is.
    is_enabled
        Whether anything is logged (LogExportedResources).
    clock
        Tells the POSIX time.
    """

    def __init__(
        self,
        index: Index,
        *,
        is_enabled: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._is_enabled = is_enabled
        self._clock = clock

    def log(self, resources: Iterable[tuple[Level, str]], remote: str) -> None:
        """Log that resources are being sent, if so configured.

        Parameters
        ----------
        resources
            Level and id of each resource, as they were asked for.
        remote
            The name of the modality or peer that gets them.

        Raises
        ------
        NotFoundError
            If one of them does not exist; nothing is logged then.
        """
        if not self._is_enabled:
            return
        date = utc_text(int(self._clock()))
        with self._index.read() as transaction:
            rows = [
                _new_export(transaction, level, id_, remote, date)
                for level, id_ in resources
            ]
        self._index.write(lambda writer: writer.log_exports(rows))

    def page(self, since: int = 0, limit: int = 100) -> ExportsPage:
        """Return at most `limit` exports after a number."""
        with self._index.read() as transaction:
            found = transaction.find_exports(since, limit + 1)
        exports = found[:limit]
        last = exports[-1].seq if exports else since
        return ExportsPage(exports, len(found) <= limit, last)

    def last(self) -> ExportsPage:
        """Return the last export."""
        with self._index.read() as transaction:
            found = transaction.lookup_last_export()
        if found is None:
            return ExportsPage([], True, 0)
        return ExportsPage([found], True, found.seq)

    def clear(self) -> None:
        """Empty the log; numbers go on where they were."""
        self._index.write(lambda writer: writer.clear_exports())


def _new_export(
    transaction: ReadTransaction, level: Level, id_: str, remote: str, date: str
) -> NewExport:
    """Look up the identifiers of a resource and of those above it."""
    pk = transaction.get_pk(level, id_)
    found = ["", "", "", ""]
    for ancestor in LEVELS[: level.depth + 1]:
        ancestor_pk = transaction.find_ancestor_pk(level, pk, ancestor)
        row = transaction.get_row_by_pk(ancestor, ancestor_pk)
        keyword = _KEYWORDS[ancestor.depth]
        found[ancestor.depth] = str(orjson.loads(row.attributes).get(keyword, ""))
    return NewExport(level, id_, remote, date, *found)
