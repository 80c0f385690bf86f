import http.client
import json
import threading
from collections import Counter
from typing import Any

import pytest
import requests

from factories import make_study
from launching import OBELISK, RunningServer, running_server

_CONNECTION_COUNT = 20
_CALL_COUNT = 100
_SECONDS = 30


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a server; return it, and small calls with what they must answer."""
    with running_server(OBELISK, tmp_path_factory.mktemp("parallel")) as server:
        for content in make_study():
            url = f"{server.url}/instances"
            stored = requests.post(url, data=content, timeout=_SECONDS).json()
        paths = [
            *("/system", "/statistics", "/changes?limit=2", "/nothing"),
            f"/instances/{stored['ID']}",
            f"/instances/{stored['ID']}/file",
            f"/series/{stored['ParentSeries']}?expand",
            f"/studies/{stored['ParentStudy']}/labels",
        ]
        expected = {}
        for path in paths:
            answer = requests.get(server.url + path, timeout=_SECONDS)
            expected[path] = answer.status_code, answer.content
        yield server, expected


class Connection(threading.Thread):
    """Sends one call after the other on one connection."""

    def __init__(
        self,
        server: RunningServer,
        expected: dict[str, tuple[int, bytes]],
        start: threading.Barrier,
        number: int,
    ) -> None:
        super().__init__()
        self._server = server
        self._expected = expected
        self._start_together = start
        self._number = number
        self.outcomes: Counter[str] = Counter()
        self.ports: set[int] = set()

    def run(self) -> None:
        """Compare every answer with the one that was given to a lone client."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._server.http_port, timeout=_SECONDS
        )
        connection.connect()
        paths = list(self._expected)
        self._start_together.wait(_SECONDS)
        for count in range(_CALL_COUNT):
            path = paths[(self._number + count) % len(paths)]
            connection.request("GET", path)
            self.ports.add(connection.sock.getsockname()[1])
            response = connection.getresponse()
            given = response.status, response.read()
            is_right = given == self._expected[path]
            self.outcomes["right" if is_right else f"{path}: {given[0]}"] += 1
        connection.close()


def test_twenty_connections_are_served_in_parallel(calls: Any) -> None:
    """Each of 2,000 small calls gets its answer, and no connection is closed."""
    server, expected = calls
    start = threading.Barrier(_CONNECTION_COUNT)
    clients = [
        Connection(server, expected, start, number)
        for number in range(_CONNECTION_COUNT)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    outcomes = sum((client.outcomes for client in clients), Counter())
    assert outcomes == {"right": _CONNECTION_COUNT * _CALL_COUNT}
    assert [len(client.ports) for client in clients] == [1] * _CONNECTION_COUNT


def test_a_busy_server_still_answers_new_connections(calls: Any) -> None:
    """Connections that are open and silent take nobody's place."""
    server, expected = calls
    idle = [
        http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=_SECONDS)
        for _ in range(200)
    ]
    for connection in idle:
        connection.connect()
    status, body = expected["/statistics"]
    answer = requests.get(f"{server.url}/statistics", timeout=_SECONDS)
    for connection in idle:
        connection.request("GET", "/statistics")
    late = [connection.getresponse() for connection in idle]

    assert (answer.status_code, answer.content) == (status, body)
    assert {(one.status, one.read()) for one in late} == {(status, body)}
    for connection in idle:
        connection.close()
    assert json.loads(body)["CountInstances"] == 6
