"""Tests of requests to other servers, on real sockets."""

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest

from launching import free_port
from obelisk.config.peers import Peer
from obelisk.errors import CorruptedFileError, PeerError, PeerStatusError
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import Body, PeerSettings
from obelisk.telemetry.tracing import TRACER, Kind
from peer_server import Reply, running_peer
from proxy_server import running_proxy

QUICK = PeerSettings(timeout_seconds=0.3)
PATIENT = PeerSettings(timeout_seconds=30)


@pytest.fixture
def server():
    """A server that takes all."""
    with running_peer() as running:
        yield running


@pytest.fixture
def client():
    """A client that waits long."""
    made = PeerClient(PATIENT)
    yield made
    made.close()


def body_of(content):
    """Return a body in two chunks."""
    half = len(content) // 2
    return Body(len(content), lambda: iter([content[:half], content[half:]]))


def ask(client, peer, content=None, path="system"):
    """Ask one thing on a link of its own."""
    with client.link(peer) as link:
        if content is None:
            return link.ask("GET", path)
        return link.ask("POST", "instances", body_of(content), {"Content-Type": "x/y"})


def test_a_request_and_its_answer(server, client):
    """Below the root of the peer, with all headers."""
    peer = Peer(
        url=f"{server.url}pacs/",
        username="alice",
        password="sécret",
        headers={"X-Mine": "a", "user-agent": "b"},
    )
    server.say({"a": 1})
    answer = ask(client, peer, b"0123456789")
    (got,) = server.received

    assert answer == b'{"a": 1}'
    assert (got.method, got.path, got.body) == (
        "POST",
        "/pacs/instances",
        b"0123456789",
    )
    user = base64.b64encode("alice:sécret".encode()).decode()
    assert got.headers == {
        "host": server.url.removeprefix("http://").rstrip("/"),
        "accept": "*/*",
        "authorization": f"Basic {user}",
        "content-length": "10",
        "content-type": "x/y",
        "user-agent": "b",
        "x-mine": "a",
    }


def test_a_host_of_the_user_wins(server, client):
    """And so does what he says about himself."""
    headers = {"Host": "other", "Authorization": "Bearer x"}
    ask(client, Peer(url=server.url, username="u", headers=headers))

    assert server.received[0].headers["host"] == "other"
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_a_connection_lasts(server, client):
    """Over links of the same peer, not of another one."""
    peer = Peer(url=server.url)
    for _ in range(3):
        ask(client, peer)
        ask(client, peer, b"ab")
    ask(client, Peer(url=server.url, username="other"))
    ports = [one.port for one in server.received]

    assert len(set(ports[:6])) == 1
    assert ports[6] != ports[0]


def test_two_links_have_connections_of_their_own(server, client):
    """As one request at a time is all that one can do."""
    peer = Peer(url=server.url)
    with client.link(peer) as first, client.link(peer) as second:
        first.ask("GET", "a")
        second.ask("GET", "b")

    assert len({one.port for one in server.received}) == 2


@pytest.mark.parametrize("content", [None, b"x" * 5_000_000])
def test_a_connection_that_was_closed_meanwhile_is_replaced(server, client, content):
    """Nobody notices."""
    peer = Peer(url=server.url)
    server.say({}, is_last=True)
    for _ in range(3):
        assert ask(client, peer, content) == b"{}"

    assert len({one.port for one in server.received}) == 3


