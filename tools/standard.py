"""Write src/obelisk/dicom/standard.json from pydicom: `make standard`.

The server reads that file, because importing pydicom takes it a second.
"""

import json
from pathlib import Path

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary

FILE = Path(__file__).parents[1] / "src" / "obelisk" / "dicom" / "standard.json"

#: VRs that depend on other attributes, by how PS3.6 spells them; the short forms
#: mean: US or SS, OB or OW, US or OW (or SS), none.
_AMBIGUOUS_VRS = {
    "US or SS": "xs",
    "OB or OW": "ox",
    "US or OW": "lt",
    "US or SS or OW": "lt",
    "NONE": "na",
}


def standard() -> str:
    """Return the content of the file: attributes and UIDs, one a line."""
    tables = {
        "attributes": {
            f"{tag:08x}": _entry(fields) for tag, fields in DicomDictionary.items()
        },
        "repeating": {
            mask: _entry(fields) for mask, fields in RepeatersDictionary.items()
        },
        "transfer_syntaxes": _uids("Transfer Syntax"),
        "sop_classes": _uids("SOP Class"),
    }
    texts = (
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f"{json.dumps(key)}: {json.dumps(table[key])}" for key in table)
        + "\n}"
        for name, table in tables.items()
    )
    return "{\n" + ",\n".join(texts) + "\n}\n"


def _entry(fields: tuple[str, str, str, str, str]) -> list[str]:
    """Return the VR and the name that Orthanc prints."""
    vr, _, _, retired, keyword = fields
    name = f"RETIRED_{keyword}" if retired else keyword
    return [_AMBIGUOUS_VRS.get(vr, vr), name]


def _uids(kind: str) -> dict[str, str]:
    """Return the names of the UIDs of one kind."""
    return {uid: name for uid, (name, its, *_) in UID_dictionary.items() if its == kind}


if __name__ == "__main__":
    FILE.write_text(standard(), encoding="ascii")
