"""Decodes image files; runs in a process of its own."""

import io
from collections.abc import Iterator

from PIL import Image, ImageSequence, UnidentifiedImageError

from obelisk.imaging.pam import read_pam, swapped
from obelisk.imaging.pictures import PIXELS_MAX, Picture, UnreadableImageError
from obelisk.imaging.png import read_deep_png

#: Rows and Columns have 16 bits.
SIDE_MAX = 65_535

_LOSSLESS_WEBP = b"VP8L"
_SIXTEEN_BITS = frozenset({"I;16", "I;16B"})

Image.MAX_IMAGE_PIXELS = None  # `_check_size` is stricter.


def decode(content: bytes, file_format: str) -> Picture:
    """Decode an image file.

    Parameters
    ----------
    content
        The file.
    file_format
        Its format, one of `FORMATS`.

    Raises
    ------
    UnreadableImageError
        If it is damaged, of another format, or too large.
    """
    if file_format == "PAM":
        return read_pam(content, check_size)
    try:
        deep = read_deep_png(content, check_size) if file_format == "PNG" else None
        return deep or _decode(content, file_format)
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"The content is no {file_format} image") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise UnreadableImageError(f"The {file_format} image is damaged") from error


def check_size(columns: int, rows: int, frame_count: int = 1) -> None:
    """Refuse an image that is too large, before its pixels are decoded."""
    if not 0 < columns <= SIDE_MAX or not 0 < rows <= SIDE_MAX:
        raise UnreadableImageError(
            f"An image of {columns} x {rows} pixels does not fit: a side has 1 to "
            f"{SIDE_MAX} pixels"
        )
    if columns * rows * frame_count > PIXELS_MAX:
        raise UnreadableImageError(
            f"An image of {columns} x {rows} x {frame_count} pixels is too large: all "
            f"frames have {PIXELS_MAX} pixels at most"
        )


def _decode(content: bytes, file_format: str) -> Picture:
    with Image.open(io.BytesIO(content), formats=[file_format]) as image:
        count = getattr(image, "n_frames", 1)
        check_size(image.width, image.height, count)
        is_grey = image.mode in {"1", "L", "LA", "I", *_SIXTEEN_BITS}
        is_deep = image.mode in {"I", *_SIXTEEN_BITS}
        if image.mode == "F" or (image.mode == "I" and file_format != "PNG"):
            raise UnreadableImageError("Images have 8 or 16 bits for each sample")
        frames = list(_frames(image, is_grey=is_grey))
        return Picture(
            columns=image.width,
            rows=image.height,
            frame_count=count,
            samples=1 if is_grey else 3,
            bits=16 if is_deep else 8,
            is_lossy=_is_lossy(content, file_format),
            pixels=b"".join(frames),
        )


def _is_lossy(content: bytes, file_format: str) -> bool:
    """Tell whether an image was compressed with loss, or may have been."""
    if file_format == "WEBP":
        return content[12:16] != _LOSSLESS_WEBP
    return file_format == "JPEG"


def _frames(image: Image.Image, *, is_grey: bool) -> Iterator[bytes]:
    size = image.size
    for frame in ImageSequence.Iterator(image):
        if frame.size != size:
            raise UnreadableImageError("The frames of the image differ in size")
        if frame.mode == "I":
            yield _narrow(frame)
        elif frame.mode in _SIXTEEN_BITS:
            pixels = frame.tobytes()
            yield swapped(pixels) if frame.mode == "I;16B" else pixels
        elif is_grey and frame.mode in {"1", "L", "LA"}:
            yield frame.convert("L").tobytes()
        else:
            yield frame.convert("RGB").tobytes()


def _narrow(frame: Image.Image) -> bytes:
    """Return the lower 16 bits of 32."""
    wide = memoryview(frame.tobytes()).cast("H")
    return wide[::2].tobytes()
