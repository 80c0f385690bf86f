"""Tests of the decoding of images, pixel by pixel."""

import io

import numpy as np
import pytest
from PIL import Image

from images import make_bomb, make_pam, make_pixels, make_png, rgb_image, save
from obelisk.imaging.decoding import decode
from obelisk.imaging.encoding import encode
from obelisk.imaging.pictures import Picture, PixelEncoding, UnreadableImageError


def _array(picture):
    shape = (picture.frame_count, picture.rows, picture.columns, picture.samples)
    dtype = "<u2" if picture.bits == 16 else np.uint8
    return np.frombuffer(picture.pixels, dtype).reshape(shape)


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour_type", "bits"),
    [
        *((0, bits) for bits in (1, 2, 4, 8, 16)),
        *((kind, bits) for kind in (2, 4, 6) for bits in (8, 16)),
    ],
)
def test_png(colour_type, bits, is_interlaced):
    """Every bit depth and colour type; alpha is left out, few bits are stretched."""
    pixels = make_pixels(colour_type, bits)
    content = make_png(pixels, colour_type, bits, is_interlaced=is_interlaced)
    picture = decode(content, "PNG")

    samples = 1 if colour_type in {0, 4} else 3
    factor = 255 // ((1 << bits) - 1) if bits < 8 else 1
    assert (picture.samples, picture.bits) == (samples, max(bits, 8))
    assert np.array_equal(_array(picture)[0], pixels[..., :samples] * factor)
    assert not picture.is_lossy


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_png_with_palette(bits, is_interlaced):
    """Palettes become colours."""
    colours = np.random.default_rng(7).integers(0, 256, (1 << bits, 3), np.uint8)
    pixels = make_pixels(3, bits)
    content = make_png(
        pixels, 3, bits, is_interlaced=is_interlaced, palette=colours.tobytes()
    )

    assert np.array_equal(_array(decode(content, "PNG"))[0], colours[pixels[..., 0]])


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_narrow_interlaced_png(columns):
    """Passes without pixels are skipped."""
    pixels = make_pixels(2, 16, rows=3, columns=columns)
    content = make_png(pixels, 2, 16, is_interlaced=True)

    assert np.array_equal(_array(decode(content, "PNG"))[0], pixels)


@pytest.mark.parametrize(
    ("colour_type", "bits", "maximum"),
    [
        *((kind, 8, 255) for kind in (0, 2, 4, 6)),
        *((kind, 16, 65535) for kind in (0, 2, 6)),
    ],
)
def test_pam(colour_type, bits, maximum):
    """Grey and RGB, 8 and 16 bits; alpha is left out."""
    pixels = make_pixels(colour_type, bits)
    picture = decode(make_pam(pixels, "X", maximum), "PAM")

    samples = 1 if colour_type in {0, 4} else 3
    assert np.array_equal(_array(picture)[0], pixels[..., :samples])


@pytest.mark.parametrize("file_format", ["TIFF", "WEBP", "GIF", "JPEG"])
def test_other_formats(file_format):
    """They are what Pillow makes of them; JPEG counts as lossy."""
    image = rgb_image().quantize(16) if file_format == "GIF" else rgb_image()
    options = {"lossless": True} if file_format == "WEBP" else {}
    content = save(image, file_format, **options)
    picture = decode(content, file_format)

    expected = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert np.array_equal(_array(picture)[0], expected)
    assert picture.is_lossy is (file_format == "JPEG")


def test_lossy_webp():
    """It is told from lossless one."""
    assert decode(save(rgb_image(), "WEBP"), "WEBP").is_lossy


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_tiff_of_16_bits(dtype):
    """Both byte orders of a TIFF give the same pixels."""
    pixels = make_pixels(0, 16)[..., 0]
    image = Image.fromarray(pixels.astype(np.uint16))
    if dtype == ">u2":
        image = Image.frombytes("I;16B", image.size, pixels.astype(dtype).tobytes())
    picture = decode(save(image, "TIFF"), "TIFF")

    assert np.array_equal(_array(picture)[0, ..., 0], pixels)


@pytest.mark.parametrize("file_format", ["TIFF", "GIF", "WEBP"])
def test_frames(file_format):
    """All frames of an image come, in their order."""
    images = [Image.new("RGB", (5, 4), (shade, 0, 0)) for shade in (0, 100, 200)]
    content = save(
        images[0], file_format, save_all=True, append_images=images[1:], lossless=True
    )
    picture = decode(content, file_format)

    assert picture.frame_count == 3
    assert _array(picture)[:, 0, 0, 0].tolist() == [0, 100, 200]


def test_a_bomb_is_not_decoded():
    """A PNG of 60,000 x 60,000 pixels is refused by its header."""
    with pytest.raises(UnreadableImageError, match="too large"):
        decode(make_bomb(), "PNG")


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (b"", "PNG"),
        (b"%PDF-1.4", "PNG"),
        (save(rgb_image(), "JPEG"), "PNG"),
        (save(rgb_image(), "PNG"), "JPEG"),
        (save(rgb_image(), "PNG")[:60], "PNG"),
        (save(rgb_image(), "PNG")[:20], "PNG"),
        (make_png(make_pixels(2, 16), 2, 16)[:90], "PNG"),
        (make_bomb(70_000, 1), "PNG"),
        (make_bomb(0, 1), "PNG"),
        (b"GIF89a", "GIF"),
        (save(Image.new("F", (3, 3)), "TIFF"), "TIFF"),
        (b"P7\nENDHDR\n", "PAM"),
        (b"P6\n", "PAM"),
        (make_pam(make_pixels(0, 8), "X")[:-1], "PAM"),
        (make_pam(make_pixels(0, 8), "X", 127), "PAM"),
        (make_pam(make_pixels(0, 8), "X").replace(b"WIDTH 9", b"WIDTH 0"), "PAM"),
    ],
)
def test_bad_images(content, file_format):
    """Damage, another format, and what Pixel Data cannot hold."""
    with pytest.raises(UnreadableImageError):
        decode(content, file_format)


def test_lossy_encoding():
    """JPEG and JPEG 2000 lose something, and say so."""
    picture = decode(save(rgb_image(32, 32), "PNG"), "PNG")

    for encoding in (PixelEncoding.JPEG, PixelEncoding.JPEG_2000):
        assert encode(picture, encoding).is_lossy
    assert encode(picture, PixelEncoding.NATIVE) is picture


def test_an_encoding_that_does_not_suit():
    """JPEG has no 16 bits."""
    picture = Picture(1, 1, 1, 1, 16, is_lossy=False, pixels=b"\0\0")

    with pytest.raises(UnreadableImageError):
        encode(picture, PixelEncoding.JPEG)
