"""Prepares what new instances embed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obelisk.dicom.image_payloads import (
    Layout,
    compressed_payload,
    pixel_payload,
    video_payload,
)
from obelisk.dicom.jpeg import read_jpeg_header
from obelisk.dicom.mp4 import read_video_header
from obelisk.dicom.payloads import (
    DOCUMENT_CLASSES,
    Payload,
    UnreadableContentError,
    document_payload,
)
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.dicom.writing import EXPLICIT_VR_LITTLE_ENDIAN, Blob
from obelisk.errors import InvalidArgumentError
from obelisk.imaging.pictures import FORMATS, Picture, PixelEncoding
from obelisk.imaging.reader import ImageReader
from obelisk.storage.base import Buffer

_CHUNK_BYTES = 1_048_576
_IMAGE_BYTES_MAX = 1 << 30
#: How pixels are encoded and colours represented, by transfer syntax.
_ENCODINGS = {
    EXPLICIT_VR_LITTLE_ENDIAN: (PixelEncoding.NATIVE, "RGB"),
    "1.2.840.10008.1.2.4.50": (PixelEncoding.JPEG, "YBR_FULL_422"),
    "1.2.840.10008.1.2.4.57": (PixelEncoding.JPEG_LOSSLESS, "RGB"),
    "1.2.840.10008.1.2.4.70": (PixelEncoding.JPEG_LOSSLESS, "RGB"),
    "1.2.840.10008.1.2.4.80": (PixelEncoding.JPEG_LS, "RGB"),
    "1.2.840.10008.1.2.4.90": (PixelEncoding.JPEG_2000_LOSSLESS, "YBR_RCT"),
    "1.2.840.10008.1.2.4.91": (PixelEncoding.JPEG_2000, "YBR_ICT"),
    "1.2.840.10008.1.2.4.201": (PixelEncoding.HTJ2K_LOSSLESS, "YBR_RCT"),
    "1.2.840.10008.1.2.5": (PixelEncoding.RLE, "RGB"),
}
_MP4 = "video/mp4"
_JPEG = frozenset({"image/jpeg", "image/jpg"})


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to embed; `media_type` says what it is."""

    media_type: str
    content: Blob


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContent:
    """What an instance is to embed.

    Attributes
    ----------
    files
        One file, or the frames of an image.
    tags
        Attributes of this instance only, as JSON.
    transfer_syntax_uid
        How the pixels of images are to be encoded.
    is_encapsulated
        Whether JPEG images stay as they are.
    is_multi_frame
        Whether the SOP class is one with frames.
    """

    files: Sequence[NewFile]
    tags: Mapping[str, Any] = field(default_factory=dict)
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN
    is_encapsulated: bool = False
    is_multi_frame: bool = False


class Embedding:
    """Turns files into elements; safe to use from several threads.

    Parameters
    ----------
    images
        Decodes images.
    uids
        Makes new UIDs.
    """

    def __init__(self, images: ImageReader, uids: UIDGenerator) -> None:
        self._images = images
        self._uids = uids

    def prepare(self, content: NewContent) -> Payload:
        """Make the elements that embed a content.

        Raises
        ------
        UnreadableContentError, UnreadableImageError
            If it is not what its media type says.
        InvalidArgumentError
            If its media type is not supported.
        """
        first = content.files[0]
        types = {one.media_type for one in content.files}
        if len(content.files) == 1 and not content.is_multi_frame:
            if first.media_type in DOCUMENT_CLASSES:
                return document_payload(
                    first.media_type, first.content, self._uids.make()
                )
            if first.media_type == _MP4:
                return video_payload(read_video_header(first.content), first.content)
        unknown = types - FORMATS.keys()
        if unknown:
            raise InvalidArgumentError(
                f"Contents of this type cannot be embedded: {unknown.pop() or 'none'}"
            )
        if content.is_encapsulated:
            return _encapsulate(content)
        return self._decode(content)

    def _decode(self, content: NewContent) -> Payload:
        uid = content.transfer_syntax_uid
        if uid not in _ENCODINGS:
            raise InvalidArgumentError(f"Pixels cannot be encoded in {uid}")
        encoding, colour = _ENCODINGS[uid]
        pictures = [
            self._images.read(_whole(one.content), one.media_type, encoding)
            for one in content.files
        ]
        layout = _layout(pictures, colour)
        is_multi_frame = content.is_multi_frame or layout.frame_count > 1
        if is_multi_frame and layout.samples > 1 and layout.bits > 8:
            raise InvalidArgumentError(
                "No SOP class holds several frames with colours of 16 bits"
            )
        if uid != EXPLICIT_VR_LITTLE_ENDIAN:
            frames = [
                bytes_blob(one) for picture in pictures for one in _split(picture)
            ]
            return compressed_payload(
                layout, frames, uid, is_multi_frame=is_multi_frame
            )
        pixels = pictures[0].pixels
        if len(pictures) > 1:
            pixels = b"".join(picture.pixels for picture in pictures)
        return pixel_payload(layout, bytes_blob(pixels), is_multi_frame=is_multi_frame)


def _split(picture: Picture) -> Iterator[bytes]:
    """Yield the compressed frames of a picture."""
    start = 0
    for size in picture.frame_sizes:
        yield picture.pixels[start : start + size]
        start += size


def _layout(pictures: Sequence[Picture], colour: str) -> Layout:
    kinds = {(one.columns, one.rows, one.samples, one.bits) for one in pictures}
    if len(kinds) > 1:
        raise UnreadableContentError("The frames differ in size or kind")
    ((columns, rows, samples, bits),) = kinds
    return Layout(
        columns,
        rows,
        sum(one.frame_count for one in pictures),
        samples,
        bits,
        colour if samples > 1 else "MONOCHROME2",
        is_lossy=any(one.is_lossy for one in pictures),
    )


def _encapsulate(content: NewContent) -> Payload:
    others = {one.media_type for one in content.files} - _JPEG
    if others:
        raise InvalidArgumentError(
            f"Images of this type cannot be encapsulated: {others.pop()}"
        )
    headers = {read_jpeg_header(_whole(one.content)) for one in content.files}
    if len(headers) > 1:
        raise UnreadableContentError("The frames differ in size or kind")
    (header,) = headers
    colour = "YBR_FULL_422" if header.samples > 1 else "MONOCHROME2"
    layout = Layout(
        header.columns,
        header.rows,
        len(content.files),
        header.samples,
        8,
        colour,
        is_lossy=True,
    )
    return compressed_payload(
        layout,
        [one.content for one in content.files],
        header.transfer_syntax_uid,
        is_multi_frame=content.is_multi_frame,
    )


def _whole(blob: Blob) -> bytes:
    if blob.size > _IMAGE_BYTES_MAX:
        raise UnreadableContentError(
            f"The file of an image has {_IMAGE_BYTES_MAX} bytes at most"
        )
    return b"".join(blob.read())


def bytes_blob(content: bytes) -> Blob:
    """Make a value of bytes."""

    def read() -> list[Buffer]:
        view = memoryview(content)
        starts = range(0, len(view), _CHUNK_BYTES)
        return [view[start : start + _CHUNK_BYTES] for start in starts]

    return Blob(len(content), read)
