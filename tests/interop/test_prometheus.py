"""What is in deploy/ fits what a running server tells, and Prometheus reads it."""

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import requests

from launching import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
_METRIC = re.compile(r"\b(?:obelisk|process)_[a-z_]+\b")


def expressions():
    """Return the queries of the board and of the alerts."""
    board = json.loads((DEPLOY / "grafana" / "obelisk.json").read_text())
    alerts = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    queries = [one["expr"] for panel in board["panels"] for one in panel["targets"]]
    return [*queries, alerts]


def test_board_and_alerts_ask_for_what_there_is(server):
    """Each metric that they name is told."""
    text = requests.get(f"{server.url}/metrics", timeout=30).text
    told = {line.split("{")[0].split(" ")[0] for line in text.splitlines()}
    told |= {line.split(" ")[2] for line in text.splitlines() if line[:6] == "# TYPE"}
    known = {re.sub("_(bucket|sum|count)$", "", name) for name in told}
    wanted = {name for text in expressions() for name in _METRIC.findall(text)}

    assert {re.sub("_(bucket|sum|count)$", "", name) for name in wanted} <= known


@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "prometheus.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
)
def test_prometheus_accepts_the_files(words):
    """Its own checker says so; each alert comes when it should, and only then."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(
        [promtool, *words[:-1], words[-1]],
        cwd=DEPLOY / "prometheus",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def prometheus(server, tmp_path):
    """A Prometheus that scrapes the server each second with the file of deploy/."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed")
    configuration = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    configuration = configuration.replace("8042", str(server.http_port))
    configuration = configuration.replace("localhost", "127.0.0.1")
    (tmp_path / "prometheus.yml").write_text(configuration.replace("15s", "1s"))
    shutil.copy(DEPLOY / "prometheus" / "alerts.yml", tmp_path)
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        [
            program,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield f"http://{address}/api/v1"
        process.terminate()


def ask(prometheus, query):
    """Return what a query finds."""
    try:
        url = f"{prometheus}/query"
        answer = requests.get(url, params={"query": query}, timeout=30)
        return answer.json()["data"]["result"]
    except requests.ConnectionError:  # it is starting
        return []


@pytest.mark.long
def test_a_real_prometheus_scrapes_the_server(prometheus):
    """Both jobs, without an error, and the alerts are evaluated."""
    pause = threading.Event()
    for _ in range(120):
        up = {one["metric"]["job"]: one["value"][1] for one in ask(prometheus, "up")}
        if up == {"obelisk": "1", "orthanc": "1"} and ask(
            prometheus, "rate(obelisk_http_request_duration_seconds_count[1m])"
        ):
            break
        pause.wait(0.5)
    rules = requests.get(f"{prometheus}/rules", timeout=30).json()["data"]["groups"]

    assert up == {"obelisk": "1", "orthanc": "1"}
    for name in (
        "orthanc_count_instances",
        "orthanc_rest_api_duration_ms",
        "obelisk_build_info",
        'obelisk_http_request_duration_seconds_bucket{route="/metrics"}',
    ):
        assert ask(prometheus, name), name
    assert {one["lastError"] for one in rules[0]["rules"] if "lastError" in one} <= {""}
