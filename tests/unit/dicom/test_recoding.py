"""Tests of datasets that are written in another encoding; pydicom reads them."""

import io

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from factories import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    craft,
    make_instance,
)
from obelisk.dicom.byte_order import swapped
from obelisk.dicom.parsing import read_dataset
from obelisk.dicom.recoding import Recoder
from obelisk.dicom.writing import Blob, Value, file_meta

_SYNTAXES = (IMPLICIT, EXPLICIT, BIG_ENDIAN)


def _recode(content, uid, changes=None):
    written = io.BytesIO()
    written.write(file_meta("1.2", "1.3", uid))
    root = read_dataset(content, whole=True)
    Recoder(
        uid, written.write, lambda one: (changes or {}) if one is root else {}
    ).write_dataset(root)
    return written.getvalue()


def _item(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _instance(uid):
    code = _item(CodeValue="1", CodeMeaning="inner", RelationshipType="X")
    return make_instance(
        transfer_syntax=uid,
        PatientName="Äpfel^Ö",
        RequestAttributesSequence=Sequence(
            [_item(ScheduledProtocolCodeSequence=Sequence([code])), _item()]
        ),
        ReferencedImageSequence=Sequence([]),
        FrameIncrementPointer=0x00181063,
        RealWorldValueFirstValueMapped=1,
        SmallestImagePixelValue=3,
        RedPaletteColorLookupTableDescriptor=[256, 0, 16],
        RedPaletteColorLookupTableData=bytes(range(200)),
        DiffusionBValue=12.5,
        SelectorULValue=[1, 70_000],
        SelectorFLValue=0.5,
    )


@pytest.mark.parametrize("source", [*_SYNTAXES, DEFLATED])
@pytest.mark.parametrize("target", _SYNTAXES)
def test_values_stay(source, target):
    """Numbers, text, tags and sequences, from each encoding to each other one."""
    content = _instance(source)
    found = pydicom.dcmread(io.BytesIO(_recode(content, target)))

    expected = pydicom.dcmread(io.BytesIO(content))
    for dataset in (found, expected):
        for keyword in ("PixelData", "RedPaletteColorLookupTableData"):
            del dataset[keyword]
    assert found.file_meta.TransferSyntaxUID == target
    assert found == expected


@pytest.mark.parametrize("target", _SYNTAXES)
def test_words_are_swapped(target):
    """OW consists of words of 16 bits, in big endian too (PS3.5 Section 6.2)."""
    pixels = bytes(range(128))
    content = make_instance(transfer_syntax=EXPLICIT, PixelData=pixels)
    found = pydicom.dcmread(io.BytesIO(_recode(content, target))).PixelData

    assert found == (swapped(pixels, 2) if target == BIG_ENDIAN else pixels)
    back = _recode(_recode(content, target), EXPLICIT)
    assert pydicom.dcmread(io.BytesIO(back)).PixelData == pixels


@pytest.mark.parametrize(
    "name",
    ["nested_priv_SQ.dcm", "priv_SQ.dcm", "rtplan.dcm", "test-SR.dcm", "CT_small.dcm"],
)
def test_real_files_survive_a_journey(name):
    """Through all encodings and back; what implicit VR forgets is unknown then."""
    with open(get_testdata_file(name), "rb") as file:  # noqa: PTH123 -- a path as text
        content = file.read()
    journey = content
    for uid in (BIG_ENDIAN, IMPLICIT, EXPLICIT):
        journey = _recode(journey, uid)
    found = pydicom.dcmread(io.BytesIO(journey))

    for element in pydicom.dcmread(io.BytesIO(content), force=True):
        is_private = element.tag.is_private or element.VR == "UN"
        if element.tag.element and not is_private:
            assert found[element.tag].value == element.value


def test_what_is_too_long_becomes_unknown():
    """A VR with a length of 16 bits has no room for it (PS3.5 Section 6.2.2)."""
    text = b"1" * 70_000
    content = craft("long", [(0x00281053, "DS", text)], transfer_syntax=IMPLICIT)
    found = pydicom.dcmread(io.BytesIO(_recode(content, EXPLICIT)))

    raw = found.get_item(0x00281053)
    assert (raw.VR, raw.value) == ("UN", text)


def test_odd_values_are_padded():
    """With what their VR is padded with."""
    elements = [
        (0x00080018, "UI", b"1.2"),
        (0x00100010, "PN", b"abc"),
        (0x00420011, "OB", b"abc"),
    ]
    content = craft("odd", elements)
    written = _recode(content, IMPLICIT)

    assert all(one in written for one in (b"1.2\0", b"abc ", b"abc\0"))


def test_group_lengths_are_left_out():
    """They would be wrong, and are retired (PS3.5 Section 7.2)."""
    content = craft("group", [(0x00080000, "UL", b"\4\0\0\0")])

    found = pydicom.dcmread(io.BytesIO(_recode(content, IMPLICIT)))
    assert 0x00080000 not in found
    assert found.SOPInstanceUID


@pytest.mark.parametrize("target", _SYNTAXES)
def test_changes(target):
    """Values are replaced, added and left out; new ones are in little endian."""
    changes = {
        0x00100010: Value("PN", b"New "),
        0x00100020: None,
        0x00280010: Value("US", b"\1\2"),
        0x7FE00010: Value("OW", Blob(5, lambda: iter([b"abc", b"de"]))),
    }
    found = pydicom.dcmread(
        io.BytesIO(_recode(make_instance(transfer_syntax=EXPLICIT), target, changes))
    )

    assert found.PatientName == "New"
    assert "PatientID" not in found
    assert found.Rows == 0x0201
    pixels = found.PixelData
    assert (swapped(pixels, 2) if target == BIG_ENDIAN else pixels) == b"abcde\0"


def test_unknown_sequences_become_known():
    """UN of undefined length holds items in Implicit VR (PS3.5 Section 6.2.2)."""
    inner = b"\x08\x00\x00\x01\x02\x00\x00\x001 "
    item = b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    element = b"\x40\x00\x75\x02UN\0\0" + UNDEFINED.to_bytes(4, "little") + item + end
    content = craft("unknown") + element

    found = pydicom.dcmread(io.BytesIO(_recode(content, BIG_ENDIAN)))
    assert found.RequestAttributesSequence[0].CodeValue == "1"
