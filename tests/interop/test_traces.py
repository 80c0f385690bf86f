"""Traces of running servers, as a collector receives them."""

import subprocess
import threading

import pytest
import requests

from collector import running_collector
from factories import make_instance, make_study
from launching import OBELISK, free_port, start_server

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=1"}
STAGES = {"receive", "parse", "store", "index"}


@pytest.fixture
def collector():
    """A collector that runs."""
    with running_collector() as running:
        yield running


@pytest.fixture
def traced(launch, collector):
    """A server that sends its traces to the collector."""
    return launch(OpenTelemetryEndpoint=collector.url)


def store(server, content=None, **options):
    """Store an instance; return its answer."""
    body = make_instance(PatientName="SMITH^JOHN") if content is None else content
    url = f"{server.url}/instances"
    return requests.post(url, body, timeout=30, **options).json()


def parts_of(spans, whole):
    """Return the names of the parts of a span."""
    return {span.name for span in spans if span.parent == whole.id}


def test_an_upload_is_a_part_of_the_trace_of_its_client(traced, collector):
    """With ingest and its stages as parts."""
    store(traced, headers=HEADERS | {"X-Request-ID": "abc-1"})
    request, ingest = collector.only("POST /instances"), collector.only("ingest")

    assert (request.trace, request.parent) == (TRACE, CALLER)
    assert (request.kind, request.state, request.has_failed) == (2, "vendor=1", False)
    assert request.attributes == {
        "obelisk.request": "abc-1",
        "http.request.method": "POST",
        "http.route": "/instances",
        "http.response.status_code": 200,
        "url.path": "/instances",
        "url.scheme": "http",
    }
    assert (ingest.trace, ingest.parent, ingest.kind) == (TRACE, request.id, 1)
    assert ingest.attributes == {"obelisk.outcome": "Success"}
    assert parts_of(collector.spans, ingest) == STAGES
    stages = [span for span in collector.spans if span.name in STAGES]
    assert sum(span.seconds for span in stages) <= ingest.seconds <= request.seconds


def test_an_association_has_its_operations_as_parts(traced, collector, dcmtk, tmp_path):
    """Each C-STORE with its status, and ingest in it."""
    for number, content in enumerate(make_study(1)):
        (tmp_path / f"{number}.dcm").write_bytes(content)
    port = str(traced.dicom_port)
    command = [dcmtk("storescu"), "-aet", "SCANNER", "+sd", "127.0.0.1", port]
    subprocess.run([*command, str(tmp_path)], check=True)
    association = collector.only("association")
    stores = [span for span in collector.spans if span.name == "C-STORE"]

    assert association.parent == ""
    assert association.attributes["obelisk.aet"] == "SCANNER"
    assert association.attributes["network.peer.address"] == "127.0.0.1"
    assert len(stores) == len(make_study(1))
    assert {span.parent for span in stores} == {association.id}
    assert {span.attributes["dicom.status"] for span in stores} == {"0000"}
    assert parts_of(collector.spans, stores[0]) == {"ingest"}
    stages = {span.trace for span in collector.spans if span.name in STAGES}
    assert stages == {association.trace}


def test_a_job_is_a_part_of_its_request(traced, collector):
    """Also if the request did not wait for it."""
    path = f"{traced.url}/instances/{store(traced)['ID']}/verify"
    requests.post(path, json={"Asynchronous": True}, headers=HEADERS, timeout=30)
    job = collector.only("job Verification")
    request = collector.only("POST /{level}/{id}/verify")

    assert (request.trace, request.parent) == (TRACE, CALLER)
    assert (job.trace, job.parent, job.state) == (TRACE, request.id, "vendor=1")
    assert parts_of(collector.spans, job) == {"step"}
    assert job.attributes.keys() == {"obelisk.job"}


