"""What the header of a JPEG file says (ISO/IEC 10918-1 Annex B)."""

import struct
from dataclasses import dataclass

from obelisk.dicom.payloads import UnreadableContentError

_START = b"\xff\xd8"
_STANDALONE = frozenset({0x01, *range(0xD0, 0xDA)})
#: Start of frame, except for tables, arithmetic coding and hierarchies.
_FRAMES = {0xC0: "1.2.840.10008.1.2.4.50", 0xC1: "1.2.840.10008.1.2.4.51"}
_OTHER_FRAMES = frozenset({0xC2, 0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xD0)}) - {0xCC}


@dataclass(frozen=True, slots=True)
class JPEGHeader:
    """The size of an image, and the transfer syntax that it can have."""

    columns: int
    rows: int
    samples: int
    is_subsampled: bool
    transfer_syntax_uid: str


def read_jpeg_header(content: bytes) -> JPEGHeader:
    """Read the header of a JPEG file that Pixel Data can hold as it is.

    Raises
    ------
    UnreadableContentError
        If it is no such file: one of 8 bits, grey or with three colours, sequential,
        with Huffman coding.
    """
    if not content.startswith(_START):
        raise UnreadableContentError("The content is no JPEG image")
    position = len(_START)
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            return _frame_header(content, position + 4, _FRAMES[marker])
        if marker in _OTHER_FRAMES:
            raise UnreadableContentError(
                "Only sequential JPEG images can be encapsulated"
            )
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    raise UnreadableContentError("The JPEG image is damaged")


def _frame_header(content: bytes, position: int, uid: str) -> JPEGHeader:
    try:
        bits, rows, columns, samples = struct.unpack_from(">BHHB", content, position)
        factors = content[position + 7]
    except (struct.error, IndexError) as error:
        raise UnreadableContentError("The JPEG image is damaged") from error
    if bits != 8 or samples not in {1, 3} or not rows or not columns:
        raise UnreadableContentError(
            "Only JPEG images of 8 bits, grey or with three colours, can be "
            "encapsulated"
        )
    return JPEGHeader(columns, rows, samples, factors != 0x11, uid)
