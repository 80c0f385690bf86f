import math
import socket
import threading
import time

import pytest

from association_peer import (
    CONTEXTS,
    CT,
    EXPLICIT,
    Peer,
    dataset,
    echo_command,
    running_server,
    store_command,
)
from launching import wait_until
from obelisk.dimse import acceptor, association
from obelisk.dimse.items import AnsweredContext, ProposedContext
from obelisk.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from obelisk.errors import UnavailableError
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.server import DICOMServer
from obelisk.scp.settings import DICOMServerSettings, KnownCaller

USER_ABORT = Abort(0, 0)

#: As long as nobody waits in these tests: what ends before it was ended for a reason.
FOR_EVER = 600


def wait_until_busy(server, *are_busy):
    """Wait until those associations are in an operation that should, and no others."""

    def found():
        entries = list(server._acceptor._connections)
        return [entry.association.idle_since == math.inf for entry in entries]

    wait_until(lambda: found() == list(are_busy))


@pytest.fixture
def port(tmp_path):
    """Run a server, and yield its port."""
    with running_server(tmp_path) as (server, _):
        yield server.port


def test_answers_of_contexts(port):
    """Each presentation context gets an answer of its own."""
    with Peer(port) as peer:
        answer = peer.associate(
            contexts=(*CONTEXTS, ProposedContext(5, "1.2.3", (EXPLICIT,)))
        )

    assert answer.called_aet == "ORTHANC"
    assert [context.result for context in answer.contexts] == [0, 0, 3]
    assert answer.contexts[1] == AnsweredContext(3, 0, EXPLICIT)
    assert answer.user_information.max_length == 16384


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\1\0\xff\xff\xff\xff",
        b"\4\0\xff\xff\xff\xff",
        b"\4\0\0\0\0\x06\0\0\0\2\1\3",
        b"\5\0\0\0\0\4\0\0\0\0",
        b"\1\0\0\0\0\x0a0123456789",
        b"\x09\0\0\0\0\4abcd",
    ],
)
def test_something_else_than_a_request(port, data):
    """Bytes that do not request an association are answered with an abort."""
    with Peer(port) as peer:
        peer.send(data)

        assert peer.read() == USER_ABORT
        assert peer.is_closed()


@pytest.mark.parametrize("pdu_type", [1, 4, 9])
def test_four_gigabytes_announced(port, pdu_type):
    """A PDU of 4 GB aborts the association at once."""
    with Peer(port) as peer:
        peer.associate()
        peer.send(bytes([pdu_type]) + b"\0\xff\xff\xff\xff")

        assert peer.read() == Abort(2, 1 if pdu_type == 9 else 6)
        assert peer.is_closed()


def test_a_silent_connection_is_closed(tmp_path):
    """A connection that requests nothing is closed when the ARTIM timer expires."""
    with (
        running_server(tmp_path, artim_seconds=0.3) as (server, _),
        Peer(server.port) as peer,
    ):
        assert peer.is_closed()


def test_a_request_byte_by_byte_is_closed(tmp_path):
    """The ARTIM timer is not set back by a byte now and then."""
    request = AssociateRequest("A", "B", CONTEXTS).encode()
    sent_count = 0
    with (
        running_server(tmp_path, artim_seconds=0.3) as (server, _),
        Peer(server.port) as peer,
    ):
        peer.socket.settimeout(0.05)
        for byte in request:
            try:
                peer.send(bytes([byte]))
                sent_count += 1
                if not peer.socket.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break

    assert sent_count < len(request)


def test_an_idle_association_is_aborted(tmp_path):
    """A peer that sends no message for DicomScpTimeout is aborted."""
    with (
        running_server(tmp_path, timeout_seconds=0.3) as (server, _),
        Peer(server.port) as peer,
    ):
        peer.associate()

        assert peer.read() == USER_ABORT
        assert peer.is_closed()