def test_a_job_belongs_to_its_request_after_a_crash(collector, tmp_path):
    """The trace is kept with the job."""

    def start():
        return start_server(OBELISK, tmp_path, OpenTelemetryEndpoint=collector.url)

    server = start()
    url = f"{server.url}/instances/{store(server)['ID']}/verify"
    for path in server.storage.glob("??/??/*"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    fields = {"Asynchronous": True, "Priority": 1}
    job = requests.post(url, json=fields, headers=HEADERS, timeout=30).json()["Path"]
    first = collector.only("job Verification")
    server.kill()
    collector.spans.clear()
    server = start()
    requests.post(f"{server.url}{job}/resubmit?only=failed", timeout=30)
    second = collector.only("job Verification")
    server.terminate()

    assert second.trace == TRACE
    assert second.parent == first.parent
    assert second.id != first.id


def test_one_trace_spans_two_servers(collector, launch):
    """They tell the collector who they are."""
    servers = [launch(OpenTelemetryEndpoint=collector.url) for _ in range(2)]
    for server in servers:
        requests.get(f"{server.url}/statistics", headers=HEADERS, timeout=30)
        assert server.terminate() == 0
    spans = [span for span in collector.spans if span.trace == TRACE]

    assert [span.name for span in spans] == ["GET /statistics"] * 2
    assert len({span.server for span in spans}) == 2


def test_a_stream_lasts_until_its_last_byte(traced, collector):
    """With the job that it is as a part, and no longer than that."""
    study = store(traced)["ParentStudy"]
    url = f"{traced.url}/studies/{study}/archive"
    requests.get(url, headers=HEADERS, timeout=30).raise_for_status()
    request = collector.only("GET /{group}/{id}/archive")
    job = collector.only("job Archive")

    assert (request.parent, job.parent) == (CALLER, request.id)
    assert job.seconds <= request.seconds
    assert request.attributes["url.path"] == f"/{{group}}/{study}/archive"


def test_what_its_sender_does_not_record_is_not_recorded(traced, collector):
    """And of what begins here only some, if so configured."""
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-00"}
    requests.get(f"{traced.url}/statistics", headers=headers, timeout=30)
    requests.get(f"{traced.url}/changes", headers=HEADERS, timeout=30)
    collector.wait("GET /changes")
    traced.terminate()

    assert "GET /statistics" not in {span.name for span in collector.spans}


def test_only_traces_of_others_if_none_are_to_begin_here(launch, collector):
    """At a percentage of 0."""
    server = launch(
        OpenTelemetryEndpoint=collector.url, OpenTelemetrySamplePercentage=0
    )
    requests.get(f"{server.url}/statistics", timeout=30)
    requests.get(f"{server.url}/changes", headers=HEADERS, timeout=30)
    server.terminate()

    assert {span.name for span in collector.spans} == {"GET /changes"}


def test_errors_are_named(traced, collector):
    """By their class; a refusal is no failure of the server."""
    requests.get(f"{traced.url}/studies/nope", timeout=30)
    span = collector.only("GET /{level}/{id}")

    assert span.attributes["error.type"] == "NotFoundError"
    assert span.attributes["http.response.status_code"] == 404
    assert not span.has_failed


@pytest.mark.parametrize("is_deidentified", [True, False])
def test_no_patient_is_in_the_traces(launch, collector, is_deidentified):
    """Unless DeidentifyLogs is false: then paths stand there as they are."""
    server = launch(OpenTelemetryEndpoint=collector.url, DeidentifyLogs=is_deidentified)
    url = f"{server.url}/instances/{store(server)['ID']}"
    for path in ("labels/SMITH", "content/SMITH", "metadata/SMITH", "SMITH", "tags"):
        requests.get(f"{url}/{path}", timeout=30)
    requests.request("SMITH", f"{server.url}/SMITH?SMITH", timeout=30)
    requests.post(f"{server.url}/tools/find", '{"Level": "SMITH"}', timeout=30)
    requests.post(f"{server.url}/instances", b"SMITH", timeout=30)
    server.terminate()
    told = b"".join(collector.bodies)

    assert (b"SMITH" not in told) is is_deidentified
    assert b"JOHN" not in told


def test_a_collector_that_is_away_holds_nobody_up(launch):
    """One warning, and the server stops as soon as ever."""
    url = f"http://127.0.0.1:{free_port()}"
    server = launch(OpenTelemetryEndpoint=url, HttpWorkers=1)  # each process warns
    warned = threading.Event()
    for _ in range(1000):
        requests.get(f"{server.url}/statistics", timeout=30).raise_for_status()
        if "Traces cannot be sent to 127.0.0.1:" in server.log.read_text():
            break
        warned.wait(0.01)

    assert server.terminate() == 0
    log = server.log.read_text()
    assert log.count("Traces cannot be sent") == 1
    assert log.count("Not all traces were sent") == 1


def test_the_metrics_tell_how_many_spans_there_were(traced, collector):
    """And how many of them were dropped."""
    requests.get(f"{traced.url}/statistics", timeout=30)
    collector.wait("GET /statistics")
    text = requests.get(f"{traced.url}/metrics", timeout=30).text

    assert 'obelisk_trace_spans_total{outcome="dropped"} 0' in text
    assert 'obelisk_trace_spans_total{outcome="exported"}' in text


def test_without_an_endpoint_nothing_is_sent(launch, collector):
    """Traces are off by default."""
    server = launch()
    requests.get(f"{server.url}/statistics", headers=HEADERS, timeout=30)
    server.terminate()

    assert collector.bodies == []
