"""Reconstruction, bulk operations and more main tags, by the REST API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from factories import make_instance
from launching import OBELISK, RunningServer, running_server

_SECONDS = 30
_MORE = {"Study": ["OperatorsName"], "Instance": ["Rows"], "Patient": ["0010,1030"]}


def _post(server: RunningServer, path: str, body: Any = None) -> requests.Response:
    return requests.post(server.url + path, json=body, timeout=_SECONDS)


def _get(server: RunningServer, path: str) -> Any:
    return requests.get(server.url + path, timeout=_SECONDS).json()


def _store(server: RunningServer, seed: int, **attributes: Any) -> dict[str, str]:
    content = make_instance(seed, study=seed, **attributes)
    answer = requests.post(
        f"{server.url}/instances", data=content, timeout=_SECONDS
    ).json()
    assert answer["Status"] == "Success"
    return {str(key): str(value) for key, value in answer.items()}


def test_more_main_tags(tmp_path: Path) -> None:
    """They are there for what comes, and for what is reconstructed."""
    names = {"OperatorsName": "Op^One", "PatientWeight": "70"}
    with running_server(OBELISK, tmp_path) as server:
        old = _store(server, 1, **names)
    more = {"ExtraMainDicomTags": _MORE, "StorageAccessOnFind": "Never"}
    with running_server(OBELISK, tmp_path, **more) as server:
        new = _store(server, 2, **names)
        study, patient = f"/studies/{old['ParentStudy']}", "/patients/{ParentPatient}"
        query = {"Level": "Study", "Query": {"OperatorsName": "op^one"}}

        assert "0008,1070" in _get(server, "/system")["MainDicomTags"]["Study"]
        assert _post(server, "/tools/find", query).json() == [new["ParentStudy"]]
        assert "OperatorsName" not in _get(server, study)["MainDicomTags"]
        limited = {"LimitToThisLevelMainDicomTags": True}
        assert _post(server, f"{study}/reconstruct", limited).text == ""
        assert len(_post(server, "/tools/find", query).json()) == 2
        shown = _get(server, f"{study}?requested-tags=OperatorsName;PatientWeight")
        assert shown["RequestedTags"] == names
        assert "PatientWeight" in shown["PatientMainDicomTags"]
        above = _get(server, patient.format_map(old))["MainDicomTags"]
        assert "PatientWeight" not in above
        assert _post(server, "/tools/reconstruct").status_code == 200
        above = _get(server, patient.format_map(old))["MainDicomTags"]
        assert above["PatientWeight"] == "70"
        instance = _get(server, f"/instances/{old['ID']}?full")["MainDicomTags"]
        assert instance["0028,0010"]["Value"] == "8"


def test_fewer_main_tags(tmp_path: Path) -> None:
    """What is not indexed any more is not shown, and is there again when it is."""
    names = {"OperatorsName": "Op^One", "PatientWeight": "70"}
    more = {"ExtraMainDicomTags": _MORE}

    def shown(server: RunningServer, one: dict[str, str]) -> set[str]:
        """Collect the attributes of a study and those of lists, with the patient's."""
        (listed,) = _get(server, "/studies?expand")
        study = _get(server, f"/studies/{one['ParentStudy']}")
        assert listed == study
        (patient,) = _get(server, "/patients?expand")
        attributes = [study["MainDicomTags"], study["PatientMainDicomTags"]]
        return set().union(*attributes, patient["MainDicomTags"]) & names.keys()

    with running_server(OBELISK, tmp_path, **more) as server:
        one = _store(server, 1, **names)
        assert shown(server, one) == names.keys()
    with running_server(OBELISK, tmp_path) as server:
        assert shown(server, one) == set()
        requested = f"/studies/{one['ParentStudy']}?requested-tags=OperatorsName"
        assert _get(server, requested)["RequestedTags"] == {"OperatorsName": "Op^One"}
    with running_server(OBELISK, tmp_path, **more) as server:
        assert shown(server, one) == names.keys()


