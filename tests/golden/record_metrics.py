"""The metrics of a server that did each kind of work: names, types, units, labels.

Usage: ``python tests/golden/record_metrics.py`` records them again. Whoever removes or
renames one breaks the boards of others: the change is to be reviewed, and to be told in
the change log.
"""

import base64
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from factories import make_study
from images import rgb_image, save
from launching import OBELISK, RunningServer, running_server

RECORDED = Path(__file__).with_name("metrics.json")

_OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

#: All completed jobs stay, and associations may be rejected. Any of three processes may
#: answer: the main one and its workers.
OPTIONS = {"JobsHistorySize": 100, "DicomCheckCalledAet": True, "HttpWorkers": 2}

#: How often tags are asked for: each process reads them once and keeps them, hence one
#: of these requests is answered from a cache, whoever gets them.
_TAGS_COUNT = 4

_DCMTK = Path("/usr/bin")
_SECONDS_MAX = 60


def call(server: RunningServer, method: str, path: str, body: Any = None) -> Any:
    """Send a request, of which any answer will do; return its JSON, if it has some."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    url = f"{server.url}{path}"
    answer = requests.request(method, url, data=content, timeout=_SECONDS_MAX)
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.json() if is_json and answer.content else None


def work(server: RunningServer, folder: Path) -> None:
    """Do each kind of work once at least."""
    _work_by_dicom(server, folder)
    for content in make_study(2):
        stored = call(server, "POST", "/instances", content)
    call(server, "POST", "/instances", b"nonsense")
    instance, study = f"/instances/{stored['ID']}", f"/studies/{stored['ParentStudy']}"
    for path in ("", "/file", "/nope", "/attachments/dicom/data"):
        call(server, "GET", f"{instance}{path}")
    for _ in range(_TAGS_COUNT):
        call(server, "GET", f"{instance}/tags")
    for method in ("PUT", "DELETE"):
        call(server, method, f"{instance}/labels/one")
    call(server, "PUT", f"{instance}/metadata/1024", b"text")
    call(server, "PUT", f"{instance}/attachments/1024", b"text")
    call(server, "POST", "/tools/find", {"Level": "Study", "Query": {}})
    call(server, "POST", "/tools/create-dicom", {"Tags": {"PatientID": "1"}})
    image = base64.b64encode(save(rgb_image(), "PNG")).decode()
    for content in (image, "bm9uc2Vuc2U="):
        order = {"Tags": {}, "Content": f"data:image/png;base64,{content}"}
        call(server, "POST", "/tools/create-dicom", order)
    call(server, "GET", f"{study}/archive")
    for action in ("archive", "media", "verify", "reconstruct"):
        _run_job(server, f"{study}/{action}")
    _run_job(server, "/tools/reconstruct")
    _run_job(server, "/tools/bulk-delete", Resources=[stored["ParentStudy"]])
    call(server, "PROPFIND", "/system")


def _run_job(server: RunningServer, path: str, **fields: Any) -> None:
    """Submit a job, and wait for its end."""
    job = call(server, "POST", path, fields | {"Asynchronous": True})["Path"]
    pause = threading.Event()
    deadline = time.monotonic() + _SECONDS_MAX
    while call(server, "GET", job)["State"] != "Success":
        assert time.monotonic() < deadline, call(server, "GET", job)
        pause.wait(0.02)


def _work_by_dicom(server: RunningServer, folder: Path) -> None:
    """Send instances and an echo, and ask for a server that is not here."""
    for number, content in enumerate(make_study(1)):
        (folder / f"{number}.dcm").write_bytes(content)
    to = ["127.0.0.1", str(server.dicom_port)]
    subprocess.run([_DCMTK / "echoscu", "-aec", "ORTHANC", *to], check=True)
    store = [_DCMTK / "storescu", "-aec", "ORTHANC", "+sd", *to, folder]
    subprocess.run(store, check=True)
    wrong = [_DCMTK / "echoscu", "-aec", "NOBODY", "-q", *to]
    assert subprocess.run(wrong, check=False, capture_output=True).returncode


def told(server: RunningServer) -> dict[str, Any]:
    """Return what a server tells, without the values."""
    orthanc = requests.get(f"{server.url}/tools/metrics-prometheus", timeout=30).text
    answer = requests.get(f"{server.url}/metrics", headers=_OPENMETRICS, timeout=30)
    return {
        "/tools/metrics-prometheus": [line.split()[0] for line in orthanc.splitlines()],
        "/metrics": families(answer.text),
    }


def families(text: str) -> dict[str, dict[str, Any]]:
    """Return the families of a text in OpenMetrics, in its order.

    Those who may be told of nothing yet have no labels then.
    """
    found: dict[str, dict[str, Any]] = {}
    labels: dict[str, set[str]] = defaultdict(set)
    name = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            found[name] = {"type": kind}
        elif line.startswith("# UNIT "):
            found[name]["unit"] = line.split()[3]
        elif not line.startswith("#"):
            _, _, rest = line.rpartition(" ")[0].partition("{")
            pairs = rest.removesuffix("}").split('",')
            labels[name] |= {pair.partition("=")[0] for pair in pairs if pair}
    for name, facts in found.items():
        facts["labels"] = sorted(labels[name] - {"le"})
    return found


def main() -> None:
    """Record the metrics of the server that is installed here."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        with running_server(OBELISK, folder / "server", **OPTIONS) as server:
            work(server, folder / "files")
            RECORDED.write_text(json.dumps(told(server), indent=1) + "\n")


if __name__ == "__main__":
    main()
