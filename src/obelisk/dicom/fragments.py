"""The fragments of encapsulated Pixel Data, and the frames in them (PS3.5 A.4)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import Struct
from typing import TypeAlias

from obelisk.dicom.reading.transfer_syntax import Buffer
from obelisk.errors import InvalidInputError

_ITEM = (0xFFFE, 0xE000)
_ITEM_HEADER = Struct("<HHI")
_OFFSET_BYTES, _LONG_OFFSET_BYTES = 4, 8

#: How JPEG, JPEG-LS, JPEG 2000 and HTJ2K start.
_STARTS = (b"\xff\xd8", b"\xff\x4f")

#: Where some bytes start and stop.
Span: TypeAlias = tuple[int, int]


class UnknownFramesError(InvalidInputError):
    """It cannot be told which fragments belong to which frame."""


def find_fragments(buffer: Buffer, start: int) -> Iterator[Span]:
    """Yield where the fragments lie, the Basic Offset Table first.

    Parameters
    ----------
    buffer
        The file.
    start
        Where the value of Pixel Data starts.
    """
    while start + _ITEM_HEADER.size <= len(buffer):
        header = bytes(buffer[start : start + _ITEM_HEADER.size])
        group, number, length = _ITEM_HEADER.unpack(header)
        if (group, number) != _ITEM:
            return
        start += _ITEM_HEADER.size
        yield start, start + length
        start += length


def find_frames(
    buffer: Buffer, start: int, count: int, extended_table: bytes = b""
) -> list[list[Span]]:
    """Return the fragments of each frame.

    A table that does not lead to fragments is overlooked, as some writers get it wrong.

    Parameters
    ----------
    buffer
        The file.
    start
        Where the value of Pixel Data starts.
    count
        The number of frames.
    extended_table
        The value of Extended Offset Table.

    Raises
    ------
    UnknownFramesError
        If there are not as many frames.
    """
    table, *fragments = list(find_fragments(buffer, start)) or [(start, start)]
    wide = (extended_table, _LONG_OFFSET_BYTES)
    for content, size in (wide, (bytes(buffer[slice(*table)]), _OFFSET_BYTES)):
        frames = _by_offsets(fragments, _offsets(content, size))
        if len(frames) == count:
            return frames
    if count == 1 and fragments:
        return [fragments]
    if len(fragments) == count:
        return [[one] for one in fragments]
    frames = _by_starts(buffer, fragments)
    if len(frames) != count:
        raise UnknownFramesError(
            f"There are {len(fragments)} fragments for {count} frames"
        )
    return frames


def _offsets(table: bytes, size: int) -> list[int]:
    return [
        int.from_bytes(table[place : place + size], "little")
        for place in range(0, len(table), size)
    ]


def _by_offsets(fragments: Sequence[Span], offsets: Sequence[int]) -> list[list[Span]]:
    """Return frames that start at offsets; none if a fragment does not start there."""
    if not fragments or not offsets:
        return []
    first = fragments[0][0]
    numbers = {one[0] - first: number for number, one in enumerate(fragments)}
    if offsets[0] != 0 or any(offset not in numbers for offset in offsets):
        return []
    bounds = [*(numbers[offset] for offset in offsets), len(fragments)]
    if any(one >= other for one, other in pairwise(bounds)):
        return []
    return [list(fragments[one:other]) for one, other in pairwise(bounds)]


def _by_starts(buffer: Buffer, fragments: Sequence[Span]) -> list[list[Span]]:
    """Return frames that start where a compressed image does."""
    frames: list[list[Span]] = []
    for start, stop in fragments:
        if bytes(buffer[start : start + 2]) in _STARTS or not frames:
            frames.append([])
        frames[-1].append((start, stop))
    return frames
