import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.dimse.items import (
    AnsweredContext,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    UserInformation,
    encode_item,
)
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
    iter_data_pdus,
)
from obelisk.errors import ProtocolError

UIDS = st.from_regex(r"\A[0-9.]{1,64}\Z")
TITLES = st.from_regex(r"\A[A-Z0-9_ ]{0,15}[A-Z0-9_]\Z")
BYTES = st.integers(0, 255)
SHORT = st.binary(max_size=40)

USER_INFORMATION = st.builds(
    UserInformation,
    max_length=st.integers(0, 2**32 - 1),
    implementation_class_uid=UIDS,
    implementation_version_name=st.from_regex(r"\A[A-Z0-9_]{0,16}\Z"),
    asynchronous_operations=st.none()
    | st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    role_selections=st.lists(
        st.builds(RoleSelection, UIDS, st.booleans(), st.booleans()), max_size=3
    ).map(tuple),
    extended_negotiations=st.lists(
        st.builds(ExtendedNegotiation, UIDS, SHORT), max_size=3
    ).map(tuple),
    common_extended_negotiations=st.lists(
        st.builds(
            CommonExtendedNegotiation,
            UIDS,
            UIDS,
            st.lists(UIDS, max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    user_identity=st.none()
    | st.builds(UserIdentity, st.integers(1, 5), st.booleans(), SHORT, SHORT),
    user_identity_response=st.none() | SHORT,
)
PROPOSED = st.lists(
    st.builds(ProposedContext, BYTES, UIDS, st.lists(UIDS, max_size=4).map(tuple)),
    max_size=5,
    unique_by=lambda context: context.context_id,
).map(tuple)
ANSWERED = st.lists(
    st.builds(AnsweredContext, BYTES, st.integers(0, 4), UIDS), max_size=5
).map(tuple)
VALUES = st.builds(PresentationDataValue, BYTES, st.booleans(), st.booleans(), SHORT)
RESERVED = st.binary(min_size=32, max_size=32)

PDUS = st.one_of(
    st.builds(
        AssociateRequest,
        called_aet=TITLES,
        calling_aet=TITLES,
        contexts=PROPOSED,
        user_information=USER_INFORMATION,
        reserved=RESERVED,
    ),
    st.builds(
        AssociateAccept,
        called_aet=TITLES,
        calling_aet=TITLES,
        contexts=ANSWERED,
        user_information=USER_INFORMATION,
        reserved=RESERVED,
    ),
    st.builds(AssociateReject, BYTES, BYTES, BYTES),
    st.builds(DataTransfer, st.lists(VALUES, max_size=4).map(tuple)),
    st.just(ReleaseRequest()),
    st.just(ReleaseReply()),
    st.builds(Abort, BYTES, BYTES),
)
REQUEST = AssociateRequest(
    "ORTHANC",
    "SCU",
    (ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",)),),
    UserInformation(16384, "1.2.3", "NAME", (1, 1)),
)


@given(PDUS)
def test_decoding_reverses_encoding(pdu):
    """Every PDU that is encoded is decoded to the same value."""
    encoded = pdu.encode()

    assert int.from_bytes(encoded[2:6], "big") == len(encoded) - 6
    assert decode_pdu(encoded[0], encoded[6:]) == pdu


@given(st.integers(0, 255), st.binary(max_size=200))
def test_any_bytes_are_a_pdu_or_an_error(pdu_type, body):
    """Bytes that are no PDU raise the one error for that."""
    try:
        decode_pdu(pdu_type, body)
    except ProtocolError:
        return


@given(PDUS, st.data())
def test_a_pdu_cut_short_is_a_pdu_or_an_error(pdu, data):
    """A PDU that ends early raises the one error for that, or is shorter."""
    encoded = pdu.encode()
    stop = data.draw(st.integers(6, len(encoded)))
    try:
        decode_pdu(encoded[0], encoded[6:stop])
    except ProtocolError:
        return


def test_request_has_the_bytes_of_the_standard():
    """The layout of an A-ASSOCIATE-RQ is that of PS3.8 Table 9-11."""
    encoded = REQUEST.encode()

    assert (
        encoded[:10] == b"\x01\0" + (len(encoded) - 6).to_bytes(4, "big") + b"\0\1\0\0"
    )
    assert encoded[10:42] == b"ORTHANC".ljust(16) + b"SCU".ljust(16)
    assert encoded[74:99] == b"\x10\0\0\x151.2.840.10008.3.1.1.1"
    assert encoded[99:107] == b"\x20\0\0\x2e\x01\0\0\0"
    assert encoded[107:111] == b"\x30\0\0\x11"
    assert encoded.endswith(b"\x53\0\0\4\0\1\0\1\x55\0\0\4NAME")


def test_unknown_items_are_skipped():
    """Items of a type that is not known change nothing (PS3.8 Section 9.3.1)."""
    encoded = REQUEST.encode() + encode_item(0x7F, b"what?")

    assert decode_pdu(1, encoded[6:]) == REQUEST


def test_reserved_and_titles_are_sent_back_as_received():
    """Reserved bytes and spaces in front of AE titles survive a round trip."""
    body = bytearray(REQUEST.encode()[6:])
    body[4:20] = b"  AB".ljust(16)
    body[36:68] = bytes(range(32))
    request = decode_pdu(1, bytes(body))

    answer = AssociateAccept(
        request.called_aet, request.calling_aet, (), reserved=request.reserved
    )
    assert answer.encode()[10:74] == bytes(body[4:68])


def test_a_context_id_that_is_used_twice_is_refused():
    """Two presentation contexts cannot share an ID."""
    context = REQUEST.contexts[0]
    request = AssociateRequest("A", "B", (context, context))

    with pytest.raises(ProtocolError):
        decode_pdu(1, request.encode()[6:])


@given(st.binary(max_size=500), st.integers(0, 100), st.booleans(), st.booleans())
def test_a_payload_is_cut_to_the_length_of_the_peer(
    payload, max_length, is_command, is_last
):
    """No PDU is longer than the peer accepts, and together they hold the payload."""
    pdus = [
        header + part
        for header, part in iter_data_pdus(
            7,
            payload,
            is_command=is_command,
            is_last=is_last,
            max_length=max_length,
        )
    ]
    values = [value for pdu in pdus for value in decode_pdu(4, bytes(pdu[6:])).values]

    assert b"".join(value.data for value in values) == payload
    assert {value.is_command for value in values} == {is_command}
    assert [value.is_last for value in values[:-1]] == [False] * (len(values) - 1)
    assert values[-1].is_last == is_last
    assert all(len(pdu) - 6 <= max(max_length, 7) or not max_length for pdu in pdus)
