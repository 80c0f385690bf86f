"""Tests of what new datasets embed."""

import io

import pytest
from PIL import Image

from obelisk.dicom.image_payloads import (
    Layout,
    compressed_payload,
    pixel_payload,
    video_payload,
)
from obelisk.dicom.jpeg import JPEGHeader, read_jpeg_header
from obelisk.dicom.mp4 import VideoHeader, read_video_header
from obelisk.dicom.payloads import UnreadableContentError, document_payload
from obelisk.dicom.writing import Blob, Frames
from videos import box, make_mp4

_SOP_CLASS, _MODALITY, _FRAMES = 0x00080016, 0x00080060, 0x00280008


def _blob(content, size=None):
    """Cut a content into small chunks."""
    step = size or max(len(content), 1)
    starts = range(0, len(content), step)
    return Blob(len(content), lambda: [content[at : at + step] for at in starts])


def _jpeg(mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, (5, 4)).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("media_type", "uid", "modality"),
    [
        ("application/pdf", "1.2.840.10008.5.1.4.1.1.104.1", "OT"),
        ("model/stl", "1.2.840.10008.5.1.4.1.1.104.3", "M3D"),
        ("model/obj", "1.2.840.10008.5.1.4.1.1.104.4", "M3D"),
        ("model/mtl", "1.2.840.10008.5.1.4.1.1.104.5", "M3D"),
    ],
)
def test_documents(media_type, uid, modality):
    """The SOP class follows from the media type, as Orthanc has it."""
    content = _blob(b"%PDF-1")
    payload = document_payload(media_type, content, "1.2")

    assert payload.required[0x00420011] is content
    assert payload.required[0x00420012] == media_type
    assert payload.required[0x00420015] == "6"
    assert (payload.defaults[_SOP_CLASS], payload.defaults[_MODALITY]) == (
        uid,
        modality,
    )


@pytest.mark.parametrize(
    ("media_type", "content"),
    [("application/pdf", b""), ("application/pdf", b"\x89PNG"), ("model/stl", b"")],
)
def test_bad_documents(media_type, content):
    """Nothing is no document, and an image is no PDF."""
    with pytest.raises(UnreadableContentError):
        document_payload(media_type, _blob(content), "1.2")


@pytest.mark.parametrize(
    ("samples", "bits", "is_multi_frame", "uid"),
    [
        (1, 8, False, "1.2.840.10008.5.1.4.1.1.7"),
        (3, 8, False, "1.2.840.10008.5.1.4.1.1.7"),
        (1, 8, True, "1.2.840.10008.5.1.4.1.1.7.2"),
        (1, 16, True, "1.2.840.10008.5.1.4.1.1.7.3"),
        (3, 8, True, "1.2.840.10008.5.1.4.1.1.7.4"),
    ],
)
def test_images(samples, bits, is_multi_frame, uid):
    """The SOP class follows from the kind of pixels."""
    layout = Layout(5, 4, 2, samples, bits, "RGB")
    payload = pixel_payload(layout, _blob(b""), is_multi_frame=is_multi_frame)

    assert payload.defaults[_SOP_CLASS] == uid
    assert payload.required[0x00280102] == str(bits - 1)
    assert payload.required.get(_FRAMES) == ("2" if is_multi_frame else None)
    assert (0x00280006 in payload.required) is (samples == 3)


def test_compressed_images():
    """They are frames, and tell that something was lost."""
    layout = Layout(5, 4, 1, 1, 8, "MONOCHROME2", is_lossy=True)
    payload = compressed_payload(layout, [_blob(b"x")], "1.2.840.10008.1.2.4.50")

    assert isinstance(payload.required[0x7FE00010], Frames)
    assert payload.required[0x00282110] == "01"
    assert payload.transfer_syntax_uid == "1.2.840.10008.1.2.4.50"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_jpeg("L"), JPEGHeader(5, 4, 1, False, "1.2.840.10008.1.2.4.50")),
        (_jpeg(), JPEGHeader(5, 4, 3, True, "1.2.840.10008.1.2.4.50")),
        (
            _jpeg(subsampling="4:4:4"),
            JPEGHeader(5, 4, 3, False, "1.2.840.10008.1.2.4.50"),
        ),
    ],
)
def test_jpeg_headers(content, expected):
    """Size and colours stand in the start of the frame."""
    assert read_jpeg_header(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG",
        _jpeg()[:30],
        _jpeg(progressive=True),
        _jpeg("CMYK"),
        b"\xff\xd8\xff\xc0\0\x0b\x08",
        b"\xff\xd8\xff\xc0\0\x0b\x0c\0\4\0\5\1\0\x11\0",
    ],
)
def test_jpegs_that_cannot_be_encapsulated(content):
    """The transfer syntax allows 8 bits, sequential coding, one or three colours."""
    with pytest.raises(UnreadableContentError):
        read_jpeg_header(content)


@pytest.mark.parametrize("chunk_size", [7, 4096])
@pytest.mark.parametrize(
    ("options", "uid", "bits"),
    [
        ({}, "1.2.840.10008.1.2.4.102", 8),
        ({"level": 42}, "1.2.840.10008.1.2.4.104", 8),
        ({"codec": b"hvc1"}, "1.2.840.10008.1.2.4.107", 8),
        ({"codec": b"hvc1", "profile": 2}, "1.2.840.10008.1.2.4.108", 10),
    ],
)
def test_videos(chunk_size, options, uid, bits):
    """Size, rate and transfer syntax stand in the boxes, wherever chunks end."""
    header = read_video_header(_blob(make_mp4(**options), chunk_size))

    assert header == VideoHeader(320, 240, 3, 40.0, bits, uid)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.4",
        make_mp4()[:100],
        make_mp4()[:-20],
        make_mp4(level=52),
        make_mp4(profile=244),
        make_mp4(frame_count=0),
        make_mp4(handler=b"soun"),
        box(b"ftyp", b"isom") + box(b"moov", b""),
        box(b"ftyp", b"isom") + box(b"mdat", bytes(99)),
        b"\0\0\0\1ftyp" + bytes(8),
    ],
)
def test_bad_videos(content):
    """What is cut off, has no video, or fits no transfer syntax is refused."""
    with pytest.raises(UnreadableContentError):
        read_video_header(_blob(content))


def test_video_payload():
    """A video is one fragment, however many frames it has."""
    header = VideoHeader(320, 240, 3, 40.0, 8, "1.2.840.10008.1.2.4.102")
    payload = video_payload(header, _blob(b"x"))

    assert payload.required[_FRAMES] == "3"
    assert payload.required[0x00180040] == "25"
    assert payload.required[0x00280004] == "YBR_PARTIAL_420"
    assert payload.defaults[_SOP_CLASS] == "1.2.840.10008.5.1.4.1.1.77.1.4.1"
