"""Tests of instances in other transfer syntaxes; dcmtk and pydicom expand them."""

import io
import struct
import subprocess
import tracemalloc
from contextlib import nullcontext

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence

from factories import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    RLE,
    craft,
    make_instance,
)
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.imaging.reader import ImageReader
from obelisk.metrics.registry import Metrics
from obelisk.services.pixel_coding import TARGETS
from obelisk.services.transcoding import NotTranscodableError, Transcoding

_JPEG, _EXTENDED_JPEG = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
_JPEG_LOSSLESS, _JPEG_LS = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"
_NEAR_JPEG_LS = "1.2.840.10008.1.2.4.81"
_JPEG_2000, _HTJ2K = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"
_LOSSY_JPEG_2000 = "1.2.840.10008.1.2.4.91"
_NATIVE = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)

#: The programs of dcmtk that expand what is compressed without loss.
_PROGRAMS = {
    "1.2.840.10008.1.2.4.57": "dcmdjpeg +cn",
    _JPEG_LOSSLESS: "dcmdjpeg +cn",
    _JPEG_LS: "dcmdjpls",
    RLE: "dcmdrle",
}
_LOSSLESS = (*_PROGRAMS, _JPEG_2000, _HTJ2K)
_LOSSY = (_JPEG, _EXTENDED_JPEG, _NEAR_JPEG_LS, _LOSSY_JPEG_2000)


@pytest.fixture(scope="module")
def images():
    """Decode frames; the process starts once."""
    reader = ImageReader(metrics=Metrics())
    yield reader
    reader.close()


class _File:
    """A stored file."""

    def __init__(self, content):
        self._content = content

    def view(self):
        """Open it."""
        return nullcontext(self._content)


@pytest.fixture
def transcode(images):
    """Give a file in another transfer syntax."""
    transcoding = Transcoding(images, UIDGenerator(), lossy_quality=80)

    def run(content, uid, quality=None):
        made = transcoding.transcode(_File(content), uid, quality)
        if made is None:
            return None
        written = b"".join(made.read(0, made.size))
        made.close()
        assert len(written) == made.size
        return written

    return run


def _read(content):
    return pydicom.dcmread(io.BytesIO(content))


def _instance(transfer_syntax=EXPLICIT, **attributes):
    """Make an instance of three frames, whose size in bytes is odd."""
    rows, columns, frames = 7, 5, 3
    bits = attributes.get("BitsAllocated", 8)
    samples = attributes.get("SamplesPerPixel", 1)
    size = rows * columns * frames * samples
    noise = np.random.default_rng(size).integers(
        0, 1 << attributes.get("BitsStored", bits) - 1, size
    )
    content = noise.astype(f"<u{bits // 8}").tobytes()
    if transfer_syntax == BIG_ENDIAN and bits == 16:
        content = noise.astype(">u2").tobytes()
    values = {
        "Rows": rows,
        "Columns": columns,
        "NumberOfFrames": frames,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PlanarConfiguration": 0 if samples == 3 else None,
        "PhotometricInterpretation": "RGB" if samples == 3 else "MONOCHROME2",
        "PixelData": content + bytes(len(content) % 2),
    }
    return make_instance(transfer_syntax=transfer_syntax, **(values | attributes))


