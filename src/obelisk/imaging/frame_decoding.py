"""Decodes frames of Pixel Data; runs in a process of its own."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import imagecodecs
import numpy as np

from obelisk.imaging.frames import HALVED, FrameForm
from obelisk.imaging.lossless import Frame
from obelisk.imaging.pictures import PixelEncoding, UnreadableImageError
from obelisk.imaging.stream_headers import StreamHeader, read_stream_header

_JPEG_END = b"\xff\xd9"
_RLE_HEADER = struct.Struct("<16I")


def decode_frame(content: bytes, encoding: PixelEncoding, form: FrameForm) -> Frame:
    """Decode a frame: rows, columns and, if there are several, samples; unsigned.

    Raises
    ------
    UnreadableImageError
        If it is damaged, or is not as `form` says.
    """
    shape: tuple[int, ...] = (form.rows, form.columns)
    if form.samples > 1:
        shape = (*shape, form.samples)
    if encoding is PixelEncoding.NATIVE:
        return _read_native(content, form, shape)
    try:
        if encoding is PixelEncoding.RLE:
            return _decode_rle(content, form, shape)
        header = read_stream_header(content)
        if (header.rows, header.columns, header.samples) != (
            form.rows,
            form.columns,
            form.samples,
        ):
            raise UnreadableImageError("A frame has another size than it should have")
        frame = np.asarray(_DECODERS[encoding](content, form))
    except (RuntimeError, ValueError, struct.error) as error:
        raise UnreadableImageError("A frame is damaged") from error
    if frame.shape != shape:
        raise UnreadableImageError("A frame has another size than it should have")
    return _fitted(frame, header, form)


def _read_native(content: bytes, form: FrameForm, shape: tuple[int, ...]) -> Frame:
    dtype = np.dtype(f"<u{form.bits_allocated // 8}")
    if len(content) != form.size:
        raise UnreadableImageError("A frame is not complete")
    samples = np.frombuffer(content, dtype)
    if form.photometric_interpretation == HALVED:
        return _widened(samples, shape)
    if form.is_planar and form.samples > 1:
        planes = samples.reshape(form.samples, form.rows, form.columns)
        return np.ascontiguousarray(planes.transpose(1, 2, 0))
    return samples.reshape(shape)


def _widened(samples: Frame, shape: tuple[int, ...]) -> Frame:
    """Repeat the chrominance of each pair of pixels (PS3.3 C.7.6.3.1.2)."""
    pairs = samples.reshape(shape[0], -1, 4)
    frame = np.empty(shape, samples.dtype)
    frame[:, 0::2, 0], frame[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    for place in (1, 2):
        frame[:, :, place] = np.repeat(pairs[..., place + 1], 2, axis=1)
    return frame


def _decode_rle(content: bytes, form: FrameForm, shape: tuple[int, ...]) -> Frame:
    """Decode segments, one for each byte of a sample (PS3.5 Annex G)."""
    size = form.bits_allocated // 8
    count, *offsets = _RLE_HEADER.unpack_from(content)
    if count != size * form.samples:
        raise UnreadableImageError("A frame has another number of segments")
    pixels = form.rows * form.columns
    octets = np.empty((pixels, form.samples, size), np.uint8)
    stops = [*offsets[1:count], len(content)]
    for number, (start, stop) in enumerate(zip(offsets, stops, strict=False)):
        segment = imagecodecs.packbits_decode(content[start:stop])
        if len(segment) < pixels:
            raise UnreadableImageError("A frame is not complete")
        sample, place = divmod(number, size)
        octets[:, sample, size - 1 - place] = np.frombuffer(segment, np.uint8, pixels)
    return octets.reshape(-1).view(f"<u{size}").reshape(shape)


def _check_end(content: bytes) -> None:
    """Refuse a JPEG image without its end, which the decoder would make up."""
    if content.rfind(_JPEG_END) < 0:
        raise UnreadableImageError("A frame is not complete")


def _decode_jpeg(content: bytes, form: FrameForm) -> Any:
    """Decode; colours are YCbCr unless the Image Pixel module says RGB."""
    _check_end(content)
    if form.samples == 1:
        return imagecodecs.jpeg8_decode(content)
    is_rgb = form.photometric_interpretation == "RGB"
    return imagecodecs.jpeg8_decode(
        content, colorspace="RGB" if is_rgb else "YCBCR", outcolorspace="RGB"
    )


def _decode_lossless_jpeg(content: bytes, form: FrameForm) -> Any:
    """Decode; whatever the samples mean, they stay as they are."""
    _check_end(content)
    colours = None if form.samples == 1 else "RGB"
    return imagecodecs.jpeg8_decode(content, colorspace=colours, outcolorspace=colours)


def _decode_jpeg_ls(content: bytes, _form: FrameForm) -> Any:
    return imagecodecs.jpegls_decode(content)


def _decode_jpeg_2000(content: bytes, _form: FrameForm) -> Any:
    return imagecodecs.jpeg2k_decode(content, planar=False)


def _decode_htj2k(content: bytes, _form: FrameForm) -> Any:
    return imagecodecs.htj2k_decode(content, planar=False)


def _fitted(frame: Any, header: StreamHeader, form: FrameForm) -> Frame:
    """Put samples into the bits that are allocated, with their signs.

    The header of the stream counts where it tells less bits, or another sign, than the
    dataset (PS3.5 Section 8.2.4).
    """
    if header.bits > form.bits_allocated:
        raise UnreadableImageError("A frame has more bits than it should have")
    size = form.bits_allocated // 8
    fitted = frame.astype(f"<{'i' if header.is_signed else 'u'}{size}")
    unused = form.bits_allocated - header.bits
    if form.is_signed and not header.is_signed and header.bits == form.bits_stored:
        fitted = (fitted.view(f"<i{size}") << unused) >> unused
    fitted = fitted.view(f"<u{size}")
    if header.is_signed and not form.is_signed:
        fitted &= fitted.dtype.type((1 << header.bits) - 1)
    return np.ascontiguousarray(fitted)


_DECODERS: Mapping[PixelEncoding, Callable[[bytes, FrameForm], Any]] = {
    PixelEncoding.JPEG: _decode_jpeg,
    PixelEncoding.JPEG_EXTENDED: _decode_jpeg,
    PixelEncoding.JPEG_LOSSLESS: _decode_lossless_jpeg,
    PixelEncoding.JPEG_LS: _decode_jpeg_ls,
    PixelEncoding.JPEG_2000: _decode_jpeg_2000,
    PixelEncoding.JPEG_2000_LOSSLESS: _decode_jpeg_2000,
    PixelEncoding.HTJ2K_LOSSLESS: _decode_htj2k,
}
