import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.dimse.commands import (
    CommandField,
    CommandSet,
    decode_command_set,
    encode_int,
    encode_text,
)
from obelisk.errors import ProtocolError

REQUEST = CommandSet(
    {
        0x0002: encode_text("1.2.840.10008.5.1.4.1.1.2", b"\0"),
        0x0100: encode_int(CommandField.C_STORE_RQ),
        0x0110: encode_int(7),
        0x0800: encode_int(1),
        0x1000: encode_text("1.2.3", b"\0"),
    }
)


@given(st.dictionaries(st.integers(1, 0xFFFF), st.binary(max_size=30)))
def test_decoding_reverses_encoding(elements):
    """Every command set that is encoded is decoded to the same value."""
    command = CommandSet(
        {**elements, 0x0100: encode_int(1), 0x0800: encode_int(0x0101)}
    )

    decoded = decode_command_set(command.encode())

    assert {k: v for k, v in decoded.elements.items() if k} == command.elements


@given(st.binary(max_size=100))
def test_any_bytes_are_a_command_set_or_an_error(data):
    """Bytes that are no command set raise the one error for that."""
    try:
        decode_command_set(data)
    except ProtocolError:
        return


def test_attributes_are_read():
    """The attributes of a command are read without their padding."""
    command = decode_command_set(REQUEST.encode())

    assert command.field == CommandField.C_STORE_RQ
    assert command.message_id == 7
    assert command.has_dataset
    assert command.affected_sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
    assert command.affected_sop_instance_uid == "1.2.3"


def test_group_length_comes_first():
    """The first element is the length of the rest (PS3.7 Section 6.3.1)."""
    encoded = REQUEST.encode()

    assert encoded[:8] == b"\0\0\0\0\4\0\0\0"
    assert int.from_bytes(encoded[8:12], "little") == len(encoded) - 12


def test_response_repeats_the_request():
    """A response names the message, the SOP class and the instance (PS3.7 §9.3.1.2)."""
    response = decode_command_set(REQUEST.encode_response(0xA700))

    assert response.field == CommandField.C_STORE_RQ | 0x8000
    assert response.get_int(0x0120) == 7
    assert response.status == 0xA700
    assert not response.has_dataset
    assert response.affected_sop_class_uid == REQUEST.affected_sop_class_uid
    assert response.affected_sop_instance_uid == "1.2.3"
    assert list(response.elements) == sorted(response.elements)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\1\2\0\0",
        b"\0\0\0\1\3\0\0\0\1\0",
        b"\x08\0\0\1\2\0\0\0\1\0",
        b"",
        b"\0\0\0\1\1\0\0\0\1" + b"\0\0\0\x08\2\0\0\0\1\1",
    ],
)
def test_malformed_command_sets_are_refused(data):
    """A command that is cut short, of another group, or incomplete is an error."""
    with pytest.raises(ProtocolError):
        decode_command_set(data)


def test_a_request_without_message_id_cannot_be_answered():
    """There is no response to a request that has no Message ID."""
    command = CommandSet({0x0100: encode_int(1), 0x0800: encode_int(1)})

    with pytest.raises(ProtocolError):
        command.encode_response(0)
