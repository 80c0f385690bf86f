import struct
import zlib
from io import BytesIO

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.scp.storage import file_meta, leading_uids, without_meta

CLASS, INSTANCE = (0x0008, 0x0016), (0x0008, 0x0018)
SYNTAXES = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
]


def encode(syntax, *elements, group=8):
    """Encode elements of (number, VR, value) in a group."""
    data = b""
    for number, vr, value in elements:
        if syntax == SYNTAXES[0]:
            head = struct.pack("<HHI", group, number, len(value))
        else:
            order = ">" if syntax == SYNTAXES[2] else "<"
            long = vr in {b"OB", b"SQ", b"UN"}
            head = struct.pack(
                f"{order}HH2s" + ("HI" if long else "H"),
                *(group, number, vr),
                *((0, len(value)) if long else (len(value),)),
            )
        data += head + value
    if syntax == SYNTAXES[3]:
        compressor = zlib.compressobj(wbits=-15)
        return compressor.compress(data) + compressor.flush()
    return data


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_uids_are_found(syntax):
    """Both UIDs are found behind other elements, and without padding."""
    data = encode(
        syntax,
        (0x0005, b"CS", b"ISO_IR 100"),
        (0x0006, b"SQ", b""),
        (0x0016, b"UI", b"1.2.3\0"),
        (0x0018, b"UI", b"1.2.3.40"),
        (0x0020, b"DA", b"20200101" * 10),
    )

    assert leading_uids(data, syntax) == {CLASS: "1.2.3", INSTANCE: "1.2.3.40"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(4000),
        b"\x08\0\x18\0UI\x40\x001.2",
        b"\x08\0\x06\0SQ\0\0\xff\xff\xff\xff" + bytes(50),
        b"\x10\0\x10\0PN\x04\0A^B " + bytes(50),
    ],
)
def test_what_is_not_there_is_not_found(data):
    """Nothing is found in what is short, long, or no dataset."""
    assert leading_uids(data, SYNTAXES[1]) == {}


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([(0x0018, b"UI", b"1.2\0")], {CLASS: None, INSTANCE: "1.2"}),
        ([(0x0016, b"UI", b"1.2\0")], {CLASS: "1.2", INSTANCE: None}),
        ([], {CLASS: None, INSTANCE: None}),
        ([(0x0016, b"UI", b""), (0x0018, b"UI", b"\0")], {CLASS: "", INSTANCE: ""}),
    ],
)
def test_what_is_passed_over_is_not_there(syntax, elements, expected):
    """Elements come in the order of their tags; an empty UID is there."""
    data = encode(syntax, *elements, (0x0020, b"DA", b"20200101"))

    assert leading_uids(data, syntax) == expected


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_a_dataset_has_no_meta_header(syntax):
    """What a device sends of one is left out; the rest stays as it is."""
    data = encode(syntax, (0x0016, b"UI", b"1.2\0"), (0x0018, b"UI", b"1.2.3\0"))
    meta = encode(
        syntax, (1, b"OB", b"\0\1"), (0x10, b"UI", b"1.2.840.10008.1.2.5\0"), group=2
    )

    assert without_meta(meta + data, syntax) == data
    assert without_meta(data, syntax) == data
    assert without_meta(meta, syntax) == b""


def test_what_is_deflated_shows_no_meta_header():
    """Compressed bytes may look like anything."""
    assert without_meta(b"\2\0\0\0UL\4\0abcdefgh", SYNTAXES[3])[:2] == b"\2\0"


@given(st.binary(max_size=4000), st.sampled_from(SYNTAXES))
def test_any_bytes_do(data, syntax):
    """No bytes raise anything."""
    assert set(leading_uids(data, syntax)) <= {CLASS, INSTANCE}
    assert data.endswith(without_meta(b"\2\0" + data, syntax)[2:])


@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34"])
def test_file_meta(uid):
    """The file meta information is readable, and complete (PS3.10 Section 7.1)."""
    data = file_meta("1.2.840.10008.5.1.4.1.1.2", uid, SYNTAXES[1])
    meta = pydicom.dcmread(BytesIO(data)).file_meta

    assert meta.FileMetaInformationGroupLength == len(data) - 144
    assert meta.FileMetaInformationVersion == b"\0\1"
    assert meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert meta.MediaStorageSOPInstanceUID == uid
    assert meta.TransferSyntaxUID == SYNTAXES[1]
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
