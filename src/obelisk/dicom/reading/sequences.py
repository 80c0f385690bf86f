"""Pass over sequences that are encoded without any fault, fast."""

import struct
from functools import lru_cache

from obelisk.dicom.dictionary import SEQUENCES
from obelisk.dicom.reading.limits import Limits
from obelisk.dicom.reading.places import RawItem
from obelisk.dicom.reading.transfer_syntax import (
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
    Buffer,
    Encoding,
)

#: The end of what has a delimiter instead.
_NOWHERE = -1

#: A sequence of more bytes is not worth remembering: it will hardly come again.
_REMEMBERED_BYTES_MAX = 256
#: What a sequence without others in it may ask for.
_FLAT = Limits(depth=1)

#: Stands for each item that is not kept.
_NOT_KEPT = RawItem(EXPLICIT_LITTLE)

#: The words of the sequences that the standard defines, by byte order.
SEQUENCE_WORDS = {
    encoding.is_little_endian: frozenset(map(encoding.word, SEQUENCES))
    for encoding in (EXPLICIT_LITTLE, EXPLICIT_BIG)
}


def pass_sequence(
    buffer: Buffer,
    encoding: Encoding,
    bounds: tuple[int, int],
    length: int,
    limits: Limits,
    items: list[RawItem] | None,
) -> tuple[int, int] | None:
    """Find the end of a sequence, and the items and elements in it.

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
    items
        Where to keep its items; `None` for not keeping them.

    Returns
    -------
    tuple[int, int] | None
        The offset after the sequence and the number of steps; `None` unless it
        consists, at all depths, of items and of elements of the standard's VRs that
        exactly fill what holds them. It may be valid all the same.
    """
    kept: list[RawItem] | None = None if items is None else []
    end = bounds[0] + length if length != UNDEFINED_LENGTH else _NOWHERE
    if kept is None and (count := _known(buffer, bounds[0], end, encoding)):
        passed: tuple[int, int] | None = end, count - 1
    else:
        passed = _attempt(buffer, encoding, (bounds[0], end), limits, kept)
    if passed is None or passed[0] > bounds[1] or passed[1] >= limits.element_count:
        return None
    if items is not None and kept is not None:
        items += kept
    return passed


def _known(buffer: Buffer, start: int, end: int, encoding: Encoding) -> int:
    """Count the steps through a small sequence; 0 if it takes going through it."""
    if not 0 <= end - start <= _REMEMBERED_BYTES_MAX:
        return 0
    return _flat_steps(bytes(buffer[start:end]), encoding)


@lru_cache(maxsize=4096)
def _flat_steps(value: bytes, encoding: Encoding) -> int:
    """Count the steps through a sequence that has no others in it, 0 if it has a fault.

    Most of these are codes, which are the same in many items and in many files.
    """
    passed = _attempt(value, encoding, (0, len(value)), _FLAT, None)
    return 0 if passed is None else passed[1] + 1


def _attempt(
    buffer: Buffer,
    encoding: Encoding,
    span: tuple[int, int],
    limits: Limits,
    items: list[RawItem] | None,
) -> tuple[int, int] | None:
    """Go through a sequence, from start to end; `None` if the buffer ends before."""
    try:
        return _pass(buffer, encoding, span, limits, items)
    except struct.error:
        return None


def _pass(  # noqa: C901, PLR0912, PLR0915 - calls would double its time
    buffer: Buffer,
    encoding: Encoding,
    span: tuple[int, int],
    limits: Limits,
    items: list[RawItem] | None,
) -> tuple[int, int] | None:
    """Go on until the sequence ends.

    What passes its bounds never meets its end: the buffer ends first.
    """
    unpack, unpack_item = encoding.unpack, encoding.unpack_implicit
    item_start, item_delimitation, sequence_delimitation = encoding.delimiters
    sequence_words = SEQUENCE_WORDS[encoding.is_little_endian]
    short_vrs, delimiters, is_kept = SHORT_VRS, encoding.delimiters, items is not None
    position, end = span
    # What to go on with after an item, and after a sequence.
    sequences: list[tuple[int, list[RawItem] | None]] = []
    parents: list[tuple[int, RawItem]] = []
    steps, item, more = iter(range(limits.element_count)), _NOT_KEPT, 0
    for count in steps:
        # In a sequence.
        is_over = position == end
        if not is_over:
            word, length = unpack_item(buffer, position)
            position += 8
            is_over = word == sequence_delimitation and end == _NOWHERE
            if word == item_start:
                sequences.append((end, items))
                end = position + length if length != UNDEFINED_LENGTH else _NOWHERE
                if items is not None:
                    item = RawItem(encoding)
                    items.append(item)
            elif not is_over:
                return None
        if is_over:
            if not parents:
                return position, count + more
            end, item = parents.pop()
        places = item.places
        for _ in steps:
            # In an item.
            if position == end:
                end, items = sequences.pop()
                break
            word, vr, length = unpack(buffer, position)
            start = position + 8
            if vr not in short_vrs:
                if word in delimiters:
                    if word != item_delimitation or end != _NOWHERE:
                        return None
                    position = start
                    end, items = sequences.pop()
                    break
                if vr in LONG_VRS:
                    (length,) = encoding.unpack_length(buffer, start)
                    start += 4
                elif vr:
                    return None
                if vr == b"SQ" or (not vr and word in sequence_words):
                    if len(parents) + 1 >= limits.depth:
                        return None
                    stop = start + length if length != UNDEFINED_LENGTH else _NOWHERE
                    if not is_kept and (n := _known(buffer, start, stop, encoding)):
                        more, position = more + n, stop
                        continue
                    items = [] if is_kept else None
                    if items is not None and word not in places:
                        places[word] = (vr, position, start, max(start, stop))
                        item.sequences[word] = items
                    parents.append((end, item))
                    end, position = stop, start
                    break
            if is_kept and word not in places:
                places[word] = (vr, position, start, start + length)
            position = start + length
    return None
