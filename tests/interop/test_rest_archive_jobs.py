"""Archives that jobs make: the session of the Orthanc Book, parts, restarts."""

import io
import json
import subprocess
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from exchange import settled_jobs
from factories import make_instance, make_sized_instance, make_study
from launching import OBELISK, RunningServer, start_server

_SECONDS = 30
_PART = {"Range": "bytes=0-9"}


def _store(server: RunningServer, *files: bytes) -> dict[str, str]:
    answer: dict[str, str] = {}
    for content in files:
        answer = requests.post(
            f"{server.url}/instances", data=content, timeout=_SECONDS
        ).json()
    return answer


def _get(server: RunningServer, path: str, **headers: str) -> requests.Response:
    return requests.get(server.url + path, headers=headers, timeout=_SECONDS)


def _make(server: RunningServer, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Let a job make an archive, and poll until it did; return the job."""
    url, body = server.url + path, {"Asynchronous": True, **body}
    submitted = requests.post(url, json=body, timeout=_SECONDS)
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["Path"] == f"/jobs/{submitted.json()['ID']}"
    pause = threading.Event()
    for _ in range(600):
        job: dict[str, Any] = _get(server, submitted.json()["Path"]).json()
        if job["State"] in {"Success", "Failure"}:
            break
        pause.wait(0.05)
    assert job["State"] == "Success", job
    return job


@pytest.mark.parametrize(("kind", "name"), [("archive", "Archive"), ("media", "Media")])
def test_a_job_makes_an_archive(server: RunningServer, kind: str, name: str) -> None:
    """POST, poll and fetch: the archive is that of a synchronous call."""
    files = make_study(601)
    stored = _store(server, *files)
    path = f"/studies/{stored['ParentStudy']}/{kind}"
    job = _make(server, path, {"UserData": {"of": "mine"}})
    output = f"/jobs/{job['ID']}/archive"
    kept = _get(server, output)

    assert kept.content == _get(server, path).content
    assert kept.headers["Content-Type"] == "application/zip"
    expected = f'filename="{stored["ParentStudy"]}.zip"'
    assert kept.headers["Content-Disposition"] == expected
    assert (job["Type"], job["UserData"]) == (name, {"of": "mine"})
    assert job["Content"] == {
        "ArchiveSize": str(len(kept.content)),
        "ArchiveSizeMB": 0,
        "Description": "REST API",
        "InstancesCount": len(files),
        "UncompressedSize": str(sum(map(len, files))),
        "UncompressedSizeMB": 0,
        "Utf8": False,
    }


def test_the_session_of_the_book(server: RunningServer, tmp_path: Path) -> None:
    """Submit, poll, download, list: each by another program."""
    stored = _store(server, *make_study(605))

    def curl(path: str, *arguments: str) -> bytes:
        command = ["curl", "--silent", "--fail", *arguments, server.url + path]
        return subprocess.run(command, check=True, capture_output=True).stdout

    study = f"/studies/{stored['ParentStudy']}/archive"
    job = json.loads(curl(study, "-d", '{"Asynchronous":true}'))
    pause = threading.Event()
    for _ in range(600):
        state = json.loads(curl(job["Path"]))["State"]
        if state == "Success":
            break
        pause.wait(0.05)
    path = tmp_path / "a.zip"
    curl(f"{job['Path']}/archive", "-o", str(path))
    listed = subprocess.run(["unzip", "-l", path], check=True, capture_output=True)

    assert state == "Success"
    assert b" 6 files" in listed.stdout
    subprocess.run(["unzip", "-tq", path], check=True, capture_output=True)
    subprocess.run(["7z", "t", path], check=True, capture_output=True)


def test_an_archive_outlives_its_study(server: RunningServer) -> None:
    """To archive, then delete, then fetch, loses nothing."""
    stored = _store(server, *make_study(606))
    path = f"/studies/{stored['ParentStudy']}"
    whole = _get(server, f"{path}/archive").content
    job = _make(server, f"{path}/archive", {})
    requests.delete(server.url + path, timeout=_SECONDS)

    assert _get(server, f"{path}/archive").status_code == 404
    assert _get(server, f"/jobs/{job['ID']}/archive").content == whole


def test_a_job_deflates(server: RunningServer) -> None:
    """If it is told to; of that archive, too, any part can be fetched."""
    stored = _store(server, *make_study(607))
    path = f"/studies/{stored['ParentStudy']}/media?compression=deflate"
    output = f"/jobs/{_make(server, path, {})['ID']}/archive"
    kept, part = _get(server, output), _get(server, output, Range="bytes=10-19")

    assert kept.content == _get(server, path).content
    assert (part.status_code, part.content) == (206, kept.content[10:20])
    assert kept.headers["Content-Type"] == "application/zip"


def _streams(server: RunningServer, user_data: str) -> list[dict[str, Any]]:
    jobs = _get(server, "/jobs?expand").json()
    return [job for job in jobs if job.get("UserData") == user_data]


def _ended(server: RunningServer, user_data: str) -> dict[str, Any]:
    """Poll until a stream has ended; return its job."""
    pause = threading.Event()
    for _ in range(400):
        (job,) = _streams(server, user_data)
        if job["State"] in {"Success", "Failure"}:
            break
        pause.wait(0.05)
    return job


@pytest.mark.parametrize("compression", ["store", "deflate"])
def test_a_job_shows_what_is_sent(server: RunningServer, compression: str) -> None:
    """As long as a client is given an archive, and when it was."""
    files = [make_sized_instance(608, 2_000_000, number=n) for n in range(1, 21)]
    stored = _store(server, *files)
    data = f"sent {compression}"
    body = {"UserData": data, "Priority": 4}
    url = f"{server.url}/studies/{stored['ParentStudy']}/archive"
    url = f"{url}?compression={compression}"
    with requests.post(url, json=body, timeout=_SECONDS, stream=True) as answer:
        chunks = answer.iter_content(65_536)
        first = len(next(chunks))
        (during,) = _streams(server, data)
        size = first + sum(map(len, chunks))
    after = _ended(server, data)

    assert (during["State"], during["Type"]) == ("Running", "Archive")
    assert during["Content"]["ArchiveSize"] == "0"
    assert during["Content"]["InstancesCount"] == 20
    assert during["Content"]["UncompressedSize"] == str(sum(map(len, files)))
    assert (after["State"], after["Progress"], after["Priority"]) == ("Success", 100, 4)
    assert after["Content"]["ArchiveSize"] == str(size)
    assert _get(server, f"/jobs/{after['ID']}/archive").status_code == 404


def _begin_download(server: RunningServer, number: int, data: str) -> requests.Response:
    """Begin to download an archive that does not fit into the buffers on the way."""
    files = [make_sized_instance(number, 3_000_000, number=n) for n in range(1, 21)]
    stored = _store(server, *files)
    url = f"{server.url}/studies/{stored['ParentStudy']}/archive"
    body = {"UserData": data}
    answer = requests.post(url, json=body, timeout=_SECONDS, stream=True)
    assert answer.raw.read(1000)
    return answer


def test_a_client_that_leaves_ends_the_job(server: RunningServer) -> None:
    """With the error of Orthanc."""
    _begin_download(server, 609, "left").close()
    job = _ended(server, "left")

    assert (job["State"], job["ErrorCode"]) == ("Failure", 14)
    assert job["Progress"] < 100


def test_an_archive_that_failed_is_made_again(server: RunningServer) -> None:
    """In the background then: whoever resubmits its job finds it as the output."""
    answer = _begin_download(server, 613, "again")
    whole = _get(server, answer.request.path_url)
    answer.close()
    path = f"/jobs/{_ended(server, 'again')['ID']}"
    resubmitted = requests.post(f"{server.url}{path}/resubmit", timeout=_SECONDS)
    job = _ended(server, "again")

    assert resubmitted.status_code == 200
    assert (job["State"], job["Progress"]) == ("Success", 100)
    assert _get(server, f"{path}/archive").content == whole.content


def test_a_job_that_is_cancelled_truncates_the_archive(server: RunningServer) -> None:
    """The client notices, as it knows how much was to come."""
    answer = _begin_download(server, 610, "cancelled")
    (job,) = _streams(server, "cancelled")
    url = f"{server.url}/jobs/{job['ID']}/cancel"
    assert requests.post(url, timeout=_SECONDS).status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        list(answer.iter_content(65_536))
    job = _ended(server, "cancelled")

    assert "An answer is cut off: JobCanceledError" in server.log.read_text()
    assert (job["State"], job["ErrorCode"]) == ("Failure", 37)


def test_a_job_that_is_paused_holds_the_archive(server: RunningServer) -> None:
    """The client gets the rest once the job is resumed."""
    answer = _begin_download(server, 612, "held")
    (job,) = _streams(server, "held")
    path = f"{server.url}/jobs/{job['ID']}"
    assert requests.post(f"{path}/pause", timeout=_SECONDS).status_code == 200
    got: list[int] = []
    reader = threading.Thread(
        target=lambda: got.extend(map(len, answer.iter_content(65_536)))
    )
    reader.start()
    pause = threading.Event()
    for _ in range(400):
        if _streams(server, "held")[0]["State"] == "Paused":
            break
        pause.wait(0.05)
    before = _streams(server, "held")[0]
    assert requests.post(f"{path}/resume", timeout=_SECONDS).status_code == 200
    reader.join(_SECONDS)
    after = _ended(server, "held")

    assert (before["State"], before["Progress"] < 100) == ("Paused", True)
    assert (after["State"], after["ErrorCode"]) == ("Success", 0)
    assert sum(got) + 1000 == int(after["Content"]["ArchiveSize"])


def test_parts_are_no_jobs(server: RunningServer) -> None:
    """Nor are requests that only look."""
    stored = _store(server, make_instance(611))
    path = f"/studies/{stored['ParentStudy']}/archive"
    before = settled_jobs(server.url)
    head = requests.head(server.url + path, timeout=_SECONDS)
    tag = {"If-None-Match": head.headers["ETag"]}
    statuses = [_get(server, path, **one).status_code for one in (tag, _PART)]

    assert statuses == [304, 206]
    assert _get(server, "/jobs").json() == before


def test_an_archive_of_nothing_is_made(server: RunningServer) -> None:
    """As Orthanc makes one."""
    job = _make(server, "/tools/create-archive", {"Resources": []})

    assert job["Content"]["InstancesCount"] == 0
    assert len(_get(server, f"/jobs/{job['ID']}/archive").content) == 22


def test_an_output_can_be_deleted(server: RunningServer) -> None:
    """The output is gone then; the job stays."""
    stored = _store(server, *make_study(602))
    body = {"Resources": [stored["ParentStudy"]], "Filename": "mine.zip"}
    job = _make(server, "/tools/create-archive", body)
    output = f"/jobs/{job['ID']}/archive"
    kept = _get(server, output)
    statuses = [
        requests.delete(server.url + output, timeout=_SECONDS).status_code,
        _get(server, output).status_code,
        _get(server, f"/jobs/{job['ID']}").status_code,
    ]

    assert kept.headers["Content-Disposition"] == 'filename="mine.zip"'
    assert statuses == [200, 404, 200]


def test_only_some_archives_are_kept(launch: Any) -> None:
    """MediaArchiveSize says how many; what was fetched last stays."""
    server = launch(MediaArchiveSize=2)
    stored = _store(server, make_instance(603))
    path = f"/studies/{stored['ParentStudy']}/archive"
    jobs = [_make(server, path, {})["ID"] for _ in range(2)]
    assert _get(server, f"/jobs/{jobs[0]}/archive").status_code == 200
    jobs.append(_make(server, path, {})["ID"])
    statuses = [_get(server, f"/jobs/{id_}/archive").status_code for id_ in jobs]

    assert statuses == [200, 404, 200]


def test_an_archive_outlives_a_crash(tmp_path: Path) -> None:
    """Parts from before and after a kill -9 make one archive, whatever came since."""
    server = start_server(OBELISK, tmp_path)
    try:
        files = [make_sized_instance(604, 100_000, number=n) for n in range(1, 11)]
        stored = _store(server, *files)
        job = _make(server, f"/studies/{stored['ParentStudy']}/media", {})
        output = f"/jobs/{job['ID']}/archive"
        first = _get(server, output, Range="bytes=0-499999")
        _store(server, make_instance(604, number=77))
        server.kill()
        server = start_server(OBELISK, tmp_path)
        asked = {"Range": "bytes=500000-", "If-Range": first.headers["ETag"]}
        second = _get(server, output, **asked)
    finally:
        server.kill()

    assert (first.status_code, second.status_code) == (206, 206)
    with zipfile.ZipFile(io.BytesIO(first.content + second.content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 11


def test_what_is_not_there_is_refused_before_a_job(server: RunningServer) -> None:
    """An unknown resource is not found at once."""
    url = f"{server.url}/studies/nope/archive"
    answer = requests.post(url, json={"Asynchronous": True}, timeout=_SECONDS)

    assert answer.status_code == 404
