"""The Pixel Data of a dataset, frame by frame, and how it is encoded."""

from collections.abc import Iterator, Mapping, Sequence

from obelisk.dicom.byte_order import swapped
from obelisk.dicom.fragments import Span, find_frames
from obelisk.dicom.parsing import Dataset, Element
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.reading.transfer_syntax import NATIVE
from obelisk.dicom.recoding import is_encapsulated
from obelisk.imaging.frames import FrameForm, UnsuitableFrameError, check_decodable
from obelisk.imaging.pictures import PixelEncoding

EXTENDED_OFFSET_TABLE = 0x7FE00001

_NUMBER_OF_FRAMES = 0x00280008
_NUMBERS: Mapping[str, int] = {
    "samples": 0x00280002,
    "rows": 0x00280010,
    "columns": 0x00280011,
    "bits_allocated": 0x00280100,
    "bits_stored": 0x00280101,
    "high_bit": 0x00280102,
}
_COLOURS, _PLANAR, _SIGNED = 0x00280004, 0x00280006, 0x00280103

#: How pixels are encoded that are to be written, by transfer syntax.
TARGETS: Mapping[str, PixelEncoding] = {
    "1.2.840.10008.1.2": PixelEncoding.NATIVE,
    "1.2.840.10008.1.2.1": PixelEncoding.NATIVE,
    "1.2.840.10008.1.2.1.99": PixelEncoding.NATIVE,
    "1.2.840.10008.1.2.2": PixelEncoding.NATIVE,
    "1.2.840.10008.1.2.4.50": PixelEncoding.JPEG,
    "1.2.840.10008.1.2.4.51": PixelEncoding.JPEG_EXTENDED,
    "1.2.840.10008.1.2.4.57": PixelEncoding.JPEG_LOSSLESS,
    "1.2.840.10008.1.2.4.70": PixelEncoding.JPEG_LOSSLESS,
    "1.2.840.10008.1.2.4.80": PixelEncoding.JPEG_LS,
    "1.2.840.10008.1.2.4.81": PixelEncoding.JPEG_LS_NEAR_LOSSLESS,
    "1.2.840.10008.1.2.4.90": PixelEncoding.JPEG_2000_LOSSLESS,
    "1.2.840.10008.1.2.4.91": PixelEncoding.JPEG_2000,
    "1.2.840.10008.1.2.4.201": PixelEncoding.HTJ2K_LOSSLESS,
    "1.2.840.10008.1.2.5": PixelEncoding.RLE,
}

#: The same for those that are read; what is decoded alike counts as one.
_SOURCES: Mapping[str, PixelEncoding] = {
    **TARGETS,
    **dict.fromkeys(NATIVE, PixelEncoding.NATIVE),
    "1.2.840.10008.1.2.4.81": PixelEncoding.JPEG_LS,
    "1.2.840.10008.1.2.4.202": PixelEncoding.HTJ2K_LOSSLESS,
    "1.2.840.10008.1.2.4.203": PixelEncoding.HTJ2K_LOSSLESS,
}


class PixelFrames:
    """The frames of the Pixel Data of a dataset.

    Parameters
    ----------
    dataset
        Holds Pixel Data.
    transfer_syntax_uid
        That of the file.

    Raises
    ------
    UnsuitableFrameError
        If it cannot be told what the frames are.
    UnknownFramesError
        If it cannot be told where they are.
    """

    def __init__(self, dataset: Dataset, transfer_syntax_uid: str) -> None:
        element = dataset.lookup(PIXEL_DATA)
        assert element is not None
        self._element = element
        #: What each frame looks like.
        self.form = _form(dataset)
        #: How many there are.
        self.count = _frame_count(dataset)
        #: How they are encoded.
        self.encoding = PixelEncoding.NATIVE
        self._spans: Sequence[Sequence[Span]] = ()
        is_compressed = is_encapsulated(element)
        if is_compressed:
            self.encoding = _SOURCES.get(transfer_syntax_uid, PixelEncoding.NATIVE)
        if is_compressed == (self.encoding is PixelEncoding.NATIVE):
            raise UnsuitableFrameError("Pixels of this transfer syntax are not decoded")
        check_decodable(self.form, self.encoding)
        if is_compressed:
            table = dataset.lookup(EXTENDED_OFFSET_TABLE)
            self._spans = find_frames(
                dataset.source.buffer,
                element.start,
                self.count,
                b"" if table is None else table.value,
            )
        elif not 0 <= element.size - self.form.size * self.count < self.form.size:
            raise UnsuitableFrameError("There are less pixels, or more, than told")

    def __iter__(self) -> Iterator[bytes]:
        """Yield the frames, those that are not compressed in little endian."""
        if self.encoding is PixelEncoding.NATIVE:
            for number in range(self.count):
                start = number * self.form.size
                yield _native(self._element, start, start + self.form.size)
            return
        buffer = self._element.dataset.source.buffer
        for spans in self._spans:
            yield b"".join(bytes(buffer[start:stop]) for start, stop in spans)


def _native(element: Element, start: int, stop: int) -> bytes:
    """Return bytes of Pixel Data, whose words may have to be swapped."""
    buffer = element.dataset.source.buffer
    if element.dataset.encoding.order == "<" or element.vr == "OB":
        return bytes(buffer[element.start + start : element.start + stop])
    first = start - start % 2
    words = bytes(buffer[element.start + first : element.start + stop + stop % 2])
    return swapped(words, 2)[start - first : stop - first]


def _form(dataset: Dataset) -> FrameForm:
    numbers = {name: _number_of(dataset, tag) for name, tag in _NUMBERS.items()}
    if numbers["high_bit"] is None and numbers["bits_stored"] is not None:
        numbers["high_bit"] = numbers["bits_stored"] - 1
    known = {name: one for name, one in numbers.items() if one is not None}
    element = dataset.lookup(_COLOURS)
    if len(known) < len(_NUMBERS) or element is None:
        raise UnsuitableFrameError("The Image Pixel module is incomplete")
    return FrameForm(
        **known,
        photometric_interpretation=(element.text or "").strip(),
        is_signed=bool(_number_of(dataset, _SIGNED)),
        is_planar=_number_of(dataset, _PLANAR) == 1,
    )


def _number_of(dataset: Dataset, tag: int) -> int | None:
    """Return the first number of an element; `None` if there is none."""
    element = dataset.lookup(tag)
    text = "" if element is None else element.text or ""
    first = text.split("\\")[0].strip()
    return int(first) if first.isascii() and first.isdigit() else None


def _frame_count(dataset: Dataset) -> int:
    count = _number_of(dataset, _NUMBER_OF_FRAMES)
    element = dataset.lookup(_NUMBER_OF_FRAMES)
    if count is None and element is not None and element.size:
        raise UnsuitableFrameError("The number of frames is no number")
    return count or 1