def test_a_study_that_is_not_reconstructed_yet(tmp_path: Path) -> None:
    """The file tells what it lacks of its patient, although the patient is renewed."""
    with running_server(OBELISK, tmp_path) as server:
        one = _store(server, 1, PatientWeight="70")
    with running_server(OBELISK, tmp_path, ExtraMainDicomTags=_MORE) as server:
        limited = {"LimitToThisLevelMainDicomTags": True}
        patient = f"/patients/{one['ParentPatient']}"
        assert _post(server, f"{patient}/reconstruct", limited).status_code == 200
        assert _get(server, patient)["MainDicomTags"]["PatientWeight"] == "70"
        study, series = (
            f"/studies/{one['ParentStudy']}",
            f"/series/{one['ParentSeries']}",
        )
        for path in (patient, study, series, f"/instances/{one['ID']}"):
            shown = _get(server, f"{path}?requested-tags=PatientWeight")
            assert shown["RequestedTags"] == {"PatientWeight": "70"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server for several tests."""
    with running_server(OBELISK, tmp_path_factory.mktemp("shared")) as server:
        yield server


@pytest.mark.parametrize("body", [None, {}, {"ReconstructFiles": True}])
def test_reconstruction_at_every_level(shared: RunningServer, body: Any) -> None:
    """Each answers with nothing, as text."""
    ids = _store(shared, 11 + len(body or ()))
    for level in ("Patient", "Study", "Series"):
        plural = "studies" if level == "Study" else f"{level.lower()}s"
        path = f"/{plural.replace('seriess', 'series')}/{ids[f'Parent{level}']}"
        answer = _post(shared, f"{path}/reconstruct", body)
        assert (answer.status_code, answer.text) == (200, "")
        assert answer.headers["Content-Type"] == "text/plain"
    answer = _post(shared, f"/instances/{ids['ID']}/reconstruct", body)
    assert (answer.status_code, answer.text) == (200, "")
    assert _post(shared, "/tools/reconstruct", body).status_code == 200
    requests.delete(f"{shared.url}/instances/{ids['ID']}", timeout=_SECONDS)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/studies/nope/reconstruct", b"[]", 404, 17),
        ("/tools/reconstruct", b'{"ReconstructFiles": 1}', 400, 15),
        ("/tools/reconstruct", b"[]", 400, 8),
        ("/tools/bulk-content", b"", 400, 8),
        ("/tools/bulk-content", b"{}", 400, 15),
        ("/tools/bulk-content", b'{"Resources": [5]}', 400, 15),
        ("/tools/bulk-content", b'{"Resources": [], "Level": 5}', 400, 15),
        ("/tools/bulk-content", b'{"Resources": [], "Level": "x"}', 400, 3),
        ("/tools/bulk-content", b'{"Resources": [], "Full": 1}', 400, 15),
        ("/tools/bulk-delete", b"{}", 400, 8),
        ("/tools/bulk-delete", b'{"Resources": [5]}', 400, 8),
        ("/tools/bulk-delete", b'{"Resources": [{"ID": "x"}]}', 400, 8),
        ("/tools/bulk-delete", b'{"Resources": [{"Level": "Study"}]}', 400, 8),
        ("/tools/bulk-delete", b'{"Resources": [{"Level": "x", "ID": "x"}]}', 400, 3),
    ],
)
def test_refusals(
    shared: RunningServer, path: str, body: bytes, status: int, code: int
) -> None:
    """With the codes of Orthanc."""
    answer = requests.post(shared.url + path, data=body, timeout=_SECONDS)

    assert (answer.status_code, answer.json()["OrthancStatus"]) == (status, code)


@pytest.mark.parametrize("body", [b"", b"no JSON", b"null"])
def test_a_body_without_options(shared: RunningServer, body: bytes) -> None:
    """It is taken as Orthanc does."""
    url = f"{shared.url}/tools/reconstruct"

    assert requests.post(url, data=body, timeout=_SECONDS).status_code == 200


def test_invalidation_of_tags(shared: RunningServer) -> None:
    """What was derived from files is made again."""
    path = f"/instances/{_store(shared, 21)['ID']}/tags"
    before = _get(shared, path)
    answer = _post(shared, "/tools/invalidate-tags")

    assert (answer.status_code, answer.text) == (200, "")
    assert _get(shared, path) == before


def test_bulk_content(shared: RunningServer) -> None:
    """Every level at once, or one level for all."""
    ids = _store(shared, 31)
    named = [ids["ID"], "nope", ids["ParentStudy"], ids["ID"]]

    found = _post(shared, "/tools/bulk-content", {"Resources": named}).json()
    assert [one["ID"] for one in found] == [named[0], *named[2:]]
    assert "TransferSyntax" in found[0]["Metadata"]
    body = {"Resources": named, "Level": "series", "Metadata": False, "Short": True}
    (series,) = _post(shared, "/tools/bulk-content", body).json()
    assert series["ID"] == ids["ParentSeries"]
    assert series["MainDicomTags"]["0008,0060"] == "CT"
    assert "Metadata" not in series
    full = _post(shared, "/tools/bulk-content", {"Resources": named, "Full": True})
    assert full.json()[1]["MainDicomTags"]["0020,0010"]["Name"] == "StudyID"


def test_bulk_deletion(shared: RunningServer) -> None:
    """What does not exist is passed over."""
    first, second = _store(shared, 41), _store(shared, 42)
    named = [first["ID"], "nope", first["ParentPatient"], second["ParentSeries"]]
    answer = _post(shared, "/tools/bulk-delete", {"Resources": named})

    assert (answer.status_code, answer.text) == (200, "")
    left = _get(shared, "/instances")
    assert first["ID"] not in left
    assert second["ID"] not in left


def test_bulk_deletion_by_level_and_id(shared: RunningServer) -> None:
    """What is of another level than the request says stays."""
    first, second = _store(shared, 43), _store(shared, 44)
    named = [
        {"Level": "Patient", "ID": first["ParentStudy"]},
        {"Level": "Study", "ID": second["ParentStudy"]},
        "nope",
    ]
    answer = _post(shared, "/tools/bulk-delete", {"Resources": named})

    assert (answer.status_code, answer.text) == (200, "")
    left = _get(shared, "/instances")
    assert first["ID"] in left
    assert second["ID"] not in left


def test_lookup_passes_over_leading_blanks(shared: RunningServer) -> None:
    """Those in the file; those that are asked for count."""
    padded = _store(shared, 51, PatientID=" PAD 1")["ParentPatient"]
    plain = _store(shared, 52, PatientID="PAD 1")["ParentPatient"]

    def found(identifier: str) -> list[str]:
        answer = requests.post(
            f"{shared.url}/tools/lookup", data=identifier, timeout=_SECONDS
        )
        return [one["ID"] for one in answer.json()]

    assert sorted(found("PAD 1")) == sorted([padded, plain])
    assert found(" PAD 1") == [padded]
    assert found("PAD 1 ") == []


def test_unknown_names_of_metadata(shared: RunningServer) -> None:
    """They are told before the resource is looked for."""
    ids = _store(shared, 61)
    for id_ in (ids["ID"], "nope"):
        for kind in ("metadata/foo", "attachments/foo/data"):
            error = _get(shared, f"/instances/{id_}/{kind}")
            assert (error["HttpStatus"], error["OrthancStatus"]) == (404, 7)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    """The answer says which; the other studies are reconstructed, in spite of them."""
    with running_server(OBELISK, tmp_path) as server:
        stored = [_store(server, seed, Rows=8) for seed in (1, 2, 3)]
        victim = min(stored, key=lambda one: one["ParentStudy"])
        shown = _get(server, f"/instances/{victim['ID']}")
        (path,) = server.storage.rglob(shown["FileUuid"])
        path.write_bytes(b"damaged")
    more = {"ExtraMainDicomTags": _MORE}
    with running_server(OBELISK, tmp_path, **more) as server:
        answers = [
            _post(server, "/tools/reconstruct"),
            _post(server, f"/studies/{victim['ParentStudy']}/reconstruct"),
        ]
        known = [
            "Rows" in _get(server, f"/instances/{one['ID']}")["MainDicomTags"]
            for one in stored
        ]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert all(victim["ID"] in answer.json()["Details"] for answer in answers)
    assert known == [one != victim for one in stored]
