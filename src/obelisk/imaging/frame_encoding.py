"""Encodes frames of Pixel Data anew; runs in a process of its own."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import imagecodecs

from obelisk.imaging.frame_decoding import decode_frame
from obelisk.imaging.frames import FrameForm, FrameTask, decoded_form
from obelisk.imaging.lossless import ENCODERS, Frame
from obelisk.imaging.pictures import Picture, PixelEncoding, UnreadableImageError
from obelisk.imaging.stream_headers import find_frame_header

#: How much a sample of near-lossless JPEG-LS may be wrong.
_NEAR = 2

_EXTENDED_FRAME = b"\xff\xc1"


def transcode_frame(content: bytes, task: FrameTask) -> Picture:
    """Decode a frame, and encode it in another way.

    Raises
    ------
    UnreadableImageError
        If it is damaged, or cannot be encoded so.
    """
    form = decoded_form(task.form, task.source)
    frame = decode_frame(content, task.source, task.form)
    try:
        encoded = _encode(frame, form, task)
    except (RuntimeError, ValueError) as error:
        raise UnreadableImageError(
            f"{task.target.value} cannot hold the image"
        ) from error
    size = (form.columns, form.rows, 1, form.samples, form.bits_allocated)
    return Picture(*size, is_lossy=False, pixels=encoded)


def _encode(frame: Frame, form: FrameForm, task: FrameTask) -> bytes:
    if task.target is PixelEncoding.NATIVE:
        return frame.tobytes()
    if task.target in _FORM_ENCODERS:
        encode = _FORM_ENCODERS[task.target]
        return bytes(encode(frame, form, task.quality))
    return bytes(ENCODERS[task.target](frame))


def _encode_jpeg(frame: Frame, form: FrameForm, quality: int) -> Any:
    """Compress; of two pixels in a row, the chrominance is the same."""
    if form.samples == 1:
        bits = 8 if form.bits_allocated == 8 else 12
        sample_max = (1 << form.bits_stored) - 1
        masked = frame & frame.dtype.type(sample_max)
        return imagecodecs.jpeg8_encode(masked, level=quality, bitspersample=bits)
    is_rgb = form.photometric_interpretation == "RGB"
    return imagecodecs.jpeg8_encode(
        frame,
        level=quality,
        colorspace="RGB" if is_rgb else "YCBCR",
        outcolorspace="YCBCR",
        subsampling="422",
    )


def _encode_extended_jpeg(frame: Frame, form: FrameForm, quality: int) -> bytes:
    """Compress; what fits the baseline process is marked as extended nevertheless."""
    content = bytes(_encode_jpeg(frame, form, quality))
    marker = find_frame_header(content) - 4
    return content[:marker] + _EXTENDED_FRAME + content[marker + 2 :]


def _encode_near_jpeg_ls(frame: Frame, form: FrameForm, _quality: int) -> Any:
    sample_max = (1 << form.bits_stored) - 1
    return imagecodecs.jpegls_encode(
        frame & frame.dtype.type(sample_max), level=_NEAR, out=2 * frame.nbytes + 1024
    )


def _signed(frame: Frame, form: FrameForm) -> Any:
    return frame.view(f"<i{frame.itemsize}") if form.is_signed else frame


def _bits(samples: Any, form: FrameForm) -> int:
    """Return Bits Stored, or more if there is something in the other bits."""
    stored = form.bits_stored - form.is_signed
    fits = int(samples.max()) < 1 << stored and int(samples.min()) >= -1 << stored
    return form.bits_stored if fits else form.bits_allocated


def _encode_jpeg_2000(frame: Frame, form: FrameForm, _quality: int) -> Any:
    samples = _signed(frame, form)
    return imagecodecs.jpeg2k_encode(
        samples,
        codecformat="j2k",
        reversible=True,
        bitspersample=_bits(samples, form),
        mct=form.photometric_interpretation == "RGB",
    )


def _encode_lossy_jpeg_2000(frame: Frame, form: FrameForm, quality: int) -> Any:
    """Compress to a ratio of signal to noise: from 30 dB up to 60 dB.

    The codec measures it by all numbers that there could be, not by those there are.
    """
    samples = _signed(frame, form)
    bits = _bits(samples, form)
    width = max(1, int(samples.max()) - int(samples.min()))
    unused = 20 * math.log10(((1 << bits) - 1) / width)
    return imagecodecs.jpeg2k_encode(
        samples,
        level=round(30 + 0.3 * quality + unused),
        codecformat="j2k",
        reversible=False,
        bitspersample=bits,
        mct=form.photometric_interpretation == "RGB",
    )


def _encode_htj2k(frame: Frame, form: FrameForm, _quality: int) -> Any:
    return imagecodecs.htj2k_encode(
        _signed(frame, form),
        reversible=True,
        rgb=form.photometric_interpretation == "RGB",
    )


_FORM_ENCODERS: Mapping[PixelEncoding, Callable[[Frame, FrameForm, int], Any]] = {
    PixelEncoding.JPEG: _encode_jpeg,
    PixelEncoding.JPEG_EXTENDED: _encode_extended_jpeg,
    PixelEncoding.JPEG_LS_NEAR_LOSSLESS: _encode_near_jpeg_ls,
    PixelEncoding.JPEG_2000: _encode_lossy_jpeg_2000,
    PixelEncoding.JPEG_2000_LOSSLESS: _encode_jpeg_2000,
    PixelEncoding.HTJ2K_LOSSLESS: _encode_htj2k,
}
