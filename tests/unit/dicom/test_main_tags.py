"""`dicom.main_tags`: which attributes are indexed."""

import pytest

from factories import make_instance
from obelisk.dicom.levels import MAIN_TAGS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, STANDARD, MainTags, key_of
from obelisk.dicom.parsing import parse_instance

_PATIENT_NAME, _MODALITY, _ROWS = 0x00100010, 0x00080060, 0x00280010
_AGE = 0x00101010
_MODALITIES_IN_STUDY, _PIXEL_DATA, _PRIVATE = 0x00080061, 0x7FE00010, 0x00111001


def test_standard_tags_are_orthanc_s():
    """In the order of the tags, with no signature to be kept."""
    for level, tags in MAIN_TAGS.items():
        assert STANDARD.by_level[level] == tags
        assert STANDARD.kept_metadata[level] == {}


def test_a_level_gets_what_is_new_to_it():
    """A study has what the patient has, but not what its series have."""
    tags = [_PATIENT_NAME, _MODALITY, _ROWS, _MODALITIES_IN_STUDY]
    main_tags = MainTags({Level.STUDY: tags})
    added = set(main_tags.by_level[Level.STUDY]) - set(MAIN_TAGS[Level.STUDY])

    assert added == {_MODALITY, _ROWS}
    assert main_tags.by_level[Level.SERIES] == MAIN_TAGS[Level.SERIES]


def test_levels_with_more_tags_note_their_signature():
    """So that what was indexed before can be told from it."""
    main_tags = MainTags({Level.PATIENT: [0x00101030]})

    assert main_tags.kept_metadata[Level.PATIENT] == {
        SIGNATURE_NAME: "0010,0010;0010,0020;0010,0030;0010,0040;0010,1000;0010,1030"
    }
    assert main_tags.kept_metadata[Level.SERIES] == {}


def test_a_study_notes_that_the_patient_has_more_tags():
    """It has a copy of them, which is to be told from one of the standard tags."""
    main_tags = MainTags({Level.PATIENT: [0x00101030]})

    assert main_tags.kept_metadata[Level.STUDY] == {
        SIGNATURE_NAME: STANDARD.signatures[Level.STUDY]
    }


def test_a_tag_of_patient_and_study_is_one_of_the_patient():
    """A study has a copy of it; other levels have it side by side."""
    main_tags = MainTags({level: [_AGE] for level in Level})

    assert [_AGE in main_tags.by_level[level] for level in Level] == [
        True,
        False,
        True,
        True,
    ]


def test_attributes_that_are_not_indexed_any_more_are_left_out():
    """Others stay as they are, byte by byte."""
    more = MainTags({Level.PATIENT: [_AGE]})
    encoded = '{"PatientID":"é", "PatientAge":"030Y"}'

    assert more.current(Level.PATIENT, encoded) == encoded
    assert STANDARD.current(Level.PATIENT, encoded) == '{"PatientID":"é"}'


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        (_ROWS, "Rows"),
        (_PRIVATE, "0011,1001"),
        (0x00110010, "0011,0010"),
        (0x00080000, "0008,0000"),
    ],
)
def test_keys_are_unique(tag, key):
    """A name that stands for several tags is no key."""
    assert key_of(tag) == key


def test_more_tags_are_read_from_files():
    """Numbers too; Pixel Data is found as ever, and never read."""
    main_tags = MainTags(
        {
            Level.SERIES: [_ROWS, 0x00280100, 0x00080005],
            Level.STUDY: [_PIXEL_DATA],
        }
    )
    content = make_instance(Rows=8, SpecificCharacterSet="ISO_IR 100")
    plain = parse_instance(content)
    found = parse_instance(content, main_tags=main_tags)

    assert _ROWS not in plain.attributes
    assert found.attributes.items() - plain.attributes.items() == {
        (_ROWS, "8"),
        (0x00280100, "16"),
        (0x00080005, "ISO_IR 100"),
    }
    assert found.pixel_data_offset == plain.pixel_data_offset
    assert found.bits_allocated == plain.bits_allocated == 16
