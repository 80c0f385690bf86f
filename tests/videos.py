"""MP4 files: some that have pictures, and what makes some with all boxes but none."""

import struct
from pathlib import Path

_MEDIA = Path(__file__).parent / "media"


def real_mp4(codec):
    """Return a file with three pictures of 64 x 48 pixels, in ``h264`` or ``h265``."""
    return (_MEDIA / f"{codec}.mp4").read_bytes()


def box(kind, *contents):
    """Make a box."""
    content = b"".join(contents)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def make_mp4(*, codec=b"avc1", profile=None, level=40, frame_count=3, handler=b"vide"):
    """Make a file with a video of 320 x 240 pixels at 25 frames a second."""
    if codec == b"avc1":
        record = box(b"avcC", bytes([1, profile or 100, 0, level]))
    else:
        record = box(b"hvcC", bytes([1, profile or 1, *bytes(10), 120]))
    entry = box(codec, struct.pack(">24xHH50x", 320, 240), record)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">4xI", 1), entry),
        box(b"stsz", struct.pack(">4xII", 1, frame_count)),
    )
    media = box(
        b"mdia",
        box(b"mdhd", struct.pack(">12xII4x", 25, 3)),
        box(b"hdlr", struct.pack(">8x4s13x", handler)),
        box(b"minf", table),
    )
    return (
        box(b"ftyp", b"isomiso2avc1mp41")
        + box(b"mdat", bytes(1001))
        + box(b"moov", box(b"mvhd", bytes(100)), box(b"trak", media))
    )
