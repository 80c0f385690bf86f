import concurrent.futures
import contextlib
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from http_peer import (
    SECONDS,
    HTTPPeer,
    read_all,
    read_answer,
    running_http_server,
)
from obelisk.errors import UnavailableError
from obelisk.http import server as server_module
from obelisk.http.listening import listen

_GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

#: Within which an answer waits for none of the timeouts of others, on a busy machine.
_PROMPT_SECONDS = 10.0


@pytest.fixture(scope="module")
def peer() -> Iterator[HTTPPeer]:
    """Run one server that is patient: this machine may hold its clients up."""
    with running_http_server(keep_alive_seconds=25.0) as running:
        yield running


@pytest.fixture
def hasty() -> Iterator[HTTPPeer]:
    """Run a server with short timeouts."""
    with running_http_server(
        request_timeout_seconds=1.0, keep_alive_seconds=2.0, send_timeout_seconds=1.0
    ) as running:
        yield running


def _post(path: str, body: bytes = b"", *lines: str) -> bytes:
    length = [] if "chunked" in str(lines) else [f"Content-Length: {len(body)}"]
    head = [f"POST {path} HTTP/1.1", "Host: x", *length, *lines, "", ""]
    return "\r\n".join(head).encode() + body


def _wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.02)


def test_keep_alive(peer) -> None:
    """A connection serves one request after the other."""
    with peer.connect() as client:
        for _ in range(3):
            client.sendall(_GET)
            head, body = read_answer(client)

            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nConnection: keep-alive\r\nKeep-Alive: timeout=25\r\n" in head
            assert b"\r\nServer: Obelisk\r\n" in head
            assert body == b"GET /a"


def test_connection_that_pauses(peer) -> None:
    """A connection without a thread comes back to one."""
    with peer.connect() as client:
        for _ in range(3):
            client.sendall(_GET)
            read_answer(client)
            threading.Event().wait(0.15)


def test_split_head(peer) -> None:
    """How the network cuts a request does not matter."""
    with peer.connect() as client:
        for index in range(len(_GET)):
            client.sendall(_GET[index : index + 1])

        assert read_answer(client)[1] == b"GET /a"


