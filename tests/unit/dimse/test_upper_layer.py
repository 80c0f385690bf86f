import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.dimse.framing import Fragment
from obelisk.dimse.items import AnsweredContext, ProposedContext, UserInformation
from obelisk.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    DataTransfer,
    PresentationDataValue,
    ReleaseReply,
    ReleaseRequest,
    decode_pdu,
)
from obelisk.dimse.state_table import State
from obelisk.dimse.upper_layer import Aborted, UpperLayer
from obelisk.errors import ProtocolError

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
REQUEST = AssociateRequest(
    "SCP", "SCU", (ProposedContext(1, CT, (EXPLICIT,)),), UserInformation(16384, "1.2")
)
ACCEPT = AssociateAccept(
    "SCP", "SCU", (AnsweredContext(1, 0, EXPLICIT),), UserInformation(8192, "1.3")
)
REJECT = AssociateReject(1, 1, 7)
DATA = DataTransfer((PresentationDataValue(1, False, True, b"data"),))
COMMAND = DataTransfer((PresentationDataValue(1, True, True, b"command"),))
PROVIDER_UNEXPECTED = Abort(2, 2)
PROVIDER_INVALID = Abort(2, 6)
PROVIDER_UNRECOGNIZED = Abort(2, 1)
USER = Abort(0, 0)


def feed(layer, data, step=None):
    """Give bytes to a layer, and return the events with the content of fragments."""
    events = []
    step = step or len(data) or 1
    for start in range(0, len(data), step):
        part = data[start : start + step]
        while part:
            room = layer.receive_buffer()
            count = min(len(room), len(part))
            room[:count] = part[:count]
            layer.received(count)
            part = part[count:]
            while (event := layer.next_event()) is not None:
                if isinstance(event, Fragment):
                    event = event._replace(data=bytes(event.data))
                events.append(event)
    return events


def output(layer):
    """Return the PDUs that a layer wants to send."""
    data = b"".join(layer.take_output())
    pdus = []
    while data:
        stop = 6 + int.from_bytes(data[2:6], "big")
        pdus.append(decode_pdu(data[0], data[6:stop]))
        data = data[stop:]
    return pdus


def waiting_acceptor(**kwargs):
    """Return an acceptor in Sta2."""
    layer = UpperLayer(**kwargs)
    layer.transport_opened()
    return layer


def asked_acceptor(**kwargs):
    """Return an acceptor in Sta3."""
    layer = waiting_acceptor(**kwargs)
    feed(layer, REQUEST.encode())
    return layer


def established_acceptor(**kwargs):
    """Return an acceptor in Sta6."""
    layer = asked_acceptor(**kwargs)
    layer.accept(ACCEPT)
    layer.take_output()
    return layer


def waiting_requestor():
    """Return a requestor in Sta5."""
    layer = UpperLayer(is_requestor=True)
    layer.associate(REQUEST)
    layer.transport_opened()
    return layer


def established_requestor():
    """Return a requestor in Sta6."""
    layer = waiting_requestor()
    feed(layer, ACCEPT.encode())
    layer.take_output()
    return layer


def test_acceptor_accepts_serves_and_releases():
    """The acceptor's way from the connection to its end."""
    layer = waiting_acceptor()
    assert layer.is_artim_running
    assert feed(layer, REQUEST.encode()) == [REQUEST]
    assert not layer.is_artim_running
    layer.accept(ACCEPT)
    assert output(layer) == [ACCEPT]
    assert feed(layer, COMMAND.encode() + DATA.encode()) == [
        Fragment(1, True, True, b"command"),
        Fragment(1, False, True, b"data"),
    ]
    layer.send_data(1, b"answer", is_command=True, is_last=True)
    assert output(layer) == [
        DataTransfer((PresentationDataValue(1, True, True, b"answer"),))
    ]
    assert feed(layer, ReleaseRequest().encode()) == [ReleaseRequest()]
    layer.reply_release()
    assert output(layer) == [ReleaseReply()]
    assert layer.is_artim_running
    layer.transport_closed()

    assert layer.state is State.IDLE
    assert layer.must_close


