"""A server of several processes must look like one, and lose nothing with a process."""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import random
import signal
import threading
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from time import monotonic

import pytest
import requests

from factories import make_instance, make_sized_instance
from launching import OBELISK, RunningServer, running_server, start_server, wait_until

_SECONDS = 30

#: Within which an answer is prompt, on a machine that others use: it does not wait
#: until a worker has been silent for ten seconds.
_PROMPT_SECONDS = 9.0
_CLIENT_COUNT = 8

Launch = Callable[..., RunningServer]


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Have a process hang for some time, unless somebody kills it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: _has_stopped(pid))
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _has_stopped(pid: int) -> bool:
    """Tell whether all threads of a process have stopped, one after the other."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all(_stat(int(thread.name))[0] == "T" for thread in threads)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    with contextlib.suppress(FileNotFoundError):
        return [
            int(child)
            for task in tasks.iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def _main_pid(server: RunningServer) -> int:
    return _children(server.process.pid)[-1]


def _stat(pid: int) -> list[str]:
    """Return what the system tells of a process: state, parent, group and so on."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return ["Z", "0", "0"]


def _is_nursery(pid: int, main: int) -> bool:
    """Tell whether a process forks workers: it is a copy of the main one, no thread."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = [Path(f"/proc/{one}/cmdline").read_bytes() for one in (pid, main)]
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return _is_running(pid) and lines[0] == lines[1] and len(threads) == 1
    return False


def _nursery_pids(server: RunningServer) -> list[int]:
    """Return the processes that fork workers; one outlives the one it came from."""
    main = _main_pid(server)
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    group = [pid for pid in pids if int(_stat(pid)[2]) == server.process.pid]
    ours = {server.process.pid, main}
    return [pid for pid in group if pid not in ours and _is_nursery(pid, main)]


def _worker_pids(server: RunningServer) -> list[int]:
    """Return the HTTP workers: what is forked, and forks nothing."""
    nurseries = _nursery_pids(server)
    forked = [pid for nursery in nurseries for pid in _children(nursery)]
    return [pid for pid in forked if pid not in nurseries]


def _is_running(pid: int) -> bool:
    return _stat(pid)[0] != "Z"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run a server of two processes; whatever a test does to them, others go on."""
    with running_server(
        OBELISK, tmp_path_factory.mktemp("both"), HttpWorkers=2
    ) as server:
        yield server


