"""Searches that are compared: path, name in a report, and body."""

from collections.abc import Iterator
from typing import Any

from parity.find_archive import SERIES_UID, SOP_UID, STUDY_UIDS

LEVELS = ("Patient", "Study", "Series", "Instance")

#: Queries that mean the same at every level.
_EVERYWHERE: tuple[dict[str, str], ...] = (
    {},
    {"PatientName": "Müller^Jürgen"},
    {"PatientName": "müller^JÜRGEN"},
    {"PatientName": "muller^jurgen"},
    {"PatientName": "M*"},
    {"PatientName": "m*r^*"},
    {"PatientName": "*ü*"},
    {"PatientName": "*u*"},
    {"PatientName": "Doe^Jane"},
    {"PatientName": "DOE^J*"},
    {"PatientName": "Doe^Jane\\Doe^John^^Dr"},
    {"PatientName": "doe^j*\\M*"},
    {"PatientName": ""},
    {"PatientName": "*"},
    {"PatientName": "**"},
    {"PatientName": "?"},
    {"PatientName": "иванов*"},
    {"PatientName": "*山田*"},
    {"PatientName": "YAMADA^TAROU"},
    {"PatientName": "ÆRØ*"},
    {"PatientName": "aero*"},
    {"PatientName": "STRASSE*"},
    {"PatientName": "straße*"},
    {"PatientName": "*œuvre"},
    {"PatientName": "* "},
    {"PatientName": "Doe"},
    {"PatientName": "[A-M]*"},
    {"PatientName": '"'},
    {"PatientName": "*'*"},
    {"PatientID": "PAT0"},
    {"PatientID": "pat0"},
    {"PatientID": "A_B%C"},
    {"PatientID": "A?B?C"},
    {"PatientID": "A_*"},
    {"PatientID": "ж-7"},
    {"PatientID": "-7"},
    {"PatientID": "11"},
    {"PatientID": "  11"},
    {"PatientID": "11 "},
    {"PatientID": "*11"},
    {"PatientID": "9\\10"},
    {"PatientID": "9\\*"},
    {"PatientID": "*"},
    {"PatientID": ""},
    {"PatientSex": "o"},
    {"PatientSex": "M\\F"},
    {"PatientBirthDate": "19590101-19700101"},
    {"PatientBirthDate": "-19600101"},
    {"PatientBirthDate": "1959*"},
    {"Rows": "8"},
    {"Rows": "08"},
    {"Rows": ""},
    {"PhotometricInterpretation": "mono*"},
    {"SpecificCharacterSet": "ISO_IR 192"},
    {"KVP": "120"},
    {"KVP": "1*"},
    {"ImageType": "*SECONDARY*"},
    {"BitsAllocated": "16\\8"},
    {"PatientAge": "*"},
    {"SOPClassUID": "*"},
    {"0010,0020": "9"},
    {"00100020": "9"},
    {"0010-0020": "9", "PatientName": "doe*"},
    {"PatientID": "9", "0010,0020": "10"},
    {"PatientName": "doe*", "KVP": ""},
    {"PatientName": "doe*", "Rows": "8"},
    {"PixelData": "x"},
    {"0009,0010": "x"},
    {"0011,1111": "*"},
    {"TransferSyntaxUID": "1.2.840.10008.1.2.1"},
    {"Nonsense": "x"},
    {"patientid": "9"},
    {"ProcedureCodeSequence": "x"},
    {"ProcedureCodeSequence": ""},
)

#: Queries that mean the same at the level of studies and below.
_STUDY: tuple[dict[str, str], ...] = (
    {"StudyDate": "20200102"},
    {"StudyDate": "20200101-20200102"},
    {"StudyDate": "-20200102"},
    {"StudyDate": "20200103-"},
    {"StudyDate": "-"},
    {"StudyDate": "20200102\\20210315"},
    {"StudyDate": "2020*"},
    {"StudyDate": "*"},
    {"StudyDate": ""},
    {"StudyDate": "2020.01.02"},
    {"StudyDate": "20200102-20200101"},
    {"StudyDate": "2020-2021"},
    {"StudyDate": "20200101-20200102-20200103"},
    {"StudyDate": "abc"},
    {"StudyTime": "101112"},
    {"StudyTime": "0930"},
    {"StudyTime": "00-12"},
    {"StudyTime": "-0930"},
    {"StudyTime": "0930-"},
    {"StudyTime": "23-24"},
    {"StudyTime": "10*"},
    {"StudyInstanceUID": STUDY_UIDS[0]},
    {"StudyInstanceUID": "\\".join(STUDY_UIDS)},
    {"StudyInstanceUID": "2.25*"},
    {"AccessionNumber": "A*B?C"},
    {"AccessionNumber": "acc0-0"},
    {"AccessionNumber": "*"},
    {"StudyID": "s 1"},
    {"StudyID": "S  1"},
    {"StudyDescription": "two  blanks"},
    {"StudyDescription": "грудь"},
    {"StudyDescription": "study ?"},
    {"ReferringPhysicianName": "ÉTÉ*"},
    {"StudyDate": "2020-", "PatientName": "doe*"},
)

