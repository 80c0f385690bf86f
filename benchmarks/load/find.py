"""Time searches on an index of any size, filled with synthetic rows.

Usage: ``python benchmarks/load/find.py --studies 10000 --instances 100``. The index
is filled straight through SQLite, without files: a million instances in a minute.
"""

import argparse
import hashlib
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from obelisk.dicom.levels import Level
from obelisk.dicom.matching import (
    CaseRule,
    Order,
    Query,
    constraints_of,
    fold,
)
from obelisk.index.sqlite import SQLiteIndex
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.finding import Finding, FindSettings
from obelisk.services.resources import Resources
from obelisk.services.samples import Samples
from obelisk.storage.filesystem import FilesystemStorage

_SERIES_PER_STUDY = 2
_MODALITIES = ("CT", "MR", "US", "CR", "SR")
_SYLLABLES = [first + second for first in "bdklmn" for second in "aeio"]
_ACCENTS = "éüøñЖ山"
_TIME = "20240102T030405"


def fill(path: Path, study_count: int, instance_count: int) -> None:
    """Fill an index: a patient a study, two series a study."""
    SQLiteIndex(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    generator = random.Random(1)
    with connection:
        for pk in range(1, study_count + 1):
            _insert_study(connection, generator, pk, instance_count)
        connection.execute(
            "UPDATE total SET patient_count = ?1, study_count = ?1, series_count = ?1"
            " * ?2, instance_count = ?1 * ?3",
            (study_count, _SERIES_PER_STUDY, instance_count),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def name_of_patient(generator: random.Random) -> str:
    """Return a name of two words, one in ten with a character beyond ASCII."""
    words = ["".join(generator.choices(_SYLLABLES, k=3)).capitalize() for _ in "12"]
    if not generator.randrange(10):
        words[0] += generator.choice(_ACCENTS)
    return "^".join(words)


def _insert_study(
    connection: sqlite3.Connection,
    generator: random.Random,
    pk: int,
    instance_count: int,
) -> None:
    name, patient_id = name_of_patient(generator), f"PAT{pk:07}"
    day = date(2015, 1, 1) + timedelta(generator.randrange(3650))
    study = {
        "StudyInstanceUID": f"2.25.1.{pk}",
        "StudyDate": day.strftime("%Y%m%d"),
        "AccessionNumber": f"ACC{pk}",
        "StudyDescription": f"Thorax {pk % 100}",
        "StudyTime": "101112",
    }
    patient = json.dumps({"PatientID": patient_id, "PatientName": name})
    counts = (_SERIES_PER_STUDY, instance_count, _TIME)
    connection.execute(
        "INSERT INTO patient (pk, id, patient_id, patient_name, attributes, metadata,"
        " study_count, series_count, instance_count, last_update)"
        " VALUES (?, ?, ?, ?, ?, '{}', 1, ?, ?, ?)",
        (pk, _id("patient", pk), patient_id, fold(name), patient, *counts),
    )
    connection.execute(
        "INSERT INTO study (pk, id, parent_pk, study_instance_uid, study_date,"
        " accession_number, patient_id, patient_name, patient_attributes, attributes,"
        " metadata, series_count, instance_count, last_update)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?)",
        (
            pk,
            _id("study", pk),
            pk,
            study["StudyInstanceUID"],
            study["StudyDate"],
            study["AccessionNumber"],
            patient_id,
            fold(name),
            patient,
            json.dumps(study),
            *counts,
        ),
    )
    _insert_series(connection, generator, pk, instance_count)


def _insert_series(
    connection: sqlite3.Connection,
    generator: random.Random,
    study_pk: int,
    instance_count: int,
) -> None:
    weights = (50, 30, 15, 4, 1)
    modalities = generator.choices(_MODALITIES, weights, k=_SERIES_PER_STUDY)
    size = instance_count // _SERIES_PER_STUDY
    for index, modality in enumerate(modalities):
        pk = (study_pk - 1) * _SERIES_PER_STUDY + index + 1
        uid = f"2.25.2.{pk}"
        series = {"SeriesInstanceUID": uid, "Modality": modality}
        connection.execute(
            "INSERT INTO series VALUES"
            " (?, ?, ?, ?, ?, NULL, ?, '{}', ?, 1, 1, ?, NULL)",
            (
                pk,
                _id("series", pk),
                study_pk,
                uid,
                modality,
                json.dumps(series),
                size,
                _TIME,
            ),
        )
        connection.executemany(
            "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, 1, 1)",
            _instances(pk, size),
        )


def _instances(series_pk: int, size: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, size + 1):
        pk = (series_pk - 1) * size + number
        uid = f"2.25.3.{pk}"
        attributes = {"SOPInstanceUID": uid, "InstanceNumber": str(number)}
        metadata = {"SopClassUid": "1.2.840.10008.5.1.4.1.1.2", "Origin": "RestApi"}
        yield (
            pk,
            _id("instance", pk),
            series_pk,
            uid,
            number,
            json.dumps(attributes),
            json.dumps(metadata),
        )


def _id(kind: str, pk: int) -> str:
    digest = hashlib.sha1(f"{kind}{pk}".encode()).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def queries(study_count: int) -> dict[str, Query]:
    """Return the searches that are timed, by name."""
    middle = study_count // 2 + 1

    def study(limit: int | None = None, **wanted: str) -> Query:
        return _query(Level.STUDY, limit, **wanted)

    return {
        "study by PatientID": study(t00100020=f"pat{middle:07}"),
        "study by StudyInstanceUID": study(t0020000D=f"2.25.1.{middle}"),
        "study by AccessionNumber": study(t00080050=f"ACC{middle}"),
        "patient by name prefix": _query(Level.PATIENT, 100, t00100010="babeb*"),
        "study by name prefix": study(100, t00100010="babeb*"),
        "study by name infix": study(100, t00100010="*ebabi^*"),
        "study by short infix": study(100, t00100010="*^b*"),
        "study by one day": study(t00080020="20200102"),
        "study by a week": study(t00080020="20200101-20200107"),
        "study by modality (CT) and day": study(t00080020="20200102", t00080061="CT"),
        "study by modality (SR) and year": study(
            t00080020="20200101-20201231", t00080061="SR"
        ),
        "study by modality (SR), 100": study(100, t00080061="SR"),
        "study by description infix, 100": study(100, t00081030="*99*"),
        "100 newest studies": Query(
            level=Level.STUDY, order=(Order(0x00080020, is_descending=True),), limit=100
        ),
        "instance by SOPInstanceUID": _query(
            Level.INSTANCE, None, t00080018=f"2.25.3.{middle}"
        ),
        "instances of a patient": _query(
            Level.INSTANCE, None, t00100020=f"PAT{middle:07}"
        ),
    }


def _query(level: Level, limit: int | None, **wanted: str) -> Query:
    identifier = {int(tag[1:], 16): text for tag, text in wanted.items()}
    constraints = constraints_of(identifier, CaseRule.NOWHERE)
    return Query(level=level, constraints=constraints, limit=limit)


def timed(action: Callable[[], Any], seconds: float) -> tuple[float, float, int]:
    """Repeat an action; return median and 99th percentile in ms, and how often."""
    times = []
    end = time.perf_counter() + seconds
    action()
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1000)
    return median(times), quantiles(times, n=100)[98], len(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--instances", type=int, default=100, help="in each study")
    parser.add_argument("--seconds", type=float, default=1, help="for each search")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite3"
        start = time.perf_counter()
        fill(path, arguments.studies, arguments.instances)
        size = path.stat().st_size / 1e6
        print(f"filled in {time.perf_counter() - start:.0f} s, {size:.0f} MB")
        index = SQLiteIndex(path)
        storage = FilesystemStorage(Path(folder) / "files")
        resources = Resources(index, storage)
        samples = Samples(index, resources, AssumedEncoding())
        finding = Finding(index, resources, samples, FindSettings())
        for name, query in queries(arguments.studies).items():
            count = len(finding.ids(query))
            p50, p99, _ = timed(
                lambda query=query: finding.ids(query), arguments.seconds
            )
            print(f"{name:<34} {count:>6} found  {p50:8.3f} ms  {p99:8.3f} ms (p99)")
        query = queries(arguments.studies)["100 newest studies"]
        p50, p99, _ = timed(lambda: finding.find(query), arguments.seconds)
        print(
            f"{'100 newest studies, described':<47} {p50:8.3f} ms  {p99:8.3f} ms (p99)"
        )
        query = _query(Level.INSTANCE, None, t00100010="ba*")
        p50, p99, _ = timed(lambda: finding.count(query), arguments.seconds)
        print(
            f"{'count instances by name prefix':<47} {p50:8.3f} ms  {p99:8.3f} ms (p99)"
        )
        index.close()
        storage.close()


if __name__ == "__main__":
    main()
