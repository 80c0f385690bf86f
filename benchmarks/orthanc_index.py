"""Fill Orthanc's own index in SQLite with the rows that it would write itself.

The schema is that of Orthanc 1.13: start it once on an empty folder, stop it, fill.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

from archive import RECEIVED, Instance, file_bytes, file_of, instances, studies

from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.levels import LEVELS, MAIN_TAGS, Level

#: Numbers of its metadata, by our names.
_METADATA = {
    "ReceptionDate": 2,
    "RemoteAET": 3,
    "Origin": 8,
    "TransferSyntax": 9,
    "SopClassUid": 10,
    "RemoteIP": 11,
    "CalledAET": 12,
    "PixelDataOffset": 14,
}
_INDEX_IN_SERIES, _LAST_UPDATE, _SIGNATURE = 1, 7, 15
_TYPES = {Level.PATIENT: 1, Level.STUDY: 2, Level.SERIES: 3, Level.INSTANCE: 4}
_CHANGES = {Level.PATIENT: 3, Level.STUDY: 5, Level.SERIES: 4, Level.INSTANCE: 2}
_PATIENT_IDENTIFIERS = ("PatientID", "PatientName", "PatientBirthDate")
_IDENTIFIERS = {
    Level.PATIENT: _PATIENT_IDENTIFIERS,
    Level.STUDY: (
        *_PATIENT_IDENTIFIERS,
        "StudyInstanceUID",
        "AccessionNumber",
        "StudyDescription",
        "StudyDate",
    ),
    Level.SERIES: ("SeriesInstanceUID",),
    Level.INSTANCE: ("SOPInstanceUID",),
}
_SIGNATURES = {
    level: ";".join(f"{tag >> 16:04x},{tag & 0xFFFF:04x}" for tag in MAIN_TAGS[level])
    for level in LEVELS
}
_BATCH_STUDIES = 500
_STATEMENTS = {
    "Resources": "INSERT INTO Resources VALUES (?, ?, ?, ?)",
    "MainDicomTags": "INSERT INTO MainDicomTags VALUES (?, ?, ?, ?)",
    "DicomIdentifiers": "INSERT INTO DicomIdentifiers VALUES (?, ?, ?, ?)",
    "Metadata": "INSERT INTO Metadata VALUES (?, ?, ?, 0)",
    "AttachedFiles": (
        "INSERT INTO AttachedFiles VALUES (?1, 1, ?2, ?3, ?3, 1, ?4, ?4, 0, NULL)"
    ),
    "Changes": "INSERT INTO Changes VALUES (NULL, ?, ?, ?, ?)",
}


def fill_orthanc(path: Path, study_count: int) -> None:
    """Fill the index of an Orthanc that does not run."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        filling = _Filling(connection)
        for number, study in enumerate(studies(study_count), start=1):
            for instance in instances(study):
                filling.add(instance)
            if number % _BATCH_STUDIES == 0:
                filling.flush()
        filling.flush()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Filling:
    """Collects the rows of some studies, then inserts them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, list[tuple[object, ...]]] = {}
        self._last = 0
        self._known: dict[str, int] = {}
        self.flush()

    def flush(self) -> None:
        """Insert what was collected; resources that follow are none of the same."""
        with self._connection:
            for table, rows in self._rows.items():
                self._connection.executemany(_STATEMENTS[table], rows)
        self._rows = {table: [] for table in _STATEMENTS}
        self._known = {}

    def add(self, instance: Instance) -> None:
        """Collect an instance, and its ancestors if they are new."""
        parent: int | None = None
        for level in LEVELS:
            public_id = instance.ids.at(level)
            number = self._known.get(public_id)
            if number is None:
                self._last += 1
                number = self._known[public_id] = self._last
                self._add_resource(number, level, parent, instance)
            parent = number

    def _add_resource(
        self, number: int, level: Level, parent: int | None, instance: Instance
    ) -> None:
        rows, type_ = self._rows, _TYPES[level]
        rows["Resources"].append((number, type_, instance.ids.at(level), parent))
        values = dict(instance.attributes[level])
        if level is Level.STUDY:
            values |= instance.attributes[Level.PATIENT]
        for name, value in values.items():
            rows["MainDicomTags"].append((number, *_tag(name), value))
        for name in _IDENTIFIERS[level]:
            text = values[name].upper().encode("ascii", "ignore").decode()
            rows["DicomIdentifiers"].append((number, *_tag(name), text))
        for kind, value in _metadata(level, instance):
            rows["Metadata"].append((number, kind, value))
        rows["Changes"].append((_CHANGES[level], number, type_, RECEIVED))
        if level is Level.INSTANCE:
            key, md5 = file_of(instance)
            rows["AttachedFiles"].append((number, key, file_bytes(), md5))


def _metadata(level: Level, instance: Instance) -> Iterator[tuple[int, str]]:
    yield _SIGNATURE, _SIGNATURES[level]
    if level is Level.INSTANCE:
        yield _INDEX_IN_SERIES, instance.attributes[level]["InstanceNumber"]
        for name, value in instance.metadata.items():
            yield _METADATA[name], value
    else:
        yield _LAST_UPDATE, RECEIVED
    if level is Level.SERIES:
        yield _METADATA["RemoteAET"], instance.metadata["RemoteAET"]


@cache
def _tag(name: str) -> tuple[int, int]:
    """Return group and element of an attribute."""
    tag = lookup_tag(name)
    assert tag is not None
    return tag >> 16, tag & 0xFFFF