_SERIES: tuple[dict[str, str], ...] = (
    {"Modality": "SR"},
    {"Modality": "sr"},
    {"Modality": "CT\\MR"},
    {"Modality": "*"},
    {"SeriesNumber": "-5"},
    {"SeriesNumber": "12-"},
    {"SeriesInstanceUID": SERIES_UID},
    {"BodyPartExamined": "chest"},
    {"BodyPartExamined": "*"},
    {"StationName": "ROOM*"},
    {"OperatorsName": "un*quatre"},
    {"RequestAttributesSequence": ""},
    {"SeriesDate": "20200102-"},
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"},
)

_ONCE: tuple[tuple[str, dict[str, str]], ...] = (
    ("Patient", {"NumberOfPatientRelatedStudies": "2"}),
    ("Patient", {"NumberOfPatientRelatedSeries": "3"}),
    ("Patient", {"NumberOfPatientRelatedInstances": "5"}),
    ("Study", {"ModalitiesInStudy": "SR"}),
    ("Study", {"ModalitiesInStudy": "sr\\MR"}),
    ("Study", {"ModalitiesInStudy": ""}),
    ("Study", {"ModalitiesInStudy": "CT", "StudyDate": "2021-"}),
    ("Study", {"NumberOfStudyRelatedInstances": "4"}),
    ("Study", {"NumberOfStudyRelatedInstances": "4\\1"}),
    ("Study", {"NumberOfStudyRelatedSeries": "2"}),
    ("Study", {"NumberOfStudyRelatedSeries": "*"}),
    ("Series", {"NumberOfSeriesRelatedInstances": "3"}),
    ("Series", {"NumberOfSeriesRelatedInstances": "03"}),
    ("Instance", {"InstanceNumber": "10"}),
    ("Instance", {"SOPInstanceUID": SOP_UID}),
    ("Instance", {"InstanceAvailability": "ONLINE"}),
    ("Instance", {"ImageOrientationPatient": "x"}),
    # What has no stated meaning at its level.
    ("Study", {"Modality": "SR"}),
    ("Study", {"SeriesNumber": "12"}),
    ("Patient", {"StudyDate": "20210315"}),
    ("Patient", {"Modality": "SR"}),
    ("Patient", {"ModalitiesInStudy": "SR"}),
    ("Series", {"ModalitiesInStudy": "SR"}),
    ("Study", {"InstanceNumber": "10"}),
    ("Study", {"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.88.33"}),
    ("Series", {"ImageType": "DERIVED"}),
    ("Series", {"ImageType": "DERIVED\\FOO"}),
    ("Series", {"StationName": "ROOM1"}),
    *(
        ("Series", {"RequestAttributesSequence": wanted})
        for wanted in ("x", "x\\y", "x*", "*")
    ),
    ("Study", {"ReferencedStudySequence": "x"}),
    ("Instance", {"RequestAttributesSequence": "x", "Modality": "SR"}),
    ("Patient", {"PatientName": "M??ller*"}),
    ("Patient", {"PatientName": "M?ller*"}),
)

#: What is not indexed, which answers show when it is searched for.
_SHOWN: tuple[tuple[str, dict[str, str]], ...] = (
    ("Patient", {"NumberOfPatientRelatedStudies": "2"}),
    ("Study", {"ModalitiesInStudy": "SR\\MR", "PatientName": "*"}),
    ("Study", {"NumberOfStudyRelatedInstances": "4"}),
    ("Study", {"ModalitiesInStudy": ""}),
    ("Study", {"KVP": "120"}),
    ("Series", {"NumberOfSeriesRelatedInstances": "3"}),
    ("Instance", {"KVP": "1*", "InstanceAvailability": "ONLINE"}),
)

