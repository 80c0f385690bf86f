"""Tests of values as text."""

import struct

import pytest

from obelisk.dicom.character_sets import character_set_of
from obelisk.dicom.values import text_of, text_of_unknown

LATIN1 = character_set_of("", "Latin1")


@pytest.mark.parametrize(
    ("vr", "value", "text"),
    [
        ("LO", b" a b  ", " a b"),
        ("LO", b"a \\b \0", "a \\b"),
        ("LO", b"a\0b", "a"),
        ("UI", b" 1.2\n\\ 3\0", "1.2\\3"),
        ("US", struct.pack("<3H", 1, 2, 65535), "1\\2\\65535"),
        ("SS", b"\xff\xff", "-1"),
        ("US", b"a", "97"),
        ("UL", b"", None),
        ("FL", struct.pack("<f", 0.1), "0.10000000149011612"),
        ("FD", struct.pack("<2d", 1e20, 2.5), "1e+20\\2.5"),
        ("FD", struct.pack("<d", float("-inf")), "-inf"),
        ("FD", b"\0\0\0\0\0\0\xf8\xff", "-nan"),
        ("OF", struct.pack("<f", 0.1), "0.100000001"),
        ("OF", b"", ""),
        ("AT", b"\x10\0\x20\0", "0010,0020"),
        ("AT", b"", None),
        ("OB", b"ab", None),
        ("ZZ", b"ab", None),
    ],
)
def test_text(vr, value, text):
    """Values are printed the way of Orthanc."""
    assert text_of(vr, value, "<", LATIN1) == text


def test_big_endian():
    """The byte order counts."""
    assert text_of("US", b"\0\1", ">", LATIN1) == "1"


def test_unknown():
    """Text of VR UN keeps its spaces."""
    assert text_of_unknown(b"a \0", LATIN1) == "a "