def test_requestor_associates_sends_and_releases():
    """The requestor's way from the connection to its end."""
    layer = UpperLayer(is_requestor=True)
    layer.associate(REQUEST)
    assert output(layer) == []
    layer.transport_opened()
    assert output(layer) == [REQUEST]
    assert feed(layer, ACCEPT.encode()) == [ACCEPT]
    assert layer.peer_max_length == 8192
    layer.send_data(1, bytes(10_000), is_command=False, is_last=True)
    assert [len(pdu.values[0].data) for pdu in output(layer)] == [8186, 1814]
    layer.release()
    assert output(layer) == [ReleaseRequest()]
    assert feed(layer, DATA.encode()) == [Fragment(1, False, True, b"data")]
    assert feed(layer, ReleaseReply().encode()) == [ReleaseReply()]

    assert layer.state is State.IDLE
    assert layer.must_close


def test_acceptor_rejects():
    """A rejection is sent, and the connection waits to be closed."""
    layer = asked_acceptor()
    layer.reject(REJECT)

    assert output(layer) == [REJECT]
    assert layer.state is State.AWAITING_TRANSPORT_CLOSE
    layer.artim_expired()
    assert layer.must_close


def test_requestor_is_rejected():
    """A rejection reaches the requestor, who closes the connection."""
    layer = waiting_requestor()

    assert feed(layer, REJECT.encode()) == [REJECT]
    assert layer.must_close
    assert layer.state is State.IDLE


def test_another_protocol_version_is_rejected_by_the_provider():
    """A request without version 1 is rejected: ACSE, version not supported (AE-6)."""
    layer = waiting_acceptor()
    request = AssociateRequest("A", "B", REQUEST.contexts, protocol_version=2)

    assert feed(layer, request.encode()) == []
    assert output(layer) == [AssociateReject(1, 2, 2)]
    assert layer.state is State.AWAITING_TRANSPORT_CLOSE


def test_release_collision():
    """Both ask for release: the requestor answers first (PS3.8 Section 7.2.2.8)."""
    requestor, acceptor = established_requestor(), established_acceptor()
    requestor.release()
    acceptor.release()
    assert feed(requestor, ReleaseRequest().encode()) == [ReleaseRequest()]
    assert feed(acceptor, ReleaseRequest().encode()) == [ReleaseRequest()]
    assert requestor.state is State.COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE
    assert acceptor.state is State.COLLISION_ACCEPTOR_AWAITING_RELEASE_RP
    requestor.reply_release()
    assert requestor.state is State.COLLISION_REQUESTOR_AWAITING_RELEASE_RP
    assert feed(acceptor, ReleaseReply().encode()) == [ReleaseReply()]
    acceptor.reply_release()
    assert acceptor.state is State.AWAITING_TRANSPORT_CLOSE
    assert feed(requestor, ReleaseReply().encode()) == [ReleaseReply()]

    assert requestor.must_close


UNEXPECTED = [
    (waiting_acceptor, DATA, USER),
    (waiting_acceptor, ACCEPT, USER),
    (waiting_acceptor, REJECT, USER),
    (waiting_acceptor, ReleaseRequest(), USER),
    (waiting_acceptor, ReleaseReply(), USER),
    (asked_acceptor, REQUEST, PROVIDER_UNEXPECTED),
    (asked_acceptor, DATA, PROVIDER_UNEXPECTED),
    (established_acceptor, REQUEST, PROVIDER_UNEXPECTED),
    (established_acceptor, ACCEPT, PROVIDER_UNEXPECTED),
    (established_acceptor, REJECT, PROVIDER_UNEXPECTED),
    (established_acceptor, ReleaseReply(), PROVIDER_UNEXPECTED),
    (waiting_requestor, REQUEST, PROVIDER_UNEXPECTED),
    (waiting_requestor, DATA, PROVIDER_UNEXPECTED),
    (waiting_requestor, ReleaseRequest(), PROVIDER_UNEXPECTED),
]


