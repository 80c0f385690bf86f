"""New instances that jobs make."""

import base64
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from http_peer import SECONDS
from launching import (
    OBELISK,
    RunningServer,
    running_server,
    start_server,
    wait_until,
)
from obelisk.app.node import INDEX_NAME

_PDF = b"%PDF-1.4\n%%EOF\n"
_URI = "data:application/pdf;base64," + base64.b64encode(_PDF).decode()
_ENDED = {"Success", "Failure"}


def _post(
    server: RunningServer, headers: dict[str, str] | None = None, **body: Any
) -> requests.Response:
    order = {"Tags": {"PatientID": "job"}} | body
    url = f"{server.url}/tools/create-dicom"
    return requests.post(url, json=order, headers=headers, timeout=SECONDS)


def _get(server: RunningServer, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=SECONDS)


def _end(server: RunningServer, id_: str) -> dict[str, Any]:
    """Wait for the end of a job; return its JSON."""
    deadline, pause = time.monotonic() + 60, threading.Event()
    while time.monotonic() < deadline:
        job: dict[str, Any] = _get(server, f"/jobs/{id_}").json()
        if job["State"] in _ENDED:
            return job
        pause.wait(0.05)
    raise AssertionError(job)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server whose files nobody else has removed."""
    folder = tmp_path_factory.mktemp("creation")
    with running_server(OBELISK, folder) as running:
        yield running


def _files(server: RunningServer) -> list[Path]:
    """Return all files, once those are gone of which jobs have said that they may."""
    address = f"file:{server.storage / INDEX_NAME}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as index:
        query = "SELECT COUNT(*) FROM removal"
        wait_until(lambda: index.execute(query).fetchone() == (0,))
    return [one for one in server.storage.rglob("*-*-*-*-*") if one.is_file()]


def test_a_job(launch: Callable[..., RunningServer]) -> None:
    """It makes what the request would have made, and its file goes."""
    server = launch()
    id_ = _post(server, Content=_URI, Asynchronous=True).json()["ID"]
    job = _end(server, id_)

    assert (job["State"], job["Type"]) == ("Success", "InstanceCreation")
    assert job["Content"]["InstancesCount"] == 1
    assert _get(server, job["Content"]["Path"] + "/pdf").content == _PDF
    assert len(_files(server)) == 1


def test_a_form(server: RunningServer) -> None:
    """Its fields can be options of jobs, its files are contents."""
    answer = requests.post(
        f"{server.url}/tools/create-dicom",
        data={"Asynchronous": "true", "Priority": "3"},
        files=[("Content", ("a.pdf", _PDF)), ("Content", ("b.pdf", _PDF))],
        timeout=SECONDS,
    )
    job = _end(server, answer.json()["ID"])

    assert (job["Priority"], job["Content"]["InstancesCount"]) == (3, 2)
    series = _get(server, job["Content"]["Path"]).json()
    assert len(series["Instances"]) == 2


def test_prefer(server: RunningServer) -> None:
    """A client that waits for its job gets the answer of a call without job."""
    plain = _post(server).json()
    waited = _post(server, headers={"Prefer": "wait=30"}).json()
    accepted = _post(server, headers={"Prefer": "respond-async"})

    assert plain.keys() == waited.keys()
    assert _get(server, waited["Path"]).status_code == 200
    assert accepted.status_code == 202
    assert _end(server, accepted.json()["ID"])["State"] == "Success"


def test_a_request_that_comes_again(server: RunningServer) -> None:
    """By its key it makes one job and one instance; another one is refused."""
    headers = {"Idempotency-Key": "create-once"}
    first, again = (_post(server, headers, Content=_URI).json() for _ in range(2))
    files = len(_files(server))
    other = _post(server, headers, Content=_URI, Tags={"PatientID": "other"})

    assert first == again
    assert other.status_code == 409
    assert len(_files(server)) == files


@pytest.mark.parametrize(
    "body",
    [
        {"Tags": {"PatientBirthDate": "hello"}},
        {"Parent": "nope"},
        {"Content": "hello"},
        {"Content": [{"Content": _URI, "Tags": {"Nope": "x"}}]},
        {"Priority": "x"},
    ],
)
def test_bad_orders(server: RunningServer, body: dict[str, Any]) -> None:
    """What is wrong at first sight is refused at once."""
    files = len(_files(server))
    response = _post(server, Asynchronous=True, **body)

    assert response.status_code == 400
    assert len(_files(server)) == files


def test_a_bad_content(server: RunningServer) -> None:
    """The job fails and says why, each time; a series stays away as a whole."""
    bad = "data:application/pdf;base64,YWJj"
    before = len(_get(server, "/instances").json())
    id_ = _post(server, Content=[_URI, bad], Asynchronous=True).json()["ID"]
    job = _end(server, id_)

    assert (job["State"], job["ErrorCode"]) == ("Failure", 15)
    assert "PDF" in job["ErrorDetails"]
    requests.post(f"{server.url}/jobs/{id_}/resubmit", timeout=SECONDS)
    assert _end(server, id_)["ErrorDetails"] == job["ErrorDetails"]
    assert len(_get(server, "/instances").json()) == before


def test_a_kill(tmp_path: Path) -> None:
    """The order survives it, and each instance is made once."""
    server = start_server(OBELISK, tmp_path, ConcurrentJobs=1)
    try:
        contents = [_URI] * 40
        jobs = [
            _post(server, Content=contents, Asynchronous=True).json()["ID"]
            for _ in range(3)
        ]
        server.kill()
        server = start_server(OBELISK, tmp_path, ConcurrentJobs=1)

        ended = [_end(server, one) for one in jobs]
        assert [one["State"] for one in ended] == ["Success"] * 3
        assert len(_get(server, "/instances").json()) == 120
        assert len(_get(server, "/series").json()) == 3
        assert len(_files(server)) == 120
        numbers = {
            json.dumps(_get(server, f"/series/{one}/ordered-slices").json())
            for one in _get(server, "/series").json()
        }
        assert len(numbers) == 3
    finally:
        server.kill()
