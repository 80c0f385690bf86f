"""Which series and instances go into an archive, and in which order."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from obelisk.dicom.levels import Level
from obelisk.errors import UnknownNameError
from obelisk.index.archive_reading import InstanceLine, SeriesLine
from obelisk.index.reading import ReadTransaction
from obelisk.index.records import Compression

#: Level and id of a resource.
Resource = tuple[Level, str]


@dataclass(frozen=True, slots=True)
class ChosenSeries:
    """A series of which an archive has something.

    Attributes
    ----------
    line
        The series with its ancestors.
    is_numbered
        Whether the numbers of its instances tell them apart.
    instances
        Those that the archive has, in their order; they can be gone through once.
    """

    line: SeriesLine
    is_numbered: bool
    instances: Iterable[InstanceLine]


def choose(
    transaction: ReadTransaction, resources: Iterable[Resource], root: Level
) -> Iterator[ChosenSeries]:
    """Yield the series of some resources, each once, in the order of the ids.

    Patients come in the order of their ids, studies likewise in a patient, and series
    in a study; single instances of a series come as they were given. What is yielded
    is valid until the next one. Unless the root is a patient, the patient is described
    as the study knows it.

    Raises
    ------
    UnknownNameError
        If there is no such resource.
    """
    lines: dict[tuple[str, str, str], SeriesLine] = {}
    whole: set[int] = set()
    single: dict[int, dict[int, None]] = {}
    for level, id_ in resources:
        pk = transaction.lookup_pk(level, id_)
        if pk is None:
            raise UnknownNameError(level.name.lower(), id_)
        for found in transaction.find_series_lines(level, pk):
            line = found if root is Level.PATIENT else _as_study_knows(found)
            lines[line.patient_id, line.study_id, line.id] = line
            if level is Level.INSTANCE:
                single.setdefault(line.pk, {})[pk] = None
            else:
                whole.add(line.pk)
    for key in sorted(lines):
        line = lines[key]
        wanted = None if line.pk in whole else single[line.pk]
        yield ChosenSeries(
            line,
            _is_numbered(transaction, line.pk, wanted),
            _instances(transaction, line.pk, wanted),
        )


def _as_study_knows(line: SeriesLine) -> SeriesLine:
    return line._replace(patient_attributes=line.study_patient_attributes)


def _is_numbered(
    transaction: ReadTransaction, series_pk: int, wanted: Collection[int] | None
) -> bool:
    seen: set[int] = set()
    for pk, number in transaction.iter_instance_numbers(series_pk):
        if wanted is None or pk in wanted:
            if number in seen:
                return False
            seen.add(number)
    return True


def _instances(
    transaction: ReadTransaction, series_pk: int, wanted: Collection[int] | None
) -> Iterator[InstanceLine]:
    """Yield the stored ones of a series; those that are wanted in their order."""
    stored = (
        instance
        for instance in transaction.iter_instance_lines(series_pk)
        if instance.compression != Compression.NOT_STORED
    )
    if wanted is None:
        yield from stored
        return
    found = {instance.pk: instance for instance in stored if instance.pk in wanted}
    yield from (found[pk] for pk in wanted if pk in found)
