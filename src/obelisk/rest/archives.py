"""Reads the members of an uploaded ZIP archive, each within bounds."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO

from obelisk.errors import InvalidDICOMError
from obelisk.rest.bodies import unpacked_too_large
from obelisk.storage.base import Buffer

_CHUNK_BYTES = 1_048_576
_DIRECTORY_BYTES_MAX = 33_554_432
_DIRECTORY_SIZE = 5
#: All members together may unpack to that many times the bytes of the archive, and to
#: as much as one of them besides. Blank masks reach it, whole studies do not.
_RATIO_MAX = 100
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
#: In the flags of a member (.ZIP specification, 4.4.4).
_ENCRYPTED = 1
#: Preamble and prefix; and how large a file is whose start tells whether it is DICOM.
_START_BYTES = 132
_UNJUDGED_BYTES = 1_048_576
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DATASET_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08", b"\x00\x02")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; `chunks` can be read once, before the next member."""

    name: str
    chunks: Iterator[bytes]


def is_archive(start: Buffer) -> bool:
    """Tell by its first bytes whether a file is a ZIP archive."""
    return bytes(start[:4]) in _SIGNATURES


def is_dicom(start: Buffer) -> bool:
    """Tell by its first bytes whether a file may be DICOM (PS3.10 Section 7.1).

    Without preamble, a dataset starts with a low group number.
    """
    return start[128:132] == b"DICM" or bytes(start[:2]) in _DATASET_STARTS


def peek(chunks: Iterator[Buffer]) -> tuple[Buffer, Iterator[Buffer]]:
    """Return a start of a file that tells its kind, and the file from there again."""
    start = next(chunks, b"")
    while len(start) < _START_BYTES:
        start = bytes(start)  # the next chunk may take its place
        more = bytes(next(chunks, b""))
        if not more:
            break
        start += more
    return start, chain((start,), chunks)


def claims_dicom(name: str, start: Buffer) -> bool:
    """Tell by its name and first bytes whether somebody means a file to be DICOM."""
    return name.lower().endswith((".dcm", ".dicom")) or is_dicom(start)


def ensure_dicom(chunks: Iterable[Buffer]) -> Iterator[Buffer]:
    """Yield a file, unless it cannot be DICOM: that ends where it would take room.

    Raises
    ------
    InvalidDICOMError
        If it is large, and starts like something else.
    """
    start, size = b"", 0
    for chunk in chunks:
        if len(start) < _START_BYTES:
            start += bytes(chunk[:_START_BYTES])
        size += len(chunk)
        if size > _UNJUDGED_BYTES and not is_dicom(start):
            raise InvalidDICOMError("the file does not start like a DICOM file")
        yield chunk


@contextmanager
def open_archive(chunks: Iterable[Buffer]) -> Iterator[zipfile.ZipFile]:
    """Open an archive for the length of a `with` block, spooled to a temporary file.

    Raises
    ------
    InvalidDICOMError
        If it is no readable archive.
    """
    with tempfile.TemporaryFile() as spool:
        for chunk in chunks:
            spool.write(chunk)
        try:
            _check_directory(spool)
            archive = zipfile.ZipFile(spool)
        except _DAMAGE as error:
            raise InvalidDICOMError("The ZIP archive cannot be read") from error
        with archive:
            yield archive


def _check_directory(spool: IO[bytes]) -> None:
    """Refuse a directory that would fill the memory (.ZIP specification, 4.3.16)."""
    record = zipfile._EndRecData(spool)  # type: ignore[attr-defined]  # noqa: SLF001
    if record and record[_DIRECTORY_SIZE] > _DIRECTORY_BYTES_MAX:
        raise InvalidDICOMError("The ZIP archive has too many members")


def iter_members(archive: zipfile.ZipFile, size_max: int) -> Iterator[Member]:
    """Yield the files of an archive, DICOMDIR left out.

    Parameters
    ----------
    archive
        The archive.
    size_max
        How many bytes a member may unpack to, 0 for any number. A larger one raises
        `InvalidDICOMError` while it is read, and so does a damaged one. So do bombs:
        one that shares its bytes with another one, and those from which on all are
        more than `size_max` and 100 times the archive.
    """
    left = archive.start_dir  # where the members end
    limits = _Limits(size_max, size_max + _RATIO_MAX * left)
    for info in archive.infolist():
        name = info.filename.rpartition("/")[2]
        if not info.is_dir() and name.upper() != "DICOMDIR":
            yield Member(info.filename, _unpacked(archive, info, left, limits))
            left -= info.compress_size if info.compress_size <= left else 0


@dataclass(slots=True)
class _Limits:
    """How many bytes each member, and those that are left, may unpack to."""

    size_max: int
    left: int

    def check(self, size: int, chunk: bytes) -> None:
        """Refuse the next bytes of a member if that has too many, or all have."""
        if not self.size_max:
            return
        if size > self.size_max:
            raise InvalidDICOMError(unpacked_too_large(self.size_max))
        self.left -= len(chunk)
        if self.left < 0:
            raise InvalidDICOMError("The ZIP archive unpacks to too much for its size")


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, packed_max: int, limits: _Limits
) -> Iterator[bytes]:
    if info.compress_size > packed_max:  # not every release of Python notices
        raise InvalidDICOMError("The member of the archive overlaps another one")
    size = 0
    try:
        with archive.open(info) as file:
            while chunk := file.read(_CHUNK_BYTES):
                size += len(chunk)
                limits.check(size, chunk)
                yield chunk
    except _DAMAGE as error:
        is_secret = info.flag_bits & _ENCRYPTED
        what = "encrypted" if is_secret else "damaged, or compressed in an unknown way"
        raise InvalidDICOMError(f"The member of the archive is {what}") from error