_KINDS = [
    {},
    {"BitsAllocated": 16},
    {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11},
    {"BitsAllocated": 16, "PixelRepresentation": 1},
    {"SamplesPerPixel": 3},
    {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL"},
    {"SamplesPerPixel": 3, "BitsAllocated": 16},
    {"PhotometricInterpretation": "PALETTE COLOR"},
]


def _expanded(content, uid, tmp_path):
    """Have another program expand the pixels."""
    dataset = _read(content)
    if uid in _NATIVE:
        return pixel_array(dataset, raw=True)
    if uid in _PROGRAMS:
        file, plain = tmp_path / "a.dcm", tmp_path / "b.dcm"
        file.write_bytes(content)
        program, *options = _PROGRAMS[uid].split()
        command = [f"/usr/bin/{program}", *options, str(file), str(plain)]
        subprocess.run(command, check=True)
        return pixel_array(plain, raw=True)
    frames = generate_frames(
        dataset.PixelData, number_of_frames=int(dataset.NumberOfFrames)
    )
    return np.array([imagecodecs.jpeg2k_decode(one, planar=False) for one in frames])


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: " ".join(map(str, kind)))
@pytest.mark.parametrize("uid", [*_NATIVE[1:], *_LOSSLESS])
def test_nothing_is_lost(transcode, tmp_path, uid, kind):
    """Neither pixels, frame by frame, nor attributes, there and back."""
    content = _instance(IMPLICIT, **kind)
    original = _read(content)
    made = transcode(content, uid)
    dataset = _read(made)

    assert dataset.file_meta.TransferSyntaxUID == uid
    assert dataset.file_meta.MediaStorageSOPInstanceUID == original.SOPInstanceUID
    found = _expanded(made, uid, tmp_path)
    expected = pixel_array(original, raw=True)
    assert np.array_equal(found, expected.astype(found.dtype))
    back = _read(transcode(made, IMPLICIT) or b"")
    assert back == original


@pytest.mark.parametrize("bits", [8, 16])
def test_big_endian_pixels_are_compressed(transcode, tmp_path, bits):
    """Words are swapped, also where frames start in the middle of one."""
    content = _instance(BIG_ENDIAN, BitsAllocated=bits)
    plain = _instance(BitsAllocated=bits)

    if bits == 8:  # OW, as the factory has it, has its bytes swapped
        dataset = _read(content)
        dataset["PixelData"].VR = "OW"
        swapped = np.frombuffer(_read(plain).PixelData, "<u2").byteswap().tobytes()
        dataset.PixelData = swapped
        buffer = io.BytesIO()
        dataset.save_as(buffer, enforce_file_format=False)
        content = buffer.getvalue()
    made = transcode(content, _JPEG_LS)
    found = _expanded(made, _JPEG_LS, tmp_path)
    assert np.array_equal(found, _read(plain).pixel_array)


def _compressed(uid, transcode):
    """Return a file of three frames, and the frames."""
    made = transcode(_instance(), uid)
    dataset = _read(made)
    return dataset, list(generate_frames(dataset.PixelData, number_of_frames=3))


def _saved(dataset):
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize("has_table", [True, False])
@pytest.mark.parametrize("fragment_count", [1, 2])
def test_offset_tables(transcode, has_table, fragment_count):
    """Frames in several fragments, with and without a table."""
    dataset, frames = _compressed(_JPEG_LOSSLESS, transcode)
    dataset.PixelData = encapsulate(
        frames, fragments_per_frame=fragment_count, has_bot=has_table
    )
    dataset.SOPInstanceUID = "1.2.3"

    found = _read(transcode(_saved(dataset), EXPLICIT))
    assert np.array_equal(found.pixel_array, _read(_instance()).pixel_array)


def test_an_extended_offset_table(transcode):
    """It is used, and left out, as it would be wrong."""
    dataset, frames = _compressed(_JPEG_LOSSLESS, transcode)
    pixels, table, lengths = encapsulate_extended(frames)
    dataset.PixelData = pixels
    dataset.ExtendedOffsetTable = table
    dataset.ExtendedOffsetTableLengths = lengths
    dataset.SOPInstanceUID = "1.2.3"

    for uid in (EXPLICIT, RLE):
        found = _read(transcode(_saved(dataset), uid))
        assert "ExtendedOffsetTable" not in found
        assert "ExtendedOffsetTableLengths" not in found
    assert np.array_equal(found.pixel_array, _read(_instance()).pixel_array)


def test_frames_have_offsets(transcode):
    """One fragment each, and a Basic Offset Table that tells where they start."""
    dataset, frames = _compressed(RLE, transcode)

    sizes = [len(one) + 8 for one in frames]
    table = struct.pack("<3I", 0, sizes[0], sizes[0] + sizes[1])
    assert dataset.PixelData[8:20] == table


