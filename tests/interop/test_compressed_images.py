"""New instances with compressed pixels: dcmtk, pydicom and OpenJPEG expand them."""

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
import requests
from pydicom.encaps import generate_frames

from http_peer import SECONDS
from images import make_pixels, make_png
from launching import RunningServer
from verifying import errors_of

#: By transfer syntax: the program of dcmtk that expands it.
_PROGRAMS = {
    "1.2.840.10008.1.2.4.57": "dcmdjpeg",
    "1.2.840.10008.1.2.4.70": "dcmdjpeg",
    "1.2.840.10008.1.2.4.80": "dcmdjpls",
    "1.2.840.10008.1.2.5": "dcmdrle",
}
#: Those that OpenJPEG expands.
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201")
_KINDS = [(0, 8), (0, 16), (2, 8), (2, 16)]


def _create(
    server: RunningServer, uid: str, colour_type: int, bits: int, file: Path
) -> np.ndarray:
    """Make an instance of two frames, and fetch it; return its pixels.

    There is one frame only of colours with 16 bits: no SOP class has more.
    """
    first = make_pixels(colour_type, bits, 31, 29)
    frames = [first] if (colour_type, bits) == (2, 16) else [first, first[::-1].copy()]
    uris = [
        "data:image/png;base64,"
        + base64.b64encode(make_png(one, colour_type, bits)).decode()
        for one in frames
    ]
    response = requests.post(
        f"{server.url}/tools/create-dicom",
        json={
            "Tags": {"PatientID": "compressed"},
            "Content": uris if len(uris) > 1 else uris[0],
            "MultiFrame": len(uris) > 1,
            "TransferSyntax": uid,
        },
        timeout=SECONDS,
    )
    assert response.status_code == 200, response.text
    path = response.json()["Path"]
    file.write_bytes(requests.get(f"{server.url}{path}/file", timeout=SECONDS).content)
    return np.array(frames).squeeze()


@pytest.mark.parametrize(("colour_type", "bits"), _KINDS)
@pytest.mark.parametrize("uid", _PROGRAMS)
def test_dcmtk_expands_them(
    server: RunningServer,
    dcmtk: Callable[[str], str],
    tmp_path: Path,
    uid: str,
    colour_type: int,
    bits: int,
) -> None:
    """Pixel by pixel."""
    file, expanded = tmp_path / "a.dcm", tmp_path / "b.dcm"
    pixels = _create(server, uid, colour_type, bits, file)
    subprocess.run([dcmtk(_PROGRAMS[uid]), str(file), str(expanded)], check=True)

    assert pydicom.dcmread(file).file_meta.TransferSyntaxUID == uid
    dataset = pydicom.dcmread(expanded)
    assert np.array_equal(dataset.pixel_array, pixels)
    assert "LossyImageCompression" not in dataset


@pytest.mark.parametrize(("colour_type", "bits"), _KINDS)
@pytest.mark.parametrize("uid", _JPEG_2000)
def test_openjpeg_expands_them(
    server: RunningServer, tmp_path: Path, uid: str, colour_type: int, bits: int
) -> None:
    """Pixel by pixel."""
    file = tmp_path / "a.dcm"
    pixels = _create(server, uid, colour_type, bits, file)
    dataset = pydicom.dcmread(file)
    count = dataset.get("NumberOfFrames", 1)
    frames = generate_frames(dataset.PixelData, number_of_frames=count)

    assert dataset.file_meta.TransferSyntaxUID == uid
    found = np.array([imagecodecs.jpeg2k_decode(one) for one in frames])
    assert np.array_equal(found.squeeze(), pixels)


@pytest.mark.parametrize(("colour_type", "bits"), _KINDS)
def test_pydicom_expands_rle(
    server: RunningServer, tmp_path: Path, colour_type: int, bits: int
) -> None:
    """Pixel by pixel."""
    file = tmp_path / "a.dcm"
    pixels = _create(server, "1.2.840.10008.1.2.5", colour_type, bits, file)

    assert np.array_equal(pydicom.dcmread(file).pixel_array, pixels)


@pytest.mark.parametrize(("colour_type", "bits"), _KINDS)
@pytest.mark.parametrize("uid", [*_PROGRAMS, *_JPEG_2000])
def test_they_are_valid(
    server: RunningServer, tmp_path: Path, uid: str, colour_type: int, bits: int
) -> None:
    """The verifier dciodvfy finds no error."""
    file = tmp_path / "a.dcm"
    _create(server, uid, colour_type, bits, file)

    assert errors_of(file) == []