def test_pipelining(peer) -> None:
    """Requests that come together are answered in their order."""
    stream = _GET + _post("/echo", b"abc") + b"\r\n" + _GET.replace(b"/a", b"/b")
    stream += (
        _post("/echo", b"2\r\nde\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + _GET
    )
    with peer.connect() as client:
        client.sendall(stream + _GET[:9])
        bodies = [read_answer(client)[1] for _ in range(5)]
        client.sendall(_GET[9:])
        bodies.append(read_answer(client)[1])

    assert bodies == [b"GET /a", b"abc", b"GET /b", b"de", b"GET /a", b"GET /a"]


@pytest.mark.parametrize("size", [1, 70_000, 5_000_000])
def test_bodies(peer, size: int) -> None:
    """A body comes through, with a known size or in chunks."""
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    with peer.connect() as client:
        client.sendall(_post("/echo", body))
        assert read_answer(client)[1] == body
        client.sendall(_post("/echo", chunk, "Transfer-Encoding: chunked"))
        assert read_answer(client)[1] == body


def test_close(peer) -> None:
    """A client may say that its request is the last one, and so may an old one."""
    closing = peer.talk(_GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    old = peer.talk(b"GET /a HTTP/1.0\r\n\r\n")
    with peer.connect() as client:
        client.sendall(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        kept, _ = read_answer(client)

    assert b"\r\nConnection: close\r\n" in closing
    assert b"\r\nConnection: close\r\n" in old
    assert b"\r\nConnection: keep-alive\r\n" in kept


def test_no_keep_alive() -> None:
    """Without KeepAlive each request has its own connection."""
    with running_http_server(keep_alive_seconds=0) as peer, peer.connect() as client:
        client.sendall(_GET + _GET)

        assert read_all(client).count(b"HTTP/1.1 200 OK") == 1


def test_head(peer) -> None:
    """HEAD gets no body, whatever the application gives."""
    with peer.connect() as client:
        for path in (b"/file?0-5000", b"/pieces", b"/a"):
            client.sendall(_GET.replace(b"GET /a", b"HEAD " + path))
            received = b""
            while not received.endswith(b"\r\n\r\n"):
                received += client.recv(1)
            assert received.startswith(b"HTTP/1.1 200 OK")
        client.sendall(_GET)

        assert read_answer(client)[1] == b"GET /a"


def test_continue(peer) -> None:
    """The body is asked for when the application wants it, and only then."""
    with peer.connect() as client:
        client.sendall(_post("/echo", b"abc", "Expect: 100-continue")[:-3])
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert read_answer(client)[1] == b"abc"
        client.sendall(_post("/unread", b"abc", "Expect: 100-continue")[:-3])
        head, _ = read_answer(client)
        assert head.startswith(b"HTTP/1.1 413")
        assert b"\r\nConnection: close\r\n" in head


def test_body_that_nobody_reads(peer) -> None:
    """A small one is read over; a large one does not hide the answer."""
    with peer.connect() as client:
        client.sendall(_post("/a", b"x" * 1000) + _GET)
        assert read_answer(client)[1] == b"POST /a"
        assert read_answer(client)[1] == b"GET /a"
    with peer.connect() as client:
        client.sendall(_post("/unread", b"x" * 5_000_000))
        answer = read_all(client)

    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.endswith(b"no")


def test_chunked_answer(peer) -> None:
    """A body of unknown size comes in chunks; an old client gets it raw."""
    new = peer.talk(_GET.replace(b"/a", b"/pieces"))
    old = peer.talk(b"GET /pieces HTTP/1.0\r\n\r\n")

    assert new.endswith(b"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert old.endswith(b"\r\n\r\nabcde")
    assert b"chunked" not in old


def test_application_that_fails(peer) -> None:
    """The client learns that it failed, not why; the connection ends."""
    for path in (b"/fail", b"/late", b"/short"):
        peer.application.closed.clear()
        answer = peer.talk(_GET.replace(b"/a", path) + _GET)

        assert answer.count(b"HTTP/1.1") == 1
        assert b"secret" not in answer
        assert not answer.endswith(b"0\r\n\r\n")
        assert path == b"/fail" or peer.application.closed.wait(SECONDS)


def test_application_that_breaks_off(peer, caplog) -> None:
    """The client notices that something is missing; nobody else is alarmed."""
    cut, never = (peer.talk(_GET.replace(b"/a", path)) for path in (b"/cut", b"/never"))

    assert cut.endswith(b"\r\n\r\n3\r\nabc\r\n")
    assert never.startswith(b"HTTP/1.1 500 ")
    assert not caplog.records


@pytest.mark.parametrize("part", [(0, 2_097_152), (1, 2), (5, 5), (100_000, 1_900_000)])
def test_files(peer, part: tuple[int, int]) -> None:
    """A range of a file is sent, and nothing else."""
    first, last = part
    request = _GET.replace(b"/a", b"/file?%d-%d" % part)
    with peer.connect() as client:
        client.sendall(request + request)
        for _ in range(2):
            assert read_answer(client)[1] == peer.application.content[first:last]


def test_file_that_is_too_short(peer) -> None:
    """A body that breaks off is not followed by another answer."""
    answer = peer.talk(_GET.replace(b"/a", b"/file?2000000-3000000") + _GET)

    assert answer.count(b"HTTP/1.1") == 1
    assert len(answer) < 100_000


@pytest.mark.parametrize("is_reading", [True, False])
def test_client_that_leaves_a_download(hasty, *, is_reading: bool) -> None:
    """The application is told by close(), also if the client just stops reading."""
    with hasty.connect() as client:
        client.sendall(_GET.replace(b"/a", b"/endless"))
        assert client.recv(100)
        if is_reading:
            client.close()

        assert hasty.application.closed.wait(SECONDS)


def test_client_that_leaves_an_upload(peer) -> None:
    """The application gets an error, not the end of the body."""
    peer.application.errors.clear()
    peer.talk(_post("/echo", b"abc", "X: y").replace(b"Length: 3", b"Length: 9"))
    peer.talk(_post("/echo", b"9\r\nabc", "Transfer-Encoding: chunked"))

    assert len(peer.application.errors) == 2
    assert all(isinstance(one, ConnectionError) for one in peer.application.errors)


def test_slow_clients(hasty) -> None:
    """A head, and silence in a body, have their time; then the connection ends."""
    upload = _post("/echo", b"abc").replace(b"Length: 3", b"Length: 9")
    with hasty.connect() as idle, hasty.connect() as slow, hasty.connect() as stuck:
        stuck.sendall(upload)
        with contextlib.suppress(OSError):
            for index in range(200):
                slow.sendall(_GET[index % 20 : index % 20 + 1].replace(b" ", b"A"))
                if b"408" in _received_within(slow, 0.05):
                    break
        late, body = read_all(stuck), read_all(idle)

    assert index < 199
    assert body == b""
    assert late.startswith(b"HTTP/1.1 408")
    assert late.endswith(b"TimeoutError")
    _wait_until(lambda: hasty.server.connection_count == 0)


def _received_within(client: socket.socket, seconds: float) -> bytes:
    client.settimeout(seconds)
    try:
        return client.recv(1000)
    except TimeoutError:
        return b""
    finally:
        client.settimeout(SECONDS)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (_post("/echo", b"abc", "Transfer-Encoding : chunked") + _GET, 400),
        (_post("/echo", b"abc", "Content-Length: 7") + _GET, 400),
    ],
)
def test_bad_requests(peer, request_: bytes, status: int) -> None:
    """They are answered once, in JSON with an id, and nothing after them is served."""
    answer = peer.talk(request_)

    assert answer.count(b"\r\nX-Request-ID: ") == 1

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"}")


@given(st.binary(max_size=200))
@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_bytes(peer, content: bytes) -> None:
    """Whatever is sent, the server answers or closes, and lives."""
    for request in (content, b"GET / HTTP/1.1\r\n" + content, _GET[:-2] + content):
        answer = peer.talk(request)

        assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
        assert b"HTTP/1.1 500" not in answer


def test_many_silent_clients() -> None:
    """600 idle connections and 300 stuck uploads take nothing from the others."""
    upload = _post("/echo", b"abc").replace(b"Length: 3", b"Length: 9")
    with running_http_server() as peer, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(peer.connect()) for _ in range(900)]
        for client in clients[:300]:
            client.sendall(upload)
        for client in clients[300:500]:
            client.sendall(_GET[:10])
        _wait_until(lambda: peer.application.paths.count("/echo") == 300)
        started = time.monotonic()
        assert b"GET /a" in peer.talk(_GET)
        assert time.monotonic() - started < _PROMPT_SECONDS
        stack.close()