def test_a_connection_that_is_closed_by_the_next_request_is_replaced():
    """The peer may close at the very moment when it is asked again."""
    answers = []

    def serve(listener):
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                answers.append(connection.recv(65_536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        client = PeerClient(PATIENT)
        peer = Peer(url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        found = [ask(client, peer) for _ in range(2)]
        client.close()
        thread.join()

    assert found == [b"{}", b"{}"]
    assert answers[0].startswith(b"GET /system")


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500, 599])
def test_a_refusal(server, client, status):
    """Its status is told; redirections are not followed, as they lose the body."""
    peer = Peer(url=server.url)
    headers = (("Location", f"{server.url}other"),)
    server.say(b"no", status=status, headers=headers)
    with pytest.raises(PeerStatusError, match=f"answered {status}") as caught:
        ask(client, peer, b"abc")

    assert caught.value.status == status
    assert len(server.received) == 1


def test_a_peer_that_refuses_before_it_has_all(server, client):
    """Its answer is heard, though it does not read on."""
    server.say(b"no", status=413, is_patient=False)
    with pytest.raises((PeerStatusError, PeerError)) as caught:
        ask(client, Peer(url=server.url), b"x" * 30_000_000)
    server.say({})

    assert "413" in str(caught.value) or "closed the connection" in str(caught.value)
    assert ask(client, Peer(url=server.url), b"abc") == b"{}"


def test_a_peer_that_is_silent(server):
    """It has as long as the settings say, or the peer itself."""
    server.reply = server.hold
    with pytest.raises(PeerError, match="silent for too long"):
        ask(PeerClient(QUICK), Peer(url=server.url))
    with pytest.raises(PeerError, match="silent for too long"):
        ask(PeerClient(PATIENT), Peer(url=server.url, timeout_seconds=1))


def test_a_peer_that_is_not_there():
    """The connection is refused."""
    port = free_port()
    with pytest.raises(PeerError, match=r"refused the connection \(GET http://127"):
        ask(PeerClient(PATIENT), Peer(url=f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("name", ["nohost.invalid", "a..b"])
def test_a_name_that_stands_for_nothing(name):
    """Nor does one that cannot be."""
    with pytest.raises(PeerError, match="cannot be resolved"):
        ask(PeerClient(PATIENT), Peer(url=f"http://{name}/"))


@contextmanager
def raw_server(answer):
    """Run a server that answers one request by some bytes."""

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield Peer(url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 5_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    ],
)
def test_an_answer_that_is_none(answer):
    """Or that breaks off, or is too large."""
    with raw_server(answer) as peer, pytest.raises(PeerError):
        ask(PeerClient(PATIENT), peer)


def test_a_body_that_is_shorter_than_it_should_be(server, client):
    """Then the peer gets no whole request, and the connection is closed."""
    broken = Body(10, lambda: iter([b"abc"]))
    with client.link(Peer(url=server.url)) as link:
        with pytest.raises(PeerError):
            link.ask("POST", "instances", broken)
        link.ask("GET", "system")

    assert [one.method for one in server.received] == ["GET"]


def test_a_body_that_cannot_be_read(server, client):
    """Its error is told as it is."""

    def read():
        yield b"abc"
        raise CorruptedFileError

    with (
        client.link(Peer(url=server.url)) as link,
        pytest.raises(CorruptedFileError),
    ):
        link.ask("POST", "instances", Body(10, read))


def test_what_blocks_can_be_ended_by_another_thread(server, client):
    """While it waits for an answer; the link is of no use then."""
    server.reply = server.hold
    with client.link(Peer(url=server.url)) as link:
        timer = threading.Timer(0.2, link.abort)
        timer.start()
        with pytest.raises(PeerError):
            link.ask("GET", "system")
        with pytest.raises(PeerError):
            link.ask("GET", "system")
        timer.join()


def test_a_connection_that_is_being_opened_can_be_ended():
    """Where nobody accepts it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(place)
        client = PeerClient(PATIENT)
        with client.link(Peer(url=f"http://127.0.0.1:{place[1]}/")) as link:
            timer = threading.Timer(0.2, link.abort)
            timer.start()
            with pytest.raises(PeerError):
                link.ask("GET", "system")
            timer.join()
        for other in others:
            other.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A PEM file with a certificate for 127.0.0.1, and its key."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl is not installed"
    both = tmp_path_factory.mktemp("certificate") / "both.pem"
    subject = ["-subj", "/CN=peer", "-addext", "subjectAltName=IP:127.0.0.1"]
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run(
        [*request, "-keyout", str(both), "-out", f"{both}.cert"],
        check=True,
        capture_output=True,
    )
    with both.open("ab") as file:
        file.write(both.with_name("both.pem.cert").read_bytes())
    return both


def server_side(certificate):
    """Return the settings of a server with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls(certificate):
    """The certificate of the peer is checked, unless that is switched off."""
    trusting = PeerSettings(authorities=certificate)
    careless = PeerSettings(is_verified=False)
    with running_peer(server_side(certificate)) as server:
        peer = Peer(url=server.url)
        other = Peer(url=server.url.replace("127.0.0.1", "localhost"))
        for settings in (trusting, careless):
            client = PeerClient(settings)
            assert ask(client, peer, b"abc") == b'{"Status": "Success"}'
            assert ask(client, peer) == b'{"Status": "Success"}'
            client.close()
        assert len({one.port for one in server.received}) == 2
        with pytest.raises(PeerError, match="not trusted"):
            ask(PeerClient(PATIENT), peer)
        with pytest.raises(PeerError, match="not trusted"):
            ask(PeerClient(trusting), other)
    assert server.received[0].headers["host"] in server.url


def test_a_certificate_of_our_own(certificate):
    """It is shown where the peer asks for one."""
    context = server_side(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate)
    with running_peer(context) as server:
        client = PeerClient(PeerSettings(authorities=certificate))
        with pytest.raises(PeerError):
            ask(client, Peer(url=server.url))
        known = Peer(url=server.url, certificate_file=str(certificate))
        assert ask(client, known) == b'{"Status": "Success"}'
        client.close()


def test_a_secret_key_without_its_password(certificate, tmp_path):
    """Nobody is asked for it at the terminal."""
    key = tmp_path / "key"
    command = ["openssl", "rsa", "-in", str(certificate), "-out", str(key)]
    subprocess.run(
        [*command, "-aes256", "-passout", "pass:secret"],
        check=True,
        capture_output=True,
    )
    files = {
        "certificate_file": str(certificate),
        "certificate_key_file": str(key),
    }
    with running_peer(server_side(certificate)) as server:
        client = PeerClient(PeerSettings(authorities=certificate))
        with pytest.raises(PeerError, match="no secure connection"):
            ask(client, Peer(url=server.url, **files))
        peer = Peer(url=server.url, **files, certificate_key_password="secret")
        assert ask(client, peer) == b'{"Status": "Success"}'
        client.close()


def test_a_peer_that_is_abandoned_in_the_handshake():
    """TLS with one that says nothing can be ended, too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Peer(url=f"https://127.0.0.1:{listener.getsockname()[1]}/")
        with PeerClient(PATIENT).link(peer) as link:
            timer = threading.Timer(0.2, link.abort)
            timer.start()
            with pytest.raises(PeerError):
                link.ask("GET", "system")
            timer.join()


class Sink:
    """Keeps spans."""

    def __init__(self):
        """Begin empty."""
        self.spans = []

    def put(self, span):
        """Keep one."""
        self.spans.append(span)

    def counts(self):
        """Count nothing."""
        return {}

    def close(self, timeout_seconds):
        """Do nothing."""


@pytest.fixture
def sink(monkeypatch):
    """What takes the spans of a tracer that is on."""
    made = Sink()
    monkeypatch.setattr(TRACER, "is_on", False)
    monkeypatch.setattr(TRACER, "_sink", None)
    TRACER.open(made)
    return made


def test_a_request_is_a_span_and_its_peer_hears_of_it(server, client, sink):
    """As the parent of what the peer does."""
    server.say({}, status=404)
    with (
        TRACER.start("work", Kind.INTERNAL) as work,
        pytest.raises(PeerStatusError),
    ):
        ask(client, Peer(url=server.url))
    span = sink.spans[0]

    assert (span.name, span.kind) == ("GET /system", Kind.CLIENT)
    assert span.parent_id == work.context.span_id
    assert span.has_failed
    assert span.attributes == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "http.response.status_code": 404,
        "error.type": "PeerStatusError",
    }
    heard = server.received[0].headers["traceparent"]
    assert heard == span.context.parent
    assert span.context.trace_id == work.context.trace_id


def test_a_trace_that_nobody_records_goes_on(server, client, sink):
    """So that the peer does not begin one of its own."""
    TRACER.open(sink, 0)
    with TRACER.start("work", Kind.INTERNAL) as work:
        ask(client, Peer(url=server.url))

    assert sink.spans == []
    assert server.received[0].headers["traceparent"] == work.context.parent


def test_without_a_trace_nothing_is_said_of_one(server, client):
    """The header is left out."""
    server.reply = lambda _method, _path: Reply(b"{}")
    ask(client, Peer(url=server.url))

    assert "traceparent" not in server.received[0].headers


def test_a_proxy(server):
    """It is told where to go, and who asks; the connection lasts."""
    with running_proxy() as (proxy, heads):
        client = PeerClient(PeerSettings(proxy=proxy))
        peer = Peer(url=f"{server.url}pacs/")
        answers = [ask(client, peer, b"abc") for _ in range(2)]
        client.close()

    place = server.url.removeprefix("http://").rstrip("/")
    assert answers == [b'{"Status": "Success"}'] * 2
    assert len(heads) == 1
    assert heads[0].startswith(f"POST http://{place}/pacs/instances HTTP/1.1\r\n")
    assert f"Host: {place}\r\n" in heads[0]
    assert "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n" in heads[0]


def test_a_proxy_before_tls(certificate):
    """It hands on what it cannot read, and is told no secrets of the peer."""
    with (
        running_proxy() as (proxy, heads),
        running_peer(server_side(certificate)) as server,
    ):
        settings = PeerSettings(authorities=certificate, proxy=proxy)
        client = PeerClient(settings)
        peer = Peer(url=server.url, username="alice", password="secret")
        assert ask(client, peer, b"abc") == b'{"Status": "Success"}'
        client.close()
        (got,) = server.received

    place = server.url.removeprefix("https://").rstrip("/")
    head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n"
    assert heads == [f"{head}Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"]
    assert got.path == "/instances"
    assert "proxy-authorization" not in got.headers


def test_a_proxy_that_refuses(certificate):
    """The error says that it was the proxy."""
    with (
        running_proxy(b"407 Who are you?") as (proxy, _),
        pytest.raises(PeerError, match="proxy does not let us through"),
    ):
        ask(PeerClient(PeerSettings(proxy=proxy)), Peer(url="https://127.0.0.1:1/"))
