"""Synthetic archives of any size, put straight into the index of either server.

There are no files. The studies are such that each search finds as many of them in a
small archive as in a large one: 10 studies a day, 10 patients of each family name, 10
studies with each description, and 10 studies with a rare modality. Each has a patient
of its own and two series of five instances.
"""

import hashlib
import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path

from obelisk.config import OverwriteMode
from obelisk.dicom.identifiers import ResourceIds, resource_ids
from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.records import Attachment, Compression, NewInstance
from obelisk.index.sqlite import SQLiteIndex

INSTANCES_PER_STUDY = 10
RECEIVED = "20240102T030405"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
RARE_MODALITY = "XA"

_SERIES_PER_STUDY = 2
#: How many studies share a date, a family name, a description.
_GROUP = 10
_MODALITIES = ("CT", "MR", "US", "CR", "SR")
_WEIGHTS = (50, 30, 15, 4, 1)
_SYLLABLES = [first + second for first in "bdfghjklmnprstvwz" for second in "aeiou"]
#: Spreads the groups over all words of three syllables.
_SPREAD, _WORD_COUNT = 7919, len(_SYLLABLES) ** 3
_FIRST_DAY = date(1997, 1, 1)
_FILE_BYTES = 527_232
_BATCH_SIZE = 1000
#: As the storage area names its files.
_FOLDER_DIGITS, _CONTENTS_PER_FOLDER = 4, 256
_STORED = count()
#: Nothing becomes stable while it is measured.
_NEVER = 4e9


@dataclass(frozen=True, slots=True)
class Study:
    """What is searched for."""

    number: int
    #: Words by which it is found together with nine others.
    family: str
    code: str
    patient: Mapping[str, str]
    attributes: Mapping[str, str]
    modalities: tuple[str, ...]


def study(number: int) -> Study:
    """Return the study of a number, the same in archives of all sizes."""
    generator = random.Random(number)
    group = number // _GROUP
    code = _word(group)
    family = (_SYLLABLES[group % len(_SYLLABLES)] + code).capitalize()
    given = "".join(generator.choices(_SYLLABLES, k=2)).capitalize()
    accent = "é" if not generator.randrange(10) else ""
    modalities = generator.choices(_MODALITIES, _WEIGHTS, k=_SERIES_PER_STUDY)
    if number < _GROUP**2 and number % _GROUP == 0:
        modalities[1] = RARE_MODALITY
    day = _FIRST_DAY + timedelta(group)
    return Study(
        number,
        family,
        code,
        patient={
            "PatientID": f"PAT{number:07}",
            "PatientName": f"{family}^{given}{accent}",
            "PatientBirthDate": f"{1930 + number % 80}0{1 + number % 9}11",
            "PatientSex": "FMO"[number % 3],
        },
        attributes={
            "StudyInstanceUID": f"2.25.1.{number}",
            "StudyDate": f"{day:%Y%m%d}",
            "StudyTime": f"{number % _GROUP + 8:02}1112",
            "AccessionNumber": f"ACC{number}",
            "StudyDescription": f"Thorax {code} native",
            "StudyID": str(number),
            "ReferringPhysicianName": "Referrer^Synthetic",
            "InstitutionName": "Synthetic Hospital",
        },
        modalities=tuple(modalities),
    )


