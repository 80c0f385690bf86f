"""Metrics of a running server: Orthanc's names, all the others, on and off."""

import re
import shutil
import subprocess

import pytest
import requests
from pynetdicom import AE

from factories import make_instance

_LINE = re.compile(r"[a-z_0-9]+ [0-9.e+-]+ [0-9]{13}")
_OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture
def busy(launch):
    """A server that did some of each kind of work."""
    server = launch(HttpWorkers=1)  # one cache of datasets, so that hits are sure
    stored = requests.post(
        f"{server.url}/instances", make_instance(PatientName="SMITH^JOHN"), timeout=30
    ).json()
    path = f"{server.url}/instances/{stored['ID']}"
    for part in ("file", "tags", "tags", "nothing"):
        requests.get(f"{path}/{part}", timeout=30)
    requests.post(f"{path}/verify", json={}, timeout=30).raise_for_status()
    entity = AE()
    entity.add_requested_context("1.2.840.10008.1.1")
    association = entity.associate("127.0.0.1", server.dicom_port)
    association.send_c_echo()
    association.release()
    requests.delete(path, timeout=30).raise_for_status()
    return server


def metrics(server, path="/metrics", **headers):
    """Return the answer of a server."""
    return requests.get(f"{server.url}{path}", headers=headers, timeout=30)


def test_the_text_is_that_of_orthanc(busy):
    """A name, a value and milliseconds in each line, by name."""
    answer = metrics(busy, "/tools/metrics-prometheus")
    lines = answer.text.splitlines()
    values = {line.split()[0]: float(line.split()[1]) for line in lines}

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
    assert all(_LINE.fullmatch(line) for line in lines)
    assert lines == sorted(lines)
    assert values["orthanc_count_instances"] == 0
    assert values["orthanc_last_change"] > 0
    assert values["orthanc_storage_written_bytes"] > 1000
    assert values["orthanc_dicom_parser_cache_hit_count"] == 1
    assert values["orthanc_dicom_parser_cache_miss_count"] == 1
    assert values["orthanc_jobs_total_success"] == 1


@pytest.mark.parametrize(
    "sample",
    [
        (
            'http_request_duration_seconds_count{method="POST",route="/instances",'
            'status="2xx"} 1'
        ),
        (
            'http_request_duration_seconds_count{method="GET",'
            'route="/instances/{id}/tags",status="2xx"} 2'
        ),
        (
            'http_request_duration_seconds_count{method="GET",route="unmatched",'
            'status="4xx"} 1'
        ),
        'dimse_operation_duration_seconds_count{service="C-ECHO",status="0000"} 1',
        'dimse_associations_total{outcome="accepted"} 1',
        'ingest_instances_total{origin="RestApi",outcome="Success"} 1',
        'ingest_stage_duration_seconds_count{stage="receive"} 1',
        'ingest_stage_duration_seconds_count{stage="parse"} 1',
        'ingest_stage_duration_seconds_count{stage="store"} 1',
        'ingest_stage_duration_seconds_count{stage="index"} 1',
        'storage_operation_duration_seconds_count{operation="create"} 1',
        'storage_operation_duration_seconds_count{operation="remove"} 1',
        'job_duration_seconds_count{type="Verification",outcome="success"} 1',
        'job_wait_seconds_count{type="Verification"} 1',
        'resources{level="instance"} 0',
    ],
)
def test_what_was_done_is_counted(busy, sample):
    """By route, service, stage, operation and type."""
    assert f"\nobelisk_{sample}\n" in metrics(busy).text


def test_prometheus_finds_nothing_to_complain_of(busy):
    """Its own checker reads the text."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=metrics(busy).content,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_openmetrics_is_given_to_those_who_accept_it(busy):
    """With units and an end."""
    answer = metrics(busy, **_OPENMETRICS)

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert "\n# UNIT obelisk_storage_free_bytes bytes\n" in answer.text
    assert answer.text.endswith("\n# EOF\n")


def test_the_names_of_orthanc_are_given_whatever_is_accepted(busy):
    """Prometheus accepts OpenMetrics everywhere."""
    answer = metrics(busy, "/tools/metrics-prometheus", **_OPENMETRICS)

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
    assert answer.text.startswith("orthanc_")


def test_no_patient_is_in_the_metrics(busy):
    """Neither the name nor an identifier."""
    text = metrics(busy).text + metrics(busy, "/tools/metrics-prometheus").text

    assert "SMITH" not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{8}", text)


def test_metrics_are_switched_off_and_on(launch):
    """While they are off, there is nothing to see."""
    server = launch()
    path = f"{server.url}/tools/metrics"
    before = requests.get(path, timeout=30).text
    requests.put(path, "0", timeout=30).raise_for_status()
    off = requests.get(path, timeout=30).text
    text = metrics(server, "/tools/metrics-prometheus").text
    refused = requests.put(path, "maybe", timeout=30).status_code
    requests.put(path, "1", timeout=30).raise_for_status()

    assert (before, off, text, refused) == ("1", "0", "", 400)
    assert metrics(server, "/tools/metrics-prometheus").text


def test_metrics_stay_off_if_so_configured(launch):
    """MetricsEnabled says how it starts."""
    server = launch(MetricsEnabled=False)

    assert requests.get(f"{server.url}/tools/metrics", timeout=30).text == "0"
    assert metrics(server).text == ""