@pytest.mark.parametrize(("make", "pdu", "abort"), UNEXPECTED)
def test_unexpected_pdus_are_a_reason_to_abort(make, pdu, abort):
    """A PDU out of order is answered with the abort of AA-1 or AA-8."""
    layer = make()
    layer.take_output()

    events = feed(layer, pdu.encode())

    assert output(layer) == [abort]
    assert layer.state is State.AWAITING_TRANSPORT_CLOSE
    assert [type(event) for event in events] == ([] if abort is USER else [Aborted])


MALFORMED = [
    (b"\x09\0\0\0\0\4abcd", PROVIDER_UNRECOGNIZED),
    (b"\0\0\0\0\0\0", PROVIDER_UNRECOGNIZED),
    (b"GET / HTTP/1.0\r\n\r\n", PROVIDER_UNRECOGNIZED),
    (b"\4\0\xff\xff\xff\xff", PROVIDER_INVALID),
    (b"\1\0\xff\xff\xff\xff", PROVIDER_INVALID),
    (b"\1\0\0\x10\0\1", PROVIDER_INVALID),
    (b"\5\0\0\0\0\5abcde", PROVIDER_INVALID),
    (b"\5\0\0\0\0\3abc", PROVIDER_INVALID),
    (b"\4\0\0\0\0\0", PROVIDER_INVALID),
    (b"\4\0\0\0\0\x06\0\0\0\1\1\0", PROVIDER_INVALID),
    (b"\4\0\0\0\0\x08\0\0\0\x08\1\0ab", PROVIDER_INVALID),
    (b"\4\0\0\0\0\x09\0\0\0\4\1\0ab\0", PROVIDER_INVALID),
    (b"\4\0\0\0\0\x08\0\0\0\4\3\0ab", PROVIDER_INVALID),
    (b"\4\0\0\0\0\x08\xff\xff\xff\xff\1\0ab", PROVIDER_INVALID),
]


@pytest.mark.parametrize(("data", "abort"), MALFORMED)
@pytest.mark.parametrize("step", [None, 1])
def test_malformed_bytes_are_a_reason_to_abort(data, abort, step):
    """What is no PDU, too long, or of no accepted context aborts the association."""
    layer = established_acceptor()

    events = [event for event in feed(layer, data, step) if type(event) is Aborted]

    assert output(layer) == [abort]
    assert [(event.source, event.reason) for event in events] == [(2, abort.reason)]
    assert feed(layer, DATA.encode() + ReleaseRequest().encode()) == []
    assert output(layer) == []


def test_malformed_bytes_before_the_request_abort_as_user():
    """In Sta2 an invalid PDU is answered by AA-1."""
    layer = waiting_acceptor()
    feed(layer, b"\x16\x03\x01\x02\x00\x01\x00")

    assert output(layer) == [USER]
    assert layer.state is State.AWAITING_TRANSPORT_CLOSE


def test_a_malformed_request_is_not_indicated():
    """An A-ASSOCIATE-RQ whose items are cut short reaches nobody."""
    layer = waiting_acceptor()
    body = REQUEST.encode()[6:-3]

    assert feed(layer, b"\1\0" + len(body).to_bytes(4, "big") + body) == []
    assert output(layer) == [USER]


def test_the_peer_aborts():
    """An abort of the peer is indicated, and the connection closed."""
    layer = established_acceptor()

    assert feed(layer, Abort(2, 6).encode()) == [Aborted(2, 6, "the peer aborted")]
    assert layer.must_close


def test_the_connection_breaks():
    """A closed connection is indicated as an abort of the provider."""
    layer = established_acceptor()
    layer.transport_closed()

    assert layer.next_event() == Aborted(2, 0, "the connection was closed")
    assert layer.next_event() is None