def test_stop() -> None:
    """Idle connections end at once, a request in progress ends as it should."""
    with running_http_server() as peer:
        with peer.connect() as idle, peer.connect() as busy:
            idle.sendall(_GET)
            read_answer(idle)
            busy.sendall(_post("/echo", b"abcdef")[:-3])
            _wait_until(lambda: peer.application.paths == ["/a", "/echo"])
            peer.server.refuse()
            assert read_all(idle) == b""
            assert not peer.server.wait(0.1)
            busy.sendall(b"def")
            assert read_all(busy).endswith(b"abcdef")
        assert peer.server.wait(SECONDS)
        with pytest.raises(ConnectionRefusedError):
            peer.connect()


def test_stop_while_a_client_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request, which is on its way, is answered."""
    monkeypatch.setattr(server_module, "_FIRST_REQUEST_SECONDS", SECONDS)
    with running_http_server() as peer, peer.connect() as new:
        _wait_until(lambda: peer.server.connection_count == 1)
        peer.server.refuse()
        new.sendall(_GET)
        head, body = read_answer(new)

    assert b"\r\nConnection: close\r\n" in head
    assert body == b"GET /a"


def test_stop_while_a_client_is_silent() -> None:
    """It is waited for no longer than for a moment."""
    with running_http_server() as peer, peer.connect() as silent:
        _wait_until(lambda: peer.server.connection_count == 1)
        peer.server.refuse()

        assert read_all(silent) == b""


def test_more_connections_than_threads() -> None:
    """Those beyond wait for their turn."""
    with (
        running_http_server(thread_count_max=2) as peer,
        concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: peer.talk(_GET * 5), range(40)))

    assert all(answer.count(b"GET /a") == 5 for answer in answers)


def test_whoever_waits_for_longest_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    """Also who began a request, and is told; others stay, and the log tells of it."""
    with running_http_server(connection_count_max=2) as peer, peer.connect() as first:
        first.sendall(_GET[:9])
        open_ = peer.server._connections
        _wait_until(lambda: [bool(one.received) for one in open_.values()] == [True])
        with peer.connect() as second:
            second.sendall(_GET)
            read_answer(second)
            _wait_until(lambda: all(one.is_parked for one in open_.values()))
            with peer.connect() as third:
                third.sendall(_GET)
                read_answer(third)

                assert read_all(first).startswith(b"HTTP/1.1 408 ")
                second.sendall(_GET)
                assert read_answer(second)[1] == b"GET /a"
                _wait_until(lambda: all(one.is_parked for one in open_.values()))
                with peer.connect() as fourth:
                    fourth.sendall(_GET)
                    assert read_answer(fourth)[1] == b"GET /a"
                assert third.recv(1) == b""
        _wait_until(lambda: "Idle connections made room for others: " in caplog.text)


def test_a_request_in_progress_makes_no_room() -> None:
    """Who comes then is refused, as there are too many."""
    with running_http_server(connection_count_max=1) as peer, peer.connect() as first:
        first.sendall(_post("/echo", b"1234")[:-2])
        _wait_until(lambda: peer.application.paths == ["/echo"])
        assert peer.talk(b"") == b""
        first.sendall(b"34")

        assert read_answer(first)[1] == b"1234"


def test_hundreds_of_idle_connections() -> None:
    """More than there may be slow nobody down, whether they begin a request or not."""
    with (
        running_http_server(connection_count_max=64) as peer,
        contextlib.ExitStack() as opened,
    ):
        for number in range(400):
            client = opened.enter_context(peer.connect())
            client.sendall(_GET[: 9 * (number % 2)])
        start = time.monotonic()
        with peer.connect() as client:
            client.sendall(_GET)
            assert read_answer(client)[1] == b"GET /a"

        assert time.monotonic() - start < _PROMPT_SECONDS
        _wait_until(lambda: peer.server.connection_count <= 64)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a certificate and its key."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    folder = tmp_path_factory.mktemp("certificate")
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    subprocess.run(
        [*request, "-subj", "/CN=x", *files],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes(
        (folder / "certificate").read_bytes() + (folder / "key").read_bytes()
    )
    return both


def test_https(certificate: Path) -> None:
    """Bodies, files, pipelining and pauses work under TLS; plain HTTP does not."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    client_side = ssl.create_default_context(cafile=str(certificate))
    client_side.check_hostname = False
    body = b"x" * 3_000_000
    with running_http_server(server_side) as peer:
        with client_side.wrap_socket(peer.connect()) as client:
            client.sendall(_post("/echo", body))
            assert read_answer(client)[1] == body
            threading.Event().wait(0.15)
            client.sendall(_GET.replace(b"/a", b"/file?9-2000000") + _GET + _GET[:9])
            assert read_answer(client)[1] == peer.application.content[9:2_000_000]
            assert read_answer(client)[1] == b"GET /a"
            client.sendall(_GET[9:])
            assert read_answer(client)[1] == b"GET /a"
            client.sendall(_post("/unread", body))
            assert read_answer(client)[1] == b"no"
        assert b"HTTP" not in peer.talk(_GET)
    with (
        running_http_server(server_side, request_timeout_seconds=1.0) as peer,
        peer.connect() as silent,
        peer.connect() as half,
    ):
        half.sendall(b"\x16\x03\x01\x02\x00")
        assert read_all(silent) == read_all(half) == b""


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open some thousand files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("many_files")
def test_handshakes_that_go_no_further(certificate: Path) -> None:
    """Hundreds take no threads, nobody waits for their time to be over."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    client_side = ssl.create_default_context(cafile=str(certificate))
    client_side.check_hostname = False
    with (
        running_http_server(
            server_side, thread_count_max=8, request_timeout_seconds=600.0
        ) as peer,
        contextlib.ExitStack() as opened,
    ):
        for _ in range(600):
            half = opened.enter_context(peer.connect())
            half.sendall(b"\x16\x03\x01\x02\x00")
        with client_side.wrap_socket(peer.connect()) as client:
            client.sendall(_GET)
            assert read_answer(client)[1] == b"GET /a"

        assert peer.server.connection_count >= 600


def test_handshake_in_pieces(certificate: Path) -> None:
    """A handshake that a thread gave up waiting for goes on when more of it comes."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate)
    client_side = ssl.create_default_context(cafile=str(certificate))
    client_side.check_hostname = False
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_side.wrap_bio(arriving, leaving)
    with running_http_server(server_side) as peer, peer.connect() as client:

        def send_slowly() -> None:
            sent = leaving.read()
            for start in range(0, len(sent), 100):
                client.sendall(sent[start : start + 100])
                threading.Event().wait(0.06)  # longer than a thread waits

        for step in (tls.do_handshake, lambda: tls.write(_GET), lambda: tls.read(9999)):
            while True:
                try:
                    answer = step()
                    break
                except ssl.SSLWantReadError:
                    send_slowly()
                    arriving.write(client.recv(9999))

    assert b"200 OK" in answer


def test_several_addresses() -> None:
    """Each address of the list is listened on, and a taken port is told."""
    both = listen(["127.0.0.1", "::1"], 0)
    free = both[0].getsockname()[1]
    with pytest.raises(UnavailableError, match=f"port {free}"):
        listen(["127.0.0.1"], free)
    for listener in [*both, *listen([], 0)]:
        listener.close()

    assert [one.family for one in both] == [socket.AF_INET, socket.AF_INET6]