@pytest.mark.parametrize("uid", _LOSSY)
def test_lossy_images_are_new_ones(transcode, uid):
    """They say so, and get another UID, the same one each time."""
    ramp = bytes(range(0, 128, 2)) * 64
    content = make_instance(
        Rows=64,
        Columns=64,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=ramp,
        LossyImageCompression="01",
        LossyImageCompressionRatio="3.5",
        DerivationDescription="earlier",
    )
    made = transcode(content, uid, 90)
    found, original = _read(made), _read(content)

    assert transcode(content, uid, 90) == made
    other = _read(transcode(content, uid, 10))
    assert len({original.SOPInstanceUID, found.SOPInstanceUID}) == 2
    assert other.SOPInstanceUID != found.SOPInstanceUID
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
    assert found.ImageType[:2] == ["DERIVED", "PRIMARY"]
    assert found.LossyImageCompression == "01"
    first, ratio = found.LossyImageCompressionRatio
    assert first == 3.5
    size = len(next(generate_frames(found.PixelData, number_of_frames=1)))
    assert abs(ratio - 4096 / size) < 0.2
    methods = list(found.LossyImageCompressionMethod)
    assert methods[0] == ""
    assert methods[1].startswith("ISO_1")
    assert found.DerivationCodeSequence[0].CodeValue == "113040"
    assert found.DerivationDescription.endswith("[earlier]")
    source = found.SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert source.PurposeOfReferenceCodeSequence[0].CodeValue == "121320"
    back = _read(transcode(made, EXPLICIT))
    error = np.abs(back.pixel_array.astype(int) - original.pixel_array)
    assert error.mean() < 2


def test_the_quality_that_is_configured(transcode):
    """It holds where a request does not say any."""
    content = _instance(SamplesPerPixel=3)

    assert transcode(content, _JPEG) == transcode(content, _JPEG, 80)
    assert transcode(content, _JPEG) != transcode(content, _JPEG, 20)


