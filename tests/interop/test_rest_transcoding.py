"""Instances in other transfer syntaxes over HTTP."""

import io

import orjson
import pydicom
import pytest
import requests

from factories import BIG_ENDIAN, EXPLICIT, JPEG_BASELINE, RLE, make_instance
from http_peer import SECONDS
from launching import RunningServer

_JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"


def _get(server: RunningServer, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{server.url}{path}", headers=headers, timeout=SECONDS)


def _store(server: RunningServer, content: bytes) -> str:
    response = requests.post(f"{server.url}/instances", data=content, timeout=SECONDS)
    return f"{response.json()['Path']}/file"


def _grey(seed: int) -> bytes:
    ramp = bytes(range(64))
    return make_instance(
        seed, study=seed, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=ramp
    )


@pytest.mark.parametrize("uid", [BIG_ENDIAN, _JPEG_LOSSLESS, RLE, JPEG_BASELINE])
def test_a_file_in_another_transfer_syntax(server: RunningServer, uid: str) -> None:
    """The client may name the file, and fetch it in parts."""
    path = _store(server, _grey(1501))
    url = f"{path}?transcode={uid}"
    answer = _get(server, f"{url}&filename=a.dcm")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/dicom"
    assert answer.headers["Content-Disposition"] == 'filename="a.dcm"'
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    dataset = pydicom.dcmread(io.BytesIO(answer.content))
    assert dataset.file_meta.TransferSyntaxUID == uid
    etag = answer.headers["ETag"]
    assert etag != _get(server, path).headers["ETag"]
    part = _get(server, url, Range="bytes=5-200", **{"If-Range": etag})
    assert (part.status_code, part.content) == (206, answer.content[5:201])
    same = _get(server, url, **{"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    past = _get(server, url, Range=f"bytes={len(answer.content)}-")
    assert past.status_code == 416
    head = requests.head(f"{server.url}{url}", timeout=SECONDS)
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]


def test_its_own_transfer_syntax(server: RunningServer) -> None:
    """The file is given as it was received."""
    content = _grey(1502)
    path = _store(server, content)

    assert _get(server, f"{path}?transcode={EXPLICIT}").content == content


def test_the_quality(server: RunningServer) -> None:
    """From 1 to 100, and what is beyond is moved there; without it, 90."""
    path = _store(server, _grey(1503))

    def size(argument: str) -> int:
        answer = _get(server, f"{path}?transcode={JPEG_BASELINE}{argument}")
        assert answer.status_code == 200
        return len(answer.content)

    plain = size("")
    assert size("&lossy-quality=90") == plain
    for one, other in (("0", "1"), ("", "1"), ("101", "100"), ("%2050", "%2B50")):
        assert size(f"&lossy-quality={one}") == size(f"&lossy-quality={other}")
    assert size("&lossy-quality=1") < plain < size("&lossy-quality=100")


@pytest.mark.parametrize("quality", ["-1", "abc", "5.5", "4294967296", "٣"])
def test_a_bad_quality(server: RunningServer, quality: str) -> None:
    """Only a number of 32 bits without a sign is one, and only where it matters."""
    path = _store(server, _grey(1504))
    answer = _get(server, f"{path}?transcode={EXPLICIT}&lossy-quality={quality}")

    assert (answer.status_code, answer.json()["OrthancStatus"]) == (400, 3)
    assert orjson.loads(answer.content)["Details"].endswith(f"found: {quality}")
    assert _get(server, f"{path}?lossy-quality={quality}").status_code == 200


@pytest.mark.parametrize("uid", ["1.2.3", "", "1.2.840.10008.1.2 "])
def test_an_unknown_transfer_syntax(server: RunningServer, uid: str) -> None:
    """The standard has to know it."""
    path = _store(server, _grey(1505))
    answer = _get(server, f"{path}?transcode={uid}")

    assert (answer.status_code, answer.json()["OrthancStatus"]) == (400, 3)
    assert answer.json()["Details"] == f"Unknown transfer syntax: {uid}"


def test_what_cannot_be_transcoded(server: RunningServer) -> None:
    """A video is not made of images, nor is JPEG for 12 bits."""
    path = _store(server, make_instance(1506, study=1506))

    for uid in ("1.2.840.10008.1.2.4.102", JPEG_BASELINE):
        answer = _get(server, f"{path}?transcode={uid}")
        assert (answer.status_code, answer.json()["OrthancStatus"]) == (500, 2)
        assert answer.json()["Message"] == "Not implemented yet"
    assert _get(server, "/instances/nope/file?transcode=1.2.3").status_code == 404
