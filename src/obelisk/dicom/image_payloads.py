"""Images and videos as Pixel Data, with the modules that their SOP classes need.

PS3.3 A.8 (Secondary Capture) and A.32.7 (Video Photographic Image).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from obelisk.dicom.creation import Content, Given, GivenValue
from obelisk.dicom.mp4 import VideoHeader
from obelisk.dicom.payloads import COMMON_DEFAULTS, MODALITY, SOP_CLASS_UID, Payload
from obelisk.dicom.writing import EXPLICIT_VR_LITTLE_ENDIAN, Blob, Frames

PIXEL_DATA = 0x7FE00010

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MULTI_FRAME_BYTE = "1.2.840.10008.5.1.4.1.1.7.2"
_MULTI_FRAME_WORD = "1.2.840.10008.5.1.4.1.1.7.3"
_MULTI_FRAME_COLOUR = "1.2.840.10008.5.1.4.1.1.7.4"

_CONVERSION_TYPE = 0x00080064
_NUMBER_OF_FRAMES = 0x00280008
_PAGE_NUMBER_VECTOR = 0x00182001
_LOSSY_COMPRESSION = 0x00282110

_IMAGE_DEFAULTS: Mapping[int, Content] = {
    **COMMON_DEFAULTS,
    MODALITY: "OT",
    _CONVERSION_TYPE: "WSD",
    0x00200020: "",
    0x00200060: "",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the pixels of an image lie (PS3.3 C.7.6.3)."""

    columns: int
    rows: int
    frame_count: int
    samples: int
    bits: int
    photometric_interpretation: str
    is_lossy: bool = False


def pixel_payload(layout: Layout, pixels: Blob, *, is_multi_frame: bool) -> Payload:
    """Embed pixels that are not compressed."""
    return _image_payload(
        layout, pixels, EXPLICIT_VR_LITTLE_ENDIAN, is_multi_frame=is_multi_frame
    )


def compressed_payload(
    layout: Layout,
    frames: Sequence[Blob],
    transfer_syntax_uid: str,
    *,
    is_multi_frame: bool = False,
) -> Payload:
    """Embed compressed frames."""
    return _image_payload(
        layout, Frames(frames), transfer_syntax_uid, is_multi_frame=is_multi_frame
    )


def _image_payload(
    layout: Layout,
    content: Blob | Frames,
    transfer_syntax_uid: str,
    *,
    is_multi_frame: bool,
) -> Payload:
    required = pixel_attributes(layout, content)
    if not is_multi_frame:
        return Payload(
            required,
            {**_IMAGE_DEFAULTS, SOP_CLASS_UID: _SECONDARY_CAPTURE},
            transfer_syntax_uid,
        )
    required |= {
        _NUMBER_OF_FRAMES: str(layout.frame_count),
        0x00280009: "0018,2001",
        _PAGE_NUMBER_VECTOR: "\\".join(map(str, range(1, layout.frame_count + 1))),
    }
    defaults = {SOP_CLASS_UID: _multi_frame_class(layout), 0x00280301: "YES"}
    if layout.samples == 1:
        defaults |= {
            0x00281052: "0",
            0x00281053: "1",
            0x00281054: "US",
            0x20500020: "IDENTITY",
        }
    return Payload(required, {**defaults, **_IMAGE_DEFAULTS}, transfer_syntax_uid)


def _multi_frame_class(layout: Layout) -> str:
    if layout.samples > 1:
        return _MULTI_FRAME_COLOUR
    return _MULTI_FRAME_BYTE if layout.bits == 8 else _MULTI_FRAME_WORD


def pixel_attributes(layout: Layout, content: Blob | Frames) -> dict[int, Content]:
    """Return the Image Pixel module (PS3.3 C.7.6.3)."""
    attributes: dict[int, Content] = {
        0x00280002: str(layout.samples),
        0x00280004: layout.photometric_interpretation,
        0x00280010: str(layout.rows),
        0x00280011: str(layout.columns),
        0x00280100: str(layout.bits),
        0x00280101: str(layout.bits),
        0x00280102: str(layout.bits - 1),
        0x00280103: "0",
        PIXEL_DATA: content,
    }
    if layout.samples > 1:
        attributes[0x00280006] = "0"
    if layout.is_lossy:
        attributes[_LOSSY_COMPRESSION] = "01"
    return attributes


def video_payload(header: VideoHeader, content: Blob) -> Payload:
    """Embed an MP4 file as it is, as a Video Photographic Image."""
    layout = Layout(
        header.columns,
        header.rows,
        header.frame_count,
        3,
        header.bits,
        "YBR_PARTIAL_420",
        is_lossy=True,
    )
    rate = round(1000 / header.frame_milliseconds) if header.frame_milliseconds else 0
    required = pixel_attributes(layout, Frames([content])) | {
        _NUMBER_OF_FRAMES: str(header.frame_count),
        0x00280009: "0018,1063",
        0x00181063: str(header.frame_milliseconds),
        0x00180040: str(rate),
        0x00280100: "8" if header.bits == 8 else "16",
    }
    defaults = {**COMMON_DEFAULTS, **_VIDEO_DEFAULTS}
    return Payload(required, defaults, header.transfer_syntax_uid)


_ENTIRE_BODY: Given = {
    0x00080100: GivenValue("SH", "38266002"),
    0x00080102: GivenValue("SH", "SCT"),
    0x00080104: GivenValue("LO", "Entire body"),
}
_VIDEO_DEFAULTS: Mapping[int, Content] = {
    SOP_CLASS_UID: "1.2.840.10008.5.1.4.1.1.77.1.4.1",
    MODALITY: "XC",
    0x00080008: "ORIGINAL\\PRIMARY",
    0x00200020: "",
    0x00082218: [_ENTIRE_BODY],
    0x00400555: [],
    0x00280301: "YES",
}
