"""Files of random walks: few names and identifiers, so that much of it meets again."""

import random
import warnings
from typing import Any

from crafted import crafted_files
from factories import make_instance, make_uid
from parity.driving import is_read

#: Character sets, and names that they have.
_NAMES: dict[str | tuple[str, str] | None, tuple[str, ...]] = {
    "ISO_IR 192": ("Zoë^x", "山田^太郎", "Ærø^Straße", "Smith^Anna", "smith^anna", ""),
    "ISO_IR 100": ("Müller^Jürgen", "Smith^Anna", "Zoë^x"),
    "ISO_IR 144": ("Люкс^Ж", "Smith^Anna"),
    ("", "ISO 2022 IR 87"): ("Yamada^Tarou=山田^太郎=やまだ^たろう",),
    None: ("Plain^Name", "smith^ANNA", "A*b?", 'O\'Neill^"x"', "", "Two\\Names"),
}
_PATIENTS = ("W1", "W2", "w1", "W 3", "W4 ", "W\\5", "", None)
_VALUES: dict[str, tuple[Any, ...]] = {
    "AccessionNumber": ("A1", "a1", "", None, "B 2", "A1\\A2"),
    "BodyPartExamined": ("HEAD", "", None),
    "InstitutionName": ("North", "South", None),
    "Manufacturer": ("Maker", None),
    "Modality": ("CT", "MR", "US", None),
    "NumberOfFrames": ("1", "3", None, None),
    "Occupation": ("Baker", "", None),
    "PatientAge": ("030Y", "031Y", None),
    "PatientBirthDate": ("19700101", "", None, "1970.01.01"),
    "PatientSex": ("M", "F", "O", "", None),
    "ProtocolName": ("Routine", "routine ", None),
    "SeriesDescription": ("s1", "S1", "", None),
    "StudyDate": ("20200101", "20210203", "", None, "20200101\\20210101"),
    "StudyDescription": ("Thorax", "Knee 2", "", None, "a*b?", "thorax "),
}

#: Series that tell how many instances they have tell it in each, and number them from
#: 1, each once: what becomes of others differs (`differences.ELSEWHERE`).
_COUNTED: dict[str, tuple[Any, ...]] = {
    "ImagesInAcquisition": ("2",),
    "NumberOfTemporalPositions": ("1",),
}
_UNCOUNTED: dict[str, tuple[Any, ...]] = {"InstanceNumber": ("1", "2", "3", "", None)}
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_FILES_MAX = 90
_ODD_FILES_MAX = 12


def walk_files(seed: str) -> list[bytes]:
    """Return what may be uploaded during one walk; the same for the same seed.

    Nothing is refused: in archives it would spoil the rest.
    """
    chance = random.Random(f"files {seed}")
    odd = chance.sample(list(crafted_files().values()), _ODD_FILES_MAX)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oddities are on purpose
        files = [_file(chance) for _ in range(_FILES_MAX)]
    return list(filter(is_read, files + odd))


def _file(chance: random.Random) -> bytes:
    patient = chance.randrange(len(_PATIENTS))
    study, series, number = (chance.randrange(2) for _ in range(3))
    character_set = chance.choice(list(_NAMES))
    attributes = {
        "SpecificCharacterSet": character_set
        if isinstance(character_set, str | None)
        else list(character_set),
        "PatientName": chance.choice(_NAMES[character_set]),
        "PatientID": _PATIENTS[patient],
        "PatientComments": f"version {chance.randrange(3)}",
        "SOPInstanceUID": make_uid("walk", study, series, number),  # in many studies
    }
    numbers = _COUNTED if series else _UNCOUNTED
    for keyword, values in (_VALUES | numbers).items():
        attributes[keyword] = chance.choice(values)
    for keyword in _UIDS[: 2 if series else 3]:
        if chance.random() < 0.04:
            uid = make_uid(patient, study, series, number, keyword)
            attributes[keyword] = chance.choice(_odd_uids(uid))
    attributes["SOPInstanceUID"] = attributes["SOPInstanceUID"] or None
    if chance.random() < 0.1:
        attributes["PixelData"] = chance.randbytes(chance.choice((128, 150_000)))
    return make_instance(
        patient, study=study, series=series, number=number + 1, **attributes
    )


def _odd_uids(uid: str) -> tuple[str | None, ...]:
    return (f"{uid} ", f"{uid}\\{uid}", "", None)
