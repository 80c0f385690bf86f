"""Files for comparisons, by name and in a fixed order."""

from pathlib import Path

import pydicom

_PYDICOM = Path(pydicom.__file__).parent / "data"


def folder_files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, or the one file that it is."""
    if folder.is_file():
        return {folder.name: folder.read_bytes()}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pydicom_files() -> dict[str, bytes]:
    """Return every file that pydicom ships, its texts and DICOMDIRs included."""
    files = {}
    for name in ("charset_files", "palettes", "test_files"):
        for relative, content in folder_files(_PYDICOM / name).items():
            if not relative.endswith((".py", ".pyc")):
                files[f"{name}/{relative}"] = content
    return files
