"""Jobs of a running server: answers, preferences, repeated requests, events."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from exchange import settled_jobs
from factories import make_study

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "jobs.md"


@pytest.fixture
def study(server):
    """A study in the server, gone at the end."""
    for content in make_study(4711):
        stored = requests.post(f"{server.url}/instances", content, timeout=30).json()
    yield stored["ParentStudy"]
    requests.delete(f"{server.url}/studies/{stored['ParentStudy']}", timeout=30)


@pytest.fixture
def verify(server, study):
    """The function that asks for a check of the study."""

    def post(headers=None, **fields):
        url = f"{server.url}/studies/{study}/verify"
        return requests.post(url, json=fields, headers=headers, timeout=30)

    return post


def poll(server, path):
    """Wait as every client of Orthanc does; return the job."""
    pause = threading.Event()
    for _ in range(1000):
        job = requests.get(f"{server.url}{path}", timeout=30).json()
        if job["State"] in ("Success", "Failure"):
            return job
        pause.wait(0.02)
    raise AssertionError(job)


def test_a_synchronous_request_answers_with_the_content(verify, study):
    """Once the job has ended."""
    answer = verify()

    assert answer.status_code == 200
    content = answer.json()
    assert content["InstancesCount"] == 6
    assert content["FailedInstancesCount"] == 0
    assert content["Resources"] == [{"ID": study, "Type": "Study"}]


def test_an_asynchronous_request_answers_with_the_id(server, verify):
    """The job is found under its path until it has ended, and after."""
    answer = verify(Asynchronous=True, Priority=-3, UserData={"case": 7})
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)

    job = poll(server, answer.json()["Path"])
    assert (job["State"], job["Progress"], job["Priority"]) == ("Success", 100, -3)
    assert job["UserData"] == {"case": 7}
    assert job["ID"] in requests.get(f"{server.url}/jobs", timeout=30).json()


def test_prefer_chooses_how_to_wait(verify):
    """RFC 7240: not at all, or for some seconds."""
    answer = verify({"Prefer": "respond-async"})
    assert (answer.status_code, answer.headers["Location"]) == (
        202,
        answer.json()["Path"],
    )
    assert answer.headers["Preference-Applied"] == "respond-async"

    assert verify({"Prefer": "wait=20"}).json()["InstancesCount"] == 6


def test_a_repeated_request_makes_no_second_job(server, verify):
    """And another request with its key is refused."""
    key = {"Idempotency-Key": "once"}
    first = verify(key, Asynchronous=True).json()
    poll(server, first["Path"])
    again = verify(key, Asynchronous=True)
    other = verify(key, Asynchronous=True, Priority=1)

    assert again.json() == first
    assert other.status_code == 409


def test_damage_is_found(server, study, verify):
    """A byte that changed on the disk is told with its instance."""
    url = f"{server.url}/studies/{study}/instances"
    instance = requests.get(url, timeout=30).json()[0]
    name = instance["FileUuid"]
    (file,) = server.storage.rglob(name)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)

    found = verify().json()

    assert found["FailedInstancesCount"] == 1
    (failed,) = found["FailedInstances"]
    assert (failed["ID"], failed["ErrorCode"]) == (instance["ID"], 20)


def test_resources_are_deleted_in_the_background(server, study):
    """With the answer of a job; without Asynchronous it is empty, as Orthanc's."""
    url = f"{server.url}/tools/bulk-delete"
    body = {"Resources": [study, "unknown"], "Asynchronous": True}
    answer = requests.post(url, json=body, timeout=30).json()

    assert poll(server, answer["Path"])["Content"]["InstancesCount"] == 6
    assert requests.get(f"{server.url}/studies/{study}", timeout=30).status_code == 404
    answer = requests.post(url, json={"Resources": ["unknown"]}, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"")


BAD_FIELDS = [
    ({"Priority": "high"}, 400),
    ({"Priority": 1.5}, 400),
    ({"Priority": 2**31}, 400),
    ({"Permissive": "yes"}, 400),
    ({"Synchronous": "yes"}, 400),
    ({"Asynchronous": "yes"}, 400),
    ({"Retry": {"Attempts": -1}}, 400),
    ({"Retry": {"Attempts": 1, "Delay": -5}}, 400),
    ({"Retry": {"Attempts": 1, "Backoff": -2}}, 400),
    ({"Retry": {"Attempts": True}}, 400),
    ({"Retry": {"Delay": 1}}, 400),
    ({"Retry": 3}, 400),
    ({"AutoDelete": 1}, 400),
    ({"UserData": "x" * 10_000_000}, 413),
]


@pytest.mark.parametrize(("fields", "status"), BAD_FIELDS)
@pytest.mark.parametrize(
    "path",
    [
        "/studies/{study}/verify",
        "/studies/{study}/reconstruct",
        "/tools/reconstruct",
        "/tools/bulk-delete",
    ],
)
def test_bad_submissions_are_refused(server, study, path, fields, status):
    """With a body that says why, and without an effect, also without a job."""
    url = server.url + path.format(study=study)
    known = settled_jobs(server.url)
    body = {"Resources": [study]} | fields
    answer = requests.post(url, json=body, timeout=30)

    assert answer.status_code == status
    assert answer.json()["Details"]
    assert requests.get(f"{server.url}/studies/{study}", timeout=30).ok
    assert requests.get(f"{server.url}/jobs", timeout=30).json() == known


