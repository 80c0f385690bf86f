"""What frames of Pixel Data look like, and what compression changes (PS3.5 8.2)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from obelisk.imaging.pictures import (
    LOSSY,
    PIXELS_MAX,
    PixelEncoding,
    UnreadableImageError,
)

_COLOUR_TRANSFORMS = {
    PixelEncoding.JPEG_2000: "YBR_ICT",
    PixelEncoding.JPEG_2000_LOSSLESS: "YBR_RCT",
    PixelEncoding.HTJ2K_LOSSLESS: "YBR_RCT",
}
#: JPEG that loses something.
LOSSY_JPEG = frozenset({PixelEncoding.JPEG, PixelEncoding.JPEG_EXTENDED})
_COLOURS = frozenset({"RGB", "YBR_FULL"})

#: Luminance and chrominance, the latter with half the columns.
HALVED = "YBR_FULL_422"


class UnsuitableFrameError(UnreadableImageError):
    """An encoding cannot hold such frames."""


@dataclass(frozen=True, slots=True)
class FrameForm:
    """What the Image Pixel module says of each frame (PS3.3 C.7.6.3).

    `is_planar` is whether Planar Configuration is 1.
    """

    columns: int
    rows: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    photometric_interpretation: str
    is_signed: bool = False
    is_planar: bool = False

    @property
    def bit_count(self) -> int:
        """How many bits a frame has that is not compressed."""
        pixels = self.columns * self.rows
        if self.photometric_interpretation == HALVED:
            return pixels * 2 * self.bits_allocated
        return pixels * self.samples * self.bits_allocated

    @property
    def size(self) -> int:
        """How many bytes a frame has that is not compressed."""
        return -(-self.bit_count // 8)


@dataclass(frozen=True, slots=True)
class FrameTask:
    """How frames are encoded, and how they shall be.

    `quality` is that of lossy compression, from 1 to 100.
    """

    form: FrameForm
    source: PixelEncoding
    target: PixelEncoding
    quality: int = 90

    def fields(self) -> dict[str, Any]:
        """Return everything, as JSON has it."""
        return {
            "form": asdict(self.form),
            "source": self.source.value,
            "target": self.target.value,
            "quality": self.quality,
        }

    @staticmethod
    def of(fields: Mapping[str, Any]) -> "FrameTask":
        """Make a task of what `fields` returned."""
        source, target = map(PixelEncoding, (fields["source"], fields["target"]))
        return FrameTask(FrameForm(**fields["form"]), source, target, fields["quality"])


def decoded_form(form: FrameForm, source: PixelEncoding) -> FrameForm:
    """Return what frames look like once they are decoded."""
    colours = form.photometric_interpretation
    if form.samples == 1:
        return replace(form, is_planar=False)
    if colours in _COLOUR_TRANSFORMS.values() or source in LOSSY_JPEG:
        colours = "RGB"
    elif colours == HALVED:
        colours = "YBR_FULL"
    return replace(form, is_planar=False, photometric_interpretation=colours)


def encoded_form(form: FrameForm, target: PixelEncoding) -> FrameForm:
    """Return what decoded frames look like once they are encoded."""
    colours = form.photometric_interpretation
    if form.samples == 3 and target in LOSSY_JPEG:
        colours = HALVED
    elif colours == "RGB":
        colours = _COLOUR_TRANSFORMS.get(target, colours)
    return replace(form, photometric_interpretation=colours)


def check_decodable(form: FrameForm, source: PixelEncoding) -> None:
    """Check that frames can be decoded.

    Raises
    ------
    UnsuitableFrameError
        If they are too large, or of a kind that is not known.
    """
    if not 0 < form.columns * form.rows * form.samples <= PIXELS_MAX:
        raise UnsuitableFrameError(
            f"Frames of {form.columns} x {form.rows} x {form.samples} samples are "
            "empty or too large"
        )
    widths = {8, 16, 32} if _takes_32_bits(source) else {8, 16}
    is_known = form.samples in {1, 3} and form.bits_allocated in widths
    if form.photometric_interpretation == HALVED and source is PixelEncoding.NATIVE:
        is_known = form.samples == 3 and form.bits_allocated == 8
        is_known = is_known and form.columns % 2 == 0
    if not is_known or not 0 < form.bits_stored <= form.bits_allocated:
        raise UnsuitableFrameError(
            f"Frames of {form.samples} samples of {form.bits_allocated} bits are not "
            "encoded anew"
        )


def _takes_32_bits(encoding: PixelEncoding) -> bool:
    return encoding in {PixelEncoding.NATIVE, PixelEncoding.RLE}


def check_encodable(form: FrameForm, target: PixelEncoding) -> None:
    """Check that decoded frames can be encoded.

    Raises
    ------
    UnsuitableFrameError
        If the encoding cannot hold them.
    """
    colours = form.photometric_interpretation
    fits = form.bits_allocated <= 16 or _takes_32_bits(target)
    if form.samples == 3 and target is not PixelEncoding.NATIVE:
        fits = fits and colours in _COLOURS
    if target in LOSSY:
        # The standard forbids it for indices into palettes; and numbers around zero
        # would become the largest ones, but for JPEG 2000, which knows signs.
        fits = fits and colours != "PALETTE COLOR"
        fits = fits and form.high_bit == form.bits_stored - 1
        fits = fits and (not form.is_signed or target is PixelEncoding.JPEG_2000)
    if target is PixelEncoding.JPEG:
        fits = fits and form.bits_allocated == 8
    elif target is PixelEncoding.JPEG_EXTENDED and form.bits_allocated == 16:
        fits = fits and form.samples == 1 and form.bits_stored <= 12
    if not fits:
        raise UnsuitableFrameError(
            f"{target.value} cannot hold {form.samples} samples of {form.bits_stored} "
            f"bits, {colours}"
        )