#: Whole bodies, most of them wrong.
_BODIES: tuple[Any, ...] = (
    {},
    {"Level": "Study"},
    {"Query": {}},
    {"Level": "STUDY", "Query": {}},
    {"Level": "studies", "Query": {}},
    {"Level": "Image", "Query": {}},
    {"Level": "Foo", "Query": {}},
    {"Level": 1, "Query": {}},
    {"Level": "Study", "Query": []},
    {"Level": "Study", "Query": "x"},
    {"Level": "Study", "Query": {"PatientID": 1}},
    {"Level": "Study", "Query": {"PatientID": None}},
    {"Level": "Study", "Query": {"PatientID": {}}},
    [],
    "x",
    None,
    {"Level": "Study", "Query": {}, "CaseSensitive": 1},
    {"Level": "Study", "Query": {"PatientName": "doe^jane"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"PatientName": "DOE^*"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"PatientName": "M*"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"PatientID": "pat0"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"StudyDescription": "грудь"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"PatientSex": "o"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {}, "Expand": "x"},
    {"Level": "Study", "Query": {}, "Limit": "x"},
    {"Level": "Study", "Query": {}, "Limit": -1},
    {"Level": "Study", "Query": {}, "Limit": 1.5},
    {"Level": "Study", "Query": {}, "Limit": None},
    {"Level": "Study", "Query": {}, "Labels": None},
    {"Level": "Study", "Query": {}, "OrderBy": None},
    {"Level": "Study", "Query": {}, "Limit": 3},
    {"Level": "Study", "Query": {}, "Limit": 0},
    {"Level": "Study", "Query": {}, "Since": 9},
    {"Level": "Study", "Query": {}, "Since": 9, "Limit": 2},
    {"Level": "Study", "Query": {}, "Since": -1},
    {"Level": "Study", "Query": {}, "Since": "0"},
    {"Level": "Study", "Query": {}, "Since": 100},
    {"Level": "Study", "Query": {"PatientName": "doe*"}, "Limit": 1},
    {"Level": "Study", "Query": {"PatientName": "doe*"}, "Since": 1, "Limit": 2},
    {"Level": "Instance", "Query": {"PatientID": "PAT0"}, "Limit": 2},
    {"Level": "Study", "Query": {"KVP": "120"}, "Limit": 1},
    {"Level": "Study", "Query": {"KVP": "120"}, "Since": 0},
    {"Level": "Study", "Query": {"KVP": "120"}, "Since": 1},
    {"Level": "Study", "Query": {"KVP": ""}, "Limit": 1},
    {"Level": "Study", "Query": {}, "Short": 1},
    {"Level": "Study", "Query": {}, "Full": "x"},
    {"Level": "Study", "Query": {}, "RequestedTags": "x"},
    {"Level": "Study", "Query": {}, "RequestedTags": ["Foo"]},
    {"Level": "Study", "Query": {}, "RequestedTags": [1]},
    {"Level": "Study", "Query": {}, "ResponseContent": "x"},
    {"Level": "Study", "Query": {}, "ResponseContent": ["Foo"]},
    {"Level": "Study", "Query": {}, "ResponseContent": []},
    {"Level": "Study", "Query": {}, "Labels": "x"},
    {"Level": "Study", "Query": {}, "Labels": [1]},
    {"Level": "Study", "Query": {}, "Labels": ["x"]},
    {"Level": "Study", "Query": {}, "Labels": ["x"], "LabelsConstraint": "None"},
    {"Level": "Study", "Query": {}, "Labels": ["x"], "LabelsConstraint": "Foo"},
    {"Level": "Study", "Query": {}, "Labels": ["x"], "LabelsConstraint": 1},
    {"Level": "Study", "Query": {}, "Labels": ["x"], "LabelsConstraint": "any"},
    {"Level": "Study", "Query": {}, "Labels": [], "LabelsConstraint": "None"},
    {"Level": "Study", "Query": {}, "Labels": [], "LabelsConstraint": "Any"},
    {"Level": "Study", "Query": {}, "OrderBy": "x"},
    {"Level": "Study", "Query": {}, "OrderBy": ["x"]},
    {"Level": "Study", "Query": {}, "OrderBy": [{}]},
    {"Level": "Study", "Query": {}, "OrderBy": [{"Key": "StudyDate"}]},
    {"Level": "Study", "Query": {}, "MetadataQuery": "x"},
    {"Level": "Study", "Query": {}, "MetadataQuery": {"Foo": "x"}},
    {"Level": "Study", "Query": {}, "MetadataQuery": {"LastUpdate": 1}},
    {"Level": "Study", "Query": {}, "MetadataQuery": {"LastUpdate": "2*"}},
    {"Level": "Study", "Query": {}, "MetadataQuery": {"LastUpdate": "2026"}},
    {"Level": "Series", "Query": {}, "MetadataQuery": {"7": "*"}},
    {"Level": "Series", "Query": {}, "MetadataQuery": {"RemoteAET": "*"}},
    {"Level": "Study", "Query": {}, "MetadataQuery": {"RemoteAET": "*"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"SopClassUid": "*88.33"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"Origin": "restapi"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"IndexInSeries": "10"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"IndexInSeries": "1\\2"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"IndexInSeries": "1-2"}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"IndexInSeries": ""}},
    {"Level": "Instance", "Query": {}, "MetadataQuery": {"1024": "x"}},
    {"Level": "Study", "Query": {}, "ParentPatient": "x"},
    {"Level": "Study", "Query": {}, "ParentPatient": 1},
    {"Level": "Study", "Query": {}, "ParentSeries": "x"},
    {"Level": "Study", "Query": {}, "Nonsense": 3},
    {"Level": "Study", "Query": {"PatientID": "10"}, "Expand": 1},
    {"Level": "Study", "Query": {"PatientID": "10"}, "Expand": True, "Short": True},
    {"Level": "Series", "Query": {"PatientID": "9"}, "Expand": True, "Full": True},
    {
        "Level": "Study",
        "Query": {"PatientName": "*"},
        "Expand": True,
        "RequestedTags": ["KVP", "ModalitiesInStudy", "PatientID"],
    },
    {
        "Level": "Study",
        "Query": {"PatientID": "10"},
        "Expand": False,
        "RequestedTags": ["KVP"],
    },
    {
        "Level": "Instance",
        "Query": {"PatientID": "10"},
        "ResponseContent": ["Parent", "Labels"],
        "RequestedTags": ["0008,0060"],
    },
    {
        "Level": "Series",
        "Query": {},
        "ResponseContent": ["MainDicomTags"],
        "RequestedTags": ["Rows"],
    },
    {"Level": "Series", "Query": {}, "ResponseContent": ["MainDicomTags"]},
    {
        "Level": "Study",
        "Query": {"PatientID": "10"},
        "ResponseContent": ["Children", "MainDicomTags"],
        "Short": True,
    },
)

