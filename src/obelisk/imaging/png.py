"""Reads PNG images with 16 bits for each of several samples (ISO/IEC 15948)."""

import struct
import zlib
from collections.abc import Callable, Iterator

from obelisk.imaging.pam import swapped, without_alpha
from obelisk.imaging.pictures import Picture, UnreadableImageError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.pack(">I4s", 13, b"IHDR")
_HEADER_BYTES = 29
#: The samples of a pixel, by colour type: RGB, grey with alpha, RGB with alpha.
_DEPTHS = {2: 3, 4: 2, 6: 4}
#: Start and step of columns and rows, for each pass of Adam7.
_PASSES = (
    (0, 8, 0, 8),
    (4, 8, 0, 8),
    (0, 4, 4, 8),
    (2, 4, 0, 4),
    (0, 2, 2, 4),
    (1, 2, 0, 2),
    (0, 1, 1, 2),
)


def read_deep_png(
    content: bytes, check_size: Callable[[int, int], None]
) -> Picture | None:
    """Read an image that Pillow would round to 8 bits; `None` for any other.

    Raises
    ------
    UnreadableImageError, ValueError
        If it is damaged.
    """
    if not content.startswith(_SIGNATURE + _HEADER) or len(content) < _HEADER_BYTES:
        return None
    columns, rows, bits, kind, _, _, interlacing = struct.unpack(
        ">IIBBBBB", content[16:29]
    )
    check_size(columns, rows)
    if bits != 16 or kind not in _DEPTHS:
        return None
    depth = _DEPTHS[kind]
    data = _inflate(content, columns * rows * depth * 2 + 8 * (rows + 8))
    if interlacing:
        pixels = _read_passes(data, columns, rows, depth * 2)
    else:
        pixels = _unfilter(data, columns, rows, depth * 2)[0]
    pixels = swapped(without_alpha(pixels, depth, 2))
    samples = 1 if depth == 2 else 3
    return Picture(columns, rows, 1, samples, 16, is_lossy=False, pixels=pixels)


def _chunks(content: bytes) -> Iterator[bytes]:
    position = len(_SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        if kind == b"IDAT":
            yield content[position + 8 : position + 8 + length]
        position += length + 12


def _inflate(content: bytes, size_max: int) -> bytes:
    try:
        decompressor = zlib.decompressobj()
        return decompressor.decompress(b"".join(_chunks(content)), size_max)
    except zlib.error as error:
        raise UnreadableImageError("The PNG image is damaged") from error


def _unfilter(data: bytes, columns: int, rows: int, size: int) -> tuple[bytes, int]:
    """Undo the filters of some rows; return the pixels and how much was read."""
    stride = columns * size
    previous = bytearray(stride)
    lines = []
    for row in range(rows):
        start = row * (stride + 1)
        line = bytearray(data[start + 1 : start + 1 + stride])
        if len(line) != stride:
            raise UnreadableImageError("The PNG image is incomplete")
        _FILTERS[data[start]](line, previous, size)
        lines.append(bytes(line))
        previous = line
    return b"".join(lines), rows * (stride + 1)


def _read_passes(data: bytes, columns: int, rows: int, size: int) -> bytes:
    image = bytearray(columns * rows * size)
    position = 0
    for left, step_x, top, step_y in _PASSES:
        width = len(range(left, columns, step_x))
        height = len(range(top, rows, step_y))
        if not width:
            continue
        pixels, read = _unfilter(data[position:], width, height, size)
        position += read
        for line, row in enumerate(range(top, rows, step_y)):
            for index in range(size):
                start = (row * columns + left) * size + index
                stop = (row + 1) * columns * size
                values = pixels[line * width * size + index : (line + 1) * width * size]
                image[start : stop : step_x * size] = values[::size]
    return bytes(image)


def _keep(line: bytearray, previous: bytearray, size: int) -> None:
    """Undo the filter None."""


def _undo_sub(line: bytearray, _previous: bytearray, size: int) -> None:
    for index in range(size, len(line)):
        line[index] = line[index] + line[index - size] & 0xFF


def _undo_up(line: bytearray, previous: bytearray, _size: int) -> None:
    line[:] = bytes([(a + b) & 0xFF for a, b in zip(line, previous, strict=True)])


def _undo_average(line: bytearray, previous: bytearray, size: int) -> None:
    for index, above in enumerate(previous):
        left = line[index - size] if index >= size else 0
        line[index] = line[index] + (left + above >> 1) & 0xFF


def _undo_paeth(line: bytearray, previous: bytearray, size: int) -> None:
    for index, above in enumerate(previous):
        left = line[index - size] if index >= size else 0
        corner = previous[index - size] if index >= size else 0
        to_left, to_above = abs(above - corner), abs(left - corner)
        to_corner = abs(left + above - 2 * corner)
        if to_left <= to_above and to_left <= to_corner:
            predicted = left
        else:
            predicted = above if to_above <= to_corner else corner
        line[index] = line[index] + predicted & 0xFF


_FILTERS = (_keep, _undo_sub, _undo_up, _undo_average, _undo_paeth)
