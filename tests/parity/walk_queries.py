"""Random searches."""

import random
from collections.abc import Callable
from typing import Any

#: How to choose a resource of a level, or none that there is.
Pick = Callable[[str], str]

KINDS = {
    "patients": "Patient",
    "studies": "Study",
    "series": "Series",
    "instances": "Instance",
}
_LEVELS = tuple(KINDS)
_EVERYWHERE = 9

#: What is searched for, by the level from which on: what is below a resource decides
#: in ways of its own, which `find_queries` has.
_WANTED: dict[str, tuple[int, tuple[str, ...]]] = {
    "PatientName": (0, ("*", "smith*", "SMITH^ANNA", "?*", "zoë*", "", "山*", "*ü*")),
    "PatientID": (0, ("W1", "W?", "w1", "W1\\W2", "W 3", " W1", "W*5", "")),
    "PatientSex": (0, ("M", "f", "M\\O", "")),
    "PatientBirthDate": (0, ("19700101", "1960-", "19600101-19800101", "")),
    "StudyDate": (1, ("20200101-", "-20201231", "20210203", "", "20200101\\20210203")),
    "StudyDescription": (1, ("*k*", "thorax", "a\\*b", "", "THORAX", "thorax ")),
    "AccessionNumber": (1, ("A1", "", "*1", "b 2", "A2", "a1\\B 2")),
    "InstitutionName": (1, ("North", "s*")),
    "Modality": (2, ("CT", "CT\\MR", "", "c*")),
    "SeriesDescription": (2, ("s1", "S*", "")),
    "ProtocolName": (2, ("routine", "ROUTINE*")),
    "BodyPartExamined": (2, ("HEAD", "?EAD")),
    "InstanceNumber": (3, ("1", "7", "00*", "1\\2")),
    "NumberOfFrames": (3, ("1", "3")),
    "Occupation": (_EVERYWHERE, ("Baker", "b*")),
    "PatientAge": (_EVERYWHERE, ("030Y", "03?Y", "030Y\\031Y")),
    "PatientComments": (_EVERYWHERE, ("version 1", "*2", "")),
}
_OF_FILES = {"ModalitiesInStudy", "Occupation", "PatientAge", "PatientComments"}
_REQUESTED = (
    *("PatientID", "PatientAge", "PatientComments", "PatientName", "Rows"),
    *("ModalitiesInStudy", "SOPClassesInStudy", "SOPInstanceUID", "StudyDate"),
    *("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries"),
    *("NumberOfPatientRelatedInstances", "NumberOfStudyRelatedSeries"),
    *("NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances"),
    *("InstanceAvailability", "SeriesDescription", "InstitutionName"),
)
_CONTENTS = (
    *("MainDicomTags", "Metadata", "Children", "Parent", "Labels", "Status"),
    *("IsStable", "IsProtected", "Attachments"),
)
LABELS = "abcA"
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
#: What a level has, or those above it.
_ORDERED = (
    (0, "Metadata", ("Mine", "TransferSyntax")),
    (0, "MetadataAsInt", ("Other", "IndexInSeries", "ExpectedNumberOfInstances")),
    (1, "DicomTag", ("AccessionNumber", "StudyDate")),
    (2, "DicomTag", ("SeriesNumber", "Modality")),
    (3, "DicomTag", ("InstanceNumber",)),
)


def search(chance: random.Random, pick: Pick, *, counts: bool) -> dict[str, Any]:
    """Return the body of a search, or of one that only counts."""
    depth = chance.randrange(len(_LEVELS))
    query = _query(chance, depth)
    body: dict[str, Any] = {"Level": KINDS[_LEVELS[depth]], "Query": query}
    if chance.random() < 0.3:
        body["Labels"] = chance.sample(LABELS, chance.randrange(3))
        body["LabelsConstraint"] = chance.choice(("All", "Any", "None"))
    if chance.random() < 0.2:
        wanted = chance.choice(("x", "*", "é\\**", "", "7"))
        body["MetadataQuery"] = {chance.choice(("Mine", "Other")): wanted}
    if depth and chance.random() < 0.2:
        above = chance.choice(_LEVELS[:depth])
        body[f"Parent{KINDS[above]}"] = pick(above)
    return body if counts else body | _shape(chance, depth, query)


def contents(chance: random.Random) -> list[str]:
    """Return what to show of a resource; the status comes with the metadata only."""
    chosen = chance.sample(_CONTENTS, 3)
    return [*chosen, "Metadata"] if "Status" in chosen else chosen


def _query(chance: random.Random, depth: int) -> dict[str, str]:
    query = {
        keyword: chance.choice(values)
        for keyword, (level, values) in _WANTED.items()
        if (level <= depth or level == _EVERYWHERE) and chance.random() < 0.15
    }
    if depth == 1 and chance.random() < 0.2:
        query["ModalitiesInStudy"] = chance.choice(("CT", "MR\\US"))
    return query


def _shape(chance: random.Random, depth: int, query: dict[str, str]) -> dict[str, Any]:
    """Return what of the found is wanted, and in which form."""
    shape: dict[str, Any] = {}
    if chance.random() < 0.5:
        shape["Expand"] = True
    if chance.random() < 0.3:
        shape["CaseSensitive"] = chance.random() < 0.7
    if chance.random() < 0.3:
        shape["RequestedTags"] = chance.sample(_REQUESTED, 3)
    if chance.random() < 0.2:
        shape["ResponseContent"] = contents(chance)
    if chance.random() < 0.3:
        shape[chance.choice(("Short", "Full"))] = True
    is_plain = not _OF_FILES & query.keys()
    if is_plain and not shape.get("CaseSensitive") and chance.random() < 0.4:
        shape |= {"Limit": chance.randrange(4), "Since": chance.randrange(3)}
    if depth and chance.random() < 0.2:  # patients tie where case is all that differs
        shape["OrderBy"] = _order(chance, depth)
    return shape


def _order(chance: random.Random, depth: int) -> list[dict[str, str]]:
    _, kind, keys = chance.choice([one for one in _ORDERED if one[0] <= depth])
    chosen = [
        (kind, chance.choice(keys)),
        *(("DicomTag", uid) for uid in _UIDS[:depth]),
    ]
    return [
        {"Type": type_, "Key": key, "Direction": chance.choice(("ASC", "DESC"))}
        for type_, key in chosen
    ]