def test_what_was_lossy_says_so(transcode):
    """Even if nobody did before."""
    with open(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm"), "rb") as file:  # noqa: PTH123
        content = file.read()
    dataset = _read(content)
    for keyword in ("LossyImageCompression", "LossyImageCompressionMethod"):
        if keyword in dataset:
            del dataset[keyword]
    found = _read(transcode(_saved(dataset), RLE))

    assert found.LossyImageCompression == "01"
    assert found.PhotometricInterpretation == "RGB"
    assert found.SOPInstanceUID == dataset.SOPInstanceUID


@pytest.mark.parametrize("uid", [*_NATIVE[1:], *_LOSSLESS, *_LOSSY])
def test_data_without_pixels(transcode, uid):
    """Nothing is compressed, and nothing is new."""
    content = make_instance(transfer_syntax=IMPLICIT, PixelData=None)
    found = _read(transcode(content, uid))

    assert found.file_meta.TransferSyntaxUID == uid
    assert found == _read(content)


def test_floating_point_pixels(transcode):
    """They can be swapped, but not compressed."""
    numbers = np.linspace(0, 1, 64).astype("<f4").tobytes()
    content = make_instance(PixelData=None, FloatPixelData=numbers)

    found = _read(transcode(content, BIG_ENDIAN))
    swapped = np.frombuffer(numbers, "<f4").astype(">f4").tobytes()
    assert found.FloatPixelData == swapped
    with pytest.raises(NotTranscodableError):
        transcode(content, RLE)


def test_icons_are_expanded(transcode):
    """They may be so beside compressed pixels; compressed ones must not be so."""
    dataset, frames = _compressed(_JPEG_LS, transcode)
    icon = pydicom.Dataset()
    for keyword in (
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    ):
        setattr(icon, keyword, getattr(dataset, keyword))
    icon.PixelData = encapsulate(frames[:1])
    icon["PixelData"].is_undefined_length = True
    dataset.IconImageSequence = Sequence([icon])
    dataset.SOPInstanceUID = "1.2.3"
    content = _saved(dataset)

    first = _read(_instance()).pixel_array[0].tobytes()
    for uid in (IMPLICIT, EXPLICIT, BIG_ENDIAN, RLE):
        found = _read(transcode(content, uid)).IconImageSequence[0]
        assert found.PixelData == first + b"\0"
        assert not found["PixelData"].is_undefined_length


@pytest.mark.parametrize("uid", [_JPEG_LOSSLESS, _JPEG_LS, _JPEG_2000, RLE, _HTJ2K])
def test_damaged_frames(transcode, uid):
    """They are refused, and the process goes on to work."""
    dataset, frames = _compressed(uid, transcode)
    for number, bad in enumerate((frames[0][:40], b"\xff\xd8garbage!" * 9, bytes(2))):
        dataset.PixelData = encapsulate([frames[0], bad, frames[2]])
        dataset.SOPInstanceUID = f"1.2.3.{number}"
        with pytest.raises(NotTranscodableError):
            transcode(_saved(dataset), EXPLICIT)

    assert transcode(_instance(), uid)


@pytest.mark.parametrize(
    "attributes",
    [
        {"PixelData": bytes(50)},
        {"NumberOfFrames": "2"},
        {"Rows": None},
        {"PhotometricInterpretation": None},
        {"PhotometricInterpretation": "CMYK", "SamplesPerPixel": 4},
        {"BitsAllocated": 16, "Rows": 0},
    ],
)
def test_pixels_that_are_not_told_right(transcode, attributes):
    """It is not guessed what they are; other encodings of the elements will do."""
    content = _instance(**attributes)

    assert _read(transcode(content, IMPLICIT)).PixelData == _read(content).PixelData
    with pytest.raises(NotTranscodableError):
        transcode(content, RLE)


def test_bad_uids_stay(transcode):
    """Whatever is in them, unless it is far too long."""
    uid = "1.2.\xe4"
    for name in ("SOPInstanceUID", "SOPClassUID"):
        content = make_instance(transfer_syntax=IMPLICIT)
        old = getattr(_read(content), name).encode()
        bad = content.replace(old, uid.encode("latin-1").ljust(len(old), b"\0"))
        written = transcode(bad, EXPLICIT)
        assert written.count(uid.encode("latin-1")) == 2

    tag, long = 0x00080018, b"1" * 70_000
    with pytest.raises(NotTranscodableError):
        transcode(
            craft("long", [(tag, "UI", long)], transfer_syntax=IMPLICIT), EXPLICIT
        )


def test_its_own_transfer_syntax(transcode):
    """There is nothing to do, be it one that cannot be written."""
    dataset = _read(_instance())
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"
    dataset.PixelData = encapsulate([b"mp4!"])
    dataset["PixelData"].is_undefined_length = True
    video = _saved(dataset)

    assert transcode(_instance(), EXPLICIT) is None
    assert transcode(video, "1.2.840.10008.1.2.4.102") is None
    for uid in TARGETS:
        with pytest.raises(NotTranscodableError):
            transcode(video, uid)
    with pytest.raises(NotTranscodableError):
        transcode(_instance(), "1.2.840.10008.1.2.4.102")


def test_frames_are_noted(images, transcode):
    """By how they were encoded, and how they are now."""
    before = dict(images._metrics.codecs.items())
    transcode(_instance(), RLE)
    after = dict(images._metrics.codecs.items())

    assert ("native", "RLE", "done") in after
    assert after.keys() >= before.keys()


@pytest.mark.parametrize("uid", [BIG_ENDIAN, RLE, _JPEG_LS])
def test_memory_is_that_of_a_few_frames(transcode, images, uid):
    """However many there are; what is written goes to a file."""
    pixels = np.random.default_rng(5).bytes(128 * 128 * 2) * 400
    content = make_instance(Rows=128, Columns=128, NumberOfFrames=400, PixelData=pixels)
    transcoding = Transcoding(images, UIDGenerator())
    transcode(_instance(), RLE)  # starts the process

    tracemalloc.start()
    made = transcoding.transcode(_File(content), uid)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    made.close()
    assert made.size > len(pixels) / 2
    assert peak < len(pixels) / 2
