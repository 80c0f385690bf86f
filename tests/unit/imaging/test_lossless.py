"""Tests of the encodings without loss, which other decoders expand."""

import imagecodecs
import numpy as np
import pytest

from images import make_pixels
from obelisk.imaging.lossless import encode_lossless
from obelisk.imaging.pictures import (
    LOSSLESS,
    Picture,
    PixelEncoding,
    UnreadableImageError,
)

_DECODERS = {
    PixelEncoding.JPEG_2000_LOSSLESS: imagecodecs.jpeg2k_decode,
    PixelEncoding.JPEG_LOSSLESS: imagecodecs.jpeg8_decode,
    PixelEncoding.JPEG_LS: imagecodecs.jpegls_decode,
    PixelEncoding.HTJ2K_LOSSLESS: imagecodecs.jpeg2k_decode,
}


def _picture(pixels, bits):
    frames, rows, columns, samples = pixels.shape
    content = pixels.astype(f"<u{bits // 8}").tobytes()
    return Picture(columns, rows, frames, samples, bits, False, content)


def _decode_rle(frame, shape, bits):
    samples = 1 if len(shape) == 2 else shape[2]
    decoded = imagecodecs.dicomrle_decode(frame, f"<u{bits // 8}")
    planes = np.frombuffer(decoded, f"<u{bits // 8}").reshape(samples, *shape[:2])
    return np.moveaxis(planes, 0, -1).squeeze()


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 2), (67, 45)])
@pytest.mark.parametrize(("colour_type", "bits"), [(0, 8), (0, 16), (2, 8), (2, 16)])
@pytest.mark.parametrize("encoding", LOSSLESS)
def test_pixels_come_back(encoding, colour_type, bits, size):
    """Noise and plain areas, of every size, frame by frame."""
    pixels = np.stack([make_pixels(colour_type, bits, *size)] * 2)
    pixels[1, : size[0] // 2] = 5
    encoded = encode_lossless(_picture(pixels, bits), encoding)

    assert sum(encoded.frame_sizes) == len(encoded.pixels)
    start = 0
    for frame, length in zip(pixels, encoded.frame_sizes, strict=True):
        expected = frame if colour_type else frame[..., 0]
        content = encoded.pixels[start : start + length]
        if encoding is PixelEncoding.RLE:
            found = _decode_rle(content, expected.shape, bits)
            expected = expected.squeeze()
        else:
            found = _DECODERS[encoding](content)
        assert np.array_equal(found, expected)
        start += length


def test_rle_does_not_cross_rows():
    """Each row of a segment is encoded by itself (PS3.5 Section G.3.1)."""
    pixels = np.zeros((1, 4, 100, 1), np.uint8)
    encoded = encode_lossless(_picture(pixels, 8), PixelEncoding.RLE)

    assert encoded.pixels[64:] == b"\x9d\x00" * 4


def test_what_an_encoding_cannot_hold():
    """A library that refuses is no crash."""
    empty = Picture(0, 0, 1, 1, 8, is_lossy=False)

    with pytest.raises(UnreadableImageError):
        encode_lossless(empty, PixelEncoding.JPEG_LS)
