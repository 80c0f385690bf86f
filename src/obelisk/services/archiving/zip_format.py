"""The records of a ZIP file (PKWARE's .ZIP specification, 4.3)."""

import struct
from dataclasses import dataclass

STORED, DEFLATED = 0, 8

_PLAIN_VERSION, _ZIP64_VERSION = 20, 45
_SIZE_MAX, _COUNT_MAX = 0xFFFFFFFF, 0xFFFF
_UTF8_FLAG, _DESCRIPTOR_FLAG = 0x0800, 0x0008
_ZIP64_EXTRA = 0x0001

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_ZIP64_END = struct.Struct("<4sQHHIIQQQQ")
_ZIP64_LOCATOR = struct.Struct("<4sIQI")
_DESCRIPTOR = struct.Struct("<4sIII")
_ZIP64_DESCRIPTOR = struct.Struct("<4sIQQ")
_FIRST_YEAR = 1980


@dataclass(frozen=True, slots=True)
class Member:
    """What the records of a member say.

    Attributes
    ----------
    name
        Its path inside the archive.
    time
        When it changed, as `dos_time` returns it.
    crc32
        Of its content.
    size
        Of its content in bytes.
    method
        How the content is packed, `STORED` or `DEFLATED`.
    packed_size
        How many bytes it takes in the archive.
    """

    name: str
    time: tuple[int, int]
    crc32: int
    size: int
    method: int = STORED
    packed_size: int = 0

    @property
    def is_large(self) -> bool:
        """Whether the sizes take more than 32 bits, or may do so once packed."""
        return self.size + (self.size >> 10) >= _SIZE_MAX


def dos_time(text: str | None) -> tuple[int, int]:
    """Return time and date as a member has them, of a ``YYYYMMDDTHHMMSS``."""
    if text is None or len(text) < 15 or not (text[:8] + text[9:15]).isdecimal():
        return 0, 0x21
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[9:11]), int(text[11:13]), int(text[13:15])
    if year < _FIRST_YEAR:
        return 0, 0x21
    date = (year - _FIRST_YEAR) << 9 | month << 5 | day
    return hour << 11 | minute << 5 | second >> 1, date


def local_header(member: Member) -> bytes:
    """Return what comes in front of the content.

    If that is deflated, its size stands behind it (see `descriptor`).
    """
    name, flags = _encoded(member)
    crc32 = packed_size = size = 0
    extra = b""
    if member.method == STORED:
        crc32, packed_size, size = member.crc32, member.size, member.size
    if member.is_large:
        extra = struct.pack("<HHQQ", _ZIP64_EXTRA, 16, size, packed_size)
        packed_size = size = _SIZE_MAX
    return (
        _LOCAL.pack(
            b"PK\3\4",
            _version(bool(extra)),
            flags,
            member.method,
            *member.time,
            crc32,
            packed_size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def descriptor(member: Member) -> bytes:
    """Return what comes behind a content that is deflated."""
    pack = (_ZIP64_DESCRIPTOR if member.is_large else _DESCRIPTOR).pack
    return pack(b"PK\7\10", member.crc32, member.packed_size, member.size)


def central_header(member: Member, offset: int) -> bytes:
    """Return what the directory says of a member whose local header is at `offset`."""
    name, flags = _encoded(member)
    packed_size, size = member.packed_size, member.size
    if member.method == STORED:
        packed_size = size
    large = b""
    if member.is_large:
        large += struct.pack("<QQ", size, packed_size)
        packed_size = size = _SIZE_MAX
    if offset >= _SIZE_MAX:
        large += struct.pack("<Q", offset)
        offset = _SIZE_MAX
    extra = struct.pack("<HH", _ZIP64_EXTRA, len(large)) + large if large else b""
    version = _version(bool(extra))
    return (
        _CENTRAL.pack(
            b"PK\1\2",
            _PLAIN_VERSION,
            version,
            flags,
            member.method,
            *member.time,
            member.crc32,
            packed_size,
            size,
            len(name),
            len(extra),
            *(0, 0, 0, 0),
            offset,
        )
        + name
        + extra
    )


def _encoded(member: Member) -> tuple[bytes, int]:
    """Return the name of a member, and its flags."""
    flags = 0 if member.name.isascii() else _UTF8_FLAG
    if member.method == DEFLATED:
        flags |= _DESCRIPTOR_FLAG
    return member.name.encode("utf-8", "replace"), flags


def _version(is_zip64: bool) -> int:  # noqa: FBT001 -- the only thing it is about
    return _ZIP64_VERSION if is_zip64 else _PLAIN_VERSION


def end_records(count: int, start: int, size: int) -> bytes:
    """Return the end of an archive, by the directory: its entries, start and size."""
    zip64 = b""
    if count >= _COUNT_MAX or start >= _SIZE_MAX or size >= _SIZE_MAX:
        versions = (_ZIP64_VERSION, _ZIP64_VERSION)
        numbers = (count, count, size, start)
        zip64 = _ZIP64_END.pack(
            b"PK\6\6", _ZIP64_END.size - 12, *versions, 0, 0, *numbers
        ) + _ZIP64_LOCATOR.pack(b"PK\6\7", 0, start + size, 1)
    shown = min(count, _COUNT_MAX)
    return zip64 + _END.pack(
        b"PK\5\6",
        0,
        0,
        shown,
        shown,
        min(size, _SIZE_MAX),
        min(start, _SIZE_MAX),
        0,
    )
