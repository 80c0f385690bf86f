"""Decides how the Pixel Data of a dataset is written in another transfer syntax."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO

from obelisk.dicom.derivation import (
    LOSSY_IMAGE_COMPRESSION,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    LossyCompression,
    derivation,
)
from obelisk.dicom.parsing import Dataset
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.recoding import Changes, is_encapsulated
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.dicom.writing import Attributes, Blob, Frames, Value
from obelisk.imaging.frames import (
    LOSSY_JPEG,
    FrameTask,
    UnsuitableFrameError,
    check_encodable,
    decoded_form,
    encoded_form,
)
from obelisk.imaging.pictures import LOSSY, PixelEncoding
from obelisk.imaging.reader import ImageReader
from obelisk.services.pixel_coding import EXTENDED_OFFSET_TABLE, TARGETS, PixelFrames

_CHUNK_BYTES = 1_048_576
_EXTENDED_OFFSET_TABLE_LENGTHS = 0x7FE00002
_FLOAT_PIXEL_DATA = (0x7FE00008, 0x7FE00009)
_PHOTOMETRIC_INTERPRETATION, _PLANAR_CONFIGURATION = 0x00280004, 0x00280006
#: The smallest and the largest pixel value, which may be others then.
_EXTREMA = (0x00280106, 0x00280107)
_METHODS: Mapping[PixelEncoding, str] = {
    PixelEncoding.JPEG: "ISO_10918_1",
    PixelEncoding.JPEG_EXTENDED: "ISO_10918_1",
    PixelEncoding.JPEG_LS_NEAR_LOSSLESS: "ISO_14495_1",
    PixelEncoding.JPEG_2000: "ISO_15444_1",
}

#: The same image, compressed in the same way, gets the same UID again.
_SEED = uuid.UUID("5d0f4ad2-6a0e-4a0c-8a4e-3f1c9f6f6b57")


@dataclass(frozen=True, slots=True)
class Wish:
    """What transfer syntax a dataset has, and which one it shall get.

    `quality` is that of lossy compression, from 1 to 100.
    """

    source_uid: str
    uid: str
    quality: int

    @property
    def encoding(self) -> PixelEncoding:
        """How the pixels shall be encoded."""
        return TARGETS[self.uid]


class Recompression:
    """The changes that another transfer syntax brings to a dataset and its items.

    Frames are compressed at once, but decoded only when they are written.

    Parameters
    ----------
    dataset
        The dataset.
    wish
        What becomes of it.
    images
        Decodes and encodes frames.
    uids
        Makes the UID of an image that is compressed with loss.
    file
        Holds the compressed frames.

    Raises
    ------
    UnreadableImageError, UnknownFramesError
        If the pixels cannot be encoded so.
    """

    def __init__(
        self,
        dataset: Dataset,
        wish: Wish,
        images: ImageReader,
        uids: UIDGenerator,
        file: IO[bytes],
    ) -> None:
        self._dataset, self._wish = dataset, wish
        self._images, self._uids = images, uids
        self._file = file
        self._size = 0
        self._root_changes = self._change_root()

    @property
    def sop_uids(self) -> tuple[str, str]:
        """The SOP Class UID and the SOP Instance UID of what is written."""
        new = self._root_changes.get(SOP_INSTANCE_UID)
        sop_class_uid = _text(self._dataset, SOP_CLASS_UID)
        if new is None:
            return sop_class_uid, _text(self._dataset, SOP_INSTANCE_UID)
        assert isinstance(new.content, bytes)
        return sop_class_uid, new.content.rstrip(b"\0").decode("ascii")

    def changes(self, dataset: Dataset) -> Changes:
        """Return what to change in the dataset, or in an item of a sequence.

        Raises
        ------
        UnreadableImageError, UnknownFramesError
            If there are pixels that cannot be decoded.
        """
        if dataset is self._dataset:
            return self._root_changes
        if not _has_fragments(dataset):
            return {}
        frames = PixelFrames(dataset, self._wish.source_uid)
        return self._encode(frames, PixelEncoding.NATIVE)

    def _change_root(self) -> Changes:
        dataset, target = self._dataset, self._wish.encoding
        is_native = target is PixelEncoding.NATIVE
        if dataset.lookup(PIXEL_DATA) is None:
            if not is_native and any(map(dataset.lookup, _FLOAT_PIXEL_DATA)):
                raise UnsuitableFrameError("Floating point pixels are not compressed")
            return {}
        if is_native and not _has_fragments(dataset):
            return {}
        frames = PixelFrames(dataset, self._wish.source_uid)
        changes: dict[int, Value | None] = dict(self._encode(frames, target))
        changes[EXTENDED_OFFSET_TABLE] = changes[_EXTENDED_OFFSET_TABLE_LENGTHS] = None
        if target in LOSSY:
            changes |= derivation(dataset, self._compression(frames))
            changes |= dict.fromkeys(_EXTREMA)
        elif (
            frames.encoding in LOSSY_JPEG
            and dataset.lookup(LOSSY_IMAGE_COMPRESSION) is None
        ):
            changes[LOSSY_IMAGE_COMPRESSION] = Value("CS", b"01")
        return changes

    def _encode(self, frames: PixelFrames, target: PixelEncoding) -> Attributes:
        decoded = decoded_form(frames.form, frames.encoding)
        check_encodable(decoded, target)
        task = FrameTask(frames.form, frames.encoding, target, self._wish.quality)
        encoded = (self._images.transcode(one, task) for one in frames)
        if target is PixelEncoding.NATIVE:
            vr = "OB" if decoded.bits_allocated == 8 else "OW"
            blob = Blob(decoded.size * frames.count, lambda: encoded)
            changes = {PIXEL_DATA: Value(vr, blob)}
        else:
            changes = {PIXEL_DATA: Value("OB", self._spooled(encoded))}
        colours = encoded_form(decoded, target).photometric_interpretation
        if colours != frames.form.photometric_interpretation:
            text = colours.encode("ascii")
            value = Value("CS", text + b" " * (len(text) % 2))
            changes[_PHOTOMETRIC_INTERPRETATION] = value
        if decoded.samples > 1:
            changes[_PLANAR_CONFIGURATION] = Value("US", b"\0\0")
        return changes

    def _spooled(self, frames: Iterable[bytes]) -> Frames:
        """Keep compressed frames in a file until they are written."""
        contents = []
        for frame in frames:
            self._file.write(frame)
            contents.append(
                Blob(len(frame), partial(self._read, self._size, len(frame)))
            )
            self._size += len(frame)
        return Frames(contents)

    def _read(self, start: int, size: int) -> Iterator[bytes]:
        self._file.seek(start)
        while size:
            chunk = self._file.read(min(size, _CHUNK_BYTES))
            size -= len(chunk)
            yield chunk

    def _compression(self, frames: PixelFrames) -> LossyCompression:
        target, quality = self._wish.encoding, self._wish.quality
        size = decoded_form(frames.form, frames.encoding).size * frames.count
        description = f"Lossy compression, {target.value}"
        if target is not PixelEncoding.JPEG_LS_NEAR_LOSSLESS:
            description += f", quality {quality}"
        name = f"{_text(self._dataset, SOP_INSTANCE_UID)}/{self._wish.uid}/{quality}"
        return LossyCompression(
            description,
            _METHODS[target],
            size / max(1, self._size),
            self._uids.derive(_SEED, name),
        )


def _has_fragments(dataset: Dataset) -> bool:
    element = dataset.lookup(PIXEL_DATA)
    return element is not None and is_encapsulated(element)


def _text(dataset: Dataset, tag: int) -> str:
    element = dataset.lookup(tag)
    return "" if element is None else element.text or ""
