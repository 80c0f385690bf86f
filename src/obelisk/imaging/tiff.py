"""Reads TIFF images with 16 bits for each of several samples (TIFF 6.0)."""

import io
import struct
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import imagecodecs
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from obelisk.imaging.pictures import Picture, UnreadableImageError

_COLUMNS, _ROWS, _BITS, _INTERPRETATION = 256, 257, 258, 262
_SAMPLES, _PLANAR_CONFIGURATION, _SAMPLE_FORMAT = 277, 284, 339
#: The samples without alpha, by photometric interpretation: shades of grey, RGB.
_DEPTHS = {0: 1, 1: 1, 2: 3}
_WHITE_IS_ZERO = 0
_PLANAR = 2
_UNSIGNED = 1
_HEADER_BYTES, _BIG_HEADER_BYTES = 8, 16
_BIG_VERSION = 43

_Frame: TypeAlias = np.ndarray[Any, np.dtype[Any]]


def read_deep_tiff(
    content: bytes, check_size: Callable[[int, int, int], None]
) -> Picture | None:
    """Read an image that Pillow would round to 8 bits; `None` for any other.

    Raises
    ------
    UnreadableImageError
        If it is damaged, or of another kind.
    """
    try:
        directories = _directories(content)
    except (struct.error, SyntaxError, ValueError, TypeError, OSError, KeyError):
        return None  # Pillow will say so.
    bits = {bit for one in directories for bit in _numbers(one, _BITS)}
    if bits != {16} or all(_samples(one) == 1 for one in directories):
        return None
    columns, rows = directories[0].get(_COLUMNS, 0), directories[0].get(_ROWS, 0)
    check_size(columns, rows, len(directories))
    frames = [_frame(content, *one) for one in enumerate(directories)]
    if len({frame.shape for frame in frames}) > 1:
        raise UnreadableImageError("The frames of the image differ in size")
    rows, columns, samples = frames[0].shape
    pixels = b"".join(frame.astype("<u2").tobytes() for frame in frames)
    return Picture(
        columns, rows, len(frames), samples, 16, is_lossy=False, pixels=pixels
    )


def _directories(content: bytes) -> Sequence[ImageFileDirectory_v2]:
    file = io.BytesIO(content)
    is_big = _BIG_VERSION in content[2:4]
    header = content[: _BIG_HEADER_BYTES if is_big else _HEADER_BYTES]
    found, seen = [], set[int]()
    position = ImageFileDirectory_v2(header).next
    while position and position not in seen:
        seen.add(position)
        directory = ImageFileDirectory_v2(header)
        file.seek(position)
        directory.load(file)
        found.append(directory)
        position = directory.next
    return found


def _numbers(directory: ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    value = directory.get(tag, ())
    return value if isinstance(value, tuple) else (value,)


def _samples(directory: ImageFileDirectory_v2) -> int:
    return int(directory.get(_SAMPLES, 1))


def _frame(content: bytes, index: int, directory: ImageFileDirectory_v2) -> _Frame:
    """Decode one frame; rows, columns, samples, black is 0."""
    interpretation = directory.get(_INTERPRETATION, 0)
    depth = _DEPTHS.get(interpretation, 0)
    is_unsigned = set(_numbers(directory, _SAMPLE_FORMAT)) <= {_UNSIGNED}
    if not depth or not is_unsigned or _samples(directory) < depth:
        raise UnreadableImageError("TIFF images of 16 bits are grey or RGB")
    try:
        frame: _Frame = imagecodecs.tiff_decode(content, index=index)
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableImageError("The TIFF image is damaged") from error
    if directory.get(_PLANAR_CONFIGURATION) == _PLANAR:
        frame = np.moveaxis(frame, 0, -1)
    frame = frame[..., :depth]
    return 0xFFFF - frame if interpretation == _WHITE_IS_ZERO else frame
