import pytest

from obelisk.services.numbering import expected_instance_count, index_in_series

IMAGES, POSITIONS = 0x00201002, 0x00200105
SLICES, TIME_SLICES = 0x00540081, 0x00540101
CARDIAC = 0x00181090


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({IMAGES: "5"}, None),
        ({IMAGES: "5", POSITIONS: "3"}, 15),
        ({POSITIONS: "3"}, None),
        ({SLICES: "7"}, None),
        ({SLICES: "7", TIME_SLICES: "2"}, 14),
        ({CARDIAC: "9"}, 9),
        ({CARDIAC: "+4"}, 4),
        ({CARDIAC: "-4"}, None),
        ({CARDIAC: "0"}, None),
        ({IMAGES: "5", CARDIAC: "9"}, 9),
        ({IMAGES: "5", POSITIONS: "0", CARDIAC: "9"}, 9),
        ({IMAGES: "five", POSITIONS: "3"}, None),
        ({CARDIAC: "9" * 50}, None),
        ({CARDIAC: "5000000000"}, None),
    ],
)
def test_expected_count_is_what_the_series_announces(attributes, expected):
    """Steps multiply, and what is no number is ignored."""
    assert expected_instance_count(attributes) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, None),
        ({0x00200013: "12"}, 12),
        ({0x00200013: "-1"}, -1),
        ({0x00200013: "1\\2"}, None),
        ({0x00200013: ""}, None),
        ({0x00541330: "4"}, 4),
        ({0x00200013: "12", 0x00541330: "4"}, 12),
    ],
)
def test_index_is_instance_number_or_image_index(attributes, expected):
    """Instance Number comes first."""
    assert index_in_series(attributes) == expected
