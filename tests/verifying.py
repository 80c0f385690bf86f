"""What the verifier dciodvfy of dicom3tools says of a file."""

import shutil
import subprocess
from pathlib import Path

import pydicom

#: Transfer syntaxes that it does not know, and the like that it knows: HTJ2K, H.265.
_LIKE = {
    "1.2.840.10008.1.2.4.107": "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.201": "1.2.840.10008.1.2.4.90",
}


def errors_of(file: Path) -> list[str]:
    """Return the lines that tell of errors."""
    verifier = shutil.which("dciodvfy")
    assert verifier is not None, "dicom3tools are not installed"
    dataset = pydicom.dcmread(file)
    like = _LIKE.get(dataset.file_meta.TransferSyntaxUID)
    if like is not None:
        file = file.with_suffix(".like")
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(like)
        dataset.save_as(file)
    found = subprocess.run(
        [verifier, str(file)], capture_output=True, text=True, check=False
    )
    lines = (found.stdout + found.stderr).splitlines()
    return [line for line in lines if line.startswith("Error")]
