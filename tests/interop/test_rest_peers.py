"""Two running servers, one of which sends to the other by HTTP."""

import sqlite3
import threading

import pytest
import requests

from collector import running_collector
from factories import make_instance, make_study
from launching import OBELISK, free_port, start_server
from peer_server import running_peer

SECRET = "very-secret"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=1"}


def call(server, method, path, body=None, **options):
    """Send a request."""
    how = {"data": body} if isinstance(body, bytes) else {"json": body}
    return requests.request(method, server.url + path, timeout=60, **how, **options)


def upload(server, seed=1):
    """Store a study of six instances; return its id."""
    for content in make_study(seed):
        stored = call(server, "POST", "/instances", content).json()
    return stored["ParentStudy"]


def wait_for(server, job, *states):
    """Poll a job until it is in one of some states."""
    pause = threading.Event()
    for _ in range(1000):
        found = call(server, "GET", f"/jobs/{job}").json()
        if found["State"] in states:
            return found
        pause.wait(0.02)
    raise AssertionError(found)


@pytest.fixture
def pair(launch):
    """A server that sends, and the one that it knows as `there`."""
    there = launch(AuthenticationEnabled=True, RegisteredUsers={"alice": SECRET})
    peers = {
        "there": [there.url, "alice", SECRET],
        "stranger": [there.url, "bob", SECRET],
        "nobody": [f"http://127.0.0.1:{free_port()}"],
    }
    return launch(OrthancPeers=peers), there


def instances_of(there):
    """Return the instances of the server that was sent to."""
    return sorted(call(there, "GET", "/instances", auth=("alice", SECRET)).json())


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_study_is_sent(pair, is_packed):
    """It is the same there, and it may be sent again."""
    here, there = pair
    study = upload(here)
    for _ in range(2):
        wanted = {"Resources": [study], "Compress": is_packed}
        answer = call(here, "POST", "/peers/there/store", wanted)
        assert answer.status_code == 200
    content = answer.json()

    assert instances_of(there) == sorted(call(here, "GET", "/instances").json())
    assert content["InstancesCount"] == 6
    assert content["FailedInstancesCount"] == 0
    assert content["Peer"] == [f"{there.url}/", "alice", ""]
    assert content["Compress"] is is_packed
    for id_ in instances_of(there):
        path = f"/instances/{id_}/file"
        copy = call(there, "GET", path, auth=("alice", SECRET)).content
        assert copy == call(here, "GET", path).content


def test_all_levels_and_forms(pair):
    """An id alone, as JSON, a list, and an object; overlaps are sent once."""
    here, there = pair
    study = upload(here)
    series = call(here, "GET", f"/studies/{study}").json()["Series"]
    patient = call(here, "GET", f"/studies/{study}").json()["ParentPatient"]
    instance = call(here, "GET", "/instances").json()[0]
    path = "/peers/there/store"
    counts = [
        call(here, "POST", path, body).json()["InstancesCount"]
        for body in (
            *(instance.encode(), f" {study}\n".encode(), f'"{patient}"'.encode()),
            *([patient, study, *series, instance], [instance, instance], []),
            {"Resources": series},
        )
    ]

    assert counts == [1, 6, 6, 6, 1, 0, 6]
    assert len(instances_of(there)) == 6


def test_what_cannot_be_asked(pair):
    """The errors are those of Orthanc, but for what does not exist."""
    here, _ = pair
    study, gone = upload(here), "-".join(["00000000"] * 5)
    asked = {
        '""': (400, 15),
        "{}": (400, 15),
        "5": (400, 15),
        "[5]": (400, 15),
        "nope": (400, 15),
        '["nope"]': (400, 15),
        f'{{"Resources": "{study}"}}': (400, 15),
        f'{{"Resources": ["{study}"], "Compress": 1}}': (400, 15),
        f'{{"Resources": ["{study}"], "Transcode": "nope"}}': (400, 15),
        f'{{"Resources": ["{study}"], "Transcode": 5}}': (400, 15),
        f'{{"Resources": ["{study}"], "Transcode": "1.2.840.10008.1.2.4.100"}}': (
            500,
            2,
        ),
        gone: (404, 17),
    }
    for body, expected in asked.items():
        answer = call(here, "POST", "/peers/there/store", body.encode())
        assert (answer.status_code, answer.json()["OrthancStatus"]) == expected, body
    answer = call(here, "POST", "/peers/unknown/store", [study])
    assert (answer.status_code, answer.json()["OrthancStatus"]) == (404, 17)


