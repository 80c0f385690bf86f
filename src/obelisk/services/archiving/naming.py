"""The names of folders and files inside an archive, as Orthanc gives them."""

import re
from collections.abc import Mapping
from typing import Any

from obelisk.dicom.levels import Level

_HOSTILE = re.compile(r'[/\\:*?"<>|]')
_CONTROL = re.compile(r"[\x00-\x1f]")
_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")

#: How long a name may be in bytes; file systems take no more.
_SIZE_MAX = 255
_FILE_NAME_LENGTH = 8


def safe_name(text: str, *, is_utf8: bool) -> str:
    """Return a text as a name that every file system takes; it may be empty.

    Parameters
    ----------
    text
        The text.
    is_utf8
        Whether letters beyond ASCII stay (ZipUseUtf8); if not, they are left out.
    """
    text = _CONTROL.sub(" ", text) if is_utf8 else _NOT_ASCII.sub("", text)
    text = " ".join(_HOSTILE.sub(" ", text).split())
    # Such a name would stand for the folder itself, or for the one above.
    return "" if not text.strip(".") else text


def folder_name(level: Level, attributes: Mapping[str, Any], *, is_utf8: bool) -> str:
    """Return the name of the folder of a patient, a study or a series.

    Parameters
    ----------
    level
        The level.
    attributes
        The main attributes of the resource.
    is_utf8
        See `safe_name`.
    """
    if level is Level.PATIENT:
        name = _text(attributes, "PatientName")
        identifier = _text(attributes, "PatientID")
        text = f"{identifier} - {name}" if name else identifier
    elif level is Level.STUDY:
        text = _joined(attributes, "AccessionNumber", "StudyDescription")
    else:
        text = _joined(attributes, "SeriesNumber", "Modality", "SeriesDescription")
    return safe_name(text, is_utf8=is_utf8) or f"Unknown {level.value}"


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    return value.strip() if isinstance(value, str) else ""


def _joined(attributes: Mapping[str, Any], *names: str) -> str:
    return " - ".join(filter(None, [_text(attributes, name) for name in names]))


def file_name(attributes: Mapping[str, Any], number: int, *, is_utf8: bool) -> str:
    """Return the name of the file of an instance: two letters and a number.

    Parameters
    ----------
    attributes
        The main attributes of the series.
    number
        The number of the instance, 0 or more.
    is_utf8
        See `safe_name`.
    """
    modality = attributes.get("Modality")
    letters = modality.encode()[:2].upper() if isinstance(modality, str) else b""
    digits = f"{number:0{_FILE_NAME_LENGTH - len(letters)}d}"
    text = letters.decode("utf-8", "ignore") + digits
    return safe_name(f"{text}.dcm", is_utf8=is_utf8)


class Names:
    """The names inside one folder; a second one of a kind gets a number."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def claim(self, name: str) -> str:
        """Return a name that nothing else in the folder has."""
        wanted = _cut(name, _SIZE_MAX)
        unique = wanted
        while unique in self._taken:
            count = self._counts.get(wanted, 1) + 1
            self._counts[wanted] = count
            suffix = f"-{count}"
            unique = _cut(wanted, _SIZE_MAX - len(suffix)) + suffix
        self._taken.add(unique)
        return unique


def _cut(name: str, size_max: int) -> str:
    """Shorten a name to some bytes, between two characters."""
    encoded = name.encode("utf-8", "replace")
    if len(encoded) <= size_max:
        return name
    return encoded[:size_max].decode("utf-8", "ignore").rstrip()
