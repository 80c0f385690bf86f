import contextlib
import gzip
import http.client
import io
import os
import shutil
import signal
import socket
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from factories import make_instance, make_sized_instance
from launching import OBELISK, RunningServer, free_port, wait_until

_SECONDS = 30

Launch = Callable[..., RunningServer]


def _worker_pid(server: RunningServer) -> int:
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[-1]) if children else 0  # between two main processes


def _is_running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    return False


def _answers(server: RunningServer) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{server.url}/system", timeout=_SECONDS).ok
    return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _files(server: RunningServer) -> list[Path]:
    """Return the contents of the storage area, finished or not."""
    return [path for path in server.storage.glob("??/??/*") if path.is_file()]


def _journals(server: RunningServer) -> list[Path]:
    """Return what a process leaves only if it is killed."""
    return list((server.storage / "pending").iterdir())


def _send_half(server: RunningServer, content: bytes) -> http.client.HTTPConnection:
    client = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=_SECONDS)
    client.putrequest("POST", "/instances")
    client.putheader("Content-Length", str(len(content)))
    client.endheaders(content[: len(content) // 2])
    return client


def test_stop_finishes_what_is_being_received(launch: Launch) -> None:
    """SIGTERM lets an upload end, refuses new work, and leaves no temporary file."""
    server = launch()
    content = make_sized_instance(1, 12_000_000)
    client = _send_half(server, content)
    wait_until(lambda: bool(_files(server)))
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not _answers(server))
    client.send(content[len(content) // 2 :])
    with client.getresponse() as answer:
        answer.read()
    client.close()

    assert answer.status == 200
    assert server.process.wait(_SECONDS) == 0
    assert [path.read_bytes() for path in _files(server)] == [content]


def test_stop_is_bounded(launch: Launch) -> None:
    """An upload that does not get on is cut off, and its temporary file removed."""
    server = launch()
    client = _send_half(server, make_sized_instance(2, 12_000_000))
    wait_until(lambda: bool(_files(server)))
    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(_SECONDS) == 0
    assert _files(server) == _journals(server) == []
    client.close()


def test_worker_that_dies_is_replaced(launch: Launch) -> None:
    """After kill -9 of the worker another one serves what was acknowledged."""
    server = launch()
    content = make_instance(3)
    id_ = requests.post(
        f"{server.url}/instances", data=content, timeout=_SECONDS
    ).json()["ID"]
    old = _worker_pid(server)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: _worker_pid(server) not in {0, old} and _answers(server))
    file = requests.get(f"{server.url}/instances/{id_}/file", timeout=_SECONDS)

    assert file.content == content


def test_worker_dies_with_its_supervisor(launch: Launch) -> None:
    """A kill -9 of the supervisor leaves no process behind."""
    server = launch()
    worker = _worker_pid(server)
    server.process.kill()
    server.process.wait(_SECONDS)

    wait_until(lambda: not _is_running(worker))


def test_start_that_fails(tmp_path: Path) -> None:
    """A broken index ends the server with a message, without trying again."""
    storage = tmp_path / "storage"
    storage.mkdir()
    (storage / "obelisk.sqlite3").write_bytes(b"no database " * 1000)
    file = tmp_path / "configuration.json"
    file.write_text(
        f'{{"StorageDirectory": "{storage}", "HttpPort": {free_port()},'
        f' "DicomPort": {free_port()}}}'
    )
    done = subprocess.run(
        [*OBELISK, str(file)], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode != 0
    assert done.stderr.count("The server cannot start: Cannot open the index") == 1
    assert "Traceback" not in done.stderr


def test_credentials(launch: Launch) -> None:
    """Only registered users get in, and the realm is Orthanc's."""
    server = launch(
        AuthenticationEnabled=True,
        RegisteredUsers={"alice": "secret"},
    )
    url = f"{server.url}/system"
    refused = requests.get(url, auth=("alice", "wrong"), timeout=_SECONDS)

    assert requests.get(url, auth=("alice", "secret"), timeout=_SECONDS).ok
    assert requests.get(url, timeout=_SECONDS).status_code == 401
    assert refused.status_code == 401
    realm = refused.headers["WWW-Authenticate"]
    assert realm == 'Basic realm="Orthanc Secure Area"'
    assert refused.json()["OrthancStatus"] == 29


def test_https(tmp_path: Path) -> None:
    """One PEM file with certificate and key is enough, as for Orthanc."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    key, certificate, both = (tmp_path / name for name in ("key", "cert", "both.pem"))
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run(
        [*request, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    port = free_port()
    file = tmp_path / "configuration.json"
    file.write_text(
        f'{{"StorageDirectory": "{tmp_path}/storage", "HttpPort": {port},'
        f' "DicomServerEnabled": false, "SslEnabled": true,'
        f' "SslCertificate": "{both}"}}'
    )
    process = subprocess.Popen([*OBELISK, str(file)], stderr=subprocess.DEVNULL)
    wait_until(lambda: _listens(port))
    url = f"https://127.0.0.1:{port}/system"
    answer = requests.get(url, verify=str(certificate), timeout=_SECONDS)
    process.terminate()

    assert process.wait(_SECONDS) == 0
    assert answer.json()["Version"] == "1.13.0"


def test_limits(launch: Launch) -> None:
    """Bodies and members above the limits are refused, bombs included."""
    server = launch(MaximumRequestBodySizeMB=2, MaximumFileSizeInArchiveMB=1)
    url = f"{server.url}/instances"
    large = b"x" * 3_000_000
    announced = requests.post(url, data=large, timeout=_SECONDS)
    pieces = (large[start : start + 50_000] for start in range(0, len(large), 50_000))
    chunked = requests.post(url, data=pieces, timeout=_SECONDS)
    bomb = gzip.compress(b"\0" * 100_000_000)
    headers = {"Content-Encoding": "gzip"}
    unpacked = requests.post(url, data=bomb, headers=headers, timeout=_SECONDS)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.dcm", b"\0" * 100_000_000)
        file.writestr("good.dcm", make_instance(4))
    members = requests.post(url, data=archive.getvalue(), timeout=_SECONDS).json()

    assert (announced.status_code, chunked.status_code) == (413, 413)
    assert unpacked.status_code == 400
    assert "exceeds limit" in unpacked.json()["Details"]
    assert [one["Status"] for one in members] == ["Failure", "Success"]


def test_what_is_no_dicom_file_is_not_unpacked_to_its_end(launch: Launch) -> None:
    """Neither a gzip body nor a member of an archive that starts with something else.

    Both would break the limit; only who stops before does not say so.
    """
    server = launch(MaximumFileSizeInArchiveMB=20)
    url = f"{server.url}/instances"
    zeros = bytes(30_000_000)
    headers = {"Content-Encoding": "gzip"}
    packed = gzip.compress(zeros, 1)
    answer = requests.post(url, data=packed, headers=headers, timeout=_SECONDS)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros.dcm", zeros)
        file.writestr("good.dcm", make_instance(4))
    members = requests.post(url, data=archive.getvalue(), timeout=_SECONDS).json()

    assert answer.status_code == 400
    assert "does not start like" in answer.json()["Details"]
    assert "does not start like" in members[0]["Details"]
    assert [one["Status"] for one in members] == ["Failure", "Success"]


def test_json_has_a_limit_of_its_own(launch: Launch) -> None:
    """What is held in memory as a whole is refused before it fills that."""
    server = launch()
    url = f"{server.url}/tools/find"
    packed = gzip.compress(bytes(100_000_000), 1) * 3
    headers = {"Content-Encoding": "gzip"}
    unpacked = requests.post(url, data=packed, headers=headers, timeout=_SECONDS)
    with socket.create_connection(("127.0.0.1", server.http_port), _SECONDS) as client:
        client.sendall(
            b"POST /tools/find HTTP/1.1\r\nHost: x\r\nContent-Length: 268435457\r\n\r\n"
        )
        announced = client.recv(100)

    assert unpacked.status_code == 400
    assert "exceeds limit (256.0MB)" in unpacked.json()["Details"]
    assert announced.startswith(b"HTTP/1.1 413 ")


def test_errors_without_description(launch: Launch) -> None:
    """HttpDescribeErrors=false leaves the bodies of errors empty."""
    server = launch(HttpDescribeErrors=False)
    answer = requests.get(f"{server.url}/nope", timeout=_SECONDS)

    assert (answer.status_code, answer.content) == (404, b"")


def test_server_without_http(tmp_path: Path) -> None:
    """HttpServerEnabled=false: DICOM is served, and SIGTERM stops the server."""
    port = free_port()
    file = tmp_path / "configuration.json"
    file.write_text(
        f'{{"StorageDirectory": "{tmp_path}/storage", "HttpServerEnabled": false,'
        f' "DicomPort": {port}}}'
    )
    process = subprocess.Popen([*OBELISK, str(file)], stderr=subprocess.DEVNULL)
    wait_until((tmp_path / "storage" / "obelisk.sqlite3").exists)
    wait_until(lambda: _listens(port))
    process.terminate()

    assert process.wait(_SECONDS) == 0


def test_several_addresses(launch: Launch) -> None:
    """Each address of HttpBindAddresses is served, and no other."""
    server = launch(HttpBindAddresses=["127.0.0.1", "127.0.0.2", "::1"])
    for host in ("127.0.0.1", "127.0.0.2", "[::1]"):
        url = f"http://{host}:{server.http_port}/system"
        assert requests.get(url, timeout=_SECONDS).ok

    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.3:{server.http_port}/system", timeout=_SECONDS)


def test_upload_that_stops(launch: Launch) -> None:
    """A client that is silent in its body gets 408, and nothing is stored."""
    server = launch(HttpRequestTimeout=1)
    content = make_sized_instance(5, 12_000_000)
    client = _send_half(server, content)
    with client.getresponse() as answer:
        body = answer.read()
    client.close()

    assert answer.status == 408
    assert b'"OrthancStatus": 16' in body
    assert _files(server) == []


def test_worker_that_keeps_dying(launch: Launch) -> None:
    """A server that cannot live ends, instead of trying for ever."""
    server = launch()

    def has_given_up() -> bool:
        if pid := _worker_pid(server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return server.process.poll() is not None

    wait_until(has_given_up)

    assert server.process.returncode == 1
