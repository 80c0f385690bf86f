"""Compresses pixels with loss; runs in a process of its own."""

import io
from dataclasses import replace

from PIL import Image

from obelisk.imaging.pictures import Picture, PixelEncoding, UnreadableImageError

_QUALITY = 95
_MODES = {(1, 8): "L", (1, 16): "I;16", (3, 8): "RGB"}


def encode(picture: Picture, encoding: PixelEncoding) -> Picture:
    """Write the frames of a picture in an encoding.

    Raises
    ------
    UnreadableImageError
        If the encoding cannot hold such pixels.
    """
    if encoding is PixelEncoding.NATIVE:
        return picture
    mode = _MODES.get((picture.samples, picture.bits))
    is_jpeg = encoding is PixelEncoding.JPEG
    if mode is None or (is_jpeg and picture.bits != 8):
        raise UnreadableImageError(
            f"{encoding.value} cannot hold {picture.samples} samples of {picture.bits} "
            "bits"
        )
    size = len(picture.pixels) // picture.frame_count
    frames = [
        _encode(picture.pixels[start : start + size], mode, picture, encoding)
        for start in range(0, len(picture.pixels), size)
    ]
    return replace(
        picture,
        pixels=b"".join(frames),
        frame_sizes=[len(frame) for frame in frames],
        is_lossy=True,
    )


def _encode(
    pixels: bytes, mode: str, picture: Picture, encoding: PixelEncoding
) -> bytes:
    image = Image.frombytes(mode, (picture.columns, picture.rows), pixels)
    file = io.BytesIO()
    if encoding is PixelEncoding.JPEG:
        image.save(file, "JPEG", quality=_QUALITY, subsampling="4:2:2")
    else:
        image.save(
            file,
            "JPEG2000",
            no_jp2=True,
            irreversible=True,
            quality_layers=[10],
            mct=int(picture.samples == 3),
        )
    return file.getvalue()
