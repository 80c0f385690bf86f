"""The synthetic files of the tests: the same in every run, and what they claim."""

import io
from hashlib import sha256

import pytest
from pydicom import dcmread

from crafted import crafted_files, refused_bodies
from factories import (
    IMPLICIT,
    encode_element,
    encode_sequence,
    make_instance,
    make_sized_instance,
    make_study,
    make_uid,
    text,
)


def test_catalogue_is_the_same_in_every_run() -> None:
    """The recorded answers belong to these very bytes."""
    digest = sha256()
    for files in (crafted_files(), refused_bodies()):
        for name, content in files.items():
            digest.update(name.encode() + content)

    assert digest.hexdigest() == DIGEST


def test_instance_is_readable_by_pydicom() -> None:
    """An ordinary instance carries the identifiers that follow from its numbers."""
    content = make_instance(3, study=1, series=2, number=4, transfer_syntax=IMPLICIT)
    dataset = dcmread(io.BytesIO(content))

    assert dataset.file_meta.TransferSyntaxUID == IMPLICIT
    assert dataset.StudyInstanceUID == make_uid(3, 1)
    assert dataset.SeriesInstanceUID == make_uid(3, 1, 2)
    assert dataset.SOPInstanceUID == make_uid(3, 1, 2, 4)


def test_attributes_replace_and_leave_out() -> None:
    """Attributes by keyword replace the usual ones, `None` leaves one out."""
    content = make_instance(PatientID="OTHER", PatientName=None)
    dataset = dcmread(io.BytesIO(content))

    assert dataset.PatientID == "OTHER"
    assert "PatientName" not in dataset


def test_study_has_as_many_files_as_asked() -> None:
    """A study has its series, and each its instances, all different."""
    assert len(set(make_study(series_count=3, instance_count=2))) == 6


@pytest.mark.parametrize("size_bytes", [2_000, 600_000])
def test_sized_instance_has_about_its_size(size_bytes: int) -> None:
    """A file of a wanted size is at most 2 KB off."""
    assert abs(len(make_sized_instance(1, size_bytes)) - size_bytes) < 2_000


def test_elements_are_encoded_by_hand() -> None:
    """A short and a long form, and a sequence of undefined length (PS3.5 7.1, 7.5)."""
    assert encode_element(text(0x00100020, "LO", "A")) == b"\x10\0\x20\0LO\x02\0A "
    assert encode_sequence(0x00081110, [], undefined_length=True) == (
        b"\x08\0\x10\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\xdd\xe0\0\0\0\0"
    )


DIGEST = "2b26aa02c0601e016dbc7e5a7c7c29c00cdba84b2265002dade809a20e3b992f"
