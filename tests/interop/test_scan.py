"""Servers at trace level tell nothing of patients: the short form of ``make scan``."""

import subprocess

import pytest
import requests

from factories import make_instance
from launching import OBELISK, start_server
from scanning import collect, findings, known_values, scan, without_echo

_TRACE = (*OBELISK, "--trace")

#: Requests that name a patient, and what they get.
_REQUESTS = (
    ("GET", "/patients?expand=Doe^Jane", None),
    ("GET", "/instances/{id}/tags", None),
    ("GET", "/instances/{id}/tags?ignore-length=Doe^Jane", None),
    ("GET", "/instances/{id}/content/Doe^Jane", None),
    ("GET", "/instances/{id}/metadata/Doe^Jane", None),
    ("GET", "/studies?since=Doe^Jane&limit=1", None),
    ("GET", "/Doe^Jane", None),
    ("PUT", "/instances/{id}/metadata/1024", "Doe^Jane"),
    ("PUT", "/instances/{id}/metadata/Doe^Jane", "Doe^Jane"),
    ("PUT", "/instances/{id}/labels/Doe^Jane", ""),
    ("POST", "/tools/lookup", "Doe^Jane"),
    ("POST", "/tools/find", '{"Level": "Doe^Jane", "Query": {}}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {"PatientName": "Doe^Jane"}}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {"Doe^Jane": "1"}}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": Doe^Jane'),
    ("POST", "/tools/create-dicom", '{"Tags": {"PatientName": "Doe^Jane"}}'),
    ("POST", "/tools/create-dicom", '{"Tags": {"PatientBirthDate": "Doe^Jane"}}'),
    ("POST", "/tools/create-dicom", '{"Tags": {"Doe^Jane": "Doe^Jane"}}'),
    ("POST", "/tools/create-dicom", '{"Parent": "Doe^Jane", "Tags": {}}'),
    ("POST", "/instances", "Doe^Jane"),
    ("POST", "/instances", make_instance(2, PatientName="Doe^Jane")[:-50]),
    (
        "POST",
        "/instances",
        make_instance(2, PatientName="Doe^Jane", StudyInstanceUID=""),
    ),
    ("POST", "/instances/{id}/reconstruct", '{"Asynchronous": "Doe^Jane"}'),
    ("POST", "/tools/bulk-delete", '{"Resources": ["Doe^Jane"]}'),
    ("DELETE", "/patients/Doe^Jane", None),
)


@pytest.fixture
def told(tmp_path, dcmtk):
    """What a server told while it was asked for a patient: logs, metrics, errors."""

    def run(**options):
        server = start_server(_TRACE, tmp_path / "server", **options)
        content = make_instance(PatientName="Doe^Jane", PatientID="SYN4711")
        stored = requests.post(f"{server.url}/instances", content, timeout=30).json()
        target = tmp_path / "told"
        target.mkdir()
        with (target / "errors.txt").open("w") as errors:
            for method, path, body in _REQUESTS:
                url = server.url + path.replace("{id}", stored["ID"])
                answer = requests.request(method, url, data=body, timeout=30)
                if answer.status_code >= 400:
                    said = path if isinstance(body, bytes) else f"{path} {body}"
                    errors.write(without_echo(answer.content, said))
        path = tmp_path / "Doe.dcm"
        path.write_bytes(make_instance(1, PatientName="Doe^Jane"))
        port = str(server.dicom_port)
        subprocess.run([dcmtk("storescu"), "127.0.0.1", port, str(path)], check=True)
        collect(server.url, server.log.parent, target)
        server.terminate()
        return target

    return run


def test_nothing_is_told(told):
    """But, in errors, what the very request had said."""
    folder = told()

    assert scan(folder) == []
    assert {path.suffix for path in folder.iterdir()} == {".txt", ".log"}
    assert all(path.stat().st_size for path in folder.iterdir())


def test_what_is_told_is_found(told):
    """The log says all once it may."""
    folder = told(DeidentifyLogs=False)

    assert any(".log" in line for line in scan(folder))


def test_what_is_looked_for():
    """Names, ids and dates, in any case and encoded for a URL; no part of a word."""
    lines = [
        "a DOE^jane",
        "/a/Doe%5EJane?",
        "[SYN12]",
        "born 19700101.",
        "SYNTAX",
        "x19700101",
        "Müller^Jürgen",
    ]

    assert [number for number, _ in findings(lines)] == [1, 2, 3, 4, 7]
    assert len(known_values()) > 30