def test_a_dataset_that_stops_is_aborted(tmp_path):
    """A peer that stops in the middle of a dataset is aborted; nothing is stored."""
    with running_server(tmp_path, timeout_seconds=0.3) as (server, sink):
        with Peer(server.port) as peer:
            peer.associate()
            peer.send_part(3, store_command(), is_command=True)
            peer.send_part(3, dataset(), is_command=False, is_last=False)

            assert peer.read() == USER_ABORT
            assert peer.is_closed()
        wait_until(lambda: sink.errors or not sink.files)

    assert not list(tmp_path.iterdir())


def test_a_dataset_that_dribbles_is_aborted(tmp_path):
    """A few bytes now and then do not keep an association alive."""
    pause = threading.Event()
    with (
        running_server(tmp_path, timeout_seconds=0.3) as (server, _),
        Peer(server.port) as peer,
    ):
        peer.associate()
        peer.send_part(3, store_command(), is_command=True)

        def dribble():
            for _ in range(200):
                peer.send_part(3, b"a", is_command=False, is_last=False)
                pause.wait(0.05)

        with pytest.raises(OSError, match=r"reset|pipe"):
            dribble()


@pytest.mark.parametrize(
    ("settings", "called", "calling", "rejection"),
    [
        ({"check_called_aet": True}, "OTHER", "A", AssociateReject(1, 1, 7)),
        ({"check_called_aet": True}, "orthanc", "A", None),
        ({"check_called_aet": True}, " ORTHANC", "A", None),
        (
            {"check_called_aet": True, "is_aet_case_sensitive": True},
            "orthanc",
            "A",
            AssociateReject(1, 1, 7),
        ),
        ({}, "OTHER", "A", None),
        (
            {"always_allow_echo": False, "always_allow_store": False},
            "ORTHANC",
            "A",
            AssociateReject(1, 1, 3),
        ),
        (
            {
                "always_allow_echo": False,
                "always_allow_store": False,
                "known_callers": (KnownCaller("A", "127.0.0.1"),),
            },
            "ORTHANC",
            "a",
            None,
        ),
    ],
)
def test_ae_titles(tmp_path, settings, called, calling, rejection):
    """AE titles are checked as the settings say, and rejected as Orthanc does."""
    with running_server(tmp_path, **settings) as (server, _), Peer(server.port) as peer:
        answer = peer.associate(called, calling)

    assert (
        isinstance(answer, AssociateAccept)
        if rejection is None
        else (answer == rejection)
    )


@pytest.mark.parametrize(
    ("request_", "rejection"),
    [
        (
            AssociateRequest("A", "B", CONTEXTS, application_context="1.2"),
            AssociateReject(1, 1, 2),
        ),
        (
            AssociateRequest("A", "B", CONTEXTS, protocol_version=2),
            AssociateReject(1, 2, 2),
        ),
        (AssociateRequest("A", "B", ()), AssociateReject(1, 1, 1)),
    ],
)
def test_requests_that_are_rejected(port, request_, rejection):
    """What cannot be served is rejected with the reason of PS3.8 Table 9-21."""
    with Peer(port) as peer:
        peer.send(request_.encode())

        assert peer.read() == rejection
        assert peer.is_closed()


def test_operations_that_are_not_allowed(tmp_path):
    """An operation that its caller may not do aborts the association, as Orthanc."""
    with (
        running_server(tmp_path, always_allow_store=False) as (server, sink),
        Peer(server.port) as peer,
    ):
        peer.associate()
        peer.send_part(1, echo_command(), is_command=True)
        assert peer.response().status == 0
        peer.send_part(3, store_command(), is_command=True)

        assert peer.read() == USER_ABORT
        assert not sink.files


