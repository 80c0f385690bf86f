"""Tests of frames that are encoded anew: what comes back, and what is refused."""

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest

from obelisk.imaging.frame_encoding import transcode_frame
from obelisk.imaging.frames import (
    FrameForm,
    FrameTask,
    UnsuitableFrameError,
    check_decodable,
    check_encodable,
    decoded_form,
    encoded_form,
)
from obelisk.imaging.pictures import LOSSLESS, PixelEncoding, UnreadableImageError

_NATIVE = PixelEncoding.NATIVE
_GREY = FrameForm(6, 4, 1, 8, 8, 7, "MONOCHROME2")
_COLOURS = replace(_GREY, samples=3, photometric_interpretation="RGB")


def _pixels(form):
    """Slopes with some noise, over all numbers that there can be."""
    shape = (form.rows, form.columns, form.samples)
    noise = np.random.default_rng(7).integers(0, 5, shape)
    slopes = np.indices(shape).sum(axis=0) * 7 + noise
    numbers = slopes % (1 << form.bits_stored)
    if form.is_signed:
        numbers -= 1 << form.bits_stored - 1
    kind = "i" if form.is_signed else "u"
    return numbers.astype(f"<{kind}{form.bits_allocated // 8}")


def _transcode(content, form, source, target, quality=90):
    task = FrameTask(form, source, target, quality)
    return transcode_frame(content, task).pixels


@pytest.mark.parametrize("encoding", LOSSLESS)
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (33, 20)])
@pytest.mark.parametrize("colours", ["MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL"])
@pytest.mark.parametrize(("allocated", "stored"), [(8, 7), (8, 8), (16, 10), (16, 16)])
@pytest.mark.parametrize("is_signed", [False, True])
def test_nothing_is_lost(encoding, size, colours, allocated, stored, is_signed):
    """Whatever the bits, the sign, the colours and the size."""
    samples = 1 if colours in {"MONOCHROME2", "PALETTE COLOR"} else 3
    form = FrameForm(
        size[1], size[0], samples, allocated, stored, stored - 1, colours, is_signed
    )
    content = _pixels(form).tobytes()
    check_encodable(form, encoding)
    encoded = _transcode(content, form, _NATIVE, encoding)
    coded = encoded_form(form, encoding)
    check_decodable(coded, encoding)

    assert _transcode(encoded, coded, encoding, _NATIVE) == content
    assert decoded_form(coded, encoding) == form


@pytest.mark.parametrize("encoding", LOSSLESS)
@pytest.mark.parametrize("is_signed", [False, True])
def test_bits_that_are_not_stored_stay(encoding, is_signed):
    """Such as overlays in the high bits, or signs that were not extended."""
    form = FrameForm(8, 8, 1, 16, 12, 11, "MONOCHROME2", is_signed)
    content = (np.arange(64, dtype="<u2") * 1021).tobytes()
    encoded = _transcode(content, form, _NATIVE, encoding)

    assert _transcode(encoded, form, encoding, _NATIVE) == content


def test_samples_of_32_bits():
    """RLE holds them; nothing else does."""
    form = FrameForm(5, 3, 1, 32, 32, 31, "MONOCHROME2")
    content = np.random.default_rng(1).integers(0, 1 << 32, 15, "<u4").tobytes()
    encoded = _transcode(content, form, _NATIVE, PixelEncoding.RLE)

    assert _transcode(encoded, form, PixelEncoding.RLE, _NATIVE) == content
    for encoding in LOSSLESS - {PixelEncoding.RLE}:
        with pytest.raises(UnsuitableFrameError):
            check_encodable(form, encoding)


def test_planes_become_pixels():
    """Planar Configuration 1 is read, and 0 is written."""
    form = replace(_COLOURS, is_planar=True)
    pixels = _pixels(_COLOURS)
    planes = pixels.transpose(2, 0, 1).tobytes()

    assert _transcode(planes, form, _NATIVE, _NATIVE) == pixels.tobytes()
    assert decoded_form(form, _NATIVE).is_planar is False


def test_halved_chrominance_is_repeated():
    """Two pixels in a row have one Cb and one Cr (PS3.3 C.7.6.3.1.2)."""
    form = FrameForm(2, 2, 3, 8, 8, 7, "YBR_FULL_422")
    content = bytes([1, 2, 30, 40, 3, 4, 50, 60])

    check_decodable(form, _NATIVE)
    assert form.size == 8
    assert _transcode(content, form, _NATIVE, _NATIVE) == bytes(
        [1, 30, 40, 2, 30, 40, 3, 50, 60, 4, 50, 60]
    )
    assert decoded_form(form, _NATIVE).photometric_interpretation == "YBR_FULL"
    with pytest.raises(UnsuitableFrameError):
        check_decodable(replace(form, columns=3), _NATIVE)


@pytest.mark.parametrize("encoding", [PixelEncoding.JPEG_LOSSLESS, PixelEncoding.RLE])
def test_a_decoder_of_another_program_agrees(encoding):
    """On what is a frame of 16 bits."""
    form = FrameForm(20, 30, 1, 16, 16, 15, "MONOCHROME2")
    pixels = _pixels(form)[..., 0]
    encoded = _transcode(pixels.tobytes(), form, _NATIVE, encoding)
    if encoding is PixelEncoding.RLE:
        found = np.frombuffer(imagecodecs.dicomrle_decode(encoded, "<u2"), "<u2")
    else:
        found = imagecodecs.jpegsof3_decode(encoded)

    assert np.array_equal(found.reshape(30, 20), pixels)


