"""Record what Orthanc makes of DICOM files, for `test_tags.py`.

Usage: ``record_tags.py URL`` with the root of a disposable Orthanc 1.13 whose
``OverwriteInstances`` is true. Records the files that pydicom ships, and the crafted
ones that the golden file holds, anew.
"""

import base64
import gzip
import json
import sys
from pathlib import Path

import pydicom.data
import requests

GOLDEN = Path(__file__).parent / "tags" / "orthanc.json.gz"
PYDICOM_DATA = Path(pydicom.data.__file__).parent
LEVELS = ("patients", "studies", "series", "instances")
PARENTS = ("ParentPatient", "ParentStudy", "ParentSeries", "ID")


def pydicom_files():
    """List the files that lie in the package, by their path within it."""
    return {
        path.relative_to(PYDICOM_DATA).as_posix(): path
        for path in sorted(PYDICOM_DATA.rglob("*"))
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


def record(session, url, content):
    """Upload a file, and collect all that follows from its header."""
    answer = session.post(f"{url}/instances", data=content)
    uploaded = answer.json()
    if answer.status_code != 200:
        return {"status": answer.status_code}
    identifiers = [uploaded[key] for key in PARENTS]
    instance = f"{url}/instances/{uploaded['ID']}"
    metadata = session.get(f"{instance}/metadata?expand").json()
    recorded = {
        "status": 200,
        "ids": identifiers,
        "tags": session.get(f"{instance}/tags").json(),
        "simple": session.get(f"{instance}/tags?simplify").json(),
        "short": session.get(f"{instance}/tags?short").json(),
        "header": session.get(f"{instance}/header").json(),
        "metadata": {
            name: metadata.get(name)
            for name in (
                "TransferSyntax",
                "SopClassUid",
                "PixelDataOffset",
                "PixelDataVR",
            )
        },
        "main": [
            session.get(f"{url}/{level}/{identifier}").json()["MainDicomTags"]
            for level, identifier in zip(LEVELS, identifiers, strict=True)
        ],
    }
    session.delete(f"{url}/patients/{identifiers[0]}").raise_for_status()
    return recorded


def load():
    """Read the golden file."""
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


def save(golden):
    """Write the golden file, the same bytes for the same content."""
    text = json.dumps(golden, ensure_ascii=False, sort_keys=True, indent=0)
    GOLDEN.write_bytes(gzip.compress(text.encode(), mtime=0))


def main():
    """Record all files."""
    session = requests.Session()
    url = sys.argv[1].rstrip("/")
    golden = {
        "pydicom": {
            name: record(session, url, path.read_bytes())
            for name, path in pydicom_files().items()
        },
        "crafted": {
            name: {
                "file": crafted["file"],
                **record(session, url, base64.b64decode(crafted["file"])),
            }
            for name, crafted in load()["crafted"].items()
        },
    }
    save(golden)


if __name__ == "__main__":
    main()
