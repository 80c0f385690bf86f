"""What an image file holds, as Pixel Data wants it, and how it travels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

import orjson

from obelisk.errors import InvalidInputError

#: How many pixels all frames of an image have at most.
PIXELS_MAX = 1 << 28

#: The formats that are read, by media type.
FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/jpg": "JPEG",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
    "image/x-portable-arbitrarymap": "PAM",
}


class UnreadableImageError(InvalidInputError):
    """An image is damaged, of another format than it claims, or too large."""


class PixelEncoding(Enum):
    """How pixels are written."""

    NATIVE = "native"
    JPEG = "JPEG"
    JPEG_EXTENDED = "extended JPEG"
    JPEG_2000 = "JPEG 2000"
    JPEG_2000_LOSSLESS = "JPEG 2000 lossless"
    JPEG_LOSSLESS = "lossless JPEG"
    JPEG_LS = "JPEG-LS"
    JPEG_LS_NEAR_LOSSLESS = "near-lossless JPEG-LS"
    HTJ2K_LOSSLESS = "HTJ2K lossless"
    RLE = "RLE"


#: Those that compress with loss.
LOSSY = frozenset(
    {
        PixelEncoding.JPEG,
        PixelEncoding.JPEG_EXTENDED,
        PixelEncoding.JPEG_2000,
        PixelEncoding.JPEG_LS_NEAR_LOSSLESS,
    }
)

#: Those that compress without loss.
LOSSLESS = frozenset(PixelEncoding) - LOSSY - {PixelEncoding.NATIVE}


@dataclass(frozen=True, slots=True)
class Picture:
    """The pixels of an image.

    Attributes
    ----------
    columns, rows, frame_count
        Its size.
    samples
        1 for shades of grey (0 is black), 3 for red, green, blue.
    bits
        8 or 16 bits for each sample.
    is_lossy
        Whether it was compressed with loss.
    pixels
        Frame by frame, row by row, pixel by pixel; little endian, unless another
        encoding was asked for.
    frame_sizes
        How many bytes each frame has, where another encoding was asked for.
    """

    columns: int
    rows: int
    frame_count: int
    samples: int
    bits: int
    is_lossy: bool
    pixels: bytes = b""
    frame_sizes: Sequence[int] = ()

    def header(self) -> bytes:
        """Return everything but the pixels, as JSON."""
        fields = asdict(self)
        del fields["pixels"]
        return orjson.dumps(fields)

    @staticmethod
    def of(header: dict[str, Any], pixels: bytes) -> "Picture":
        """Make a picture of what `header` wrote."""
        return Picture(pixels=pixels, **header)
