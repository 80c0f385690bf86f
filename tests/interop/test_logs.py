"""What the log of a running server says, and what it does not."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from factories import make_instance, make_sized_instance
from launching import OBELISK, start_server

_JSON = (*OBELISK, "--logformat=json", "--trace")


@pytest.fixture
def start(tmp_path):
    """Start servers with a command; all end at last."""
    servers = []

    def run(command=_JSON, **options):
        servers.append(start_server(command, tmp_path / str(len(servers)), **options))
        return servers[-1]

    yield run
    for server in servers:
        server.terminate()


def lines_of(server):
    """Return the lines of a log of JSON objects."""
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def test_the_id_of_a_request_goes_through(start):
    """From the client to the line and to the answer; else the server makes one."""
    server = start()
    url = f"{server.url}/studies/nope/metadata"
    given = requests.get(url, headers={"X-Request-ID": "abc-1"}, timeout=30)
    made = requests.get(url, timeout=30).headers["X-Request-ID"]
    bad = requests.get(url, headers={"X-Request-ID": "a b"}, timeout=30)
    requests_of = {line.get("request") for line in lines_of(server)}

    assert given.headers["X-Request-ID"] == "abc-1"
    assert bad.headers["X-Request-ID"] != "a b"
    assert {"abc-1", made} <= requests_of


def test_lines_of_a_body_on_its_way_have_the_id_of_the_request(start):
    """The archive breaks off, as a file vanishes while those before it are sent."""
    server = start()
    for number in (1, 2):
        content = make_sized_instance(7, 20_000_000, number=number)
        answer = requests.post(f"{server.url}/instances", content, timeout=30)
    url = f"{server.url}/studies/{answer.json()['ParentStudy']}/archive"
    headers = {"X-Request-ID": "abc-2"}
    with requests.get(url, headers=headers, stream=True, timeout=30) as archive:
        for path in server.storage.glob("??/??/*"):
            if path.read_bytes() == content:
                path.unlink()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            archive.content  # noqa: B018 -- it reads
    server.terminate()
    cut = [line for line in lines_of(server) if "is cut off" in line["message"]]

    assert [line["request"] for line in cut] == ["abc-2"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/system"),
        ("HEAD", "/system"),
        ("OPTIONS", "/studies"),
        ("GET", "/nope"),
        ("POST", "/instances"),
        ("GET", "/health/live"),
        ("GET", "/jobs?expand"),
    ],
)
def test_every_answer_has_an_id(server, method, path):
    """That of the client if it gives one."""
    url = f"{server.url}{path}"
    made = requests.request(method, url, timeout=30)
    headers = {"X-Request-ID": "abc-3"}
    given = requests.request(method, url, headers=headers, timeout=30)

    assert made.headers["X-Request-ID"]
    assert given.headers["X-Request-ID"] == "abc-3"


def test_lines_of_an_association_have_its_id_and_the_aet(start, dcmtk):
    """All lines of one have the same id."""
    server = start()
    port = str(server.dicom_port)
    command = [dcmtk("echoscu"), "-aet", "SCANNER", "127.0.0.1", port]
    subprocess.run(command, check=True)
    server.terminate()
    lines = [line for line in lines_of(server) if line.get("aet") == "SCANNER"]

    assert len(lines) > 1
    assert len({line["association"] for line in lines}) == 1
    assert all(line["category"] == "dicom" for line in lines)


@pytest.mark.parametrize("is_deidentified", [True, False])
def test_what_clients_say_of_patients_is_left_out(start, is_deidentified):
    """Unless DeidentifyLogs is false."""
    server = start(DeidentifyLogs=is_deidentified)
    content = make_instance(PatientName="SMITH^JOHN", PatientID="SMITH-1")
    stored = requests.post(f"{server.url}/instances", content, timeout=30).json()
    url = f"{server.url}/instances/{stored['ID']}"
    for path in ("labels/SMITH", "content/SMITH", "metadata/SMITH", "SMITH"):
        requests.get(f"{url}/{path}", timeout=30)
    requests.get(f"{server.url}/studies?expand=SMITH", timeout=30)
    requests.get(f"{server.url}/SMITH", timeout=30)
    requests.post(f"{server.url}/tools/find", '{"Level": "SMITH"}', timeout=30)
    text = server.log.read_text()

    assert ("SMITH" not in text) is is_deidentified
    assert "refused" in text


def test_a_log_file_is_begun_anew_after_sighup(start, tmp_path):
    """The server goes on, in a file of the old name."""
    path = tmp_path / "server.log"
    server = start((*OBELISK, f"--logfile={path}", "--verbose"))
    path.rename(tmp_path / "old.log")
    os.kill(server.process.pid, signal.SIGHUP)
    for child in Path(f"/proc/{server.process.pid}/task").iterdir():
        for pid in (child / "children").read_text().split():
            os.kill(int(pid), signal.SIGHUP)
    requests.get(f"{server.url}/nope", timeout=30)

    assert "refused" in path.read_text()
    assert "is starting" in (tmp_path / "old.log").read_text()