def studies(study_count: int) -> Iterator[Study]:
    """Yield the studies of an archive."""
    return (study(number) for number in range(study_count))


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance, with the attributes of all its levels."""

    ids: ResourceIds
    attributes: Mapping[Level, Mapping[str, str]]

    @property
    def metadata(self) -> Mapping[str, str]:
        """What both servers keep beside the attributes of an instance."""
        return {
            "CalledAET": "OBELISK",
            "Origin": "DicomProtocol",
            "PixelDataOffset": "2932",
            "ReceptionDate": RECEIVED,
            "RemoteAET": "MODALITY",
            "RemoteIP": "127.0.0.1",
            "SopClassUid": CT_STORAGE,
            "TransferSyntax": "1.2.840.10008.1.2.1",
        }


def instances(study: Study, count: int = INSTANCES_PER_STUDY) -> Iterator[Instance]:
    """Yield the instances of a study, `count` in all."""
    size = count // _SERIES_PER_STUDY
    for index, modality in enumerate(study.modalities):
        series = {
            "SeriesInstanceUID": f"2.25.2.{study.number}.{index}",
            "Modality": modality,
            "SeriesNumber": str(index + 1),
            "SeriesDate": study.attributes["StudyDate"],
            "SeriesTime": study.attributes["StudyTime"],
            "SeriesDescription": "Thorax 1.0 B31f",
            "ProtocolName": "1_Routine",
            "Manufacturer": "Synthetic",
            "StationName": "CT01",
            "BodyPartExamined": "CHEST",
        }
        for number in range(1, size + 1):
            uid = f"2.25.3.{study.number}.{index}.{number}"
            attributes = {
                "SOPInstanceUID": uid,
                "InstanceNumber": str(number),
                "InstanceCreationDate": study.attributes["StudyDate"],
                "InstanceCreationTime": study.attributes["StudyTime"],
                "AcquisitionNumber": "3",
                "ImagePositionPatient": f"-175\\-175\\-{number}.0",
                "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
            }
            ids = resource_ids(
                study.patient["PatientID"],
                study.attributes["StudyInstanceUID"],
                series["SeriesInstanceUID"],
                uid,
            )
            levels = (study.patient, study.attributes, series, attributes)
            yield Instance(ids, dict(zip(LEVELS, levels, strict=True)))


def fill_obelisk(path: Path, study_count: int) -> None:
    """Fill our index through its own transactions."""
    every = (item for one in studies(study_count) for item in instances(one))
    with closing(SQLiteIndex(path, is_synchronous=False)) as index:
        while batch := list(islice(every, _BATCH_SIZE)):
            put(index, batch)


def put(index: SQLiteIndex, batch: list[Instance]) -> None:
    """Store instances in one transaction, as ingest does."""
    new = [_new_instance(instance) for instance in batch]

    def store_all(writer: object) -> None:
        for one in new:
            writer.store_instance(one, OverwriteMode.NEVER)  # type: ignore[attr-defined]

    index.write(store_all)


def file_of(instance: Instance) -> tuple[str, str]:
    """Return the key and the MD5 sum of the file that an instance would have."""
    digest = hashlib.md5(instance.ids.instance.encode()).hexdigest()
    groups = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:])
    return "-".join(groups), digest


def file_bytes() -> int:
    """Return the size of every file."""
    return _FILE_BYTES


def _new_instance(instance: Instance) -> NewInstance:
    key, md5 = file_of(instance)
    key = _folder() + key[_FOLDER_DIGITS:]
    return NewInstance(
        ids=instance.ids,
        attributes=instance.attributes,
        metadata={
            Level.PATIENT: {},
            Level.STUDY: {},
            Level.SERIES: {"RemoteAET": "MODALITY"},
            Level.INSTANCE: instance.metadata,
        },
        index_in_series=int(instance.attributes[Level.INSTANCE]["InstanceNumber"]),
        expected_instance_count=None,
        attachment=Attachment(
            key, Compression.NONE, _FILE_BYTES, md5, 0, _FILE_BYTES, md5
        ),
        received=RECEIVED,
        stable_at=_NEVER,
    )


def _folder() -> str:
    """Return the first digits of a key: contents that come together share them."""
    number = next(_STORED) // _CONTENTS_PER_FOLDER
    return hashlib.md5(str(number).encode()).hexdigest()[:_FOLDER_DIGITS]


def _word(group: int) -> str:
    number = group * _SPREAD % _WORD_COUNT
    count = len(_SYLLABLES)
    parts = (number // count**2, number // count % count, number % count)
    return "".join(_SYLLABLES[part] for part in parts)
