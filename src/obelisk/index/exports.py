"""The log of what was sent to others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.transaction import Transaction


class NewExport(NamedTuple):
    """One resource that is sent to another server.

    The identifiers are those of the resource and of those above it; the ones of the
    levels below it are empty. `remote` is the name of the other server in the
    configuration, `date` is UTC as ``YYYYMMDDTHHMMSS``.
    """

    level: Level
    id: str
    remote: str
    date: str
    patient_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Export:
    """One entry of the log, and its number."""

    seq: int
    sent: NewExport


class ExportReading(Transaction):
    """The part of a `ReadTransaction` that is about exports."""

    def find_exports(self, since: int, limit: int) -> list[Export]:
        """Return at most `limit` exports after a number, in ascending order."""
        return list(map(_export, self._run("find_exports", since, limit)))

    def lookup_last_export(self) -> Export | None:
        """Return the last export, `None` if the log is empty."""
        row = self._run("find_last_export").fetchone()
        return None if row is None else _export(row)


class ExportWriting(Transaction):
    """The part of a `WriteTransaction` that is about exports."""

    def log_exports(self, new: Iterable[NewExport]) -> None:
        """Log that resources are sent."""
        for sent in new:
            self._run("insert_export", sent.level.depth, *sent[1:])

    def clear_exports(self) -> None:
        """Empty the log; numbers go on where they were."""
        self._run("clear_exports")


def _export(row: tuple[Any, ...]) -> Export:
    seq, depth, *others = row
    return Export(seq, NewExport(LEVELS[depth], *others))
