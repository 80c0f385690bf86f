import json

import pytest

from factories import BIG_ENDIAN, EXPLICIT, IMPLICIT, craft, encode_sequence, text
from obelisk.dicom.json_model import iter_json_model
from obelisk.dicom.reading.dataset import read_dataset


def model(*elements, tail=b"", **options):
    """Return the model of a crafted file."""
    content = craft("json model", elements, tail=tail, **options)
    return json.loads(b"".join(iter_json_model(read_dataset(content, whole=True))))


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DS", " 1.50 \\\\1e5\\one", ["1.50", None, "1e5", None]),
        ("IS", "+7\\ 8\\\\1.5\\x", [7, 8, None, None, None]),
        ("IS", "9" * 5000, [None]),
        ("LO", "a\\\\b ", ["a", None, "b"]),
        ("UT", "a\\b", ["a\\b"]),
        ("UI", "1.2\\1.3", ["1.2", "1.3"]),
        (
            "PN",
            "A^B=C=D=E\\\\=F",
            [
                {"Alphabetic": "A^B", "Ideographic": "C", "Phonetic": "D"},
                {},
                {"Alphabetic": "", "Ideographic": "F"},
            ],
        ),
    ],
)
def test_text_has_values(vr, value, expected):
    """Each value of text is one of JSON; what is empty or not allowed is null."""
    found = model(text(0x00091001, vr, value))

    assert found["00091001"] == {"vr": vr, "Value": expected}


@pytest.mark.parametrize("vr", ["SH", "PN", "IS", "US", "FD", "AT", "OW", "UN", "SQ"])
def test_an_empty_attribute_has_its_vr_only(vr):
    """There is neither a value nor a list without any."""
    assert model((0x00091001, vr, b""))["00091001"] == {"vr": vr}


def test_numbers_that_json_lacks_are_null():
    """Infinity and NaN are no JSON."""
    value = bytes.fromhex("0000807f 0000c07f 000080ff 0000803f")

    assert model((0x00091001, "FL", value))["00091001"]["Value"] == [
        *(None, None, None),
        1.0,
    ]


@pytest.mark.parametrize(
    ("syntax", "value"), [(EXPLICIT, b"\x10\0\x20\0"), (BIG_ENDIAN, b"\0\x10\0\x20")]
)
def test_tags_are_written_without_a_comma(syntax, value):
    """A tag is eight hexadecimal digits, in capitals."""
    found = model((0x00209165, "AT", value), transfer_syntax=syntax)

    assert found["00209165"] == {"vr": "AT", "Value": ["00100020"]}


def test_vrs_that_an_encoding_does_not_tell():
    """They are those of PS3.5 Section A.1."""
    found = model(
        (0x00280103, "US", b"\1\0"),
        (0x00280106, "SS", b"\xff\xff"),
        (0x60003000, "OW", b"\1\2"),
        (0x00091001, "LO", b"ab"),
        transfer_syntax=IMPLICIT,
    )

    assert found["00280106"] == {"vr": "SS", "Value": [-1]}
    assert found["60003000"] == {"vr": "OW", "InlineBinary": "AQI="}
    assert found["00091001"] == {"vr": "UN", "InlineBinary": "YWI="}


def test_what_has_no_known_vr():
    """Text whose meaning is known is text, everything else is binary."""
    found = model(
        (0x00100040, "UN", b"F "),
        (0x00280010, "UN", b"\1\0"),
        (0x00404002, b"\x40\0\x02\x40??\x04\0abcd"),
    )

    assert found["00100040"] == {"vr": "CS", "Value": ["F "]}
    assert found["00280010"] == {"vr": "UN", "InlineBinary": "AQA="}
    assert found["00404002"] == {"vr": "UN", "InlineBinary": "YWJjZA=="}


def test_what_is_left_out():
    """Group lengths and encapsulated Pixel Data are; native Pixel Data is not."""
    group_length = (0x00080000, "UL", b"\1\0\0\0")
    fragments = bytes.fromhex(
        "e07f1000 4f420000 ffffffff feff00e0 00000000 feffdde0 00000000"
    )

    assert "00080000" not in model(group_length)
    assert "7FE00010" not in model(tail=fragments)
    native = model((0x7FE00010, "OW", b"\1\2"))
    assert native["7FE00010"] == {"vr": "OW", "InlineBinary": "AQI="}


def test_sequences_have_items():
    """An item is a dataset of its own, also an empty one."""
    sequence = encode_sequence(0x00081032, [[], [text(0x00080100, "SH", "A")]])

    found = model((0x00081032, sequence))["00081032"]

    item = {"00080100": {"vr": "SH", "Value": ["A"]}}
    assert found == {"vr": "SQ", "Value": [{}, item]}


def test_large_values_come_in_parts():
    """No part of the JSON is much larger than what is read at once."""
    content = craft("large", [(0x7FE00010, "OW", bytes(range(256)) * 8192)])

    parts = list(iter_json_model(read_dataset(content, whole=True)))

    assert max(map(len, parts)) == 262_144
    assert len(json.loads(b"".join(parts))["7FE00010"]["InlineBinary"]) == 2_796_204
