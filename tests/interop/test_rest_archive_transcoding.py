"""Archives and media whose files get another transfer syntax."""

import io
import zipfile
from typing import Any

import pydicom
import pytest
import requests
from pydicom.encaps import encapsulate

from factories import EXPLICIT, JPEG_BASELINE, RLE, encode_dataset, make_dataset
from http_peer import SECONDS
from launching import RunningServer

_JPEG_LS = "1.2.840.10008.1.2.4.80"
_GREY = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": bytes(64)}


def _file(number: int, uid: str = EXPLICIT, **attributes: Any) -> bytes:
    return encode_dataset(make_dataset(600, number=number, **attributes), uid)


def _damaged(number: int) -> bytes:
    dataset = make_dataset(600, number=number)
    dataset.PixelData = encapsulate([bytes(20)])
    dataset["PixelData"].is_undefined_length = True
    return encode_dataset(dataset, RLE)


@pytest.fixture
def study(server: RunningServer) -> str:
    """The path of a study: 8 bits, 12 bits, no pixels, and a damaged frame."""
    files = _file(1, **_GREY), _file(2), _file(3, PixelData=None), _damaged(4)
    for content in files:
        answer = requests.post(
            f"{server.url}/instances", data=content, timeout=SECONDS
        ).json()
    return f"{server.url}/studies/{answer['ParentStudy']}"


def _datasets(content: bytes) -> dict[str, pydicom.Dataset]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {
            name.rpartition("/")[2]: pydicom.dcmread(io.BytesIO(archive.read(name)))
            for name in archive.namelist()
        }


def _syntaxes(content: bytes) -> list[str]:
    found = _datasets(content).values()
    return [str(one.file_meta.TransferSyntaxUID) for one in found]


def test_what_can_have_it_gets_it(study: str) -> None:
    """The rest stays as it is, rather than being left out."""
    for uid, first, second in (
        (_JPEG_LS, _JPEG_LS, _JPEG_LS),
        (JPEG_BASELINE, JPEG_BASELINE, EXPLICIT),
    ):
        answer = requests.get(f"{study}/archive?transcode={uid}", timeout=SECONDS)
        assert answer.status_code == 200
        assert _syntaxes(answer.content) == [first, second, uid, RLE]
        body = {"Transcode": uid}
        posted = requests.post(f"{study}/archive", json=body, timeout=SECONDS)
        assert posted.content == answer.content


def test_files_stay_that_have_it(study: str) -> None:
    """Byte by byte."""
    plain = requests.get(f"{study}/archive", timeout=SECONDS)
    answer = requests.get(f"{study}/archive?transcode={EXPLICIT}", timeout=SECONDS)

    assert _datasets(answer.content) == _datasets(plain.content)


def test_the_quality(study: str) -> None:
    """It may come with the query, or in the body."""
    sizes = []
    for quality in (1, 100):
        url = f"{study}/archive?transcode={JPEG_BASELINE}&lossy-quality={quality}"
        answer = requests.get(url, timeout=SECONDS)
        body = {"Transcode": JPEG_BASELINE, "LossyQuality": quality}
        posted = requests.post(f"{study}/archive", json=body, timeout=SECONDS)
        assert posted.content == answer.content
        image = _datasets(answer.content)["CT000001.dcm"]
        assert f"quality {quality}" in image.DerivationDescription
        sizes.append(len(image.PixelData))
    assert sizes[0] <= sizes[1]


@pytest.mark.parametrize("way", ["at once", "by a job"])
def test_a_dicomdir_describes_what_is_there(study: str, way: str) -> None:
    """The new transfer syntaxes, and the new UIDs of what was compressed with loss."""
    is_job = way == "by a job"
    body = {"Transcode": JPEG_BASELINE, "LossyQuality": 50, "Asynchronous": is_job}
    answer = requests.post(f"{study}/media", json=body, timeout=SECONDS)
    if is_job:
        url = f"{answer.url.partition('/studies')[0]}{answer.json()['Path']}"
        job: dict[str, Any] = {"State": "Running"}
        while job["State"] in {"Pending", "Running"}:
            job = requests.get(url, timeout=SECONDS).json()
        assert job["Content"]["Transcode"] == JPEG_BASELINE
        assert job["Content"]["LossyQuality"] == 50
        answer = requests.get(f"{url}/archive", timeout=SECONDS)
    datasets = _datasets(answer.content)
    directory = datasets.pop("DICOMDIR")
    records = [
        one for one in directory.DirectoryRecordSequence if "ReferencedFileID" in one
    ]

    assert [one.ReferencedFileID[1] for one in records] == list(datasets)
    for record in records:
        meta = datasets[record.ReferencedFileID[1]].file_meta
        uids = (
            record.ReferencedTransferSyntaxUIDInFile,
            record.ReferencedSOPInstanceUIDInFile,
        )
        assert uids == (meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID)
    kinds = [one.DirectoryRecordType for one in directory.DirectoryRecordSequence]
    assert kinds[:3] == ["PATIENT", "STUDY", "SERIES"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"Transcode": "nope"}, (400, 3)),
        ({"Transcode": RLE, "LossyQuality": -1}, (400, 5)),
        ({"Transcode": RLE, "LossyQuality": "x"}, (400, 15)),
        ({"Transcode": "1.2.840.10008.1.2.4.102"}, (500, 2)),
        ({"Transcode": "1.2.840.10008.1.2.4.102", "Asynchronous": True}, (500, 2)),
    ],
)
def test_what_is_wrong_is_refused(
    study: str, body: dict[str, Any], answer: tuple[int, int]
) -> None:
    """Before anything is sent, and before there is a job."""
    refused = requests.post(f"{study}/media", json=body, timeout=SECONDS)

    assert (refused.status_code, refused.json()["OrthancStatus"]) == answer
    query = f"transcode={body['Transcode']}&lossy-quality=x"
    assert requests.get(f"{study}/archive?{query}", timeout=SECONDS).status_code == 400
