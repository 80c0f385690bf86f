"""Tests of TIFF images with 16 bits for each of several samples."""

import numpy as np
import pytest
from PIL import Image

from images import make_pixels, make_tiff, rgb_image, save
from obelisk.imaging.decoding import check_size
from obelisk.imaging.pictures import UnreadableImageError
from obelisk.imaging.tiff import read_deep_tiff


def _read(content):
    picture = read_deep_tiff(content, check_size)
    shape = (picture.frame_count, picture.rows, picture.columns, picture.samples)
    assert (picture.bits, picture.is_lossy) == (16, False)
    return np.frombuffer(picture.pixels, "<u2").reshape(shape)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("colour_type", [2, 4, 6])
def test_kinds(order, planes, colour_type):
    """RGB and alpha, in both byte orders, mixed and in planes; alpha is left out."""
    pixels = make_pixels(colour_type, 16)
    content = make_tiff(pixels, order=order, planes=planes)

    assert np.array_equal(
        _read(content)[0], pixels[..., : 1 if colour_type == 4 else 3]
    )


def test_frames():
    """All of them come."""
    frames = [make_pixels(2, 16), make_pixels(2, 16)[::-1]]

    assert np.array_equal(_read(make_tiff(*frames)), frames)


def test_white_is_zero():
    """Black becomes 0."""
    pixels = make_pixels(4, 16)
    content = make_tiff(pixels, tags=[(262, [0])])

    assert np.array_equal(_read(content)[0], 65_535 - pixels[..., :1])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"II*\0",
        b"II*\0\0\0\0\0",
        save(rgb_image(), "TIFF"),
        save(Image.new("I;16", (3, 3)), "TIFF"),
        make_tiff(make_pixels(0, 16)),
    ],
)
def test_what_is_left_to_others(content):
    """What has 8 bits, or one sample; and what is damaged at its start."""
    assert read_deep_tiff(content, check_size) is None


@pytest.mark.parametrize(
    "content",
    [
        make_tiff(make_pixels(2, 16))[:-100],
        make_tiff(make_pixels(2, 16), tags=[(262, [5])]),
        make_tiff(make_pixels(2, 16), tags=[(339, [3, 3, 3])]),
        make_tiff(make_pixels(2, 16), tags=[(256, [70_000])]),
        make_tiff(make_pixels(2, 16), tags=[(259, [32_946])]),
        make_tiff(make_pixels(2, 16), make_pixels(2, 16, rows=2)),
    ],
)
def test_bad_images(content):
    """Damage, floating point, other colours, too large, of different size."""
    with pytest.raises(UnreadableImageError):
        read_deep_tiff(content, check_size)