@pytest.mark.parametrize("name", ["stranger", "nobody"])
def test_a_peer_that_does_not_want(pair, name):
    """The job fails, or a permissive one says what it could not do."""
    here, there = pair
    study = upload(here)
    answer = call(here, "POST", f"/peers/{name}/store", [study])
    system = call(here, "GET", f"/peers/{name}/system")
    wanted = {"Resources": [study], "Permissive": True}
    content = call(here, "POST", f"/peers/{name}/store", wanted).json()

    assert (answer.status_code, answer.json()["OrthancStatus"]) == (500, 9)
    code = 2005 if name == "stranger" else 9
    assert (system.status_code, system.json()["OrthancStatus"]) == (500, code)
    assert content["FailedInstancesCount"] == len(content["FailedInstances"]) == 6
    assert instances_of(there) == []


def test_what_failed_can_be_done_again(launch):
    """When the peer is there."""
    with running_peer() as peer:
        here = launch(OrthancPeers={"peer": [peer.url]})
        study = upload(here)
        peer.say({}, status=503)
        wanted = {"Resources": [study], "Asynchronous": True, "Permissive": True}
        job = call(here, "POST", "/peers/peer/store", wanted).json()["ID"]
        assert wait_for(here, job, "Success")["Content"]["FailedInstancesCount"] == 6
        peer.received.clear()
        peer.say({"Status": "Success"})
        call(here, "POST", f"/jobs/{job}/resubmit?only=failed")
        done = wait_for(here, job, "Success", "Failure")

    assert done["State"] == "Success"
    assert done["Content"]["FailedInstancesCount"] == 0
    assert len(peer.received) == 6


def test_a_failed_job_waits_for_its_peer(launch):
    """If it may try again."""
    with running_peer() as peer:
        here = launch(OrthancPeers={"peer": [peer.url]})
        peer.say({}, status=503)
        wanted = {
            "Resources": [upload(here)],
            "Asynchronous": True,
            "Retry": {"Attempts": 1000, "Delay": 0.1, "Backoff": 1},
        }
        job = call(here, "POST", "/peers/peer/store", wanted).json()["ID"]
        wait_for(here, job, "Retry")
        peer.say({"Status": "Success"})

        assert wait_for(here, job, "Success", "Failure")["State"] == "Success"


def test_a_peer_that_hangs(launch):
    """Its job can be paused, resumed and cancelled; others go on."""
    with running_peer() as peer, running_peer() as other:
        peers = {"peer": [peer.url], "other": [other.url]}
        here = launch(OrthancPeers=peers, HttpTimeout=30)
        study = upload(here)
        peer.reply = peer.hold
        wanted = {"Resources": [study], "Asynchronous": True}
        job = call(here, "POST", "/peers/peer/store", wanted).json()["ID"]
        peer.wait_for(0)
        assert call(here, "POST", "/peers/other/store", [study]).status_code == 200
        call(here, "POST", f"/jobs/{job}/pause")
        wait_for(here, job, "Paused")
        call(here, "POST", f"/jobs/{job}/resume")
        wait_for(here, job, "Running")
        call(here, "POST", f"/jobs/{job}/cancel")

        assert wait_for(here, job, "Success", "Failure")["ErrorCode"] == 37
        assert call(here, "GET", "/health/ready").status_code == 200