class Client:
    """One connection to a server."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", server.http_port, timeout=_SECONDS
        )
        #: What tells the process that answered from others.
        self.process = ""

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        statuses: Container[int] = (200,),
    ) -> bytes:
        """Send a request; return the body of its answer, whose status is expected."""
        self.send(method, path, body)
        return self.receive(statuses)

    def send(self, method: str, path: str, body: bytes | None = None) -> None:
        """Send a request."""
        self._connection.request(method, path, body)

    def receive(self, statuses: Container[int] = (200,)) -> bytes:
        """Return the body of the answer, whose status is expected."""
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status in statuses, (answer.status, content)
        self.process = answer.headers["X-Request-ID"].partition("-")[0]
        return content

    def outcome(self) -> str:
        """Return the outcome of an upload, nothing if the connection broke."""
        try:
            return str(json.loads(self.receive())["Status"])
        except (ConnectionError, http.client.HTTPException):
            return ""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@contextlib.contextmanager
def _clients(server: RunningServer, process_count: int = 2) -> Iterator[list[Client]]:
    """Open connections until each process has one; those that idle are dealt evenly."""
    found: dict[str, Client] = {}
    others: list[Client] = []

    def is_complete() -> bool:
        client = Client(server)
        client.ask("GET", "/statistics")
        if client.process in found:
            others.append(client)
        found.setdefault(client.process, client)
        return len(found) == process_count

    try:
        wait_until(is_complete)
        yield list(found.values())
    finally:
        for client in (*found.values(), *others):
            client.close()


def test_connections_are_dealt_to_all_processes(launch: Launch) -> None:
    """Three processes answer, and all know the same."""
    server = launch(HttpWorkers=3)
    with _clients(server, 3) as clients:
        clients[0].ask("POST", "/instances", make_instance(1))
        known = {client.ask("GET", "/instances") for client in clients}

    assert len(known) == 1
    assert len(_worker_pids(server)) == 2


def test_one_process_is_enough(launch: Launch) -> None:
    """No other one is started then."""
    server = launch(HttpWorkers=1)

    assert _children(_main_pid(server)) == []


def test_a_connection_may_ask_for_anything(both: RunningServer) -> None:
    """What only the main process can answer, and what all can, in any order."""
    url = f"{both.url}/instances"
    id_ = requests.post(url, make_instance(1), timeout=_SECONDS).json()["ID"]
    paths = itertools.cycle(
        [
            ("GET", f"/instances/{id_}/tags", None),
            ("POST", "/tools/find", b'{"Level": "Study", "Query": {}}'),
            ("GET", "/system", None),
            ("GET", f"/instances/{id_}/file", None),
            ("GET", "/patients", None),
            ("PUT", f"/instances/{id_}/metadata/1024", b"x" * 100_000),
            ("GET", "/jobs", None),
        ]
    )
    with _clients(both) as clients:
        for client in clients:
            for method, path, body in itertools.islice(paths, 21):
                client.ask(method, path, body)
        homes = {client.process for client in clients}

    assert len(homes) == 1


def test_what_one_process_wrote_others_show_at_once(both: RunningServer) -> None:
    """Answers that a process keeps do not outlive a change, whoever makes it."""
    url = f"{both.url}/instances"
    answer = requests.post(url, make_instance(7), timeout=_SECONDS).json()
    study = f"/studies/{answer['ParentStudy']}"
    search = b'{"Level": "Study", "Query": {}, "Expand": true, "Labels": ["%s"]}'
    with _clients(both) as clients:
        for number in range(100):
            label = f"l{number}".encode()
            wanted = search.replace(b"%s", label)
            for client in clients:
                assert json.loads(client.ask("POST", "/tools/find", wanted)) == []
            writer, reader = clients[number % 2], clients[(number + 1) % 2]
            writer.ask("PUT", f"{study}/labels/{label.decode()}", b"")
            for client in (reader, writer):
                (found,) = json.loads(client.ask("POST", "/tools/find", wanted))
                listed = json.loads(client.ask("GET", "/studies?expand"))
                single = json.loads(client.ask("GET", study))

                assert found == single
                assert single in listed
                assert label.decode() in single["Labels"]


def test_settings_reach_all_processes_at_once(both: RunningServer) -> None:
    """When the answer to a PUT is there, every process has taken the change over."""
    with _clients(both) as clients:
        for number in range(20):
            encoding = ("Utf8", "Latin1", "Ascii")[number % 3]
            level = ("verbose", "trace", "default")[number % 3]
            for path, value in (("default-encoding", encoding), ("log-level", level)):
                url = f"{both.url}/tools/{path}"
                requests.put(url, data=value, timeout=_SECONDS).raise_for_status()
                told = {client.ask("GET", f"/tools/{path}") for client in clients}

                assert told == {value.encode()}


def test_a_new_worker_has_the_settings(both: RunningServer) -> None:
    """They are told to it before it serves."""
    url = f"{both.url}/tools/default-encoding"
    requests.put(url, data="Greek", timeout=_SECONDS).raise_for_status()
    with _clients(both) as clients:
        before = {client.process for client in clients}
    worker = _worker_pids(both)[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: bool(set(_worker_pids(both)) - {worker}))
    with _clients(both) as clients:
        after = {client.process for client in clients}
        told = {client.ask("GET", "/tools/default-encoding") for client in clients}

    assert len(before | after) == 3
    assert told == {b"Greek"}


def test_metrics_are_those_of_all_processes(both: RunningServer) -> None:
    """Also of one that died; switching them off holds for all."""
    url = f"{both.url}/tools/metrics"
    sample = (
        'obelisk_http_request_duration_seconds_count{method="GET",'
        'route="/tools/labels",status="2xx"} '
    )

    def count() -> int:
        text = requests.get(f"{both.url}/metrics", timeout=_SECONDS).text
        return int((text.partition(sample)[2] or "0").split()[0])

    before = count()
    with _clients(both) as clients:
        for client in clients * 5:
            client.ask("GET", "/tools/labels")
        counts = [count()]
        requests.put(url, data="0", timeout=_SECONDS).raise_for_status()
        for client in clients:
            client.ask("GET", "/tools/labels")
        requests.put(url, data="1", timeout=_SECONDS).raise_for_status()
        counts.append(count())
    worker = _worker_pids(both)[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: bool(set(_worker_pids(both)) - {worker}))
    counts.append(count())

    assert counts == [before + 10] * 3


def test_health_tells_of_a_worker_that_hangs(both: RunningServer) -> None:
    """The server serves on, and says what is wrong; then all is well again."""
    with _clients(both):
        pass
    worker = _worker_pids(both)[0]
    with contextlib.closing(Client(both)) as client:

        def check() -> str:
            told = client.ask("GET", "/health/ready", statuses=(200, 503))
            return str(json.loads(told)["Checks"]["HttpWorkers"])

        wait_until(lambda: check() == "ok")  # by now the main process has the client
        with _stopped(worker):
            wait_until(lambda: check() == "1 of 1 workers do not answer")
        wait_until(lambda: check() == "ok")


def test_a_worker_that_hangs_keeps_no_setting_waiting(both: RunningServer) -> None:
    """When it goes on, it takes the setting over before it answers anything."""
    with _clients(both) as clients:
        worker = _worker_pids(both)[0]
        for encoding in (b"Greek", b"Utf8", b"Latin1"):
            with contextlib.closing(Client(both)) as main, _stopped(worker):
                main.ask("GET", "/system")  # by now the main process has the client
                begun = monotonic()
                main.ask("PUT", "/tools/default-encoding", encoding)
                assert monotonic() - begun < _PROMPT_SECONDS
                for client in clients:
                    client.send("GET", "/tools/default-encoding")
            for client in clients:
                assert client.receive() == encoding

        assert _worker_pids(both) == [worker]


def test_a_worker_that_hangs_holds_no_new_client_up(launch: Launch) -> None:
    """Others serve them, each request once, and it is replaced.

    Who has a connection to it learns that it broke, when it is replaced: what was asked
    there is not done, by nobody.
    """
    server = launch(HttpWorkers=2)
    seconds, statuses = [], []
    with _clients(server) as old, contextlib.ExitStack() as opened:
        worker = _worker_pids(server)[0]
        opened.enter_context(_stopped(worker))
        for number, client in enumerate(old):
            client.send("POST", "/instances", make_instance(100 + number))
        for number in range(20):
            start = monotonic()
            client = opened.enter_context(contextlib.closing(Client(server)))
            answer = client.ask("POST", "/instances", make_instance(number))
            seconds.append(monotonic() - start)
            statuses.append(json.loads(answer)["Status"])
        outcomes = sorted(client.outcome() for client in old)
    wait_until(lambda: bool(set(_worker_pids(server)) - {worker}))
    with _clients(server) as clients:
        _check_truth(server, set())
        count = json.loads(clients[0].ask("GET", "/statistics"))["CountInstances"]

    assert max(seconds) < _PROMPT_SECONDS
    assert statuses == ["Success"] * 20
    assert outcomes == ["", "Success"]
    assert count == 21
    assert not _is_running(worker)


def test_a_worker_that_hangs_for_a_moment_stays(both: RunningServer) -> None:
    """What waited for it is served by others, and it gets new connections again."""
    with _clients(both) as clients:
        processes = {client.process for client in clients}
    with _stopped(_worker_pids(both)[0]), contextlib.ExitStack() as opened:
        for _ in range(4):
            client = opened.enter_context(contextlib.closing(Client(both)))
            client.ask("GET", "/statistics")
    with _clients(both) as clients:
        assert {client.process for client in clients} == processes


def test_a_worker_that_dies_before_it_takes_connections(both: RunningServer) -> None:
    """They are served by the main process."""
    with _clients(both):
        pass
    worker = _worker_pids(both)[0]
    clients = []
    with _stopped(worker):
        for _ in range(12):
            client = http.client.HTTPConnection(
                "127.0.0.1", both.http_port, timeout=_SECONDS
            )
            client.request("GET", "/statistics")
            clients.append(client)
        os.kill(worker, signal.SIGKILL)
    statuses = [client.getresponse().status for client in clients]
    for client in clients:
        client.close()

    assert statuses == [200] * 12
    wait_until(lambda: bool(set(_worker_pids(both)) - {worker}))


def _upload(
    server: RunningServer, client: int, numbers: Iterable[int], acknowledged: list[str]
) -> None:
    """Upload instances by one connection after the other; note what was stored."""
    connection = Client(server)
    for number in numbers:
        content = make_instance(
            client * 100_000 + number,
            PatientID=f"P{number % 3}",
            StudyInstanceUID=f"2.25.7{number % 3}",
            SeriesInstanceUID=f"2.25.7{number % 3}.{client}",
        )
        try:
            answer = connection.ask("POST", "/instances", content)
        except (OSError, http.client.HTTPException):
            connection.close()
            connection = Client(server)
        else:
            acknowledged.append(answer.decode().split('"ID": "')[1][:44])
    connection.close()


def _until(is_over: threading.Event) -> Iterator[int]:
    """Count from 0 until an event is set."""
    return itertools.takewhile(lambda _: not is_over.is_set(), itertools.count())


def _wait_for_uploads(stored: list[list[str]], goal: int) -> None:
    wait_until(lambda: sum(map(len, stored)) >= goal)


def _check_truth(server: RunningServer, acknowledged: set[str]) -> None:
    """Assert that all acknowledged is there, and that counts and files are right."""
    url = server.url
    instances = requests.get(f"{url}/instances?expand", timeout=_SECONDS).json()
    statistics = requests.get(f"{url}/statistics", timeout=_SECONDS).json()
    ids = {one["ID"] for one in instances}

    assert acknowledged <= ids
    assert statistics["CountInstances"] == len(instances) == len(ids)
    for level in ("Patients", "Studies", "Series"):
        listed = requests.get(f"{url}/{level.lower()}", timeout=_SECONDS).json()
        assert statistics[f"Count{level}"] == len(listed)
    size = sum(one["FileSize"] for one in instances)
    assert int(statistics["TotalDiskSize"]) == size
    for id_ in random.Random(1).sample(sorted(ids), 5):
        file = requests.get(f"{url}/instances/{id_}/file", timeout=_SECONDS)
        assert file.status_code == 200
    files = {path.name for path in server.storage.glob("??/??/*")}
    assert files == {one["FileUuid"] for one in instances}


def test_uploads_by_many_clients_while_others_read_and_delete(
    both: RunningServer,
) -> None:
    """The counts are those of what is there, though two processes write at once."""
    is_over = threading.Event()
    deleted: list[str] = []

    def numbers() -> Iterator[int]:
        """Count to 25; the last upload comes after something was deleted."""
        yield from range(24)
        wait_until(lambda: bool(deleted))
        yield 24

    def read_and_delete() -> None:
        while not is_over.wait(0.02):
            for path in ("/patients?expand", "/studies", "/changes?limit=5"):
                requests.get(f"{both.url}{path}", timeout=_SECONDS).raise_for_status()
            for id_ in requests.get(
                f"{both.url}/instances?since=0&limit=2", timeout=_SECONDS
            ).json():
                path = f"{both.url}/instances/{id_}"
                if requests.delete(path, timeout=_SECONDS).ok:
                    deleted.append(id_)

    stored: list[list[str]] = [[] for _ in range(_CLIENT_COUNT)]
    with concurrent.futures.ThreadPoolExecutor(_CLIENT_COUNT + 1) as pool:
        reader = pool.submit(read_and_delete)
        uploads = [
            pool.submit(_upload, both, number, numbers(), one)
            for number, one in enumerate(stored)
        ]
        try:
            for upload in uploads:
                upload.result()
        finally:
            is_over.set()
        reader.result()
    acknowledged = set(itertools.chain(*stored))

    assert len(acknowledged) == _CLIENT_COUNT * 25
    _check_truth(both, acknowledged - set(deleted))


def test_a_worker_that_is_killed_takes_nothing_with_it(both: RunningServer) -> None:
    """What it acknowledged is there, half-written files go, another one serves."""
    with _clients(both):
        pass
    stored: list[list[str]] = [[] for _ in range(_CLIENT_COUNT)]
    killed, is_over = set(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor(_CLIENT_COUNT) as pool:
        uploads = [
            pool.submit(_upload, both, number, _until(is_over), one)
            for number, one in enumerate(stored)
        ]
        try:
            for goal in (40, 120, 200):
                _wait_for_uploads(stored, goal)
                wait_until(lambda: bool(set(_worker_pids(both)) - killed))
                for pid in set(_worker_pids(both)) - killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
        finally:
            is_over.set()
        for upload in uploads:
            upload.result()
    acknowledged = set(itertools.chain(*stored))
    with _clients(both):
        _check_truth(both, acknowledged)

    assert len(killed) >= 3
    assert len(acknowledged) >= 200
    assert "Traceback" not in both.log.read_text()


def _read(
    server: RunningServer,
    seed: int,
    stored: list[list[str]],
    broken: list[int],
    is_over: threading.Event,
) -> None:
    """Read what is acknowledged, until all is over; note whenever that broke."""
    choice, client = random.Random(seed), Client(server)
    while not is_over.is_set():
        ids = list(itertools.chain(*stored))
        id_ = choice.choice(ids)
        try:
            if choice.random() < 0.1:
                client.ask("GET", "/system")  # from now on, the main process has it
                client.close()
            file = client.ask("GET", f"/instances/{id_}/file")
            described = json.loads(client.ask("GET", f"/instances/{id_}"))
        except (ConnectionError, http.client.HTTPException):
            broken.append(seed)
            client.close()
        else:
            uid = described["MainDicomTags"]["SOPInstanceUID"].encode()
            assert described["ID"] == id_
            assert uid in file
    client.close()


def _disturb(server: RunningServer, number: int) -> None:
    """Have a worker hang for a moment, or die, alone or with what forked it."""
    wait_until(lambda: len(_worker_pids(server)) == 2)
    pids = _worker_pids(server)
    pid = pids[number % 2]
    if number % 3 == 0:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not _is_running(pid))
    elif number % 3 == 1:
        with _stopped(pid):
            for _ in range(3):
                with contextlib.closing(Client(server)) as client:
                    client.ask("GET", "/statistics")
    else:
        nursery = int(_stat(pid)[1])
        assert nursery
        os.kill(nursery, signal.SIGKILL)
        wait_until(lambda: not any(map(_is_running, pids)))


def test_whoever_reads_gets_what_was_asked_for(launch: Launch) -> None:
    """Or a broken connection, whatever dies or hangs for a moment meanwhile."""
    server, is_over = launch(HttpWorkers=3), threading.Event()
    with _clients(server, 3):
        pass
    stored: list[list[str]] = [[] for _ in range(4)]
    broken: list[int] = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        uploads = [
            pool.submit(_upload, server, number, _until(is_over), one)
            for number, one in enumerate(stored)
        ]
        try:
            wait_until(lambda: all(stored))
            readers = [
                pool.submit(_read, server, number, stored, broken, is_over)
                for number in range(4)
            ]
            for number in itertools.takewhile(
                lambda number: number < 6 or not broken, itertools.count()
            ):
                _wait_for_uploads(stored, sum(map(len, stored)) + 40)
                _disturb(server, number)
        finally:
            is_over.set()
        for one in (*uploads, *readers):
            one.result()
    wait_until(lambda: len(_worker_pids(server)) == 2)
    with _clients(server, 3):
        _check_truth(server, set(itertools.chain(*stored)))

    wait_until(lambda: _is_ready(server))
    assert "Traceback" not in server.log.read_text()


def test_no_worker_outlives_the_main_process(launch: Launch) -> None:
    """A kill of the main process ends them, and the next one starts others."""
    server = launch(HttpWorkers=3)
    with _clients(server, 3):
        pass
    main, workers = _main_pid(server), _worker_pids(server)
    stored: list[str] = []
    is_over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        upload = pool.submit(_upload, server, 1, _until(is_over), stored)
        try:
            _wait_for_uploads([stored], 10)
            os.kill(main, signal.SIGKILL)
            wait_until(lambda: not any(map(_is_running, workers)))
            _wait_for_uploads([stored], len(stored) + 10)
        finally:
            is_over.set()
        upload.result()
    with _clients(server, 3):
        _check_truth(server, set(stored))

    assert _main_pid(server) != main


def test_all_processes_of_a_killed_server_end(tmp_path: Path) -> None:
    """It is enough to kill the supervisor."""
    server = start_server(OBELISK, tmp_path, HttpWorkers=2)
    try:
        with _clients(server):
            pass
        wait_until(lambda: len(_nursery_pids(server)) == 2)
        pids = [_main_pid(server), *_nursery_pids(server), *_worker_pids(server)]
        server.process.kill()
        wait_until(lambda: not any(map(_is_running, pids)))
    finally:
        server.kill()

    assert len(pids) == 4


def _is_ready(server: RunningServer) -> bool:
    return requests.get(f"{server.url}/health/ready", timeout=_SECONDS).ok


def test_what_starts_workers_is_replaced(both: RunningServer) -> None:
    """Whichever of its processes is killed, and whatever that takes with it."""
    for number in range(4):
        wait_until(lambda: len(_nursery_pids(both)) == 2)
        with _clients(both):
            worker = _worker_pids(both)[0]
        parent = int(_stat(worker)[1])
        spare = next(pid for pid in _nursery_pids(both) if pid != parent)
        os.kill(spare if number % 2 else parent, signal.SIGKILL)
        wait_until(lambda gone=spare if number % 2 else parent: not _is_running(gone))
    wait_until(lambda: len(_nursery_pids(both)) == 2)
    with _clients(both):
        wait_until(lambda: _is_ready(both))


def test_the_main_process_alone_is_ready(launch: Launch) -> None:
    """Nothing is left that could start workers; it says so, and answers everything."""
    server = launch(HttpWorkers=2)
    with _clients(server):
        pass
    wait_until(lambda: len(_nursery_pids(server)) == 2)
    nurseries, workers = _nursery_pids(server), _worker_pids(server)
    for pid in nurseries:
        os.kill(pid, signal.SIGSTOP)  # so that neither replaces the other one
    for pid in nurseries:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(_is_running, workers)))
    wait_until(lambda: "this process serves alone" in server.log.read_text())
    stored: list[str] = []
    _upload(server, 1, range(10), stored)

    assert _is_ready(server)
    assert len(stored) == 10
    _check_truth(server, set(stored))
    assert not _worker_pids(server)


def test_a_stop_waits_for_what_workers_receive(launch: Launch) -> None:
    """Each upload ends, new ones are refused, and no temporary file stays."""
    server = launch(HttpWorkers=2)
    contents = [make_sized_instance(number, 9_000_000) for number in range(4)]
    with _clients(server):
        pass
    uploads = []
    for content in contents:
        client = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=30)
        client.putrequest("POST", "/instances")
        client.putheader("Content-Length", str(len(content)))
        client.endheaders(content[:6_000_000])
        uploads.append(client)
    wait_until(lambda: len(list(server.storage.glob("??/??/*"))) == 4)
    workers = _worker_pids(server)
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not _is_answering(server))
    for client, content in zip(uploads, contents, strict=True):
        client.send(content[6_000_000:])
    answers = [client.getresponse() for client in uploads]
    statuses = [(answer.status, answer.read() and None) for answer in answers]
    for client in uploads:
        client.close()

    assert [status for status, _ in statuses] == [200] * 4
    assert server.process.wait(_SECONDS) == 0
    assert not any(map(_is_running, workers))
    assert list((server.storage / "pending").iterdir()) == []
    assert len(list(server.storage.glob("??/??/*"))) == 4


def _is_answering(server: RunningServer) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{server.url}/system", timeout=_SECONDS).ok
    return False


@pytest.mark.parametrize("order", ["reset", "shutdown"])
def test_clients_can_end_the_server(launch: Launch, order: str) -> None:
    """Workers end with the main process, and a reset starts others."""
    server = launch(HttpWorkers=2)
    with _clients(server):
        pass
    workers = _worker_pids(server)
    requests.post(f"{server.url}/tools/{order}", timeout=_SECONDS).raise_for_status()
    wait_until(lambda: not any(map(_is_running, workers)))

    if order == "reset":
        with _clients(server):
            assert set(_worker_pids(server)).isdisjoint(workers)
    else:
        assert server.process.wait(_SECONDS) == 0
