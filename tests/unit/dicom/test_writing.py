"""Tests of the encoding of datasets."""

import io

import pydicom
import pytest

from obelisk.dicom.writing import Blob, Frames, TooLongError, Value, iter_file


def _blob(content):
    return Blob(len(content), lambda: [content[:2], content[2:]])


def _read(attributes, **options):
    content = b"".join(map(bytes, iter_file(attributes, "1.2", "1.2.3", **options)))
    return pydicom.dcmread(io.BytesIO(content))


def test_values_and_items():
    """Short and long VRs, sequences and items are what pydicom reads back."""
    item = {0x00080050: Value("SH", b"A1")}
    dataset = _read(
        {
            0x00081110: Value("SQ", [item, {}]),
            0x00080018: Value("UI", b"1.2.3\0"),
            0x00104000: Value("LT", b"text"),
            0x00081190: Value("UR", b"http://a"),
        }
    )

    assert dataset.file_meta.MediaStorageSOPClassUID == "1.2"
    assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert [one.tag for one in dataset] == sorted(one.tag for one in dataset)
    assert dataset.ReferencedStudySequence[0].AccessionNumber == "A1"
    assert len(dataset.ReferencedStudySequence[1]) == 0
    assert dataset.PatientComments == "text"
    assert dataset.RetrieveURL == "http://a"


def test_a_large_value_is_padded():
    """What comes after it is still read."""
    dataset = _read(
        {
            0x00420011: Value("OB", _blob(b"abc")),
            0x00420012: Value("LO", b"application/pdf "),
        }
    )

    assert dataset.EncapsulatedDocument == b"abc\0"
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_frames():
    """Each frame is a fragment, and the offset table leads to it."""
    frames = Frames([_blob(b"abc"), _blob(b"defg")])
    dataset = _read(
        {0x7FE00010: Value("OB", frames), 0x00280008: Value("IS", b"2 ")},
        transfer_syntax_uid="1.2.840.10008.1.2.4.50",
    )

    found = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=2))
    assert found == [b"abc\0", b"defg"]


def test_no_sop_class():
    """Without SOP class, the File Meta Information names none."""
    content = b"".join(map(bytes, iter_file({}, "", "1.2.3")))

    dataset = pydicom.dcmread(io.BytesIO(content))
    assert "MediaStorageSOPClassUID" not in dataset.file_meta


@pytest.mark.parametrize(
    "value", [Value("LO", bytes(65536)), Value("OB", Blob(2**32, list))]
)
def test_a_value_that_is_too_long(value):
    """A length that its field cannot hold is refused, not cut."""
    with pytest.raises(TooLongError):
        list(iter_file({0x00100020: value}, "1.2", "1.2.3"))
