"""Archives and media by HTTP: parts, tags, names, other programs that read them."""

import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from exchange import settled_jobs
from factories import make_instance, make_study
from launching import RunningServer

_SECONDS = 30


def _store(server: RunningServer, *files: bytes) -> dict[str, str]:
    answer: dict[str, str] = {}
    for content in files:
        answer = requests.post(
            f"{server.url}/instances", data=content, timeout=_SECONDS
        ).json()
    return answer


def _get(server: RunningServer, path: str, **headers: str) -> requests.Response:
    return requests.get(server.url + path, headers=headers, timeout=_SECONDS)


def _post(server: RunningServer, path: str, body: Any) -> requests.Response:
    return requests.post(server.url + path, json=body, timeout=_SECONDS)


def _names(response: requests.Response) -> list[str]:
    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.mark.parametrize("kind", ["archive", "media", "archive?compression=deflate"])
def test_other_programs_read_archives(
    server: RunningServer, tmp_path: Path, kind: str
) -> None:
    """``unzip`` and ``7z`` find nothing to complain about."""
    stored = _store(server, *make_study(501, StudyDescription="Schädel"))
    path = tmp_path / "archive.zip"
    path.write_bytes(_get(server, f"/studies/{stored['ParentStudy']}/{kind}").content)

    for command in (["unzip", "-t"], ["7z", "t"]):
        subprocess.run([*command, str(path)], check=True, capture_output=True)


def test_the_directory_of_media_is_read_by_dcmtk(
    server: RunningServer, tmp_path: Path, dcmtk: Any
) -> None:
    """``dcmdump`` reads the DICOMDIR, and each file that it names is there."""
    stored = _store(server, *make_study(502))
    response = _get(server, f"/studies/{stored['ParentStudy']}/media")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        archive.extractall(tmp_path)
    command = [dcmtk("dcmdump"), "+E", "+P", "0004,1500", str(tmp_path / "DICOMDIR")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    named = [line.split("[")[1].split("]")[0] for line in done.stdout.splitlines()]

    assert len(named) == 6
    assert not done.stderr
    for name in named:
        assert (tmp_path / name.replace("\\", "/")).is_file()


def test_an_archive_says_its_size_first(server: RunningServer) -> None:
    """HEAD tells size and tag; with the tag, nothing is sent again."""
    stored = _store(server, *make_study(503))
    path = f"/patients/{stored['ParentPatient']}/archive"
    head = requests.head(server.url + path, timeout=_SECONDS)
    whole = _get(server, path)
    again = _get(server, path, **{"If-None-Match": whole.headers["ETag"]})

    assert head.status_code == 200
    assert int(head.headers["Content-Length"]) == len(whole.content)
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert again.status_code == 304


def test_a_change_makes_a_download_start_anew(server: RunningServer) -> None:
    """A part of another archive is never sent in the middle of one."""
    stored = _store(server, *make_study(504))
    path = f"/patients/{stored['ParentPatient']}/archive"
    tag = _get(server, path).headers["ETag"]
    asked = {"Range": "bytes=100-199", "If-Range": tag}
    before = _get(server, path, **asked)
    _store(server, make_instance(504, number=77))
    after = _get(server, path, **asked)

    assert (before.status_code, len(before.content)) == (206, 100)
    assert after.status_code == 200
    assert len(_names(after)) == 7


def test_a_range_behind_the_end_is_refused(server: RunningServer) -> None:
    """There is nothing to resume behind the last byte."""
    stored = _store(server, make_instance(505))
    path = f"/series/{stored['ParentSeries']}/archive"

    assert _get(server, path, Range="bytes=1000000-").status_code == 416


def test_a_deflated_archive_is_sent_as_it_is_made(server: RunningServer) -> None:
    """Its size is not known before, and it is smaller."""
    stored = _store(server, *make_study(508, PatientComments="long " * 2000))
    path = f"/studies/{stored['ParentStudy']}/archive"
    kept = _get(server, path)
    deflated = _get(server, f"{path}?compression=deflate")

    assert "Content-Length" not in deflated.headers
    assert _names(deflated) == _names(kept)
    assert len(deflated.content) < len(kept.content) // 2


def test_options_choose_how_archives_are(launch: Any) -> None:
    """ZipUseUtf8 keeps letters, and ZipCompression deflates; a request may differ."""
    server = launch(ZipUseUtf8=True, ZipCompression="Deflate")
    stored = _store(server, make_instance(509, PatientName="Müller"))
    path = f"/studies/{stored['ParentStudy']}/archive"
    by_default, kept = _get(server, path), _get(server, f"{path}?compression=store")

    assert "Content-Length" not in by_default.headers
    assert "Content-Length" in kept.headers
    assert "Müller" in _names(by_default)[0]
    assert "Mller" in _names(_post(server, path, {"Utf8": False}))[0]


_STUDY = "/studies/{study}/archive"
_MEDIA = "/studies/{study}/media"
_LISTED = "/tools/create-archive"
_KNOWN = "1.2.840.10008.1.2.4.70"


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        (_STUDY, b"", (400, 15)),
        (_STUDY, b"{", (400, 15)),
        (_STUDY, b'{"Asynchronous": "x"}', (400, 15)),
        (_STUDY, b'{"Synchronous": 1}', (400, 15)),
        (_STUDY, b'{"Asynchronous": true, "Priority": "x"}', (400, 15)),
        (_STUDY, b'{"Asynchronous": true, "Priority": 2.5}', (400, 15)),
        (_STUDY, b'{"Priority": "x"}', (400, 15)),
        (_STUDY, b'{"Utf8": "x"}', (400, 15)),
        (_STUDY, b'{"Transcode": 3}', (400, 15)),
        (_STUDY, b'{"Transcode": "nope"}', (400, 3)),
        (
            _STUDY,
            f'{{"Transcode": "{_KNOWN}", "LossyQuality": "x"}}'.encode(),
            (400, 15),
        ),
        (_STUDY + "?compression=best", b"{}", (400, 3)),
        (_MEDIA, b'{"Extended": "x"}', (400, 15)),
        ("/studies/nope/archive", b'{"Asynchronous": true}', (404, 7)),
        ("/studies/nope/media", b"{}", (404, 7)),
        (_LISTED, b"", (400, 15)),
        (_LISTED, b"3", (400, 15)),
        (_LISTED, b"{}", (400, 15)),
        (_LISTED, b'{"Resources": "x"}', (400, 15)),
        (_LISTED, b'{"Resources": [3]}', (400, 15)),
        (_LISTED, b'{"Asynchronous": true, "Resources": ["nope"]}', (404, 17)),
        (_LISTED, b'["nope"]', (404, 17)),
    ],
)
def test_what_archives_cannot_be_is_refused(
    server: RunningServer, path: str, body: bytes, answer: tuple[int, int]
) -> None:
    """The caller learns what is wrong, with the status of Orthanc; no job is made."""
    stored = _store(server, make_instance(510))
    jobs = settled_jobs(server.url)
    url = server.url + path.format(study=stored["ParentStudy"])
    refused = requests.post(url, data=body, timeout=_SECONDS)

    assert (refused.status_code, refused.json()["OrthancStatus"]) == answer
    assert _get(server, "/jobs").json() == jobs