def test_a_job_goes_on_after_a_crash(tmp_path):
    """Behind the last instance that it noted; the password is in no job."""
    with running_peer() as peer:
        options = {"OrthancPeers": {"peer": [peer.url, "alice", SECRET]}}
        here = start_server(OBELISK, tmp_path, **options)
        try:
            study = upload(here)
            peer.reply = peer.hold
            wanted = {"Resources": [study], "Asynchronous": True}
            job = call(here, "POST", "/peers/peer/store", wanted).json()["ID"]
            wait_for(here, job, "Running")
            here.kill()
            with sqlite3.connect(here.storage / "obelisk.sqlite3") as database:
                kept = "\n".join(database.iterdump())
            peer.is_free.set()
            here = start_server(OBELISK, tmp_path, **options)
            done = wait_for(here, job, "Success", "Failure")
        finally:
            here.kill()

    assert done["State"] == "Success"
    assert len({one.body for one in peer.received}) == 6
    assert SECRET not in kept


def test_what_is_sent_straight(pair):
    """It is stored there only."""
    here, there = pair
    content = make_instance(5)
    path = "/peers/there/store-straight"
    answers = [call(here, "POST", path, content) for _ in range(2)]

    assert [one.json()["Status"] for one in answers] == ["Success", "AlreadyStored"]
    assert instances_of(there) == [answers[0].json()["ID"]]
    assert call(here, "GET", "/instances").json() == []
    for body, name, expected in (
        *((b"", "there", (500, 9)), (b"abc", "there", (500, 9))),
        *((content, "nobody", (500, 9)), (content, "unknown", (404, 17))),
    ):
        answer = call(here, "POST", f"/peers/{name}/store-straight", body)
        assert (answer.status_code, answer.json()["OrthancStatus"]) == expected


def test_what_is_known_of_peers(pair):
    """But no password; they come and go."""
    here, there = pair
    told = call(here, "GET", "/peers?expand").json()["there"]
    peer = {"Url": "http://x", "HttpHeaders": {"A": SECRET}, "Note": "n"}
    put = call(here, "PUT", "/peers/new", peer)

    assert told == call(here, "GET", "/peers/there/configuration").json()
    assert told["Url"] == f"{there.url}/"
    assert (told["Username"], told["Password"]) == ("alice", None)
    assert call(here, "GET", "/peers/there/system").json()["ApiVersion"] == 31
    operations = ["configuration", "store", "store-straight", "system"]
    assert call(here, "GET", "/peers/there").json() == operations
    assert (put.status_code, put.content) == (200, b"")
    assert call(here, "GET", "/peers").json() == ["new", "nobody", "stranger", "there"]
    assert call(here, "GET", "/peers/new/configuration").json() == {
        "HttpHeaders": ["A"],
        "Note": "n",
        "Pkcs11": False,
        "Timeout": 0,
        "Url": "http://x/",
    }
    assert call(here, "DELETE", "/peers/new").status_code == 200
    assert call(here, "GET", "/peers/new").status_code == 404
    again = call(here, "DELETE", "/peers/new")
    assert (again.status_code, again.json()["OrthancStatus"]) == (404, 7)


@pytest.mark.parametrize(
    ("name", "peer", "expected"),
    [
        ("a b", ["http://x"], (400, 15)),
        ("a", {}, (400, 15)),
        ("a", ["ftp://x"], (400, 15)),
        ("a", {"Url": "http://x", "Pkcs11": True}, (400, 15)),
        ("a", b"{nope", (400, 15)),
        ("a", {"Url": "http://x", "CertificateFile": "/nonexistent"}, (404, 13)),
    ],
)
def test_peers_that_cannot_be(server, name, peer, expected):
    """They are refused, with Orthanc's numbers."""
    answer = call(server, "PUT", f"/peers/{name}", peer)

    assert (answer.status_code, answer.json()["OrthancStatus"]) == expected
    assert call(server, "GET", "/peers").json() == []


