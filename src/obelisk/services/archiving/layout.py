"""The layout of a ZIP archive: every byte of it is known before one file is opened."""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator

from obelisk.services.archiving.zip_format import (
    Member,
    central_header,
    end_records,
    local_header,
)

_CHUNK_BYTES = 1_048_576
_GATHERED_BYTES = 262_144

#: Yields the bytes of a member, by its number, from an offset to another one.
ReadMember = Callable[[int, int, int], Iterator[bytes]]


class Layout:
    """An archive whose members are stored as they are.

    It keeps the directory, some 150 bytes a member, and nothing of the contents.

    Parameters
    ----------
    read_member
        Gives the contents.
    """

    def __init__(self, read_member: ReadMember) -> None:
        self._read_member = read_member
        self._starts = array("Q")
        self._headers = bytearray()
        self._header_stops = array("Q")
        self._central = bytearray()
        self._end = b""
        self._position = 0
        self._digest = hashlib.sha256()
        #: The size of the archive in bytes, once it is finished.
        self.size = 0
        #: How many files were received, and how large they are together.
        self.file_count = self.file_size = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, member: Member, key: str) -> None:
        """Add a member.

        Parameters
        ----------
        member
            What the directory says of it.
        key
            Something that changes whenever the content does; empty for a file that was
            made for the archive.
        """
        self.file_count += bool(key)
        self.file_size += member.size if key else 0
        header = local_header(member)
        self._starts.append(self._position)
        self._headers += header
        self._header_stops.append(len(self._headers))
        self._central += central_header(member, self._position)
        self._position += len(header) + member.size
        self._digest.update(key.encode() + b"\0")

    def finish(self) -> None:
        """Add the directory; nothing follows."""
        self._end = end_records(len(self), self._position, len(self._central))
        self.size = self._position + len(self._central) + len(self._end)
        self._digest.update(self._central)

    @property
    def etag(self) -> str:
        """What changes whenever the bytes of the archive do."""
        return self._digest.hexdigest()[:40]

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes of the archive from an offset to another one, exclusive."""
        return gathered(self._parts(start, stop))

    def _parts(self, start: int, stop: int) -> Iterator[bytes]:
        number = max(0, bisect_right(self._starts, start) - 1)
        while number < len(self) and self._starts[number] < stop:
            yield from self._member_parts(number, start, stop)
            number += 1
        yield from _cut(self._central, self._position, start, stop)
        yield from _cut(self._end, self._position + len(self._central), start, stop)

    def _member_parts(self, number: int, start: int, stop: int) -> Iterator[bytes]:
        """Yield what a member has between two offsets of the archive."""
        position = self._starts[number]
        header_start = self._header_stops[number - 1] if number else 0
        header = self._headers[header_start : self._header_stops[number]]
        yield from _cut(header, position, start, stop)
        position += len(header)
        is_last = number + 1 == len(self)
        end = self._position if is_last else self._starts[number + 1]
        first, last = max(start, position), min(stop, end)
        if first < last:
            yield from self._read_member(number, first - position, last - position)


def _cut(content: bytes | bytearray, at: int, start: int, stop: int) -> Iterator[bytes]:
    """Yield what lies between two offsets of a content that is at a third one."""
    first, last = max(0, start - at), min(len(content), stop - at)
    for position in range(first, last, _CHUNK_BYTES):
        yield bytes(content[position : min(position + _CHUNK_BYTES, last)])


def gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, small parts put together."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= _GATHERED_BYTES:
            yield b"".join(waiting) if len(waiting) > 1 else part
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)
