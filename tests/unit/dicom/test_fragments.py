"""Tests of frames that lie in fragments."""

import struct

import pytest

from obelisk.dicom.fragments import UnknownFramesError, find_fragments, find_frames


def _item(content):
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def _pixels(table, *fragments):
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return b"....".join([b"", b"".join(map(_item, [table, *fragments])) + end])


def _found(buffer, count, extended=b""):
    frames = find_frames(buffer, 4, count, extended)
    return [[buffer[start:stop] for start, stop in spans] for spans in frames]


def _offsets(code, *numbers):
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def test_fragments_come_in_order():
    """The Basic Offset Table is the first one, though it may be empty."""
    buffer = _pixels(b"", b"ab", b"cdef")

    found = [buffer[start:stop] for start, stop in find_fragments(buffer, 4)]
    assert found == [b"", b"ab", b"cdef"]


@pytest.mark.parametrize(
    ("code", "is_extended"), [("I", False), ("Q", True)], ids=["basic", "extended"]
)
def test_a_table_tells_where_frames_start(code, is_extended):
    """The Extended Offset Table has numbers of 64 bits."""
    table = _offsets(code, 0, 20)
    buffer = _pixels(b"" if is_extended else table, b"ab", b"cd", b"ef")

    found = _found(buffer, 2, table if is_extended else b"")
    assert found == [[b"ab", b"cd"], [b"ef"]]


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\0",
        _offsets("I", 0, 11),
        _offsets("I", 8, 18),
        _offsets("I", 0, 0),
        _offsets("I", 10, 0),
    ],
)
def test_frames_without_a_table_that_helps(table):
    """One fragment each, or all of them for one frame."""
    buffer = _pixels(table, b"ab", b"cd")

    assert _found(buffer, 2) == [[b"ab"], [b"cd"]]
    assert _found(buffer, 1) == [[b"ab", b"cd"]]


def test_images_tell_where_they_start():
    """By the first bytes of JPEG and of JPEG 2000."""
    fragments = b"\xff\xd8a.", b"bb", b"\xff\x4fc.", b"dd", b"ee"

    found = _found(_pixels(b"", *fragments), 2)
    assert found == [list(fragments[:2]), list(fragments[2:])]


@pytest.mark.parametrize("count", [2, 5])
def test_too_few_or_too_many_frames(count):
    """It is not guessed which ones are missing."""
    with pytest.raises(UnknownFramesError):
        _found(_pixels(b"", b"aa", b"bb", b"cc"), count)


def test_no_fragments():
    """Not even a table."""
    with pytest.raises(UnknownFramesError):
        _found(b"....", 1)