@pytest.mark.parametrize(
    "query",
    ["archive?transcode=nope", "media?transcode=", "archive?compression=best"],
)
def test_arguments_that_are_wrong_are_refused(
    server: RunningServer, query: str
) -> None:
    """A GET is checked like a POST."""
    stored = _store(server, make_instance(510))

    assert _get(server, f"/studies/{stored['ParentStudy']}/{query}").status_code == 400
    assert _get(server, "/tools/create-media").status_code == 400


@pytest.mark.parametrize(
    "body", ["[]", "3", '["a"]', '{"Filename": 3}', '{"LossyQuality": 400}']
)
def test_what_says_nothing_about_an_archive_is_overlooked(
    server: RunningServer, body: str
) -> None:
    """As Orthanc does it."""
    stored = _store(server, make_instance(510))
    url = f"{server.url}/studies/{stored['ParentStudy']}/archive"
    found = requests.post(url, data=body, timeout=_SECONDS)

    assert len(_names(found)) == 1
    name = f'filename="{stored["ParentStudy"]}.zip"'
    assert found.headers["Content-Disposition"] == name


def test_an_archive_can_be_made_before_it_is_sent(launch: Any) -> None:
    """SynchronousZipStream off: the size of what is deflated is known."""
    server = launch(SynchronousZipStream=False)
    stored = _store(server, *make_study(512))
    path = f"/studies/{stored['ParentStudy']}/media"
    deflated = _get(server, f"{path}?compression=deflate")
    (job,) = _get(server, "/jobs?expand").json()
    head = requests.head(f"{server.url}{path}?compression=deflate", timeout=_SECONDS)

    assert int(deflated.headers["Content-Length"]) == len(deflated.content)
    assert _names(deflated) == _names(_get(server, path))
    assert (job["State"], job["Type"]) == ("Success", "Media")
    assert job["Content"]["ArchiveSize"] == str(len(deflated.content))
    assert head.status_code == 200


def test_what_cannot_be_made_is_an_error(launch: Any) -> None:
    """A file that is gone does not cut the answer off, if that can be helped."""
    server = launch(SynchronousZipStream=False)
    stored = _store(server, *make_study(513))
    url = f"{server.url}/instances/{stored['ID']}"
    (file,) = server.storage.rglob(
        requests.get(url, timeout=_SECONDS).json()["FileUuid"]
    )
    file.unlink()
    path = f"/studies/{stored['ParentStudy']}/archive?compression=deflate"
    answer = _get(server, path)
    (job,) = _get(server, "/jobs?expand").json()

    assert answer.status_code == 500
    assert (job["State"], job["ErrorCode"]) == (
        "Failure",
        answer.json()["OrthancStatus"],
    )
