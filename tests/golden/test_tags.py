"""What Orthanc 1.13 made of pydicom's files and of crafted ones, so do we."""

import base64

import pytest
from pydicom.datadict import tag_for_keyword

from golden.record_tags import load, pydicom_files
from obelisk.dicom.levels import LEVELS, MAIN_TAGS
from obelisk.dicom.parsing import (
    MissingUIDError,
    parse_instance,
    read_dataset,
    read_file_meta,
)
from obelisk.dicom.tag_json import TagForm, header_json, tags_json
from obelisk.errors import InvalidDICOMError

GOLDEN = load()
PYDICOM_FILES = pydicom_files()
FILES = {
    **{
        name: (PYDICOM_FILES[name].read_bytes(), recorded)
        for name, recorded in GOLDEN["pydicom"].items()
        if name in PYDICOM_FILES
    },
    **{
        f"crafted/{name}": (base64.b64decode(recorded["file"]), recorded)
        for name, recorded in GOLDEN["crafted"].items()
    },
}

CODE_EXTENSIONS = "Orthanc drops the escape sequences and shows the bytes as they are"
LENIENT = "Orthanc refuses the file, we read it"

#: Where we differ from Orthanc, and why.
DIFFERENT = {
    "charset_files/chrH32.dcm": CODE_EXTENSIONS,
    "charset_files/chrJapMultiExplicitIR6.dcm": CODE_EXTENSIONS,
    "crafted/cspn ISO 2022 IR 100\\ISO 2022 IR 144": CODE_EXTENSIONS,
    "crafted/cspn ISO_IR 203": "Orthanc does not know Latin-9",
    "crafted/sz AT 6": LENIENT,
    "crafted/sz OD 4": LENIENT,
    "crafted/preamble only im": LENIENT,
    "crafted/metalen 100000": LENIENT,
    "crafted/metalen -30": "Orthanc takes elements of the header for the dataset",
    "crafted/mid item overflow": "Orthanc lets an item end after its sequence",
    "crafted/unknown ts le": "Orthanc does not record unknown transfer syntaxes",
}


def observe(content):
    """Say of a file what `record_tags.record` says, as far as it is ours to say."""
    try:
        parsed = parse_instance(content)
    except MissingUIDError:
        return {"status": 404}
    except InvalidDICOMError:
        return {"status": 400}
    dataset = read_dataset(content)
    offset = parsed.pixel_data_offset
    has_vr = parsed.has_unusual_pixel_data_vr
    return {
        "status": 200,
        "ids": [parsed.ids.at(level) for level in LEVELS],
        "tags": tags_json(dataset),
        "simple": tags_json(dataset, TagForm.SIMPLE),
        "short": tags_json(dataset, TagForm.SHORT),
        "header": header_json(read_file_meta(content)),
        "metadata": {
            "TransferSyntax": parsed.transfer_syntax_uid,
            "SopClassUid": parsed.sop_class_uid or None,
            "PixelDataOffset": None if offset is None else str(offset),
            "PixelDataVR": parsed.pixel_data_vr if has_vr else None,
        },
        "main": [
            {tag: parsed.attributes[tag] for tag in tags if tag in parsed.attributes}
            for tags in (MAIN_TAGS[level] for level in LEVELS)
        ],
    }


def expected(recorded):
    """Bring the recorded answers into the form of `observe`."""
    result = {key: value for key, value in recorded.items() if key != "file"}
    if "main" in result:
        result["main"] = [
            {tag_for_keyword(name): value for name, value in attributes.items()}
            for attributes in result["main"]
        ]
    return result


@pytest.mark.parametrize("name", sorted(FILES.keys() - DIFFERENT.keys()))
def test_equals_orthanc(name):
    """Everything that follows from the header of a file is what Orthanc says."""
    content, recorded = FILES[name]
    assert observe(content) == expected(recorded)


@pytest.mark.parametrize("name", sorted(DIFFERENT))
def test_documented_difference(name):
    """Each documented difference exists; it goes from the list when it is gone."""
    content, recorded = FILES[name]
    assert observe(content) != expected(recorded)
