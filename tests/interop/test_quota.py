import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from factories import make_instance
from launching import RunningServer

_SECONDS = 30

Launch = Callable[..., RunningServer]


def _post(server: RunningServer, content: bytes) -> requests.Response:
    return requests.post(f"{server.url}/instances", data=content, timeout=_SECONDS)


def _patients(server: RunningServer) -> list[str]:
    answer = requests.get(f"{server.url}/patients?expand", timeout=_SECONDS)
    return sorted(one["MainDicomTags"]["PatientID"] for one in answer.json())


def test_system_shows_the_quota(launch: Launch) -> None:
    """The values of the configuration, under Orthanc's names."""
    options = {
        "MaximumStorageSize": 7,
        "MaximumPatientCount": 8,
        "MaximumStorageMode": "Reject",
    }
    server = launch(**options)

    system = requests.get(f"{server.url}/system", timeout=_SECONDS).json()

    assert {name: system[name] for name in options} == options


@pytest.mark.parametrize("kind", ["file", "archive", "form"])
def test_a_full_server_answers_507(launch: Launch, kind: str) -> None:
    """However instances are uploaded, and with Orthanc's number of the error."""
    server = launch(MaximumPatientCount=1, MaximumStorageMode="Reject")
    assert _post(server, make_instance(0)).status_code == 200
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("one.dcm", make_instance(1))
    url, files = f"{server.url}/instances", {"one": ("1.dcm", make_instance(1))}

    answer = {
        "file": lambda: _post(server, make_instance(1)),
        "archive": lambda: _post(server, target.getvalue()),
        "form": lambda: requests.post(url, files=files, timeout=_SECONDS),
    }[kind]()

    assert answer.status_code == 507
    described = answer.json()
    assert described.pop("Details")
    assert described == {
        "HttpError": "Insufficient Storage",
        "HttpStatus": 507,
        "Message": "The file storage is full",
        "Method": "POST",
        "OrthancError": "The file storage is full",
        "OrthancStatus": 19,
        "Uri": "/instances",
    }
    assert _patients(server) == ["SYN0"]


def test_a_full_server_refuses_c_store(
    launch: Launch, dcmtk: Callable[[str], str], tmp_path: Path
) -> None:
    """With Out of Resources, A700H (PS3.4 Table B.2-1)."""
    server = launch(MaximumPatientCount=1, MaximumStorageMode="Reject")
    _post(server, make_instance(0))
    path = tmp_path / "one.dcm"
    path.write_bytes(make_instance(1))
    command = [dcmtk("storescu"), "-d", "127.0.0.1", str(server.dicom_port), str(path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "0xa700" in (done.stdout + done.stderr).lower()
    assert _patients(server) == ["SYN0"]


def test_a_full_server_refuses_attachments(launch: Launch) -> None:
    """They count too."""
    server = launch(MaximumStorageSize=1, MaximumStorageMode="Reject")
    patient = _post(server, make_instance(0)).json()["ParentPatient"]
    url = f"{server.url}/patients/{patient}/attachments/1024"

    put = [
        requests.put(url, data=bytes(size), timeout=_SECONDS).status_code
        for size in (900_000, 1_048_576, 1_000_000)
    ]

    assert put == [200, 507, 200]


def test_recycling(launch: Launch) -> None:
    """The patient that did not grow for the longest time makes room."""
    server = launch(MaximumPatientCount=2)
    contents = (make_instance(0), make_instance(1), make_instance(0, number=2))
    for content in (*contents, make_instance(2)):
        assert _post(server, content).status_code == 200

    assert _patients(server) == ["SYN0", "SYN2"]
