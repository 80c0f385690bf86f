"""Kills servers, or holds them up, while jobs run: every job ends, once."""

import io
import json
import os
import random
import signal
import threading
import time
import zipfile
from pathlib import Path

import pytest

from exchange import Call, Peer
from factories import make_sized_instance
from launching import OBELISK, RunningServer, start_server, wait_until
from obelisk.job_types import JOB_TYPES
from peer_server import PeerServer, running_peer

SEED = int(os.environ.get("CRASH_SEED", "20261122"))
OPTIONS = {
    "JobsHistorySize": 10_000,
    "ConcurrentJobs": 2,
    "MediaArchiveSize": 10_000,
}

#: Jobs that make an archive, and how many files are in that beside the instances.
ARCHIVES = {"archive": 0, "media": 1}

#: How many instances a job makes, in a study of their own.
MADE_COUNT = 10

_SECONDS_MAX = 120
_ENDED = {"Success", "Failure"}
_PDF = "data:application/pdf;base64,JVBERi0xLjQ="


def send(server: RunningServer, method: str, path: str, body: object = None):
    """Send a request, and return its JSON."""
    peer = Peer(server.url)
    content = body if isinstance(body, bytes) else None
    call = Call(method, path, path, "", content or _json(body))
    answer, received = peer.send(call)
    peer.close()
    assert answer.status == 200, (path, answer.status, received[:300])
    return answer.to_json()["body"]


def _json(body: object) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


class Round:
    """Some instances, and jobs about them whose answers came before the crash."""

    def __init__(self, server: RunningServer, number: int) -> None:
        """Store two studies, one to be kept and one to be deleted."""
        self.studies = []
        for kind in (0, 1):
            for one in range(40):
                seed = number * 1000 + kind * 100
                content = make_sized_instance(seed, 60_000, study=kind, number=one + 1)
                stored = send(server, "POST", "/instances", content)
            self.studies.append(stored["ParentStudy"])

    def submit(self, server: RunningServer) -> list[str]:
        """Submit jobs of every type; return their ids."""
        kept, lost = self.studies
        wanted = {"Asynchronous": True, "Permissive": True}
        paths = [f"/studies/{study}/verify" for study in (kept, lost, kept) * 3]
        jobs = [send(server, "POST", path, wanted)["ID"] for path in paths]
        paths = [f"/studies/{kept}/reconstruct", f"/studies/{lost}/reconstruct"]
        paths.append("/tools/reconstruct")
        paths += [f"/studies/{kept}/{kind}" for kind in ARCHIVES]
        jobs += [send(server, "POST", path, wanted)["ID"] for path in paths]
        sending = wanted | {"Resources": [kept]}
        made = wanted | {"Tags": {}, "Content": [_PDF] * MADE_COUNT}
        jobs.append(send(server, "POST", "/tools/create-dicom", made)["ID"])
        jobs.append(send(server, "POST", "/peers/peer/store", sending)["ID"])
        deletion = wanted | {"Resources": [lost]}
        jobs.append(send(server, "POST", "/tools/bulk-delete", deletion)["ID"])
        return jobs


def wait_for_all(server: RunningServer, jobs: list[str]) -> dict[str, dict]:
    """Return the jobs once all of them have ended."""
    deadline = time.monotonic() + _SECONDS_MAX
    pause = threading.Event()
    while time.monotonic() < deadline:
        found = {one["ID"]: one for one in send(server, "GET", "/jobs?expand")}
        assert set(jobs) <= set(found), "a job is lost"
        if all(found[one]["State"] in _ENDED for one in jobs):
            return {one: found[one] for one in jobs}
        pause.wait(0.1)
    raise AssertionError([found[one]["State"] for one in jobs])


def check(server: RunningServer, rounds: list[Round], jobs: list[str]) -> None:
    """Assert that all jobs did their work, and nothing is left behind."""
    found = wait_for_all(server, jobs)
    kept = [one.studies[0] for one in rounds]

    assert {job["State"] for job in found.values()} == {"Success"}
    assert {job["Type"] for job in found.values()} == set(JOB_TYPES)
    for job in found.values():
        resources = job["Content"].get("Resources", [{"ID": kept[0]}])
        if resources[0]["ID"] in kept:
            assert job["Content"].get("FailedInstancesCount", 0) == 0, job
    assert_told_once(server, found)
    archives = [
        id_ for id_, job in found.items() if job["Type"] in ("Archive", "Media")
    ]
    assert_archives(server, {id_: found[id_]["Type"].lower() for id_ in archives})
    studies = send(server, "GET", "/studies")
    assert set(kept) <= set(studies)
    assert len(studies) == 2 * len(kept)
    count = (40 + MADE_COUNT) * len(kept)
    assert send(server, "GET", "/statistics")["CountInstances"] == count
    files = count + len(archives)
    wait_until(lambda: len(list(server.storage.glob("??/??/*"))) == files)


def assert_archives(server: RunningServer, kinds: dict[str, str]) -> None:
    """Assert that the archives of jobs are there, whole."""
    peer = Peer(server.url)
    for id_, kind in kinds.items():
        path = f"/jobs/{id_}/archive"
        _, content = peer.send(Call("GET", path, path))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) == 40 + ARCHIVES[kind]
    peer.close()


