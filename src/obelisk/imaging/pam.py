"""Reads images in the format PAM of Netpbm."""

from collections.abc import Callable

from obelisk.imaging.pictures import Picture, UnreadableImageError

_HEADER_BYTES_MAX = 4096
_END = b"ENDHDR\n"


def read_pam(content: bytes, check_size: Callable[[int, int], None]) -> Picture:
    """Read an image: shades of grey or RGB, 8 or 16 bits; alpha is left out.

    Raises
    ------
    UnreadableImageError
        If it is damaged or of another kind.
    """
    end = content.find(_END, 0, _HEADER_BYTES_MAX)
    if not content.startswith(b"P7\n") or end < 0:
        raise UnreadableImageError("The content is no PAM image")
    lines = content[3:end].decode("ascii", "replace").splitlines()
    words = [line.split(maxsplit=1) for line in lines if not line.startswith("#")]
    fields = {word[0]: word[1] for word in words if len(word) == 2}
    try:
        columns, rows, depth, maximum = (
            int(fields[name]) for name in ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL")
        )
    except (KeyError, ValueError) as error:
        raise UnreadableImageError("The header of the PAM image is damaged") from error
    check_size(columns, rows)
    if maximum not in {255, 65_535} or not 1 <= depth <= 4:
        raise UnreadableImageError("A PAM image has 8 or 16 bits for each sample")
    size = 1 if maximum == 255 else 2
    pixels = content[end + len(_END) :]
    if len(pixels) != columns * rows * depth * size:
        raise UnreadableImageError("The pixels of the PAM image are incomplete")
    pixels = without_alpha(pixels, depth, size)
    if size == 2:
        pixels = swapped(pixels)
    samples = 1 if depth <= 2 else 3
    return Picture(columns, rows, 1, samples, 8 * size, is_lossy=False, pixels=pixels)


def without_alpha(pixels: bytes, depth: int, size: int) -> bytes:
    """Leave out the last of 2 or 4 samples of `size` bytes."""
    if depth in {1, 3}:
        return pixels
    kept = (depth - 1) * size
    count = len(pixels) // (depth * size)
    result = bytearray(count * kept)
    for index in range(kept):
        result[index::kept] = pixels[index :: depth * size]
    return bytes(result)


def swapped(pixels: bytes) -> bytes:
    """Swap the bytes of 16-bit samples."""
    result = bytearray(len(pixels))
    result[::2], result[1::2] = pixels[1::2], pixels[::2]
    return bytes(result)
