"""What the headers of compressed images say: JPEG, JPEG-LS, JPEG 2000 and HTJ2K."""

import struct
from dataclasses import dataclass

from obelisk.imaging.pictures import UnreadableImageError

_JPEG_START, _CODESTREAM_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xDA)})
#: Start of frame, of JPEG and of JPEG-LS; not so tables and arithmetic coding.
_FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_SIZES = struct.Struct(">HH8IH")


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """The size of a compressed image, and the kind of its samples."""

    columns: int
    rows: int
    samples: int
    bits: int
    is_signed: bool = False


def read_stream_header(content: bytes) -> StreamHeader:
    """Read the header of a compressed image.

    Raises
    ------
    UnreadableImageError
        If there is none.
    """
    try:
        if content.startswith(_JPEG_START):
            place = find_frame_header(content)
            bits, rows, columns, samples = struct.unpack_from(">BHHB", content, place)
            return StreamHeader(columns, rows, samples, bits)
        place = content.index(_CODESTREAM_START) + 4
        *sizes, samples = _SIZES.unpack_from(content, place)
        _, _, right, bottom, left, top = sizes[:6]
        kind = content[place + _SIZES.size]
    except (struct.error, IndexError, ValueError) as error:
        raise UnreadableImageError("A frame has no header") from error
    bits = (kind & 0x7F) + 1
    return StreamHeader(
        right - left, bottom - top, samples, bits, is_signed=bool(kind & 0x80)
    )


def find_frame_header(content: bytes) -> int:
    """Return where the frame header of a JPEG image has its parameters.

    Raises
    ------
    ValueError, IndexError
        If there is none.
    """
    place = len(_JPEG_START)
    while content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _FRAMES:
            return place + 4
        if marker == 0xFF or marker in _STANDALONE:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    raise ValueError("not a marker")
