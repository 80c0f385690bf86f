"""Every action on a job in every state, over HTTP, beside what Orthanc answered."""

import json
import threading

import pytest

from factories import make_instance
from golden.record_jobs import ACTIONS, ANSWERS, ODD_SUBMISSIONS, call
from launching import free_port
from obelisk.app.node import INDEX_NAME, Node
from obelisk.config import Config, DICOMSection, StorageSection
from obelisk.http.listening import listen
from obelisk.http.server import HTTPServer
from obelisk.http.settings import HTTPServerSettings
from obelisk.index.reserve import Reserve
from obelisk.jobs.run import Run

RECORDED = json.loads(ANSWERS.read_text())

#: No job of Orthanc gets there; by its source the answers are those of `Pending`.
RECORDED["states"]["Retry"] = {
    action: cell | {"after": cell["after"].replace("Pending", "Retry")}
    for action, cell in RECORDED["states"]["Pending"].items()
}

#: A bare action of ours answers 400 or 404 with a body that says why.
BODY_KEYS = ("HttpStatus", "Message", "OrthancStatus", "Uri", "Method")

#: Orthanc's job had failed once more when it was looked at.
RESUBMITTED = "Pending"

UNKNOWN = "00000000-0000-0000-0000-000000000000"


class Place:
    """A server whose jobs stand still until they are moved by hand."""

    def __init__(self, root):
        """Start all but the engine."""
        config = Config(
            storage=StorageSection(storage_directory=root),
            dicom=DICOMSection(enabled=False),
        )
        self.node = Node(config)
        self.http_port = free_port()
        self.http = HTTPServer(
            listen(("127.0.0.1",), self.http_port),
            self.node.application,
            HTTPServerSettings(),
        )
        self.http.start()
        self.engine = self.node._jobs._engine
        stored = call(self, "POST", "/instances", make_instance())
        self.path = f"/instances/{stored['body']['ID']}/verify"

    def submit(self, **fields):
        """Submit a job; return the answer."""
        return call(self, "POST", self.path, {"Asynchronous": True} | fields)

    def run(self):
        """Run the next job to its end."""
        Run(self.engine._workplace, self.engine._claim(), lambda: False).perform()

    def in_state(self, state):
        """Return the id of a new job, brought into a state."""
        if state == "unknown":
            return UNKNOWN
        id_ = self.submit()["body"]["ID"]
        actions = {"Paused": "pause", "Failure": "cancel"}
        if state in actions:
            call(self, "POST", f"/jobs/{id_}/{actions[state]}")
        if state == "Running":
            self.engine._claim()
        if state == "Retry":
            columns = {"state": state, "retry_at": 2e9}
            self.node._index.write(lambda writer: writer.update_job(1, **columns))
        if state == "Success":
            self.run()
        return id_

    def state_of(self, id_):
        """Return the state of a job, or the status of the answer."""
        found = call(self, "GET", f"/jobs/{id_}")
        return found["body"]["State"] if found["status"] == 200 else found["status"]

    def close(self):
        """Stop everything."""
        self.http.refuse()
        self.http.wait(5)
        self.node.refuse(0)
        self.node.close()


@pytest.fixture
def place(tmp_path):
    """A server whose jobs stand still; it leaves no reserve in a folder that stays."""
    place = Place(tmp_path)
    yield place
    place.close()
    Reserve.beside(tmp_path / INDEX_NAME).release()


@pytest.mark.parametrize("state", RECORDED["states"])
@pytest.mark.parametrize("action", ACTIONS, ids=" ".join)
def test_every_action_in_every_state(place, state, action):
    """The status, the error number and the state afterwards are Orthanc's."""
    method, suffix = action
    recorded = RECORDED["states"][state][f"{method} {suffix}"]
    id_ = place.in_state(state)

    found = call(place, method, f"/jobs/{id_}{suffix}")

    assert found["status"] == recorded["status"]
    if recorded["body"]:
        recorded_body = json.loads(json.dumps(recorded["body"]).replace("{id}", id_))
        assert {key: found["body"][key] for key in BODY_KEYS} == {
            key: recorded_body[key] for key in BODY_KEYS
        }
    elif recorded["status"] == 200:
        assert found["body"] == recorded["body"]
    else:
        assert found["body"]["Details"]
    after = RESUBMITTED if suffix == "/resubmit" else recorded["after"]
    assert place.state_of(id_) == (after if state == "Failure" else recorded["after"])


