"""Tests of the headers of compressed images."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.imaging.pictures import UnreadableImageError
from obelisk.imaging.stream_headers import StreamHeader, read_stream_header

_GREY = np.zeros((3, 5), np.uint16)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            imagecodecs.jpeg8_encode(_GREY, bitspersample=12, lossless=True),
            StreamHeader(5, 3, 1, 12),
        ),
        (
            imagecodecs.jpeg8_encode(np.zeros((3, 5, 3), np.uint8)),
            StreamHeader(5, 3, 3, 8),
        ),
        (imagecodecs.jpegls_encode(_GREY), StreamHeader(5, 3, 1, 16)),
        (
            imagecodecs.jpeg2k_encode(_GREY.view("i2"), codecformat="j2k"),
            StreamHeader(5, 3, 1, 16, is_signed=True),
        ),
        (
            imagecodecs.jpeg2k_encode(_GREY, codecformat="jp2"),
            StreamHeader(5, 3, 1, 16),
        ),
        (imagecodecs.htj2k_encode(_GREY), StreamHeader(5, 3, 1, 16)),
    ],
)
def test_what_a_header_says(content: bytes, expected: StreamHeader) -> None:
    """Of each format, and of a JPEG 2000 file, which some writers embed."""
    assert read_stream_header(bytes(content)) == expected


@given(
    st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\x4f\xff\x51"]),
    st.binary(max_size=60),
)
def test_a_header_that_is_none(start: bytes, content: bytes) -> None:
    """It is refused, whatever it is."""
    try:
        header = read_stream_header(start + content)
    except UnreadableImageError:
        return
    assert header.bits > 0 or start.startswith(b"\xff\xd8")
