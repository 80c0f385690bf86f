"""Record what Orthanc makes of orders for new instances, for `test_creation.py`.

Usage: ``python tests/golden/record_creation.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import base64
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from golden.recording import save
from images import make_pam, make_pixels, make_png
from launching import running_server

_SECONDS = 60

OPTIONS: dict[str, Any] = {
    "Dictionary": {"4321,1012": ["UT", "MyPrivateXMLTag", 1, 1, "My Company"]},
    "OverwriteInstances": True,
}

#: Attributes that differ from run to run: UIDs, dates and times.
_VOLATILE = frozenset(
    {"0008,0018", "0020,000d", "0020,000e"}
    | {f"0008,00{number}" for number in (12, 13, 20, 21, 22, 23, 30, 31, 32, 33)}
)


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _png(colour_type: int, bits: int) -> str:
    pixels = make_pixels(colour_type, bits, 4, 6)
    return _uri("image/png", make_png(pixels, colour_type, bits))


def _pam() -> str:
    pixels = np.arange(24).reshape(4, 6, 1)
    return _uri("image/x-portable-arbitrarymap", make_pam(pixels, "GRAYSCALE"))


_PERSON = {"PatientName": "Doe^Jane", "PatientID": "1"}
_BINARY = "data:application/octet-stream;base64,aGVsbG8="
_PARENT = {
    "PatientName": "Par^Ent",
    "PatientID": "P",
    "PatientBirthDate": "19700101",
    "OtherPatientIDs": "a\\b",
    "StudyDescription": "Study",
    "StudyDate": "20200101",
    "StudyTime": "101010",
    "InstitutionName": "Inst",
    "ReferencedStudySequence": [{"ReferencedSOPClassUID": "1.2.3"}],
    "Modality": "CT",
    "SeriesDescription": "Series",
    "SeriesDate": "20200102",
    "SeriesTime": "111111",
    "ProtocolName": "Protocol",
    "Manufacturer": "M",
    "InstanceNumber": "5",
    "SpecificCharacterSet": "ISO_IR 144",
}

#: What is asked for, by name; those of the Orthanc Book first. ``@`` and a word stand
#: for a key of the answer to the order named ``parent``.
ORDERS: dict[str, dict[str, Any]] = {
    "tags": {"Tags": {"PatientName": "Hello^World"}},
    "pdf": {"Tags": _PERSON, "Content": _uri("application/pdf", b"%PDF-1.4\n")},
    "png": {"Tags": _PERSON | {"Modality": "OT"}, "Content": _png(0, 8)},
    "stl": {"Tags": _PERSON, "Content": _uri("model/stl", b"solid x\nendsolid x\n")},
    "private": {
        "PrivateCreator": "My Company",
        "Tags": _PERSON | {"4321,0010": "My Company", "4321,1012": "<xml/>"},
    },
    "nothing": {},
    "bare": {"PatientName": "Old", "PatientID": "x"},
    "png-16": {"Tags": _PERSON, "Content": _png(0, 16)},
    "png-rgb": {"Tags": _PERSON, "Content": _png(2, 8)},
    "png-rgba": {"Tags": _PERSON, "Content": _png(6, 8)},
    "pam": {"Tags": _PERSON, "Content": _pam()},
    "obj": {"Tags": _PERSON, "Content": _uri("model/obj", b"v 0 0 0\n")},
    "mtl": {"Tags": _PERSON, "Content": _uri("model/mtl", b"newmtl a\n")},
    "series": {"Tags": _PERSON, "Content": [_png(0, 8), _png(0, 8)]},
    "series-tags": {
        "Tags": _PERSON,
        "Content": [{"Content": _png(0, 8), "Tags": {"ImageComments": "a"}}],
    },
    "sequence": {"Tags": {"ReferencedStudySequence": [{"Rows": "3"}, {}]}},
    "numbers": {
        "Tags": {
            "Rows": "5",
            "SelectorFDValue": "1\\2",
            "SelectorATValue": "PatientName",
            "SelectorUVValue": "12345678901",
            "RedPaletteColorLookupTableDescriptor": "1\\2\\3",
            "ImageType": "A\\B",
        }
    },
    "binary": {"Tags": {"PatientComments": _BINARY}},
    "binary-text": {"Tags": {"PatientComments": _BINARY}, "InterpretBinaryTags": False},
    "arabic": {
        "Tags": {"PatientName": "قباني^لنزار", "SpecificCharacterSet": "ISO_IR 127"}
    },
    "dates": {"Tags": {"StudyDate": "20200101", "ContentDate": "20200104"}},
    "empty": {"Tags": {"StudyDescription": "", "PatientID": "", "Rows": None}},
    "force": {"Tags": {"StudyInstanceUID": "1.2.3"}, "Force": True},
    "class": {
        "Tags": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Rows": "9"},
        "Content": _png(0, 8),
    },
    "parent": {"Tags": _PARENT},
    "of-patient": {"Tags": {}, "Parent": "@ParentPatient"},
    "of-study": {"Tags": {"Modality": "MR"}, "Parent": "@ParentStudy"},
    "of-series": {"Tags": {"InstanceNumber": "9"}, "Parent": "@ParentSeries"},
    "pdf-of-series": {
        "Tags": {},
        "Parent": "@ParentSeries",
        "Content": _uri("application/pdf", b"%PDF-1.4\n"),
    },
    "of-instance": {"Tags": {}, "Parent": "@ID"},
    "of-nothing": {"Tags": {}, "Parent": "nope"},
    "contradiction": {"Tags": {"StudyDescription": "x"}, "Parent": "@ParentStudy"},
    "free-date": {"Tags": {"StudyDate": "20210101"}, "Parent": "@ParentStudy"},
    "uid": {"Tags": {"StudyInstanceUID": "1.2.3"}},
    "pixels": {"Tags": {"PixelData": "x"}},
    "number": {"Tags": {"Rows": 5}},
    "text-sequence": {"Tags": {"ReferencedStudySequence": "x"}},
    "large-number": {"Tags": {"Rows": "70000"}},
    "no-uri": {"Tags": {}, "Content": "hello"},
    "no-base64": {"Tags": {}, "Content": "data:image/png;base64,@@@@"},
    "no-text": {"Tags": {}, "Content": 5},
    "lying-png": {"Tags": {}, "Content": _uri("image/png", b"%PDF-1.4\n")},
    "lying-pdf": {"Tags": {}, "Content": _uri("application/pdf", b"\x89PNG")},
    "empty-pdf": {"Tags": {}, "Content": _uri("application/pdf", b"")},
    "unknown-tag": {"Tags": {"Foo": "x"}},
    "bad-date": {"Tags": {"PatientBirthDate": "hello"}},
    "characters": {"Tags": {"PatientName": "山田"}},
    "no-payload": {"Tags": {}, "Content": [{"Tags": {}}]},
    "text": {"Tags": {}, "Content": _uri("text/plain", b"x")},
    "character-set": {"Tags": {"SpecificCharacterSet": "nope"}},
    "tags-list": {"Tags": []},
    "no-tags": {"Replace": {}},
}


def play_creation(
    command: Sequence[str], folder: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give all orders to a new server; yield what it answers, and what it made."""
    with running_server(command, folder, **OPTIONS) as server:
        parent: dict[str, str] = {}
        for name, order in ORDERS.items():
            wanted = str(order.get("Parent", ""))
            body = order
            if wanted.startswith("@"):
                body = order | {"Parent": parent[wanted[1:]]}
            response = requests.post(
                f"{server.url}/tools/create-dicom", json=body, timeout=_SECONDS
            )
            answer = response.json()
            if name == "parent":
                parent = answer
            made: Any = answer.get("OrthancStatus")
            if response.ok:
                made = {"keys": sorted(answer), "tags": _tags(server.url, answer)}
            yield name, {"status": response.status_code, "headers": {}, "body": made}


def _tags(url: str, answer: dict[str, str]) -> list[dict[str, Any]]:
    """Return the tags of what was made, instance by instance."""
    paths = [answer["Path"]]
    if paths[0].startswith("/series"):
        found = requests.get(f"{url}{paths[0]}/instances", timeout=_SECONDS).json()
        paths = [f"/instances/{one['ID']}" for one in found]
    all_tags = [
        requests.get(f"{url}{path}/tags", timeout=_SECONDS).json() for path in paths
    ]
    kept = [
        {tag: one for tag, one in tags.items() if tag not in _VOLATILE}
        for tags in all_tags
    ]
    for tags in kept:
        if len(tags.get("0010,0020", {}).get("Value") or "") == 36:
            del tags["0010,0020"]  # a new one
    return sorted(kept, key=lambda tags: json.dumps(tags.get("0020,0013"), default=str))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default="Orthanc", help="the command of Orthanc")
    peer = shlex.split(parser.parse_args().peer)
    with tempfile.TemporaryDirectory() as folder:
        save("creation", play_creation(peer, Path(folder)))


if __name__ == "__main__":
    _main()