@pytest.mark.parametrize("name", ODD_SUBMISSIONS)
def test_odd_submissions(place, name):
    """Wrong types are refused as by Orthanc; Synchronous wins over Asynchronous."""
    recorded = RECORDED["odd"][name]
    place.engine.start()
    body = {"Asynchronous": None} | ODD_SUBMISSIONS[name]

    found = place.submit(**body)

    assert found["status"] == recorded["status"]
    if found["status"] == 400:
        keys = ("Details", "OrthancStatus")
        assert [found["body"][key] for key in keys] == [
            recorded["body"][key] for key in keys
        ]
    elif name == "neither":
        assert set(found["body"]) == set(recorded["body"])


@pytest.mark.parametrize("state", ["Success", "Failure"])
def test_a_job_is_described_as_by_orthanc(place, state):
    """The same keys, of the same types."""
    recorded = RECORDED["shown"][state]["body"]
    id_ = place.in_state(state)
    found = call(place, "GET", f"/jobs/{id_}")["body"]

    assert {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in recorded.items()
    } | {"EffectiveRuntime": float}
    assert list(found) == sorted(recorded)
    base = ("Description", "FailedInstancesCount", "InstancesCount", "Resources")
    assert set(base) <= set(found["Content"])


def test_unknown_jobs_and_wrong_arguments(place):
    """The statuses are Orthanc's."""
    shown = RECORDED["shown"]
    assert call(place, "GET", f"/jobs/{UNKNOWN}")["status"] == 404
    for query, status in (
        ("expand=foo", shown["expand=foo"]["status"]),
        ("state=Foo", 400),
        ("order=foo", 400),
        ("limit=x", 400),
    ):
        assert call(place, "GET", f"/jobs?{query}")["status"] == status
    for body in (b"x", b"1_000", b"1.5", b"99999999999"):
        path = f"/jobs/{UNKNOWN}/priority"
        assert call(place, "PUT", path, body)["status"] == 400
    assert call(place, "PUT", f"/jobs/{UNKNOWN}/priority", b"7")["status"] == 404


def test_a_long_list_is_the_same_as_a_short_one(place, monkeypatch):
    """But sent in pieces; a job that goes meanwhile is left out."""
    ids = [place.in_state(state) for state in ("Success", "Failure", "Pending")]
    short = call(place, "GET", "/jobs?expand")["body"]
    monkeypatch.setattr("obelisk.rest.jobs._LIST_MAX", 2)
    monkeypatch.setattr("obelisk.jobs.queue._PAGE_SIZE", 2)
    answer = call(place, "GET", "/jobs?expand")

    assert answer["type"] == "application/json; charset=utf-8"
    shown = [one | {"Timestamp": ""} for one in answer["body"]]
    assert shown == [one | {"Timestamp": ""} for one in short]
    gone = [*ids[:1], UNKNOWN, *ids[1:]]
    described = place.node._jobs.queue.describe(gone)
    assert [one.row.id for one in described] == ids


def test_user_data_has_a_limit(place):
    """10 MB are refused, without a trace."""
    found = place.submit(UserData="x" * 10_000_000)

    assert found["status"] == 413, found
    assert call(place, "GET", "/jobs")["body"] == []


def test_a_synchronous_request_fails_with_its_job(place):
    """Seen at Orthanc: the job that is cancelled answers 500 with its number, 37."""
    answers = []
    waiter = threading.Thread(
        target=lambda: answers.append(place.submit(Asynchronous=None))
    )
    waiter.start()
    cancel_first(place)
    waiter.join(20)

    assert answers[0]["status"] == 500
    assert answers[0]["body"]["OrthancStatus"] == 37


def test_a_synchronous_request_does_not_wait_for_a_paused_job(place):
    """Its client gets the id, to go on when it likes."""
    answers = []
    waiter = threading.Thread(
        target=lambda: answers.append(place.submit(Asynchronous=None))
    )
    waiter.start()
    id_ = cancel_first(place, "pause")
    waiter.join(20)

    assert answers[0]["status"] == 202
    assert answers[0]["body"] == {"ID": id_, "Path": f"/jobs/{id_}"}


def cancel_first(place, action="cancel"):
    """Wait for a job and do something to it; return its id."""
    ids = []
    while not ids:
        ids = call(place, "GET", "/jobs")["body"]
    call(place, "POST", f"/jobs/{ids[0]}/{action}")
    return ids[0]
