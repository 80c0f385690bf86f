"""Tests of values as text and as bytes."""

import struct

import pytest

from obelisk.dicom.text_encoding import TextEncoder
from obelisk.dicom.value_encoding import (
    ForbiddenValueError,
    encode_text,
    is_allowed,
    resolve_vr,
)

_ENCODER = TextEncoder("ISO_IR 100")


@pytest.mark.parametrize(
    ("vr", "text", "expected"),
    [
        ("US", "5\\65535", struct.pack("<HH", 5, 65535)),
        ("SS", "-3", struct.pack("<h", -3)),
        ("UV", "12345678901", struct.pack("<Q", 12345678901)),
        ("FD", "1.5\\-2", struct.pack("<dd", 1.5, -2)),
        ("FL", "", b""),
        ("AT", "0018,1063\\PatientName", struct.pack("<HHHH", 0x18, 0x1063, 16, 16)),
        ("UI", "1.2.3", b"1.2.3\0"),
        ("PN", "Äa^", "Äa^ ".encode("latin-1")),
        ("LO", "ab", b"ab"),
        ("OB", "abc", b"abc\0"),
        ("UN", "", b""),
    ],
)
def test_encoding(vr, text, expected):
    """Numbers are binary, text is padded with blanks, UIDs with NUL."""
    assert encode_text(vr, text, _ENCODER) == expected


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("US", "hello"),
        ("US", "70000"),
        ("US", "-1"),
        ("FD", "x"),
        ("AT", "NoSuchName"),
        ("OW", "q"),
        ("CS", "Ä"),
    ],
)
def test_what_cannot_be_encoded(vr, text):
    """A VR that cannot hold a value says so."""
    with pytest.raises(ForbiddenValueError):
        encode_text(vr, text, _ENCODER)


@pytest.mark.parametrize(
    ("vr", "good", "bad"),
    [
        ("DA", "20240229", "20230229"),
        ("DA", "19991231\\", "hello"),
        ("TM", "235960.123456", "250000"),
        ("TM", "10", "1"),
        ("DT", "20240229101010.5+0100", "2024-02-29"),
        ("AS", "030Y", "30"),
        ("CS", "ORIGINAL\\PRIMARY", "lower"),
        ("CS", "A" * 16, "A" * 17),
        ("DS", "-1.5e3", "1,5"),
        ("DS", "1234567890.12345", "1234567890.123456"),
        ("IS", " 12", "1.0"),
        ("UI", "1.2.840.0", "1.02"),
        ("UI", "1" * 64, "1" * 65),
        ("SH", "x" * 16, "x" * 17),
        ("LO", "x" * 64 + "\\x", "x" * 65),
        ("LT", "a\nb\\c", "\x01"),
        ("PN", "A^B=C=D", "A=B=C=D"),
        ("PN", "x" * 64, "x" * 65),
        ("AE", "ORTHANC", "x" * 17),
    ],
)
def test_rules_of_the_vrs(vr, good, bad):
    """PS3.5 Section 6.2 says what a value may be."""
    assert is_allowed(vr, good)
    assert is_allowed(vr, "")
    assert not is_allowed(vr, bad)


def test_ambiguous_vrs():
    """A negative number decides for signed ones."""
    assert resolve_vr("xs", "5") == "US"
    assert resolve_vr("xs", "-5") == "SS"
    assert resolve_vr("ox", "") == "OW"
    assert resolve_vr("LO", "-") == "LO"
