"""Record what Orthanc answers to every action on a job in every state.

Usage: ``python tests/golden/record_jobs.py --peer COMMAND``. A peer that accepts
connections and says nothing keeps a job running; what is submitted meanwhile waits.
"""

import argparse
import http.client
import json
import shlex
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from factories import make_instance
from launching import RunningServer, free_port, running_server

ANSWERS = Path(__file__).parent / "answers" / "jobs.json"

ACTIONS = (
    ("POST", "/cancel"),
    ("POST", "/pause"),
    ("POST", "/resume"),
    ("POST", "/resubmit"),
    ("DELETE", ""),
    ("GET", "/nothing"),
    ("DELETE", "/nothing"),
)

#: Bodies of submissions that are odd, by what is odd.
ODD_SUBMISSIONS: dict[str, Any] = {
    "priority text": {"Priority": "high"},
    "priority float": {"Priority": 1.5},
    "permissive text": {"Permissive": "yes"},
    "asynchronous text": {"Asynchronous": "yes"},
    "both": {"Asynchronous": True, "Synchronous": True},
    "neither": {"Asynchronous": False, "Synchronous": False},
}


class SilentPeer:
    """Takes connections and never says a word."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self._taken: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                self._taken.append(self._socket.accept()[0])
        except OSError:
            return

    def close(self) -> None:
        """Drop all connections and take no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._taken:
            one.close()


def call(server: RunningServer, method: str, path: str, body: Any = None) -> Any:
    """Return status, type and content of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
    content = body if isinstance(body, bytes) else b"" if body is None else None
    try:
        connection.request(method, path, content or json.dumps(body or {}).encode())
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    try:
        decoded = json.loads(text) if text else None
    except ValueError:
        decoded = text[:80]
    kind = answer.getheader("Content-Type")
    return {"status": answer.status, "type": kind, "body": decoded}


def wait_for(server: RunningServer, job_id: str, states: tuple[str, ...]) -> str:
    """Wait until a job is in one of some states, and return it."""
    pause = threading.Event()
    for _ in range(2000):
        state = call(server, "GET", f"/jobs/{job_id}")["body"]["State"]
        if state in states:
            return str(state)
        pause.wait(0.02)
    raise RuntimeError(f"job {job_id} stays {state}")


class Recorder:
    """Brings jobs into each state, and does all that can be done to them."""

    def __init__(self, server: RunningServer, port: int) -> None:
        self.server, self.port = server, port
        posted = call(server, "POST", "/instances", make_instance())
        self.instance = posted["body"]["ID"]
        self.study = posted["body"]["ParentStudy"]

    def store(self) -> str:
        """Submit a job that sends to the silent peer."""
        body = {"Resources": [self.instance], "Asynchronous": True}
        answer = call(self.server, "POST", "/modalities/silent/store", body)
        return str(answer["body"]["ID"])

    def success(self) -> str:
        """Return a job that succeeded."""
        body = {"Asynchronous": True}
        path = f"/studies/{self.study}/anonymize"
        job_id = str(call(self.server, "POST", path, body)["body"]["ID"])
        wait_for(self.server, job_id, ("Success",))
        return job_id

    def failure(self) -> str:
        """Return a job that failed, as nobody listens."""
        job_id = self.store()
        wait_for(self.server, job_id, ("Failure",))
        return job_id

    def cell(self, job_id: str, method: str, suffix: str) -> dict[str, Any]:
        """Do one thing to a job; return the answer and the state after it."""
        answer = call(self.server, method, f"/jobs/{job_id}{suffix}")
        after = call(self.server, "GET", f"/jobs/{job_id}")
        after = after["body"]["State"] if after["status"] == 200 else after["status"]
        return without_id(answer, job_id) | {"after": after}

    def simple(self, make: Callable[[], str]) -> dict[str, Any]:
        """Return the cells of a state that needs no silent peer."""
        return {f"{m} {s}": self.cell(make(), m, s) for m, s in ACTIONS}

    def behind_silence(self, state: str) -> dict[str, Any]:
        """Return the cells of a state that a job has only beside a silent peer."""
        cells = {}
        for method, suffix in ACTIONS:
            peer = SilentPeer(self.port)
            running = self.store()
            wait_for(self.server, running, ("Running",))
            job_id = running if state == "Running" else self.store()
            if state == "Paused":
                call(self.server, "POST", f"/jobs/{job_id}/pause")
                wait_for(self.server, job_id, ("Paused",))
            cells[f"{method} {suffix}"] = self.cell(job_id, method, suffix)
            call(self.server, "POST", f"/jobs/{running}/cancel")
            if job_id != running:
                call(self.server, "POST", f"/jobs/{job_id}/cancel")
            peer.close()
            end = wait_for(self.server, running, ("Failure", "Success", "Paused"))
            cells[f"{method} {suffix}"]["end"] = end if job_id == running else None
        return cells


def without_id(answer: dict[str, Any], job_id: str) -> dict[str, Any]:
    """Return an answer with a name in place of an id that is new each time."""
    text: dict[str, Any] = json.loads(json.dumps(answer).replace(job_id, "{id}"))
    return text


def record(server: RunningServer, port: int) -> dict[str, Any]:
    """Return all that is recorded of one server."""
    recorder = Recorder(server, port)
    unknown = "00000000-0000-0000-0000-000000000000"
    states: dict[str, Any] = {
        "unknown": {f"{m} {s}": recorder.cell(unknown, m, s) for m, s in ACTIONS},
        "Success": recorder.simple(recorder.success),
        "Failure": recorder.simple(recorder.failure),
    }
    for state in ("Running", "Pending", "Paused"):
        states[state] = recorder.behind_silence(state)
    path = f"/studies/{recorder.study}/anonymize"
    odd = {name: call(server, "POST", path, b) for name, b in ODD_SUBMISSIONS.items()}
    done, failed = recorder.success(), recorder.failure()
    shown = {
        "unknown": call(server, "GET", f"/jobs/{unknown}"),
        "Success": call(server, "GET", f"/jobs/{done}"),
        "Failure": call(server, "GET", f"/jobs/{failed}"),
        "expand=foo": call(server, "GET", "/jobs?expand=foo"),
    }
    return {"states": states, "odd": odd, "shown": shown}


def main() -> None:
    """Record everything again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    port = free_port()
    options = {
        "ConcurrentJobs": 1,
        "JobsHistorySize": 100,
        "DicomScuTimeout": 30,
        "DicomModalities": {"silent": ["SILENT", "127.0.0.1", port]},
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(shlex.split(arguments.peer), Path(folder), **options) as server,
    ):
        found = record(server, port)
    ANSWERS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
