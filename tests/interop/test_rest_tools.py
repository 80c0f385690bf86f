import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pynetdicom import AE

from factories import make_instance
from launching import OBELISK, RunningServer, free_port, running_server, wait_until

_SECONDS = 30
_CT = "1.2.840.10008.5.1.4.1.1.2"

Launch = Callable[..., RunningServer]
Store = Callable[[RunningServer, bytes], str]


def _call(server: RunningServer, method: str, path: str, body: Any = None) -> str:
    url = server.url + path
    answer = requests.request(method, url, data=body, timeout=_SECONDS)
    answer.raise_for_status()
    return answer.text


def _status(server: RunningServer, method: str, path: str, body: Any = None) -> int:
    url = server.url + path
    return requests.request(method, url, data=body, timeout=_SECONDS).status_code


def _reconfigure(server: RunningServer, **options: Any) -> None:
    path = server.storage.parent / "configuration.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | options))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server whose settings the tests change."""
    with running_server(
        OBELISK, tmp_path_factory.mktemp("tools"), DicomUidRoot="1.2.3"
    ) as server:
        yield server


@pytest.fixture
def store(dcmtk: Callable[[str], str], tmp_path: Path) -> Store:
    """Return a function that sends a file by dcmtk's storescu; it returns its words."""

    def send(server: RunningServer, content: bytes) -> str:
        path = tmp_path / "one.dcm"
        path.write_bytes(content)
        command = [dcmtk("storescu"), "-v", "-R", "127.0.0.1", str(server.dicom_port)]
        done = subprocess.run(
            [*command, str(path)], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    return send


def test_identifiers(tools: RunningServer) -> None:
    """UIDs start with the root that is configured; a patient gets a UUID."""
    made = [_call(tools, "GET", "/tools/generate-uid?level=study") for _ in range(2)]
    patient = _call(tools, "GET", "/tools/generate-uid?level=patient")

    assert made[0] != made[1]
    assert all(re.fullmatch(r"1\.2\.3\.[1-9]\d*", uid) for uid in made)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", patient)


def test_the_time(tools: RunningServer) -> None:
    """As a date and a time of DICOM, here and in Greenwich."""
    for path in ("/tools/now", "/tools/now-local"):
        told = datetime.strptime(_call(tools, "GET", path), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        assert abs((told - datetime.now()).total_seconds()) < 86_400  # noqa: DTZ005


def test_the_list_of_tools(tools: RunningServer) -> None:
    """Every tool is listed at /tools, and nothing that is none."""
    names = json.loads(_call(tools, "GET", "/tools"))

    assert {"reset", "now", "log-level-sqlite", "execute-script"} <= set(names)
    assert names == sorted(names)


def test_the_conformance_statement(tools: RunningServer) -> None:
    """It is text, and names what C-STORE takes."""
    text = _call(tools, "GET", "/tools/dicom-conformance")

    assert "CT Image Storage " in text
    assert f"| {_CT}\n" in text


def test_the_encoding_changes_what_is_read(tools: RunningServer) -> None:
    """Files that name no character set are read anew, stored before or after."""
    content = make_instance(7, PatientName="A", SpecificCharacterSet=None)
    name = "Ж".encode("cp1251")
    changed = content.replace(b"Study 0 ", name + b"tudy 0 ")
    id_ = json.loads(_call(tools, "POST", "/instances", changed))["ID"]

    def described() -> str:
        tags = _call(tools, "GET", f"/instances/{id_}/simplified-tags")
        return str(json.loads(tags)["StudyDescription"])

    assert described() == "Ætudy 0"
    assert (
        _call(tools, "PUT", "/tools/default-encoding", "windows1251") == "Windows1251"
    )
    assert described() == "Жtudy 0"
    assert _call(tools, "PUT", "/tools/default-encoding", "Latin1") == "Latin1"
    assert described() == "Ætudy 0"


def test_transfer_syntaxes_change_at_once(tools: RunningServer, store: Store) -> None:
    """The next association is negotiated with what was set."""
    path = "/tools/accepted-transfer-syntaxes"
    content = make_instance(8)
    _call(tools, "PUT", path, "1.2.840.10008.1.2.4.*")
    refused = store(tools, content)
    _call(tools, "PUT", path, "1.2.840.10008.1.*")

    assert "No Acceptable Presentation Contexts" in refused
    assert "Received Store Response (Success)" in store(tools, content)


def test_transfer_syntaxes_that_are_too_many(tools: RunningServer) -> None:
    """More text than all that is known has is refused, and nothing changes."""
    path = "/tools/accepted-transfer-syntaxes"
    before = _call(tools, "GET", path)

    assert _status(tools, "PUT", path, "1*" * 10_000) == 413
    assert _call(tools, "GET", path) == before


def test_unknown_sop_classes_change_at_once(tools: RunningServer) -> None:
    """A class that is not in the standard is taken while that is on."""
    entity = AE()
    entity.add_requested_context("1.2.826.0.1.3680043.9.1")
    entity.add_requested_context("1.2.840.10008.1.1")

    def is_accepted() -> bool:
        association = entity.associate("127.0.0.1", tools.dicom_port)
        accepted = len(association.accepted_contexts)
        association.release()
        assert accepted in (1, 2)
        return accepted == 2

    path = "/tools/unknown-sop-class-accepted"
    assert not is_accepted()
    _call(tools, "PUT", path, "1")
    assert is_accepted()
    _call(tools, "PUT", path, "0")
    assert not is_accepted()


def test_log_levels_change_at_once(tools: RunningServer) -> None:
    """What was not worth a line is one, as long as the level asks for it."""

    def lines() -> int:
        return tools.log.read_text().count("GET (no route) refused")

    _status(tools, "GET", "/tools/nonsense")
    assert lines() == 0
    _call(tools, "PUT", "/tools/log-level-http", "verbose")
    _status(tools, "GET", "/tools/nonsense")
    assert lines() == 1
    _call(tools, "PUT", "/tools/log-level", "default")
    _status(tools, "GET", "/tools/nonsense")
    assert lines() == 1


def test_a_reset_reads_the_configuration_again(launch: Launch) -> None:
    """A new name and a new port hold afterwards, and no request is lost meanwhile."""
    server = launch(Name="before")
    body = make_instance(1)
    id_ = json.loads(_call(server, "POST", "/instances", body))["ID"]
    _reconfigure(server, Name="after", DicomPort=free_port())
    assert _call(server, "POST", "/tools/reset") == "{}"
    wait_until(lambda: json.loads(_call(server, "GET", "/system"))["Name"] == "after")

    assert _call(server, "GET", f"/instances/{id_}/tags?short")
    assert server.process.poll() is None


def test_a_reset_can_move_http(launch: Launch) -> None:
    """The old port is free then."""
    server = launch()
    port = free_port()
    _reconfigure(server, HttpPort=port)
    _call(server, "POST", "/tools/reset")

    def answers(port: int) -> bool:
        try:
            url = f"http://127.0.0.1:{port}/system"
            return requests.get(url, timeout=_SECONDS).ok
        except requests.ConnectionError:
            return False

    wait_until(lambda: answers(port))
    assert not answers(server.http_port)


def test_a_reset_with_a_wrong_configuration(launch: Launch) -> None:
    """The server goes on with the one it had, and its log says why."""
    server = launch(Name="before")
    _reconfigure(server, Name=7)
    _call(server, "POST", "/tools/reset")
    wait_until(lambda: "The old configuration stays" in server.log.read_text())

    assert json.loads(_call(server, "GET", "/system"))["Name"] == "before"


def test_a_shutdown_is_orderly(launch: Launch) -> None:
    """The client gets its answer, and the server ends with exit status 0."""
    server = launch()

    assert _call(server, "POST", "/tools/shutdown") == "{}"
    assert server.process.wait(_SECONDS) == 0
    assert list((server.storage / "pending").iterdir()) == []


def test_read_only(tmp_path: Path, store: Store) -> None:
    """Nothing is written: not by C-STORE, not by REST, not at the start."""
    content = make_instance(1)
    with running_server(OBELISK, tmp_path) as server:
        _call(server, "POST", "/instances", content)

    def written() -> dict[str, bytes]:
        """Return the content of all files but those of SQLite's shared memory."""
        return {
            str(path): path.read_bytes()
            for path in server.storage.rglob("*")
            if path.is_file() and path.suffix not in {".sqlite3-shm", ".sqlite3-wal"}
        }

    before = written()
    with running_server(OBELISK, tmp_path, ReadOnly=True, StableAge=0) as server:
        study = json.loads(_call(server, "GET", "/studies"))[0]
        assert "Refused: OutOfResources" in store(server, make_instance(2))
        assert "Received Store Response (Success)" in store(server, content)
        assert _status(server, "POST", "/instances", make_instance(3)) == 405
        assert _status(server, "PUT", f"/studies/{study}/metadata/1024", "x") == 500
        assert _status(server, "DELETE", "/changes") == 500
        assert json.loads(_call(server, "GET", "/jobs")) == []
        for path in (f"/studies/{study}/verify", f"/studies/{study}/reconstruct"):
            assert _status(server, "POST", path, b'{"Asynchronous": true}') == 404
        path = f"/studies/{study}/archive"
        url, body = server.url + path, b'{"Asynchronous": true}'
        refused = requests.post(url, data=body, timeout=_SECONDS)
        assert refused.status_code == 403
        assert "ReadOnly" in refused.json()["Details"]
        assert _status(server, "POST", path, b"{}") == 200
        assert len(json.loads(_call(server, "GET", "/instances"))) == 1

    assert written() == before


def test_read_only_needs_an_archive(tmp_path: Path) -> None:
    """Where there is none, none is made, and the message says what is missing."""
    options = {
        "StorageDirectory": str(tmp_path / "none"),
        "HttpPort": free_port(),
        "DicomPort": free_port(),
        "ReadOnly": True,
    }
    path = tmp_path / "configuration.json"
    path.write_text(json.dumps(options))
    done = subprocess.run(
        [*OBELISK, str(path)], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 4
    assert '"ReadOnly" needs the folder' in done.stderr
    assert not (tmp_path / "none").exists()