#: Asked for beside the usual attributes.
_REQUESTED = (
    *("PatientID", "StudyDate", "Modality", "ModalitiesInStudy", "SOPInstanceUID"),
    *("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedInstances"),
    *("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
    *("NumberOfSeriesRelatedInstances", "InstanceAvailability", "InstanceNumber"),
    *("KVP", "Rows", "ImageType", "ProcedureCodeSequence", "PixelData", "SOPClassUID"),
    *("RequestAttributesSequence", "SeriesNumber", "PatientComments", "0009,1010"),
)

#: Level, type and key of an order in which no two resources are equal, and wrong ones.
_ORDERS = (
    ("Study", "DicomTag", "StudyDate"),
    ("Study", "DicomTag", "StudyDescription"),
    ("Study", "DicomTag", "PatientBirthDate"),
    ("Study", "DicomTag", "AccessionNumber"),
    ("Series", "DicomTag", "Modality"),
    ("Series", "DicomTag", "SeriesNumber"),
    ("Series", "DicomTagAsInt", "SeriesNumber"),
    ("Series", "DicomTagAsFloat", "SeriesNumber"),
    ("Instance", "DicomTag", "InstanceNumber"),
    ("Instance", "DicomTagAsInt", "InstanceNumber"),
    ("Instance", "DicomTagAsFloat", "InstanceNumber"),
    ("Instance", "Metadata", "IndexInSeries"),
    ("Instance", "MetadataAsInt", "IndexInSeries"),
    ("Instance", "MetadataAsFloat", "IndexInSeries"),
    ("Instance", "Metadata", "SopClassUid"),
    ("Study", "dicomtag", "StudyTime"),
    ("Study", "Foo", "StudyDate"),
    ("Study", "DicomTag", "Foo"),
    ("Study", "Metadata", "Foo"),
    ("Study", "DicomTag", "KVP"),
    ("Patient", "DicomTag", "StudyDate"),
)

_COUNTED: tuple[dict[str, str], ...] = (
    {},
    {"PatientName": "doe*"},
    {"PatientName": "Müller^Jürgen"},
    {"PatientID": "PAT0"},
    {"KVP": "120"},
    {"KVP": ""},
    {"StudyDate": "*"},
    {"Foo": "x"},
)

_LOOKED_UP = (
    "PAT0",
    "pat0",
    "9",
    "  11",
    "11",
    "9 ",
    "nothing",
    "",
    "Ж-7",
    "A_B%C",
    "a_b%c",
    "A B C",
    "A*",
    "9\\10",
    STUDY_UIDS[0],
    SERIES_UID,
    SOP_UID,
    "ACC0-0",
)


def find_queries() -> Iterator[tuple[str, str, Any]]:
    """Yield path, name and body of each search; bytes are sent as they are."""
    path = "/tools/find"
    levels = {level: index for index, level in enumerate(LEVELS)}
    for queries, top in (
        (_EVERYWHERE, "Patient"),
        (_STUDY, "Study"),
        (_SERIES, "Series"),
    ):
        for query in queries:
            for level in LEVELS[levels[top] :]:
                yield path, f"{level} {query}", {"Level": level, "Query": query}
    for level, query in _ONCE:
        yield path, f"{level} {query}", {"Level": level, "Query": query}
    for body in _BODIES:
        yield path, str(body), body
    for body in (b"", b"nojson", b"{"):
        yield path, repr(body), body
    yield from _descriptions()
    for level, type_, key in _ORDERS:
        for direction in ("ASC", "desc", "x"):
            order = {"Type": type_, "Key": key, "Direction": direction}
            body = {"Level": level, "Query": {}, "OrderBy": [order]}
            yield path, f"{level} order {list(order.values())}", body
    yield path, "two orders", _two_orders({})
    yield path, "two orders, part", _two_orders({"Since": 3, "Limit": 4})
    yield from _counts()
    for text in _LOOKED_UP:
        yield "/tools/lookup", f"lookup {text!r}", text.encode()


def _descriptions() -> Iterator[tuple[str, str, Any]]:
    for level, query in _SHOWN:
        for form in ("Simple", "Short"):
            body = {"Level": level, "Query": query, "Expand": True, form: True}
            yield "/tools/find", f"{level} {query} expanded, {form}", body
    for level in LEVELS:
        body = {"Level": level, "Query": {"PatientID": "9\\10\\PAT0\\A_B%C"}}
        asked = {"RequestedTags": _REQUESTED, "ResponseContent": []}
        for form in ("Simple", "Short", "Full"):
            name = f"{level} requested tags, {form}"
            yield "/tools/find", name, body | asked | {form: True}
        for word in ("Status", "IsStable", "IsProtected", "Parent", "Children"):
            content = {"ResponseContent": [word, "Labels"]}
            yield "/tools/find", f"{level} content {word}", body | content
        tags = {"RequestedTags": ["PatientID", "StudyDate"], "Expand": True}
        yield "/tools/find", f"{level} indexed tags", body | tags


def _two_orders(part: dict[str, int]) -> dict[str, Any]:
    by_date = {"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"}
    by_id = {"Type": "DicomTag", "Key": "AccessionNumber", "Direction": "ASC"}
    return {"Level": "Study", "Query": {}, "OrderBy": [by_date, by_id], **part}


def _counts() -> Iterator[tuple[str, str, Any]]:
    path = "/tools/count-resources"
    for level in LEVELS:
        for query in _COUNTED:
            yield path, f"count {level} {query}", {"Level": level, "Query": query}
    study = {"Level": "Study", "Query": {}}
    for field, value in (
        ("Limit", 1),
        ("Since", 1),
        ("Expand", True),
        ("Labels", ["x"]),
        ("CaseSensitive", True),
        ("ParentPatient", "x"),
    ):
        yield path, f"count with {field}", study | {field: value}
    yield path, "count nothing", {}
    yield path, "count no JSON", b"x"