@pytest.mark.parametrize("is_kept", [False, True])
def test_peers_that_outlive_the_server(tmp_path, is_kept):
    """If they are kept in the index."""
    options = {"OrthancPeersInDatabase": is_kept}
    here = start_server(OBELISK, tmp_path, **options)
    try:
        call(here, "PUT", "/peers/one", ["http://x", "u", SECRET])
        assert here.terminate() == 0
        here = start_server(OBELISK, tmp_path, **options)
        assert call(here, "GET", "/peers").json() == (["one"] if is_kept else [])
    finally:
        here.kill()


def test_instances_are_sent_by_their_numbers(launch):
    """One series after the other, whatever came first and whatever the ids are."""
    files = {
        (series, number): make_instance(1, series=series, number=number)
        for series in (1, 2)
        for number in (4, 11, 2, 7, 1)
    }
    names = {content: name for name, content in files.items()}
    with running_peer() as peer:
        here = launch(OrthancPeers={"peer": [peer.url]})
        stored = {
            name: call(here, "POST", "/instances", content).json()
            for name, content in files.items()
        }
        study = stored[1, 1]["ParentStudy"]
        call(here, "POST", "/peers/peer/store", study)
        sent = [names[one.body] for one in peer.received if one.body in names]

    ids = {series: stored[series, 1]["ParentSeries"] for series in (1, 2)}
    wanted = [(series, number) for series in (1, 2) for number in (1, 2, 4, 7, 11)]
    assert sent == sorted(wanted, key=lambda name: (ids[name[0]], name[1]))


def test_what_was_sent_is_logged(launch):
    """Where that is wanted, in the order of the request, each once."""
    with running_peer() as peer:
        peers = {"peer": [peer.url]}
        here = launch(OrthancPeers=peers, LogExportedResources=True)
        studies = sorted([upload(here), upload(here, 2)], reverse=True)
        content = call(here, "POST", "/peers/peer/store", studies * 2).json()
        exports = call(here, "GET", "/exports").json()["Exports"]

    found = [(export["ID"], export["RemoteModality"]) for export in exports]
    assert found == [(study, "peer") for study in studies]
    assert content["ParentResources"] == sorted(studies)


def test_a_server_that_may_not_write_makes_no_jobs(tmp_path):
    """As it could not keep them; it still knows its peers."""
    start_server(OBELISK, tmp_path).terminate()
    here = start_server(OBELISK, tmp_path, ReadOnly=True)
    try:
        assert call(here, "POST", "/peers/x/store", []).status_code in (404, 405)
        assert call(here, "GET", "/peers").json() == []
    finally:
        here.terminate()


def test_one_trace_spans_two_servers(launch):
    """Request, job, the request that it sends, and what the peer does with it."""
    with running_collector() as collector:
        there = launch(OpenTelemetryEndpoint=collector.url)
        here = launch(
            OpenTelemetryEndpoint=collector.url, OrthancPeers={"peer": [there.url]}
        )
        study = upload(here)
        wanted = {"Resources": [study], "Asynchronous": True}
        path = "/peers/peer/store"
        job = call(here, "POST", path, wanted, headers=HEADERS).json()["ID"]
        wait_for(here, job, "Success")
        assert here.terminate() == there.terminate() == 0
        spans = [span for span in collector.spans if span.trace == TRACE]

    by_id = {span.id: span for span in spans}
    taken = [span for span in spans if (span.name, span.kind) == ("POST /instances", 2)]
    assert len(taken) == 6
    for span in taken:
        names = [(span.name, span.kind)]
        while (span := by_id.get(span.parent)) is not None:
            names.append((span.name, span.kind))
            last = span
        assert names[1:3] == [("POST /instances", 3), ("step", 1)]
        assert names[3:] == [
            ("job OrthancPeerStore", 1),
            ("POST /peers/{id}/store", 2),
        ]
        assert (last.parent, last.state) == (CALLER, "vendor=1")
    assert len({span.server for span in spans}) == 2
    assert len([span for span in spans if span.name == "ingest"]) == 6