@pytest.mark.parametrize("other", [True, False])
def test_synchronous_wins_over_asynchronous(verify, other):
    """As with Orthanc."""
    assert "InstancesCount" in verify(Synchronous=True, Asynchronous=other).json()
    assert "Path" in verify(Synchronous=False, Asynchronous=other).json()


def test_an_overlong_key_is_refused(verify):
    """Also one that is only just too long."""
    assert verify({"Idempotency-Key": "k" * 255}).status_code == 200
    assert verify({"Idempotency-Key": "k" * 256}).status_code == 400


@pytest.mark.parametrize("path", ["/studies/{study}/reconstruct", "/tools/reconstruct"])
def test_resources_are_reconstructed_by_jobs(server, study, path):
    """On request; without it the answer is empty, as Orthanc's, and there is no job."""
    url = server.url + path.format(study=study)
    before = settled_jobs(server.url)
    for body in ({"Synchronous": True}, {"ReconstructFiles": True}):
        answer = requests.post(url, json=body, timeout=30)
        assert (answer.status_code, answer.content) == (200, b"")
    assert requests.get(f"{server.url}/jobs", timeout=30).json() == before

    for body in (
        {"Asynchronous": True, "ReconstructFiles": True},
        {"Asynchronous": True, "LimitToThisLevelMainDicomTags": True},
    ):
        answer = requests.post(url, json=body, timeout=30).json()
        job = poll(server, answer["Path"])
        assert (job["State"], job["Type"].endswith("Reconstruction")) == (
            "Success",
            True,
        )
    waited = requests.post(url, json={"Priority": 3}, timeout=30)
    assert (waited.status_code, waited.content) == (200, b"")
    jobs = requests.get(f"{server.url}/jobs?expand", timeout=30).json()
    assert 3 in [one["Priority"] for one in jobs]


def test_a_repeated_deletion_is_one_job(server, study):
    """Although nobody asked for a job: its key needs one."""
    url, key = f"{server.url}/tools/bulk-delete", {"Idempotency-Key": "gone"}
    body = {"Resources": [study]}
    for _ in range(2):
        answer = requests.post(url, json=body, headers=key, timeout=30)
        assert (answer.status_code, answer.content) == (200, b"")
    body["Permissive"] = True
    assert requests.post(url, json=body, headers=key, timeout=30).status_code == 409


def test_what_happened_to_jobs_is_listed_on_request(server, verify):
    """In /changes, with numbers of its own; never unless asked for."""
    url = f"{server.url}/changes"
    types = "JobSubmitted;JobSuccess;JobFailure"
    settled_jobs(server.url)
    since = requests.get(f"{url}?type={types}&to=99999&limit=1", timeout=30).json()
    id_ = verify(Asynchronous=True).json()["ID"]
    poll(server, f"/jobs/{id_}")

    query = f"type={types}&since={since['Last']}"
    found = requests.get(f"{url}?{query}", timeout=30).json()
    assert [one["ChangeType"] for one in found["Changes"]] == [
        "JobSubmitted",
        "JobSuccess",
    ]
    first = found["Changes"][0]
    assert (first["ID"], first["Path"]) == (id_, f"/jobs/{id_}")
    assert (found["Done"], found["Last"]) == (True, since["Last"] + 2)
    only = requests.get(f"{url}?type=JobSuccess&limit=1&since=0", timeout=30).json()
    assert [one["ChangeType"] for one in only["Changes"]] == ["JobSuccess"]
    listed = requests.get(f"{url}?limit=100000", timeout=30).json()["Changes"]
    assert not [one for one in listed if one["ChangeType"].startswith("Job")]
    mixed = requests.get(f"{url}?type=JobSuccess;NewStudy", timeout=30)
    assert mixed.status_code == 400


def test_events_tell_all_until_the_end(server, verify):
    """And those that were seen are not told again."""
    path = verify(Asynchronous=True).json()["Path"]
    url = f"{server.url}{path}/events"
    answer = requests.get(url, timeout=30)

    assert answer.headers["Content-Type"] == "text/event-stream"
    names = re.findall(r"^event: (\w+)$", answer.text, re.MULTILINE)
    numbers = re.findall(r"^id: (\d+)$", answer.text, re.MULTILINE)
    assert names[-1] == "Success"
    last = {"Last-Event-ID": numbers[-1]}
    assert requests.get(url, headers=last, timeout=30).status_code == 204
    assert requests.get(f"{server.url}/jobs/no/events", timeout=30).status_code == 404


def test_the_example_of_the_page_works(server, study):
    """As it stands there."""
    (program,) = re.findall(
        r"```python\n(\"\"\"Submit.*?)```", PAGE.read_text(), re.DOTALL
    )
    command = [sys.executable, "-c", program, server.url, study]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "Success 100 %"
