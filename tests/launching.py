"""Starts and ends servers for comparisons, crashes and benchmarks.

Any command that takes the path of a configuration file as its last argument will do, so
that Obelisk and Orthanc start alike.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanning import SCAN, collect

#: Obelisk as it is installed beside the running Python.
OBELISK = (sys.executable, "-m", "obelisk")

#: What Obelisk keeps for a full disk.
_RESERVE = "obelisk.sqlite3-reserve"

#: Options under which two servers answer alike: no timer fires during a run.
QUIET_OPTIONS: dict[str, Any] = {
    "StableAge": 86400,
    "DicomAlwaysAllowStore": True,
    "RemoteAccessAllowed": False,
    "AuthenticationEnabled": False,
}

#: Not that generator which tests seed alike in all processes.
_PORTS = random.SystemRandom()

_START_SECONDS_MAX = 60
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers, and how to reach it."""

    process: subprocess.Popen[bytes]
    http_port: int
    dicom_port: int
    storage: Path
    log: Path
    is_scanned: bool = False

    @property
    def url(self) -> str:
        """The root of the REST API, without a slash at its end."""
        return f"http://127.0.0.1:{self.http_port}"

    def kill(self) -> None:
        """Kill the whole process group at once, as a power cut would.

        Afterwards none of its processes is left that could hold a lock or a port, and
        the reserve of its index is gone: pytest keeps the folders of hundreds.
        """
        self._collect()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not _has_living(self.process.pid))
        self._drop_reserve()

    def terminate(self, timeout_seconds: float = 30) -> int:
        """Ask the server to stop; return its exit status. The reserve goes, too."""
        self._collect()
        self.process.terminate()
        try:
            status = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._drop_reserve()
        return status

    def _drop_reserve(self) -> None:
        with contextlib.suppress(OSError):
            (self.storage / _RESERVE).unlink()

    def _collect(self) -> None:
        if self.is_scanned:
            collect(self.url, self.log.parent, Path(os.environ[SCAN]))


def free_port() -> int:
    """Return a TCP port that nobody uses at the moment.

    It is none of those that the system gives to clients, so that none takes it soon.
    """
    while True:
        port = _PORTS.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def start_server(
    command: Sequence[str],
    folder: Path,
    **options: Any,
) -> RunningServer:
    """Start a server that keeps its data in `folder`, and wait until it answers.

    A second start in the same folder finds the data of the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    http_port = dicom_port = free_port()
    while dicom_port == http_port:
        dicom_port = free_port()
    storage = folder / "storage"
    configuration = QUIET_OPTIONS | {
        "StorageDirectory": str(storage),
        "HttpPort": http_port,
        "DicomPort": dicom_port,
    }
    path = folder / "configuration.json"
    path.write_text(json.dumps(configuration | options))
    log = folder / "server.log"
    is_scanned = SCAN in os.environ and options.get("DeidentifyLogs", True)
    if is_scanned and tuple(command[: len(OBELISK)]) == OBELISK:
        command = [*command, "--trace"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, str(path)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = RunningServer(process, http_port, dicom_port, storage, log, is_scanned)
    _wait_until_ready(server)
    return server


@contextlib.contextmanager
def running_server(
    command: Sequence[str],
    folder: Path,
    **options: Any,
) -> Iterator[RunningServer]:
    """Run a server for the time of a block; see `start_server`."""
    server = start_server(command, folder, **options)
    try:
        yield server
        server.terminate()
    finally:
        server.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, for a minute at most."""
    pause = threading.Event()
    for _ in range(2400):
        if condition():
            return
        pause.wait(0.025)
    raise TimeoutError


def _has_living(group: int) -> bool:
    """Tell whether a process of a group lives; of the dead, others take care."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended, or is none of ours
            state, _, found = path.read_text().rpartition(")")[2].split()[:3]
            if int(found) == group and state not in "XZ":
                return True
    return False


def _wait_until_ready(server: RunningServer) -> None:
    pause = threading.Event()
    for _ in range(int(_START_SECONDS_MAX / _POLL_SECONDS)):
        if server.process.poll() is not None:
            break
        if _answers(server):
            return
        pause.wait(_POLL_SECONDS)
    server.kill()
    tail = server.log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the server did not start:\n{tail}")


def _answers(server: RunningServer) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=5)
    try:
        connection.request("GET", "/system")
        connection.getresponse().read()
        with socket.create_connection(("127.0.0.1", server.dicom_port), timeout=5):
            return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
