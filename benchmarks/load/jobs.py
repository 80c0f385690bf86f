"""Jobs: what submitting and listing costs when many are queued.

Usage: ``python benchmarks/load/jobs.py --peer COMMAND``

Ours starts with a full queue, and works it off meanwhile. At Orthanc, whose queue
cannot be filled from outside, one job that cannot end holds the only worker, and the
others queue behind it.
"""

import argparse
import http.client
import json
import shlex
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from factories import make_instance
from golden.record_jobs import SilentPeer
from launching import OBELISK, RunningServer, free_port, start_server
from obelisk.app.node import INDEX_NAME
from obelisk.index.job_records import NewJob
from obelisk.index.sqlite import SQLiteIndex
from obelisk.index.writing import WriteTransaction
from obelisk.job_types.verification import InstancesVerification

EMPTY = InstancesVerification(resources=[], instances=[])

_OWN_COUNTS = (1_000, 10_000, 100_000)
_PEER_COUNTS = (1_000, 10_000)
_SAMPLES = 200


class Client:
    """One connection that measures."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.http_port)

    def send(self, method: str, path: str, body: Any = None) -> tuple[float, Any]:
        """Return the milliseconds and the answer of a request."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        start = time.perf_counter()
        self._connection.request(method, path, content)
        answer = self._connection.getresponse().read()
        elapsed = (time.perf_counter() - start) * 1000
        return elapsed, json.loads(answer) if answer else None


def fill(folder: Path, count: int) -> None:
    """Put jobs into the index of a server that does not run yet."""
    storage = folder / "storage"
    storage.mkdir()
    index = SQLiteIndex(storage / INDEX_NAME)
    content = json.dumps(EMPTY.content())
    arguments = json.dumps(EMPTY.arguments())

    def insert(writer: WriteTransaction) -> None:
        for _ in range(count):
            new = NewJob(
                id=str(uuid.uuid4()),
                type=EMPTY.name,
                arguments=arguments,
                content=content,
                created_at=time.time(),
            )
            writer.insert_job(new)

    index.write(insert)
    index.close()


def submission(instance: str, *, is_own: bool) -> tuple[str, dict[str, Any]]:
    """Return path and body of a submission that ends in the queue."""
    body = {"Resources": [instance], "Asynchronous": True}
    if is_own:
        return f"/instances/{instance}/verify", body
    return "/modalities/silent/store", body


def resident_bytes(server: RunningServer) -> int:
    """Return the resident memory of the server and its workers."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = int((folder / "stat").read_text().rpartition(")")[2].split()[2])
            if group == server.process.pid:
                total += int((folder / "statm").read_text().split()[1]) * 4096
        except OSError:
            continue
    return total


class Cost(NamedTuple):
    """What requests cost at one length of the queue, in milliseconds and bytes."""

    submit: float
    submit_99: float
    listing: float
    single: float
    memory: int


def measure(
    server: RunningServer, counts: tuple[int, ...], *, is_own: bool
) -> dict[int, Cost]:
    """Fill the queue step by step; print what requests cost at each length."""
    client = Client(server)
    _, stored = client.send("POST", "/instances", make_instance())
    path, body = submission(stored["ID"], is_own=is_own)
    queued = counts[0] if is_own else 0
    found = {}
    for count in counts:
        while queued < count:
            client.send("POST", path, body)
            queued += 1
        submits = sorted(client.send("POST", path, body)[0] for _ in range(_SAMPLES))
        queued += _SAMPLES
        listing = "/jobs?expand&limit=100" if is_own else "/jobs?expand"
        lists = [client.send("GET", listing)[0] for _ in range(20 if is_own else 3)]
        ids = client.send("GET", "/jobs?limit=100" if is_own else "/jobs")[1]
        singles = [client.send("GET", f"/jobs/{ids[0]}")[0] for _ in range(50)]
        cost = Cost(
            statistics.median(submits),
            submits[int(_SAMPLES * 0.99)],
            statistics.median(lists),
            statistics.median(singles),
            resident_bytes(server),
        )
        found[count] = cost
        print(
            f"{'Obelisk' if is_own else 'peer':8}{count:>8,} queued:"
            f" submit p50 {cost.submit:7.2f} ms p99 {cost.submit_99:7.2f} ms,"
            f" {listing} {cost.listing:8.2f} ms, GET /jobs/id {cost.single:6.2f} ms,"
            f" memory {cost.memory / 1e6:6.0f} MB",
            flush=True,
        )
    return found


def compare(own: dict[int, Cost], peer: dict[int, Cost]) -> None:
    """Print how many times longer the peer takes."""
    for count in sorted(own.keys() & peer.keys()):
        ratios = [
            theirs / ours for ours, theirs in zip(own[count], peer[count], strict=True)
        ]
        print(
            f"peer / Obelisk {count:>8,} queued: submit {ratios[0]:.1f},"
            f" list {ratios[2]:.1f} (peer: all, Obelisk: 100),"
            f" single {ratios[3]:.1f}, memory {ratios[4]:.1f}"
        )


def list_everything(server: RunningServer) -> None:
    """Print what the orders cost, and what a list without limit takes of the memory."""
    client = Client(server)
    for order in ("id", "submission", "priority", "-priority", "completion"):
        path = f"/jobs?expand&limit=100&order={order}"
        costs = [client.send("GET", path)[0] for _ in range(20)]
        print(f"{path} {statistics.median(costs):.2f} ms", flush=True)
    before = resident_bytes(server)
    for path in ("/jobs", "/jobs?expand"):
        elapsed, answer = client.send("GET", path)
        grown = (resident_bytes(server) - before) / 1e6
        print(f"{path} of {len(answer):,}: {elapsed:.0f} ms, {grown:+.0f} MB")


def drain(server: RunningServer, count: int) -> None:
    """Print how fast the queue empties, by the jobs of some seconds."""
    client = Client(server)
    for seconds in range(3):
        before = client.send("GET", "/jobs/counts")[1]["Pending"]
        start = time.perf_counter()
        while time.perf_counter() - start < 3:
            client.send("GET", "/jobs/counts")
        left = client.send("GET", "/jobs/counts")[1]["Pending"]
        rate = (before - left) / (time.perf_counter() - start)
        print(f"drained of {count:,}, {seconds}: {rate:.0f} jobs/s", flush=True)


def main() -> None:
    """Measure ours, then the other one if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", metavar="COMMAND")
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    port = free_port()
    silent = SilentPeer(port)
    options = {
        "ConcurrentJobs": 1,
        "DicomScuTimeout": 3600,
        "DicomModalities": {"silent": ["SILENT", "127.0.0.1", port]},
    }
    subjects = [(OBELISK, (one,)) for one in _OWN_COUNTS]
    if arguments.peer:
        subjects.append((tuple(shlex.split(arguments.peer)), _PEER_COUNTS))
    own: dict[int, Cost] = {}
    for command, counts in subjects:
        scaled = tuple(max(10, int(one * arguments.scale)) for one in counts)
        is_own = command is OBELISK
        with tempfile.TemporaryDirectory() as folder:
            if is_own:
                fill(Path(folder), scaled[0])
            server = start_server(command, Path(folder), **options)
            try:
                found = measure(server, scaled, is_own=is_own)
                if is_own and counts[0] == _OWN_COUNTS[-1]:
                    list_everything(server)
                    drain(server, scaled[0])
            finally:
                server.kill()  # Orthanc would wait for its silent peer
        if is_own:
            own |= found
        else:
            compare(own, found)
    silent.close()


if __name__ == "__main__":
    main()