def test_the_limit_of_associations(tmp_path):
    """Beyond the limit, associations are rejected for now, and others go on."""
    with running_server(tmp_path, association_limit=2, timeout_seconds=FOR_EVER) as (
        server,
        _,
    ):
        with Peer(server.port) as one, Peer(server.port) as two:
            for peer in (one, two):
                peer.associate()
                peer.send_part(3, store_command(), is_command=True)
            wait_until_busy(server, True, True)
            with Peer(server.port) as three:
                assert three.associate() == AssociateReject(2, 3, 2)
                assert three.is_closed()
            one.send_part(3, dataset(), is_command=False)
            assert one.response().status == 0
        wait_until(lambda: server.association_count == 0)
        with Peer(server.port) as four:
            assert isinstance(four.associate(), AssociateAccept)


def test_idle_associations_make_room(tmp_path):
    """Whichever is idle for longest is aborted; what is busy goes on."""
    with running_server(tmp_path, association_limit=3, timeout_seconds=FOR_EVER) as (
        server,
        sink,
    ):
        busy, idle, late = (Peer(server.port) for _ in range(3))
        for peer in (busy, idle, late):
            peer.associate()
        busy.send_part(3, store_command(), is_command=True)
        for peer in (idle, late):  # one after the other, as the server sees it, too
            peer.send_part(1, echo_command(), is_command=True)
            assert peer.response().status == 0
            wait_until_busy(server, True, False, False)

        def is_accepted():
            with Peer(server.port) as peer:
                return isinstance(peer.associate(), AssociateAccept)

        wait_until(is_accepted)
        assert idle.read() == USER_ABORT
        late.send_part(1, echo_command(), is_command=True)
        assert late.response().status == 0
        busy.send_part(3, dataset(), is_command=False)
        assert busy.response().status == 0
        assert len(sink.files) == 1
        for peer in (busy, idle, late):
            peer.socket.close()


def test_those_who_were_rejected_keep_nobody_out(tmp_path, monkeypatch):
    """However long they do not close their connections."""
    monkeypatch.setattr(acceptor, "_OVERFLOW_ARTIM_SECONDS", FOR_EVER)
    monkeypatch.setattr(association, "_LINGER_SECONDS", FOR_EVER)
    with running_server(tmp_path, association_limit=1, timeout_seconds=FOR_EVER) as (
        server,
        _,
    ):
        rejected = []
        with Peer(server.port) as busy:
            busy.associate()
            busy.send_part(3, store_command(), is_command=True)
            wait_until_busy(server, True)

            def is_rejected_again():
                rejected.append(Peer(server.port))
                answer = rejected[-1].associate()
                return len(rejected) > 1 and answer == AssociateReject(2, 3, 2)

            wait_until(is_rejected_again)
        for peer in rejected:
            peer.socket.close()


def test_half_open_connections_make_room(tmp_path):
    """Connections that request nothing do not keep others out."""
    with running_server(tmp_path, association_limit=3, artim_seconds=FOR_EVER) as (
        server,
        _,
    ):
        silent = [Peer(server.port) for _ in range(3)]
        wait_until(lambda: server.association_count == 3)

        def is_accepted():
            with Peer(server.port) as peer:
                return isinstance(peer.associate(), AssociateAccept)

        wait_until(is_accepted)
        for peer in silent:
            peer.socket.close()


def test_hundreds_of_idle_associations(tmp_path):
    """Hundreds of idle and half-open peers do not slow anybody down."""
    with running_server(tmp_path, timeout_seconds=FOR_EVER, artim_seconds=FOR_EVER) as (
        server,
        sink,
    ):
        peers = [Peer(server.port) for _ in range(300)]
        for peer in peers[:150]:
            peer.associate()
        with Peer(server.port) as peer:
            peer.associate()
            peer.send_part(3, store_command(), is_command=True)
            peer.send_part(3, dataset(), is_command=False)
            assert peer.response().status == 0

        assert len(sink.files) == 1
        for peer in peers:
            peer.socket.close()


