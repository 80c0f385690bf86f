"""A small archive on which searches are compared: odd names, dates and numbers."""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from factories import make_instance, make_uid

_UTF8 = "ISO_IR 192"
_SR_STORAGE = "1.2.840.10008.5.1.4.1.1.88.33"

#: Patient, study, series and instance number, and the attributes that are not usual.
_INSTANCES: tuple[tuple[tuple[int, int, int, int], dict[str, Any]], ...] = (
    ((0, 0, 0, 1), {"PatientName": "Müller^Jürgen", "PatientID": "PAT0"}),
    ((0, 0, 0, 2), {"PatientName": "Müller^Jürgen", "PatientID": "PAT0"}),
    ((0, 0, 0, 10), {"PatientName": "Müller^Jürgen", "PatientID": "PAT0"}),
    (
        (0, 0, 1, 1),
        {
            "PatientName": "Müller^Jürgen",
            "PatientID": "PAT0",
            "Modality": "SR",
            "SOPClassUID": _SR_STORAGE,
        },
    ),
    (
        (0, 1, 0, 1),
        {
            "PatientName": "Müller^Jürgen",
            "PatientID": "PAT0",
            "StudyDate": "20210315",
            "StudyTime": "0930",
            "Modality": "MR",
            "StationName": "ROOM1\\ROOM2",
        },
    ),
    ((1, 0, 0, 1), {"PatientName": "MULLER^JURGEN", "PatientID": "pat0"}),
    (
        (2, 0, 0, 1),
        {
            "SpecificCharacterSet": _UTF8,
            "PatientName": "Иванов^Иван",
            "PatientID": "Ж-7",
            "StudyDescription": "Грудь",
            "PatientSex": "M",
        },
    ),
    (
        (3, 0, 0, 1),
        {
            "SpecificCharacterSet": _UTF8,
            "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "PatientID": "YAMADA",
            "StudyDate": "",
            "StudyTime": "",
            "AccessionNumber": "",
        },
    ),
    (
        (4, 0, 0, 1),
        {"PatientName": "Doe^Jane", "PatientID": "A_B%C", "StudyDate": None},
    ),
    (
        (5, 0, 0, 1),
        {
            "PatientName": "doe^jane",
            "PatientID": "AXBYC",
            "StudyDate": "19991231",
            "StudyTime": "235959.999",
            "PatientSex": "F",
            "Modality": "CT",
        },
    ),
    (
        (6, 0, 0, 1),
        {
            "PatientName": "Doe^John^^Dr",
            "PatientID": "9",
            "StudyDate": "20200102",
            "StudyTime": "00",
            "SeriesNumber": "-5",
            "SliceThickness": "10.5",
            "BodyPartExamined": "CHEST",
            "ImageType": ["DERIVED", "SECONDARY"],
        },
    ),
    (
        (6, 1, 0, 3),
        {
            "PatientName": "Doe^John^^Dr",
            "PatientID": "9",
            "StudyDate": "20200103",
            "SeriesNumber": "12",
            "SliceThickness": "9.25",
            "BodyPartExamined": "ABDOMEN",
            "AccessionNumber": "A*B?C",
        },
    ),
    (
        (7, 0, 0, 1),
        {
            "PatientName": "Ærø^Øystein",
            "PatientID": "10",
            "PatientBirthDate": "19591005",
            "OperatorsName": "Un^Deux\\Trois^Quatre",
            "ReferringPhysicianName": "ÉTÉ^été",
            "KVP": "120",
        },
    ),
    (
        (8, 0, 0, 1),
        {
            "SpecificCharacterSet": _UTF8,
            "PatientName": "Straße^Œuvre",
            "PatientID": "  11",
            "PatientBirthDate": "",
            "StudyID": "S 1",
            "StudyDescription": "two  blanks",
        },
    ),
    ((9, 0, 0, 1), {"PatientName": None, "PatientID": "", "Modality": None}),
)


def _request(identifier: str, description: str) -> Dataset:
    item = Dataset()
    item.RequestedProcedureID = identifier
    item.ScheduledProcedureStepDescription = description
    return item


def _sequences(key: tuple[int, int, int, int]) -> dict[str, Any]:
    if key[0] == 6:
        requests = [_request("RP1", "Thorax"), _request(f"RP{key[1] + 2}", "Été")]
        return {"RequestAttributesSequence": Sequence(requests)}
    if key[0] == 7:
        code = Dataset()
        code.CodeValue = "RPID16"
        code.CodingSchemeDesignator = "DCM"
        return {"ProcedureCodeSequence": Sequence([code])}
    return {}


def find_files() -> dict[str, bytes]:
    """Return the files of the archive by name, in the order of their upload."""
    return {
        "-".join(map(str, key)): make_instance(
            key[0],
            study=key[1],
            series=key[2],
            number=key[3],
            **{**_sequences(key), **attributes},
        )
        for key, attributes in _INSTANCES
    }


#: UIDs that searches name.
STUDY_UIDS = [make_uid(0, 0), make_uid(0, 1), make_uid(6, 0)]
SERIES_UID = make_uid(0, 0, 1)
SOP_UID = make_uid(0, 0, 0, 10)
