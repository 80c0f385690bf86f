"""The metrics of a server that did each kind of work, beside those on record."""

import json
import re

import pytest
import requests

from golden.record_metrics import OPTIONS, RECORDED, told, work
from launching import OBELISK, running_server

JOBS = {
    *("Archive", "Media", "Verification"),
    *("Reconstruction", "ArchiveReconstruction", "Deletion"),
}

#: Labels whose values are those that are to be there after the work, or more.
VALUES = {
    ("obelisk_ingest_stage_duration_seconds", "stage"): {
        *("receive", "parse", "store", "index"),
    },
    ("obelisk_ingest_instances", "origin"): {"RestApi", "DicomProtocol"},
    ("obelisk_job_duration_seconds", "type"): JOBS,
    ("obelisk_job_duration_seconds", "outcome"): {"success"},
    ("obelisk_job_wait_seconds", "type"): JOBS,
    ("obelisk_dimse_operation_duration_seconds", "service"): {"C-ECHO", "C-STORE"},
    ("obelisk_dimse_operation_duration_seconds", "status"): {"0000"},
    ("obelisk_dimse_associations", "outcome"): {"accepted", "rejected"},
    ("obelisk_http_request_duration_seconds", "method"): {
        *("GET", "POST", "PUT", "DELETE", "other"),
    },
    ("obelisk_http_request_duration_seconds", "status"): {"2xx", "4xx"},
    ("obelisk_storage_operation_duration_seconds", "operation"): {
        *("create", "read", "remove"),
    },
    ("obelisk_codec_duration_seconds", "outcome"): {"done", "refused"},
    ("obelisk_index_transaction_duration_seconds", "kind"): {"read", "write"},
}

ORTHANC = "/tools/metrics-prometheus"

#: How many values a label may have, however long the server runs.
VALUES_MAX = {"route": 300, "type": 40, "status": 40, "service": 14}
OTHERS_MAX = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that did each kind of work."""
    folder = tmp_path_factory.mktemp("metrics")
    (folder / "files").mkdir()
    with running_server(OBELISK, folder / "server", **OPTIONS) as running:
        work(running, folder / "files")
        yield running


@pytest.fixture(scope="module")
def text(server):
    """What it tells."""
    return requests.get(f"{server.url}/metrics", timeout=30).text


def values_of(text, family, label):
    """Return the values of a label in a family."""
    pattern = rf'(?m)^{family}(?:_\w+)?\{{(?:[^}}]*,)?{label}="([^"]*)"'
    return set(re.findall(pattern, text))


def test_names_types_units_and_labels_are_those_on_record(server):
    """Boards and alerts rely on them; see `record_metrics`."""
    assert told(server) == json.loads(RECORDED.read_text())


@pytest.mark.parametrize(("family", "label"), VALUES)
def test_each_kind_of_work_has_its_own_series(text, family, label):
    """Named as it is elsewhere."""
    assert values_of(text, family, label) >= VALUES[family, label]


def test_labels_have_few_values(text):
    """None is made by clients, not even by methods and paths that there are not."""
    labels = set(re.findall(r'([a-z]+)="', text)) - {"le"}

    for label in labels:
        count = len(set(re.findall(rf'\b{label}="([^"]*)"', text)))
        assert count <= VALUES_MAX.get(label, OTHERS_MAX), label


def test_all_metrics_of_orthanc_have_a_value(server):
    """The queries of boards that were made for it return data."""
    answer = requests.get(f"{server.url}{ORTHANC}", timeout=30).text
    values = {line.split()[0]: float(line.split()[1]) for line in answer.splitlines()}

    assert set(values) == set(json.loads(RECORDED.read_text())[ORTHANC])
    for name in (
        *("orthanc_count_instances", "orthanc_storage_written_bytes"),
        *("orthanc_jobs_total_success", "orthanc_last_change"),
        *("orthanc_available_http_threads", "orthanc_dicom_parser_cache_hit_count"),
    ):
        assert values[name] > 0, name
