"""Pass over sequences that are encoded without any fault, fast."""

import struct

from obelisk.dicom.reading.limits import Limits
from obelisk.dicom.reading.transfer_syntax import (
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Buffer,
    Encoding,
)

_UNDEFINED = -1


def skip_sequence(
    buffer: Buffer,
    encoding: Encoding,
    bounds: tuple[int, int],
    length: int,
    limits: Limits,
) -> tuple[int, int] | None:
    """Find the end of a sequence in an explicit encoding.

    Parameters
    ----------
    buffer
        Holds the sequence.
    encoding
        How it is encoded.
    bounds
        Where its first item starts, and what the sequence must not pass.
    length
        Its length in bytes, maybe undefined.
    limits
        How many elements, and sequences within sequences, to take.

    Returns
    -------
    tuple[int, int] | None
        The offset after the sequence and the number of steps; `None` unless it
        consists, at all depths, of items and of elements of the standard's VRs that
        exactly fill what holds them. It may be valid all the same.
    """
    unpack, unpack_length = encoding.unpack_explicit, encoding.unpack_length
    position, limit = bounds
    # Where each sequence and, in alternation, each item ends that we are in.
    ends = [_end(position, length)]
    depth = 2 * limits.depth
    try:
        for count in range(limits.element_count):
            if not ends:
                return (position, count) if position <= limit else None
            if position > limit or len(ends) > depth:
                return None
            if position == ends[-1]:
                ends.pop()
                continue
            word, vr, length = unpack(buffer, position)
            in_item = not len(ends) & 1
            if in_item and vr in SHORT_VRS:
                position += 8 + length
            elif in_item and vr in LONG_VRS:
                (length,) = unpack_length(buffer, position + 8)
                position += 12
                if vr == b"SQ":
                    ends.append(_end(position, length))
                else:
                    position += length  # Undefined, it is beyond any limit.
            else:
                (length,) = unpack_length(buffer, position + 4)
                position += 8
                if not _delimit(
                    encoding.delimiters, word, _end(position, length), ends
                ):
                    return None
    except struct.error:
        pass
    return None


def _end(position: int, length: int) -> int:
    return _UNDEFINED if length == UNDEFINED_LENGTH else position + length


def _delimit(delimiters: tuple[int, ...], word: int, end: int, ends: list[int]) -> bool:
    """Enter an item, or leave what a delimiter ends; tell whether it may be there."""
    item, item_delimitation, sequence_delimitation = delimiters
    in_item = not len(ends) & 1
    if word == item and not in_item:
        ends.append(end)
        return True
    if word == (item_delimitation if in_item else sequence_delimitation):
        return ends.pop() == _UNDEFINED
    return False
