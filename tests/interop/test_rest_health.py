"""Whether a running server says that it lives and that it is ready."""

import os
import select
import signal
import socket
import sqlite3
import subprocess

import pytest
import requests

from launching import OBELISK
from obelisk.app.node import INDEX_NAME
from obelisk.services.health import CHECK_SECONDS_MAX

_USER = {"AuthenticationEnabled": True, "RegisteredUsers": {"alice": "secret"}}


def get(server, path, **arguments):
    """Return the answer of a server."""
    return requests.get(f"{server.url}{path}", timeout=30, **arguments)


def healthcheck(server):
    """Return the exit status of `obelisk healthcheck`; pytest shows what it says."""
    path = server.storage.parent / "configuration.json"
    return subprocess.run([*OBELISK, "healthcheck", str(path)], check=False).returncode


def test_a_server_is_live_and_ready(launch):
    """With a word for each check."""
    server = launch(HttpWorkers=2)
    assert get(server, "/health/live").json() == {"Status": "live"}
    answer = get(server, "/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "Status": "ready",
        "Checks": dict.fromkeys(
            ("Dicom", "Http", "HttpWorkers", "Index", "Jobs", "Steps", "Storage"), "ok"
        ),
    }


def test_a_server_without_room_is_not_ready(launch):
    """It lives, though."""
    server = launch(HealthMinimumFreeSpace=10**9)
    answer = get(server, "/health/ready")

    assert get(server, "/health/live").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["Checks"]["Storage"] == "too little free space"


def test_a_server_whose_index_hangs_is_not_ready(launch):
    """Somebody else holds the database; the answer comes before it is free."""
    server = launch()
    path = server.storage / INDEX_NAME
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        answer = get(server, "/health/ready")
        connection.execute("ROLLBACK")
    connection.close()

    assert answer.status_code == 503
    assert answer.json()["Checks"]["Index"] == "hangs"


def test_a_read_only_server_is_ready(launch):
    """It need not be able to write."""
    first = launch()
    first.terminate()
    server = launch(StorageDirectory=str(first.storage), ReadOnly=True, HttpWorkers=1)

    assert get(server, "/health/ready").json()["Checks"] == {
        "Dicom": "ok",
        "Http": "ok",
        "Index": "ok",
    }


@pytest.mark.parametrize(("is_open", "status"), [(False, 401), (True, 200)])
def test_health_needs_a_password_unless_told_otherwise(launch, is_open, status):
    """Other paths always do."""
    server = launch(HealthWithoutAuthentication=is_open, **_USER)

    assert get(server, "/health/live").status_code == status
    assert get(server, "/health/ready").status_code == status
    assert get(server, "/system").status_code == 401


def test_the_command_asks_the_server(launch):
    """With the user of the configuration; its exit status is for containers."""
    server = launch(**_USER)
    running = healthcheck(server)
    server.terminate()
    with socket.socket() as keeper:  # so that no other server takes the port meanwhile
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", server.http_port))
        stopped = healthcheck(server)

    assert (running, stopped) == (0, 4)


def test_the_command_fails_if_the_server_is_not_ready(launch):
    """The server answers, but cannot work."""
    assert healthcheck(launch(HealthMinimumFreeSpace=10**9)) == 1


def test_systemd_is_told_that_the_server_serves(launch, tmp_path, monkeypatch):
    """Through the socket that it names; a stop is told too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", receiver.getsockname())
        server = launch()
        ready = receiver.recv(100)
        os.kill(server.process.pid, signal.SIGTERM)
        stopping = receiver.recv(100)

    assert (ready, stopping) == (b"READY=1", b"STOPPING=1")


def test_systemd_is_told_nothing_while_the_server_hangs(launch, tmp_path, monkeypatch):
    """And again that it lives when it does not hang any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", receiver.getsockname())
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        path = launch().storage / INDEX_NAME
        healthy = [receiver.recv(100) for _ in range(3)]
        with sqlite3.connect(path, isolation_level=None) as connection:
            connection.execute("BEGIN IMMEDIATE")
            is_silent = any(_is_silent(receiver) for _ in range(40))
            connection.execute("ROLLBACK")
        connection.close()
        recovered = receiver.recv(100)

    assert healthy == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    assert is_silent
    assert recovered == b"WATCHDOG=1"


def _is_silent(receiver):
    """Return whether nothing comes for longer than a check takes; take what does."""
    if not select.select([receiver], [], [], CHECK_SECONDS_MAX + 1)[0]:
        return True
    receiver.recv(100)
    return False
