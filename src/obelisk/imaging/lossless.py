"""Compresses pixels without loss; runs in a process of its own."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import imagecodecs
import numpy as np

from obelisk.imaging.pictures import Picture, PixelEncoding, UnreadableImageError

#: Unsigned samples.
Frame: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_JPEG_LS_EXTRA_BYTES = 1024
_SEGMENTS_MAX = 15
_RLE_HEADER = struct.Struct(f"<{1 + _SEGMENTS_MAX}I")


def encode_lossless(picture: Picture, encoding: PixelEncoding) -> Picture:
    """Write the frames of a picture in one of the encodings of `LOSSLESS`.

    Raises
    ------
    UnreadableImageError
        If the encoding cannot hold such pixels.
    """
    shape: tuple[int, ...] = (picture.frame_count, picture.rows, picture.columns)
    if picture.samples > 1:
        shape = (*shape, picture.samples)
    dtype = np.dtype(f"<u{picture.bits // 8}")
    try:
        frames = [
            bytes(ENCODERS[encoding](frame))
            for frame in np.frombuffer(picture.pixels, dtype).reshape(shape)
        ]
    except (RuntimeError, ValueError) as error:
        raise UnreadableImageError(f"{encoding.value} cannot hold the image") from error
    return replace(
        picture, pixels=b"".join(frames), frame_sizes=[len(one) for one in frames]
    )


def _encode_jpeg(frame: Frame) -> Any:
    """Compress with the first predictor (ISO/IEC 10918-1 Annex H), colours as RGB."""
    colours = None if frame.ndim == 2 else "RGB"
    return imagecodecs.jpeg8_encode(
        frame,
        lossless=True,
        predictor=1,
        bitspersample=8 * frame.itemsize,
        colorspace=colours,
        outcolorspace=colours,
    )


def _encode_jpeg_ls(frame: Frame) -> Any:
    """Compress with room for noise, which becomes longer."""
    return imagecodecs.jpegls_encode(frame, out=2 * frame.nbytes + _JPEG_LS_EXTRA_BYTES)


def _encode_rle(frame: Frame) -> bytes:
    """Compress the first bytes of a sample, then the next ones (PS3.5 Annex G)."""
    octets = frame.view(np.uint8).reshape(*frame.shape[:2], -1, frame.itemsize)
    segments = [
        imagecodecs.packbits_encode(octets[..., sample, place].copy())
        for sample in range(octets.shape[2])
        for place in reversed(range(frame.itemsize))
    ]
    padded = [one + bytes(len(one) % 2) for one in segments]
    offsets = [_RLE_HEADER.size + sum(map(len, padded[:n])) for n in range(len(padded))]
    offsets += [0] * (_SEGMENTS_MAX - len(offsets))
    return _RLE_HEADER.pack(len(padded), *offsets) + b"".join(padded)


#: They compress a frame: rows, columns and, if there are several, samples.
ENCODERS: Mapping[PixelEncoding, Callable[[Frame], Any]] = {
    PixelEncoding.JPEG_2000_LOSSLESS: partial(
        imagecodecs.jpeg2k_encode, codecformat="j2k", reversible=True
    ),
    PixelEncoding.JPEG_LOSSLESS: _encode_jpeg,
    PixelEncoding.JPEG_LS: _encode_jpeg_ls,
    PixelEncoding.HTJ2K_LOSSLESS: partial(imagecodecs.htj2k_encode, reversible=True),
    PixelEncoding.RLE: _encode_rle,
}