def test_signs_are_extended():
    """Where the stream has as many bits as are stored, and no sign of its own."""
    form = FrameForm(4, 1, 1, 16, 12, 11, "MONOCHROME2", is_signed=True)
    numbers = np.array([[0, 2047, 2048, 4095]], "u2")
    stream = bytes(imagecodecs.jpeg8_encode(numbers, lossless=True, bitspersample=12))
    found = _transcode(stream, form, PixelEncoding.JPEG_LOSSLESS, _NATIVE)

    assert np.frombuffer(found, "<i2").tolist() == [0, 2047, -2048, -1]


@pytest.mark.parametrize("bits", [8, 12])
def test_jpeg_loses_little(bits):
    """The better the quality, the less, and the longer the frame."""
    form = FrameForm(64, 48, 1, 8 if bits == 8 else 16, bits, bits - 1, "MONOCHROME2")
    ramp = np.add.outer(np.arange(48), np.arange(64)) % 256 << bits - 8
    pixels = ramp.astype(f"<u{form.bits_allocated // 8}")
    target = PixelEncoding.JPEG_EXTENDED
    sizes, errors = [], []
    for quality in (10, 60, 95):
        encoded = _transcode(pixels.tobytes(), form, _NATIVE, target, quality)
        decoded = _transcode(encoded, form, target, _NATIVE)
        numbers = np.frombuffer(decoded, pixels.dtype).astype(int)
        sizes.append(len(encoded))
        errors.append(np.abs(numbers.reshape(48, 64) - ramp).mean())

    assert encoded[encoded.index(b"\xff\xc1") + 4] == bits
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1 << bits - 7


@pytest.mark.parametrize("target", [PixelEncoding.JPEG, PixelEncoding.JPEG_2000])
@pytest.mark.parametrize("colours", ["RGB", "YBR_FULL"])
def test_lossy_colours_stay_about_the_same(target, colours):
    """A plain red image, which has no edges to lose."""
    form = replace(_COLOURS, columns=16, rows=16, photometric_interpretation=colours)
    red = bytes([200, 30, 40]) if colours == "RGB" else bytes([82, 106, 212])
    encoded = _transcode(red * 256, form, _NATIVE, target)
    coded = encoded_form(form, target)
    decoded = _transcode(encoded, coded, target, _NATIVE)
    rgb = np.frombuffer(decoded, np.uint8).reshape(-1, 3).astype(int)
    expected = [200, 30, 40]
    if target is PixelEncoding.JPEG_2000 and colours == "YBR_FULL":
        expected = list(red)

    assert np.abs(rgb - expected).max() <= 4


def test_near_lossless_jpeg_ls_is_wrong_by_two_at_most():
    """As Orthanc has it."""
    form = FrameForm(64, 64, 1, 16, 12, 11, "MONOCHROME2")
    pixels = _pixels(form)
    target = PixelEncoding.JPEG_LS_NEAR_LOSSLESS
    encoded = _transcode(pixels.tobytes(), form, _NATIVE, target)
    decoded = imagecodecs.jpegls_decode(encoded)

    assert np.abs(decoded.astype(int) - pixels[..., 0]).max() == 2


@pytest.mark.parametrize("encoding", LOSSLESS)
def test_damaged_frames_are_refused(encoding):
    """Cut, of another size, or not at all what they should be."""
    form = FrameForm(64, 64, 1, 16, 16, 15, "MONOCHROME2")
    noise = np.random.default_rng(2).integers(0, 1 << 16, 4096, "<u2").tobytes()
    encoded = _transcode(noise, form, _NATIVE, encoding)

    for content in (b"", b"\xff\xd8garbage" * 9, b"\xff\x4f\xff\x51", encoded[:90]):
        with pytest.raises(UnreadableImageError):
            _transcode(content, form, encoding, _NATIVE)
    with pytest.raises(UnreadableImageError):
        _transcode(encoded, replace(form, rows=65), encoding, _NATIVE)


def test_incomplete_pixels_are_refused():
    """Those that are not compressed."""
    with pytest.raises(UnreadableImageError):
        _transcode(bytes(23), _GREY, _NATIVE, PixelEncoding.RLE)


@pytest.mark.parametrize(
    ("form", "target"),
    [
        (replace(_GREY, bits_allocated=16, bits_stored=12), PixelEncoding.JPEG),
        (
            replace(_GREY, bits_allocated=16, bits_stored=13, high_bit=12),
            PixelEncoding.JPEG_EXTENDED,
        ),
        (replace(_GREY, is_signed=True), PixelEncoding.JPEG),
        (replace(_GREY, is_signed=True), PixelEncoding.JPEG_LS_NEAR_LOSSLESS),
        (
            replace(_GREY, photometric_interpretation="PALETTE COLOR"),
            PixelEncoding.JPEG_2000,
        ),
        (replace(_GREY, bits_stored=7), PixelEncoding.JPEG),
        (
            replace(_COLOURS, photometric_interpretation="YBR_PARTIAL_420"),
            PixelEncoding.RLE,
        ),
    ],
)
def test_unsuitable_frames_are_refused(form, target):
    """What the encoding has no room for, or what would be nonsense."""
    with pytest.raises(UnsuitableFrameError):
        check_encodable(form, target)


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 0},
        {"rows": 65_535, "columns": 65_535},
        {"samples": 4},
        {"bits_allocated": 1},
        {"bits_stored": 9},
    ],
)
def test_unknown_frames_are_refused(changes):
    """Empty ones, too large ones, and samples that nobody has."""
    with pytest.raises(UnsuitableFrameError):
        check_decodable(replace(_GREY, **changes), _NATIVE)
