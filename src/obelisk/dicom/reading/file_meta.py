"""The File Meta Information, and where the dataset starts (PS3.10 Section 7.1)."""

import struct
from dataclasses import dataclass

from obelisk.dicom.reading.inflating import inflate
from obelisk.dicom.reading.limits import Limits
from obelisk.dicom.reading.transfer_syntax import (
    DEFLATED,
    EXPLICIT_LITTLE,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_BIG,
    IMPLICIT_VR_LITTLE_ENDIAN,
    KNOWN,
    LONG_VRS,
    VRS,
    Buffer,
    Encoding,
    encoding_of,
)
from obelisk.errors import InvalidDICOMError

_GROUP_LENGTH = 0x00020000
TRANSFER_SYNTAX_UID = 0x00020010
_UNSUSPICIOUS_SIZE = 64 << 20


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What precedes the dataset of a file.

    Parameters
    ----------
    transfer_syntax_uid
        As the header says, or as the dataset looks where there is none.
    encoding
        How the dataset is encoded.
    elements
        The VR and value of each element of group 2, by tag; also of others that lie
        within the length that the group announces.
    has_preamble
        Whether the file starts with a preamble and its "DICM".
    start
        Where the dataset starts.
    """

    transfer_syntax_uid: str
    encoding: Encoding
    elements: dict[int, tuple[str, bytes]]
    has_preamble: bool
    start: int


def read_file_meta(buffer: Buffer) -> FileMeta:
    """Read the File Meta Information; neither it nor the preamble need be there.

    Raises
    ------
    InvalidDICOMError
        If the header is truncated.
    """
    has_preamble = bytes(buffer[128:132]) == b"DICM"
    position = 132 if has_preamble else 0
    elements: dict[int, tuple[str, bytes]] = {}
    size = len(buffer)
    unpack = EXPLICIT_LITTLE.unpack_explicit
    try:
        while position + 8 <= size:
            word, vr, length = unpack(buffer, position)
            if word & 0xFFFF != 2 and position >= _announced_stop(
                elements, 132 if has_preamble else 0, size
            ):
                break
            start = position + 8
            if vr not in VRS:
                raise InvalidDICOMError("the header has an unknown VR", position)
            if vr in LONG_VRS:
                (length,) = EXPLICIT_LITTLE.unpack_length(buffer, start)
                start += 4
            stop = start + length
            if stop > size:
                raise InvalidDICOMError("the file ends within its header", position)
            tag = EXPLICIT_LITTLE.word(word)
            elements[tag] = (vr.decode("latin-1"), bytes(buffer[start:stop]))
            position = stop
    except struct.error:
        raise InvalidDICOMError("the file ends within its header", position) from None
    if not elements and position >= size:
        raise InvalidDICOMError("the file is empty", position)
    uid = elements.get(TRANSFER_SYNTAX_UID, ("UI", b""))[1]
    transfer_syntax_uid = uid.split(b"\0", 1)[0].strip().decode("latin-1")
    if transfer_syntax_uid in KNOWN:
        encoding = encoding_of(transfer_syntax_uid)
    else:
        guess, encoding = _guess(bytes(buffer[position : position + 6]))
        transfer_syntax_uid = transfer_syntax_uid or guess
    return FileMeta(transfer_syntax_uid, encoding, elements, has_preamble, position)


def _announced_stop(
    elements: dict[int, tuple[str, bytes]], start: int, size: int
) -> int:
    """Tell where the header ends by its own account, `start` if that is impossible."""
    value = elements.get(_GROUP_LENGTH, ("UL", b""))[1]
    if len(value) != 4:
        return start
    # The length counts from the end of its own element.
    stop = start + 12 + int.from_bytes(value, "little")
    return stop if stop < size else start


def _guess(start: bytes) -> tuple[str, Encoding]:
    """Tell the encoding from the first tag: groups are small numbers as a rule."""
    is_explicit = start[4:6] in VRS
    is_big = start[:1] == b"\0" and start[1:2] != b"\0"
    if is_explicit:
        uid = EXPLICIT_VR_BIG_ENDIAN if is_big else EXPLICIT_VR_LITTLE_ENDIAN
        return uid, encoding_of(uid)
    uid = IMPLICIT_VR_LITTLE_ENDIAN
    return uid, IMPLICIT_BIG if is_big else encoding_of(uid)


def open_dataset(
    buffer: Buffer, file_meta: FileMeta, limits: Limits
) -> tuple[Buffer, int]:
    """Get the buffer that holds the dataset, inflated if need be, and its start.

    Raises
    ------
    InvalidDICOMError
        If the deflated stream is broken, or too long once inflated.
    StorageError
        If there is no room for it; see `inflate`.
    """
    if file_meta.transfer_syntax_uid not in DEFLATED:
        return buffer, file_meta.start
    proportionate = limits.inflated_ratio * (len(buffer) - file_meta.start)
    maximum = min(limits.inflated_size, max(proportionate, _UNSUSPICIOUS_SIZE))
    return inflate(buffer, file_meta.start, maximum), 0