def test_the_user_aborts_in_the_middle_of_a_pdu():
    """After an abort of this side, the rest of what the peer sends is ignored."""
    layer = established_acceptor()
    data = DATA.encode()
    feed(layer, data[:13])
    layer.abort()

    assert output(layer) == [USER]
    assert feed(layer, data[13:] + DATA.encode()) == []
    assert layer.state is State.AWAITING_TRANSPORT_CLOSE
    assert feed(layer, REQUEST.encode()) == []
    assert len(output(layer)) == 1


def test_artim_expires_while_waiting_for_a_request():
    """A connection that asks for nothing is closed (AA-2)."""
    layer = waiting_acceptor()
    layer.artim_expired()

    assert layer.must_close
    assert layer.state is State.IDLE


def test_artim_does_not_expire_when_it_does_not_run():
    """An alarm that comes late does nothing."""
    layer = established_acceptor()
    layer.artim_expired()

    assert layer.state is State.ESTABLISHED


@pytest.mark.parametrize(
    "call",
    [
        lambda layer: layer.accept(ACCEPT),
        lambda layer: layer.reject(REJECT),
        lambda layer: layer.release(),
        lambda layer: layer.reply_release(),
        lambda layer: layer.send_data(1, b"", is_command=True, is_last=True),
        lambda layer: layer.abort(),
    ],
)
def test_local_mistakes_are_errors(call):
    """What cannot be asked for in a state is an error of this side."""
    with pytest.raises(ProtocolError):
        call(waiting_acceptor())


def test_an_empty_fragment_may_end_a_dataset():
    """A PDV without content counts."""
    layer = established_acceptor()
    pdu = DataTransfer((PresentationDataValue(1, False, True, b""),))

    assert feed(layer, pdu.encode()) == [Fragment(1, False, True, b"")]


def joined(events):
    """Return the contents of messages, however they were cut."""
    parts, current = [], b""
    for event in events:
        current += event.data
        if event.is_last:
            parts.append((event.context_id, event.is_command, current))
            current = b""
    return parts


MESSAGES = st.lists(
    st.tuples(st.booleans(), st.lists(st.binary(max_size=300), min_size=1)),
    min_size=1,
    max_size=5,
)


@given(MESSAGES, st.integers(1, 700), st.booleans(), st.sampled_from([512, 4096]))
def test_fragments_hold_what_was_sent(messages, step, is_packed, buffer_size):
    """However PDVs are packed into PDUs and received, the content is the same."""
    values = [
        PresentationDataValue(1, is_command, number == len(parts) - 1, part)
        for is_command, parts in messages
        for number, part in enumerate(parts)
    ]
    groups = [tuple(values)] if is_packed else [(value,) for value in values]
    data = b"".join(DataTransfer(group).encode() for group in groups)
    layer = established_acceptor(max_length=0, buffer_size=buffer_size)

    events = feed(layer, data, step)

    assert joined(events) == [
        (1, is_command, b"".join(parts)) for is_command, parts in messages
    ]


def test_short_values_in_the_buffer_become_one_fragment():
    """Parts of a dataset that were received together are handed on together."""
    layer = established_acceptor()
    values = [
        PresentationDataValue(1, False, n == 9, bytes([n]) * 100) for n in range(10)
    ]
    data = b"".join(DataTransfer((value,)).encode() for value in values)

    events = feed(layer, data)

    assert events == [Fragment(1, False, True, b"".join(v.data for v in values))]


@given(
    st.lists(
        st.binary(max_size=100)
        | st.sampled_from(
            [
                pdu.encode()
                for pdu in (
                    REQUEST,
                    ACCEPT,
                    REJECT,
                    DATA,
                    COMMAND,
                    USER,
                    ReleaseRequest(),
                    ReleaseReply(),
                )
            ]
        ),
        max_size=8,
    )
)
def test_any_bytes_lead_to_events_only(parts):
    """No sequence of bytes raises anything, or grows the output without bound."""
    for make in (waiting_acceptor, established_acceptor, established_requestor):
        layer = make()
        layer.take_output()
        feed(layer, b"".join(parts))

        assert len(layer.take_output()) <= len(parts) + 1
