import pytest

from obelisk.dicom.levels import Level
from obelisk.services.archiving.naming import (
    Names,
    file_name,
    folder_name,
    safe_name,
)


@pytest.mark.parametrize(
    ("text", "ascii_name", "utf8_name"),
    [
        ("a/b\\c:d*e", "a b c d e", "a b c d e"),
        ('f?g"h<i>j|k', "f g h i j k", "f g h i j k"),
        ("..", "", ""),
        (".", "", ""),
        ("/../..", ".. ..", ".. .."),
        ("...", "", ""),
        ("  x \t y  ", "x y", "x y"),
        ("Müller\x01", "Mller", "Müller"),
        ("日本", "", "日本"),
    ],
)
def test_names_can_stand_in_a_path(text, ascii_name, utf8_name):
    """Nothing that separates folders or stands for one is left."""
    assert safe_name(text, is_utf8=False) == ascii_name
    assert safe_name(text, is_utf8=True) == utf8_name


@pytest.mark.parametrize("level", [Level.PATIENT, Level.STUDY, Level.SERIES])
def test_a_folder_always_has_a_name(level):
    """What has no name, or one that leads elsewhere, is unknown."""
    unknown = f"Unknown {level.value}"
    keys = ("PatientID", "AccessionNumber", "SeriesNumber")

    assert folder_name(level, {}, is_utf8=False) == unknown
    assert folder_name(level, dict.fromkeys(keys, ".."), is_utf8=False) == unknown
    assert folder_name(level, {"PatientName": [{}]}, is_utf8=False) == unknown


def test_a_second_name_gets_a_number():
    """All names in a folder differ, also from those that look numbered."""
    names = Names()

    claimed = [names.claim(name) for name in ("a", "a-2", "a", "a", "b")]

    assert claimed == ["a", "a-2", "a-3", "a-4", "b"]


def test_a_long_name_is_cut_between_two_characters():
    """A name has 255 bytes at most, its number included."""
    names = Names()

    first, second = names.claim("ü" * 200), names.claim("ü" * 200)

    assert first == "ü" * 127
    assert second == "ü" * 126 + "-2"


def test_a_number_that_is_too_large_makes_the_name_longer():
    """File names have eight characters, unless the number needs more."""
    series = {"Modality": "CT"}

    assert file_name(series, 7, is_utf8=False) == "CT000007.dcm"
    assert file_name(series, 12345678, is_utf8=False) == "CT12345678.dcm"
    assert file_name({}, 7, is_utf8=False) == "00000007.dcm"
