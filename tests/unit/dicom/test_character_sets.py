"""Tests of the character sets; the names are the examples of PS3.5 Annexes H to K."""

import pytest

from obelisk.dicom.character_sets import ENCODINGS, character_set_of


def decode(terms, value, vr="PN"):
    """Decode by a value of Specific Character Set."""
    return character_set_of(terms, "Latin1").decode(value, vr)


@pytest.mark.parametrize(
    ("terms", "value", "text"),
    [
        ("", b"J\xe9r\xf4me", "Jérôme"),
        ("ISO_IR 6", b"J\xe9r\xf4me\t\n", "Jrme\n"),
        ("unknown", b"J\xe9", "J"),
        ("ISO_IR 192", "Wang^王".encode(), "Wang^王"),
        ("ISO_IR_192", "Wang^王".encode(), "Wang^王"),
        ("ISO_2022_IR_87", b"\x1b$B;3ED\x1b(B", "山田"),
        ("ISO-IR 192", "Wang^王".encode(), "Wang^"),
        ("iso_ir 144 ", b"\xbb\xee", "Лю"),
        ("GB18030", "王^小东".encode("gb18030"), "王^小东"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
            "Yamada^Tarou=山田^太郎",
        ),
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong^Gildong=洪^吉洞",
        ),
        (
            "\\ISO 2022 IR 58",
            b"Wang^XiaoDong=\x1b$)A\xcd\xf5^\x1b$)A\xd0\xa1\xb6\xab",
            "Wang^XiaoDong=王^小东",
        ),
        (
            "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126",
            b"\xe9\x1b-L\xbb\xee\x1b-F\xe4\x1b.A",
            "éЛюδ",
        ),
        ("\\ISO 2022 IR 159", b"\x1b$(D0!\x1b(B ab", "丂 ab"),
    ],
)
def test_decodes(terms, value, text):
    """Each kind of character set is decoded."""
    assert decode(terms, value) == text


@pytest.mark.parametrize(
    ("terms", "value", "text"),
    [
        ("ISO_IR 192", b"\xe9a", ""),
        ("ISO_IR 192", b"ab\xe9", "ab"),
        ("ISO_IR 192", b"\xcd\xf5^\xd0\xa1", "^\u0421"),
        ("ISO_IR 192", b"\xff\xfeab", "ab"),
        ("\\ISO 2022 IR 149", b"\xe9a", ""),
        ("\\ISO 2022 IR 149", b"\xb0.", "."),
        ("ISO_IR 166", b"\x82\xe9\x80", "้"),
    ],
)
def test_leaves_invalid_bytes_out(terms, value, text):
    """Invalid bytes, and what they drag along, are left out."""
    assert decode(terms, value) == text


def test_backslash():
    """A backslash is a delimiter but where a value stands alone."""
    assert decode("ISO_IR 13", b"a\\b~", "LO") == "a\\b\u203e"
    assert decode("ISO_IR 13", b"a\\b~", "LT") == "a¥b\u203e"


@pytest.mark.parametrize("name", ENCODINGS)
def test_default_encodings(name):
    """Every encoding that Orthanc names can be the default."""
    assert character_set_of("", name).decode(b"abc") == "abc"