def assert_told_once(server: RunningServer, jobs: dict[str, dict]) -> None:
    """Assert that each job was submitted once and succeeded once."""
    types = "JobSubmitted;JobSuccess;JobFailure"
    path = f"/changes?type={types}&since=0&limit=100000"
    told = [
        (one["ID"], one["ChangeType"]) for one in send(server, "GET", path)["Changes"]
    ]
    expected = [(id_, kind) for id_ in jobs for kind in ("JobSubmitted", "JobSuccess")]
    assert sorted(told) == sorted(expected)


def kill_again_and_again(folder: Path, kill_count: int) -> None:
    """Kill while jobs run, and check after each start."""
    with running_peer() as peer:
        kill_and_check(folder, kill_count, peer)


def kill_and_check(folder: Path, kill_count: int, peer: PeerServer) -> None:
    """Kill while jobs run, some of which send to a peer, and check."""
    rng = random.Random(SEED)
    options = OPTIONS | {"OrthancPeers": {"peer": [peer.url]}}
    server = start_server(OBELISK, folder, **options)
    rounds: list[Round] = []
    jobs: list[str] = []
    peer.reply = peer.hold
    try:
        for number in range(kill_count):
            rounds.append(Round(server, number))
            peer.is_free.clear()  # so that one job at least has not ended
            jobs += rounds[-1].submit(server)
            threading.Event().wait(rng.random() ** 2 * 0.3)
            server.kill()
            peer.is_free.set()
            server = start_server(OBELISK, folder, **options)
            found = send(server, "GET", "/jobs?expand")
            assert any(one["State"] not in _ENDED for one in found)
            check(server, rounds, jobs)
            assert len({one.body for one in peer.received}) == 40
            peer.received.clear()

        assert server.terminate() == 0
    finally:
        server.kill()


@pytest.mark.timeout(300)
def test_three_kills_lose_and_double_no_job(tmp_path: Path) -> None:
    """After each of three kills all jobs go on, and end as if nothing had been."""
    kill_again_and_again(tmp_path, 3)


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_fifty_kills_lose_and_double_no_job(tmp_path: Path) -> None:
    """After each of fifty kills all jobs go on, and end as if nothing had been."""
    kill_again_and_again(tmp_path, 50)


@pytest.fixture
def pair(tmp_path):
    """Two servers on one index and one storage area."""
    storage = tmp_path / "storage"
    servers = []
    for name in ("first", "second"):
        options = OPTIONS | {"StorageDirectory": str(storage)}
        servers.append(start_server(OBELISK, tmp_path / name, **options))
    yield servers
    for server in servers:
        server.kill()


def submit_many(server: RunningServer) -> list[str]:
    """Submit more checks than two servers do in a moment."""
    study = Round(server, 7).studies[0]
    wanted = {"Asynchronous": True}
    return [
        send(server, "POST", f"/studies/{study}/verify", wanted)["ID"]
        for _ in range(100)
    ]


@pytest.mark.timeout(300)
def test_another_server_ends_the_jobs_of_a_dead_one(pair):
    """Within the lease, and a moment."""
    first, second = pair
    jobs = submit_many(first)
    first.kill()
    found = wait_for_all(second, jobs)

    assert {one["State"] for one in found.values()} == {"Success"}


@pytest.mark.timeout(300)
def test_jobs_that_are_not_saved_belong_to_their_server(tmp_path):
    """A second one neither deletes nor runs them; they go when the first one died."""
    options = OPTIONS | {"StorageDirectory": str(tmp_path / "storage")}
    first = start_server(OBELISK, tmp_path / "first", **options, SaveJobs=False)
    servers = [first]
    try:
        jobs = submit_many(first)
        second = start_server(OBELISK, tmp_path / "second", **options, SaveJobs=False)
        servers.append(second)
        found = wait_for_all(first, jobs)
        assert {one["State"] for one in found.values()} == {"Success"}

        lost = submit_many(first)
        first.kill()
        done = set(send(second, "GET", "/jobs?state=Success"))
        pause, deadline = threading.Event(), time.monotonic() + _SECONDS_MAX
        while set(lost) & set(send(second, "GET", "/jobs")):
            assert set(send(second, "GET", "/jobs?state=Success")) <= done
            assert time.monotonic() < deadline
            pause.wait(0.1)
    finally:
        for server in servers:
            server.kill()


@pytest.mark.timeout(300)
def test_a_server_that_was_held_up_writes_nothing_any_more(pair):
    """Its jobs have been done by the other one, and stay as they are."""
    first, second = pair
    jobs = submit_many(first)
    hold_up(first, second, jobs[0])
    found = wait_for_all(second, jobs)
    os.killpg(first.process.pid, signal.SIGCONT)
    again = {one["ID"]: one for one in send(first, "GET", "/jobs?expand")}

    assert {one["State"] for one in found.values()} == {"Success"}
    for id_, job in found.items():
        assert job | {"Timestamp": ""} == again[id_] | {"Timestamp": ""}
    assert len(wait_for_all(first, submit_many(first))) == 100


def hold_up(first: RunningServer, second: RunningServer, job: str) -> None:
    """Stop the first server where it does not keep the second one from writing."""
    while True:
        os.killpg(first.process.pid, signal.SIGSTOP)
        writing = threading.Thread(
            target=send, args=(second, "PUT", f"/jobs/{job}/priority", b"1")
        )
        writing.start()
        writing.join(2)
        if not writing.is_alive():
            return
        os.killpg(first.process.pid, signal.SIGCONT)
        writing.join()
