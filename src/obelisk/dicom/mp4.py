"""What the boxes of an MP4 file say about its video (ISO/IEC 14496-12 and -15)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from obelisk.dicom.payloads import UnreadableContentError
from obelisk.dicom.writing import Blob

_INDEX_BYTES_MAX = 67_108_864
_CONTAINERS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_VISUAL_ENTRY_BYTES = 78

_H264_HIGH, _H264_LEVEL_4_1, _H264_LEVEL_4_2 = 100, 41, 42
_H264_PROFILES = frozenset({66, 77, _H264_HIGH})
_H264_4_1 = "1.2.840.10008.1.2.4.102"
_H264_4_2 = "1.2.840.10008.1.2.4.104"
_H265_MAIN, _H265_MAIN_10, _H265_LEVEL_5_1 = 1, 2, 153
_H265 = {
    _H265_MAIN: "1.2.840.10008.1.2.4.107",
    _H265_MAIN_10: "1.2.840.10008.1.2.4.108",
}


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """The size of a video, and the transfer syntax that it has."""

    columns: int
    rows: int
    frame_count: int
    frame_milliseconds: float
    bits: int
    transfer_syntax_uid: str


@dataclass(slots=True)
class _Track:
    """What the boxes of a track say; zero where nothing was read."""

    is_video: bool = False
    timescale: int = 0
    duration: int = 0
    frame_count: int = 0
    columns: int = 0
    rows: int = 0
    bits: int = 8
    transfer_syntax_uid: str = ""


def read_video_header(content: Blob) -> VideoHeader:
    """Read the boxes of an MP4 file, whose video is H.264 or H.265.

    Raises
    ------
    UnreadableContentError
        If it is no such file, or no transfer syntax fits its profile and level.
    """
    try:
        tracks = [
            _read_track(box)
            for kind, box in _boxes(_index_of(content))
            if kind == b"trak"
        ]
    except struct.error as error:
        raise UnreadableContentError("The MP4 video is damaged") from error
    videos = [one for one in tracks if one.is_video]
    if len(videos) != 1 or not videos[0].frame_count or not videos[0].columns:
        raise UnreadableContentError("The MP4 file must have one video track")
    video = videos[0]
    if not video.transfer_syntax_uid:
        raise UnreadableContentError(
            "No transfer syntax fits the codec, profile and level of the video"
        )
    seconds = video.duration / video.timescale if video.timescale else 0.0
    return VideoHeader(
        video.columns,
        video.rows,
        video.frame_count,
        round(1000 * seconds / video.frame_count, 4),
        video.bits,
        video.transfer_syntax_uid,
    )


def _index_of(content: Blob) -> bytes:
    """Return the content of the box ``moov``; the rest of the file is skipped."""
    chunks = iter(content.read())
    buffer = bytearray()

    def need(size: int) -> bool:
        while len(buffer) < size:
            chunk = next(chunks, None)
            if chunk is None:
                return False
            buffer.extend(chunk)
        return True

    is_first = True
    while need(8):
        size, kind = struct.unpack_from(">I4s", buffer)
        head = 8
        if size == 1 and need(16):
            head, size = 16, struct.unpack_from(">Q", buffer, 8)[0]
        if (is_first and kind != b"ftyp") or size < head:
            break
        is_first = False
        if kind == b"moov":
            if size > _INDEX_BYTES_MAX or not need(size):
                break
            return bytes(buffer[head:size])
        while size > len(buffer):
            size -= len(buffer)
            buffer.clear()
            if not need(1):
                break
        del buffer[:size]
    raise UnreadableContentError("The content is no MP4 video")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, position)
        if size < 8 or position + size > len(content):
            return
        yield kind, content[position + 8 : position + size]
        position += size


def _read_track(content: bytes) -> _Track:
    track = _Track()
    pending = [content]
    while pending:
        for kind, box in _boxes(pending.pop()):
            if kind in _CONTAINERS:
                pending.append(box)
            elif kind == b"hdlr":
                track.is_video = box[8:12] == b"vide"
            elif kind == b"mdhd":
                form, offset = (">IQ", 20) if box[0] else (">II", 12)
                track.timescale, track.duration = struct.unpack_from(form, box, offset)
            elif kind == b"stsz":
                (track.frame_count,) = struct.unpack_from(">I", box, 8)
            elif kind == b"stsd":
                _read_description(box[8:], track)
    return track


def _read_description(content: bytes, track: _Track) -> None:
    for kind, box in _boxes(content):
        if kind in {b"avc1", b"avc3", b"hvc1", b"hev1"}:
            track.columns, track.rows = struct.unpack_from(">HH", box, 24)
            for name, record in _boxes(box[_VISUAL_ENTRY_BYTES:]):
                if name == b"avcC":
                    track.transfer_syntax_uid = _h264_syntax(record)
                elif name == b"hvcC":
                    track.transfer_syntax_uid = _h265_syntax(record)
                    track.bits = 8 if record[1] & 0x1F == _H265_MAIN else 10


def _h264_syntax(record: bytes) -> str:
    profile, _, level = struct.unpack_from("BBB", record, 1)
    if profile not in _H264_PROFILES or level > _H264_LEVEL_4_2:
        return ""
    return _H264_4_1 if level <= _H264_LEVEL_4_1 else _H264_4_2


def _h265_syntax(record: bytes) -> str:
    profile, level = record[1] & 0x1F, record[12]
    return _H265.get(profile, "") if level <= _H265_LEVEL_5_1 else ""