def test_slow_senders_do_not_hold_others_up(tmp_path):
    """Peers that stop in a dataset take none of the places to work at."""
    with running_server(tmp_path, working_count=1, timeout_seconds=FOR_EVER) as (
        server,
        sink,
    ):
        slow = [Peer(server.port) for _ in range(5)]
        for peer in slow:
            peer.associate()
            peer.send_part(3, store_command(), is_command=True)
            data = dataset(size=9000)
            peer.send_part(3, data, is_command=False, is_last=False)
        wait_until(lambda: len(sink.files) == 5)
        with Peer(server.port) as peer:
            peer.associate()
            peer.send_part(3, store_command(), is_command=True)
            peer.send_part(3, dataset(), is_command=False)
            assert peer.response().status == 0
        for peer in slow:
            peer.send_part(3, b"ab", is_command=False)
            assert peer.response().status == 0
            peer.socket.close()


def test_stop_lets_a_store_finish(tmp_path):
    """Stop answers the C-STORE in progress, aborts idle peers, refuses new ones."""
    with (
        running_server(tmp_path, timeout_seconds=FOR_EVER) as (server, sink),
        Peer(server.port) as busy,
        Peer(server.port) as idle,
    ):
        busy.associate()
        idle.associate()
        sink.may_end.clear()
        busy.send_part(3, store_command(), is_command=True)
        busy.send_part(3, dataset(size=5000), is_command=False, is_last=False)
        assert sink.begun.wait(30)
        port = server.port
        stopping = threading.Thread(target=server.stop, args=(FOR_EVER,), daemon=True)
        stopping.start()
        assert idle.read() == USER_ABORT
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), 1)
        busy.send_part(3, b"end!", is_command=False)
        sink.may_end.set()
        assert busy.response().status == 0
        assert busy.read() == USER_ABORT
        stopping.join(30)

        assert not stopping.is_alive()
        assert sink.files[0].read_bytes().endswith(b"end!")


def test_stop_cuts_off_what_takes_too_long(tmp_path):
    """After the timeout of stop, a C-STORE that goes on is cut off and not stored."""
    with (
        running_server(tmp_path, timeout_seconds=FOR_EVER) as (server, sink),
        Peer(server.port) as peer,
    ):
        peer.associate()
        peer.send_part(3, store_command(), is_command=True)
        peer.send_part(3, dataset(size=5000), is_command=False, is_last=False)
        assert sink.begun.wait(30)
        start = time.monotonic()
        server.stop(0.2)

        assert time.monotonic() - start < 30
        wait_until(lambda: len(sink.errors) == 1)
        assert not list(tmp_path.iterdir())


def test_stop_ends_all_threads(tmp_path):
    """No thread of the server survives its stop."""
    with running_server(tmp_path) as (server, _):
        peers = [Peer(server.port) for _ in range(20)]
        for peer in peers[:10]:
            peer.associate()
        server.stop(30)

        def left():
            return [t for t in threading.enumerate() if t.name.startswith("dicom-")]

        assert server.association_count == 0
        wait_until(lambda: not left())
        for peer in peers:
            peer.socket.close()


def test_a_port_that_is_taken(tmp_path):
    """A taken port is an error that says which one."""
    with running_server(tmp_path) as (server, sink):
        settings = DICOMServerSettings(port=server.port, host="127.0.0.1")
        other = DICOMServer(settings, sink, Negotiation(settings))
        with pytest.raises(UnavailableError, match=str(server.port)):
            other.start()


def test_all_addresses(tmp_path):
    """Without a host, the server listens on IPv4 and says plain addresses."""
    with running_server(tmp_path, host="") as (server, sink), Peer(server.port) as peer:
        peer.associate(contexts=(ProposedContext(3, CT, (EXPLICIT,)),))
        peer.send_part(3, store_command(), is_command=True)
        peer.send_part(3, dataset(), is_command=False)
        assert peer.response().status == 0

        assert sink.origins[0].remote_ip == "127.0.0.1"
