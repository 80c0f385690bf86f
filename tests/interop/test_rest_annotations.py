from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from factories import make_instance
from launching import OBELISK, RunningServer, running_server

_SECONDS = 30
_NAMES = {
    "UserMetadata": {"Mine": 1024},
    "UserContentType": {"note": [1024, "text/plain"], "blob": 1025},
}
_LEVELS = {
    "patients": "ParentPatient",
    "studies": "ParentStudy",
    "series": "ParentSeries",
    "instances": "ID",
}


def _call(
    server: RunningServer, method: str, path: str, **options: Any
) -> requests.Response:
    return requests.request(method, server.url + path, timeout=_SECONDS, **options)


def _stored(server: RunningServer, seed: int) -> dict[str, str]:
    """Store an instance; return the path of each level's resource."""
    body = make_instance(seed, study=seed)
    answer = _call(server, "POST", "/instances", data=body).json()
    return {plural: f"/{plural}/{answer[key]}" for plural, key in _LEVELS.items()}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server with names for metadata and content types."""
    with running_server(OBELISK, tmp_path_factory.mktemp("named"), **_NAMES) as server:
        yield server


def test_metadata(named: RunningServer) -> None:
    """At all levels, users have theirs beside those of the server."""
    for path in _stored(named, 1).values():
        put = _call(named, "PUT", f"{path}/metadata/Mine", data="x")
        got = _call(named, "GET", f"{path}/metadata/1024")
        assert (put.status_code, put.text) == (200, "")
        assert (got.text, got.headers["Content-Type"]) == ("x", "text/plain")
        assert got.headers["ETag"] == '"0-9dd4e461268c8034f5c8564e155c67a6"'
        listed = _call(named, "GET", f"{path}/metadata").json()
        assert listed[-2:] == ["MainDicomTagsSignature", "Mine"]
        numbers = _call(named, "GET", f"{path}/metadata?numeric&expand").json()
        assert numbers["1024"] == "x"
        assert _call(named, "DELETE", f"{path}/metadata/Mine").status_code == 200
        assert _call(named, "DELETE", f"{path}/metadata/Mine").status_code == 404


def test_refused_metadata(named: RunningServer) -> None:
    """What belongs to the server, and names that stand for nothing."""
    path = _stored(named, 2)["studies"]

    def status(method: str, name: str) -> tuple[int, bool]:
        answer = _call(named, method, f"{path}/metadata/{name}", data="x")
        return answer.status_code, bool(answer.content)

    assert status("PUT", "LastUpdate") == status("DELETE", "7") == (403, False)
    assert status("PUT", "1023") == status("PUT", "65536") == (403, False)
    assert status("GET", "Other") == status("PUT", "Other") == (404, True)
    assert status("GET", "Mine") == status("GET", "IndexInSeries") == (404, False)


def test_attachments(named: RunningServer) -> None:
    """At all levels, users can attach files and get them back."""
    for path in _stored(named, 3).values():
        where = f"{path}/attachments/note"
        put = _call(named, "PUT", where, data=b"some text")
        got = _call(named, "GET", f"{where}/data")
        part = _call(named, "GET", f"{where}/data", headers={"Range": "bytes=5-"})
        assert (put.json(), put.headers["Content-Type"]) == ({}, "application/json")
        assert (got.content, got.headers["Content-Type"]) == (
            b"some text",
            "text/plain",
        )
        assert (part.status_code, part.content) == (206, b"text")
        assert part.headers["Content-Type"] == "application/octet-stream"
        full = _call(named, "GET", f"{path}/attachments?full").json()
        assert full["note"] == 1024
        named_file = _call(named, "GET", f"{where}/data?filename=a.txt").headers
        assert named_file["Content-Disposition"] == 'filename="a.txt"'
        assert "verify-md5" in _call(named, "GET", where).json()
        assert _call(named, "DELETE", where).status_code == 200
        assert _call(named, "GET", f"{where}/data").status_code == 404


@pytest.mark.parametrize(
    ("asked", "part"),
    [("-3", b"some"), ("-0", b"s"), ("-", b"some text"), ("-99", b"some text")],
)
def test_part_of_an_attachment_without_a_start(
    named: RunningServer, asked: str, part: bytes
) -> None:
    """It begins at the first byte, as with Orthanc."""
    where = f"{_stored(named, 11)['series']}/attachments/note"
    _call(named, "PUT", where, data=b"some text")

    answer = _call(named, "GET", f"{where}/data", headers={"Range": f"bytes={asked}"})

    assert (answer.status_code, answer.content) == (206, part)
    assert answer.headers["Content-Range"] == f"bytes 0-{len(part) - 1}/9"


def test_attachments_without_sums(tmp_path: Path) -> None:
    """What needs a sum is not offered, and not found."""
    with running_server(OBELISK, tmp_path, StoreMD5ForAttachments=False) as server:
        where = f"{_stored(server, 12)['instances']}/attachments/dicom"
        offered = _call(server, "GET", where).json()
        sums = [name for name in offered if "md5" in name]
        assert (len(offered), sums) == (8, [])
        assert _call(server, "GET", f"{where}/md5").status_code == 404
        assert _call(server, "POST", f"{where}/verify-md5").status_code == 400


def test_compression_of_a_dicom_file(named: RunningServer) -> None:
    """The file stays the same for those who read it; the sizes tell."""
    path = _stored(named, 4)["instances"]
    where = f"{path}/attachments/dicom"
    content = _call(named, "GET", f"{path}/file").content

    assert _call(named, "POST", f"{where}/compress").json() == {}
    info = _call(named, "GET", f"{where}/info").json()
    stored = _call(named, "GET", f"{where}/compressed-data").content
    sizes = _call(named, "GET", f"{path}/statistics").json()

    assert _call(named, "GET", f"{where}/is-compressed").text == "1"
    assert len(stored) == info["CompressedSize"] == int(sizes["DicomDiskSize"])
    assert info["UncompressedSize"] == len(content)
    assert _call(named, "GET", f"{where}/data").content == content
    assert _call(named, "POST", f"{where}/verify-md5").status_code == 200
    _call(named, "POST", f"{where}/uncompress")
    assert _call(named, "GET", f"{where}/is-compressed").text == "0"
    assert _call(named, "GET", f"{where}/compressed-size").text == str(len(content))
    for method in ("PUT", "DELETE"):
        assert _call(named, method, where, data=b"x").status_code == 403


def test_statistics_tell_dicom_from_the_rest(named: RunningServer) -> None:
    """What users attach counts for the disk, not for the DICOM files."""
    paths = _stored(named, 5)
    size = len(_call(named, "GET", f"{paths['instances']}/file").content)
    before = _call(named, "GET", "/statistics").json()
    _call(named, "PUT", f"{paths['series']}/attachments/blob", data=b"x" * 100)

    sizes = {
        plural: _call(named, "GET", f"{path}/statistics").json()
        for plural, path in paths.items()
    }

    for plural, expected in [("patients", 100), ("series", 100), ("instances", 0)]:
        assert sizes[plural]["DiskSize"] == str(size + expected)
        assert sizes[plural]["DicomDiskSize"] == str(size)
    total = _call(named, "GET", "/statistics").json()
    assert int(total["TotalDiskSize"]) == int(before["TotalDiskSize"]) + 100


def test_labels(named: RunningServer) -> None:
    """They are seen in the resource, and go with it."""
    path = _stored(named, 6)["studies"]
    for label in ("b", "a"):
        answer = _call(named, "PUT", f"{path}/labels/{label}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            200,
            "text/plain",
        )

    assert _call(named, "GET", f"{path}/labels").json() == ["a", "b"]
    assert _call(named, "GET", path).json()["Labels"] == ["a", "b"]
    assert _call(named, "GET", f"{path}/labels/a").status_code == 200
    assert _call(named, "GET", f"{path}/labels/c").status_code == 404
    assert _call(named, "PUT", f"{path}/labels/a.b").status_code == 400
    assert _call(named, "DELETE", f"{path}/labels/a").status_code == 200
    assert _call(named, "GET", "/tools/labels").json()[:1] == ["b"]
    _call(named, "DELETE", path)
    assert "b" not in _call(named, "GET", "/tools/labels").json()


def test_lists_show_what_users_attached(named: RunningServer) -> None:
    """Metadata, attachments and labels, where the client asks for them."""
    for path in _stored(named, 10).values():
        _, plural, id_ = path.split("/")
        _call(named, "PUT", f"{path}/metadata/Mine", data="x")
        _call(named, "PUT", f"{path}/attachments/note", data="x")
        _call(named, "PUT", f"{path}/labels/z")
        metadata = _call(named, "GET", f"{path}/metadata?expand").json()
        words = ["Attachments", "Labels", "Metadata"]
        query = {"Level": plural, "Query": {}, "ResponseContent": words}
        listed = _call(named, "GET", f"/{plural}?response-content={';'.join(words)}")
        found = _call(named, "POST", "/tools/find", json=query)
        expanded = _call(named, "GET", f"/{plural}?expand").json()

        for answer in (listed.json(), found.json()):
            (shown,) = [one for one in answer if one["ID"] == id_]
            assert set(shown) == {"ID", "Type", *words}
            assert shown["Labels"] == ["z"]
            assert shown["Metadata"] == metadata
            assert shown["Metadata"]["Mine"] == "x"
            assert shown["Attachments"][-1]["ContentType"] == 1024
        assert [one["Labels"] for one in expanded if one["ID"] == id_] == [["z"]]


def test_protection(named: RunningServer) -> None:
    """A patient is protected by 1 and free by 0."""
    path = _stored(named, 7)["patients"]
    seen = [_call(named, "GET", f"{path}/protected").text]
    for body in ("1", "0", " true"):
        assert _call(named, "PUT", f"{path}/protected", data=body).status_code == 200
        seen.append(_call(named, "GET", f"{path}/protected").text)

    assert seen == ["0", "1", "0", "1"]
    assert _call(named, "GET", path).json()["IsProtected"] is True
    assert _call(named, "PUT", f"{path}/protected", data="yes").status_code == 400
    assert _call(named, "GET", "/patients/nope/protected").status_code == 404


@pytest.mark.parametrize("kind", ["metadata", "attachments"])
def test_revisions(launch: Callable[..., RunningServer], kind: str) -> None:
    """With CheckRevisions, nobody overwrites what he has not seen."""
    server = launch(CheckRevisions=True)
    where = f"{_stored(server, 8)['studies']}/{kind}/1024"
    read = where if kind == "metadata" else f"{where}/data"

    def change(method: str, tag: str | None) -> requests.Response:
        headers = {} if tag is None else {"If-Match": tag}
        return _call(server, method, where, data=b"x", headers=headers)

    first = change("PUT", None).headers["ETag"]
    assert change("PUT", None).status_code == 409
    assert change("PUT", '"0"').status_code == 400
    second = change("PUT", first).headers["ETag"]
    assert change("PUT", first).status_code == 409
    assert _call(server, "GET", read).headers["ETag"] == second
    headers = {"If-None-Match": second}
    assert _call(server, "GET", read, headers=headers).status_code == 304
    for tag, status in [(None, 409), (first, 409), (second, 200), (second, 404)]:
        assert change("DELETE", tag).status_code == status
    assert _call(server, "GET", "/system").json()["CheckRevisions"] is True


def test_changes_and_system(named: RunningServer) -> None:
    """What users change is in the log, and names are known to clients."""
    path = _stored(named, 9)["studies"]
    _call(named, "DELETE", "/changes")
    _call(named, "PUT", f"{path}/metadata/Mine", data="x")
    _call(named, "PUT", f"{path}/attachments/note", data="x")
    _call(named, "PUT", f"{path}/labels/x")
    log = _call(named, "GET", "/changes").json()["Changes"]
    system = _call(named, "GET", "/system").json()

    assert [(one["ChangeType"], one["Path"]) for one in log] == [
        ("UpdatedMetadata", path),
        ("UpdatedAttachment", path),
    ]
    assert system["HasLabels"] is True
    assert system["CheckRevisions"] is False
    assert system["UserMetadata"] == {"1024": 1024, "Mine": 1024}
