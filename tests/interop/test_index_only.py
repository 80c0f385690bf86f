"""A server that keeps no files (`StoreDicom`)."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from factories import make_instance, make_sized_instance
from launching import OBELISK, running_server

_LEVEL_ONLY = "LimitToThisLevelMainDicomTags"
_FILES = {"small": make_instance(1), "large": make_sized_instance(2, 5_000_000)}


def _get(url: str, **options: Any) -> requests.Response:
    return requests.get(url, timeout=30, **options)


def _kept(folder: Path) -> list[Path]:
    """Return the files in the folders of the storage area."""
    return [path for path in folder.rglob("????????-*") if path.is_file()]


@pytest.mark.parametrize("is_compressed", [False, True])
def test_what_needs_no_file_works(tmp_path: Path, *, is_compressed: bool) -> None:
    """Resources are known, also after a restart, and can be deleted."""
    options = {"StoreDicom": False, "StorageCompression": is_compressed}
    with running_server(OBELISK, tmp_path, **options) as server:
        for content in _FILES.values():
            stored = requests.post(f"{server.url}/instances", data=content, timeout=30)
            assert stored.json()["Status"] == "Success"
    with running_server(OBELISK, tmp_path, **options) as server:
        ids = _get(f"{server.url}/instances").json()
        paths = [f"{server.url}/instances/{id_}" for id_ in ids]
        sizes = {_get(path).json()["FileSize"] for path in paths}
        stored = {_get(f"{path}/attachments").text for path in paths}
        statistics = _get(f"{server.url}/statistics").json()
        for path in paths:
            assert requests.delete(path, timeout=30).status_code == 200

    assert sizes == {len(content) for content in _FILES.values()}
    assert len(stored) == 1
    assert statistics["TotalDiskSize"] == str(sum(map(len, _FILES.values())))
    assert not _kept(tmp_path)


def test_what_needs_a_file_is_not_found(tmp_path: Path) -> None:
    """The answer is 404; archives, and attributes beside the index, do without."""
    with running_server(OBELISK, tmp_path, StoreDicom=False) as server:
        answer = requests.post(
            f"{server.url}/instances", data=_FILES["small"], timeout=30
        )
        path = f"{server.url}{answer.json()['Path']}"
        study = f"{server.url}/studies/{answer.json()['ParentStudy']}"
        for route in (
            *("file", "tags?short", "header", "content/0010-0010", "module", "pdf"),
            *("attachments/dicom/data", "attachments/dicom/compressed-data"),
        ):
            refused = _get(f"{path}/{route}")
            assert (refused.status_code, refused.json()["OrthancStatus"]) == (404, 17)
        accepted = {"Accept": "application/dicom+json"}
        assert _get(f"{path}/file", headers=accepted).status_code == 404
        assert _get(f"{path}/attachments/dicom/is-compressed").text == "0"
        for form in ({}, {"ReconstructFiles": True}, {_LEVEL_ONLY: True}):
            for place in (path, study):
                made = requests.post(f"{place}/reconstruct", json=form, timeout=30)
                assert (made.status_code, made.json()["OrthancStatus"]) == (404, 17)
        everything = requests.post(f"{server.url}/tools/reconstruct", timeout=30)
        assert everything.status_code == 404
        assert _get(f"{study}/instances-tags").status_code == 404
        assert _get(f"{study}/shared-tags").json() == {}
        asked = _get(f"{study}?requested-tags=Rows;StudyDate").json()
        archive = _get(f"{study}/archive").content
        verified = requests.post(f"{study}/verify", data="{}", timeout=30)

    assert asked["RequestedTags"] == {"StudyDate": "20200102"}
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == []
    assert verified.status_code == 200


def test_files_that_were_kept_before_stay(tmp_path: Path) -> None:
    """The option is about what comes from then on."""
    with running_server(OBELISK, tmp_path) as server:
        requests.post(f"{server.url}/instances", data=_FILES["small"], timeout=30)
    with running_server(OBELISK, tmp_path, StoreDicom=False) as server:
        large = _FILES["large"]
        requests.post(f"{server.url}/instances", data=large, timeout=30)
        ids = _get(f"{server.url}/instances").json()
        files = [_get(f"{server.url}/instances/{id_}/file") for id_ in ids]
        everything = requests.post(f"{server.url}/tools/reconstruct", timeout=30)

    assert everything.status_code == 200
    assert sorted(file.status_code for file in files) == [200, 404]
    assert _FILES["small"] in {file.content for file in files}
