"""What archives need: series with their ancestors, and instances with their files."""

from collections.abc import Iterator
from typing import NamedTuple

from obelisk.dicom.levels import Level
from obelisk.index.statements import STATEMENTS
from obelisk.index.transaction import Transaction

_CONDITIONS = {
    Level.PATIENT: "s.parent_pk = ?",
    Level.STUDY: "e.parent_pk = ?",
    Level.SERIES: "e.pk = ?",
    Level.INSTANCE: "e.pk = (SELECT parent_pk FROM instance WHERE pk = ?)",
}


class SeriesLine(NamedTuple):
    """A series with its ancestors: ids, and main attributes as JSON.

    `study_patient_attributes` are those of the patient that the study was created with.
    """

    patient_id: str
    study_id: str
    id: str
    pk: int
    patient_attributes: str
    study_patient_attributes: str
    study_attributes: str
    attributes: str


class InstanceLine(NamedTuple):
    """An instance and its file; what is not known is `None`."""

    pk: int
    id: str
    number: int
    received: str | None
    sop_class_uid: str | None
    transfer_syntax_uid: str | None
    sop_instance_uid: str
    instance_number: str | None
    key: str
    compression: int
    size: int
    crc32: int


class ArchiveReading(Transaction):
    """The part of a `ReadTransaction` that is about archives."""

    def find_series_lines(self, level: Level, pk: int) -> list[SeriesLine]:
        """Return the series below a resource, or the one that it is or belongs to."""
        sql = STATEMENTS["series_lines"].format(condition=_CONDITIONS[level])
        return list(map(SeriesLine._make, self._connection.execute(sql, (pk,))))

    def iter_instance_numbers(self, series_pk: int) -> Iterator[tuple[int, int]]:
        """Yield row number and number of each instance of a series.

        The number is 0 where there is none, or a negative one.
        """
        yield from self._run("instance_numbers", series_pk)

    def iter_instance_lines(self, series_pk: int) -> Iterator[InstanceLine]:
        """Yield the instances of a series in the order of their numbers, then ids."""
        yield from map(InstanceLine._make, self._run("instance_lines", series_pk))
