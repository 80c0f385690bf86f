"""DIMSE command sets (PS3.7 Section 6.3 and Annex E): values and bytes."""

import struct
from collections.abc import Mapping
from enum import IntEnum

from obelisk.errors import ProtocolError

_ELEMENT = struct.Struct("<HHI")
_UINT16 = struct.Struct("<H")
_GROUP_LENGTH = struct.Struct("<HHII")
_RESPONSE_MIDDLE = struct.Struct("<" + "HHIH" * 4)

# The bit that makes a response of a request (PS3.7 Section E.1).
RESPONSE = 0x8000
NO_DATASET = 0x0101


class CommandField(IntEnum):
    """The operations and notifications of PS3.7 Table E.1-1."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_GET_RQ = 0x0110
    N_SET_RQ = 0x0120
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    N_DELETE_RQ = 0x0150
    C_CANCEL_RQ = 0x0FFF


class CommandElement(IntEnum):
    """The element numbers, in group 0000, of the elements that are used here."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    MOVE_ORIGINATOR_AET = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


# Plain numbers where every message passes: members of enumerations are slow keys.
_AFFECTED_SOP_CLASS_UID = int(CommandElement.AFFECTED_SOP_CLASS_UID)
_COMMAND_FIELD = int(CommandElement.COMMAND_FIELD)
_MESSAGE_ID = int(CommandElement.MESSAGE_ID)
_MESSAGE_ID_BEING_RESPONDED_TO = int(CommandElement.MESSAGE_ID_BEING_RESPONDED_TO)
_COMMAND_DATA_SET_TYPE = int(CommandElement.COMMAND_DATA_SET_TYPE)
_STATUS = int(CommandElement.STATUS)
_AFFECTED_SOP_INSTANCE_UID = int(CommandElement.AFFECTED_SOP_INSTANCE_UID)


class Status(IntEnum):
    """Statuses of PS3.7 Annex C, and of the storage service (PS3.4 Table B.2-1)."""

    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORIZED = 0x0124
    UNRECOGNIZED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    OUT_OF_RESOURCES = 0xA700
    DATASET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000


class CommandSet:
    """A command set: its elements by element number, as encoded values.

    Attributes
    ----------
    elements
        The encoded values; not to be changed.
    field
        The Command Field (0000,0100).
    has_dataset
        Whether a dataset follows (Command Data Set Type (0000,0800)).

    Raises
    ------
    ProtocolError
        If one of these two elements is absent or has another length than 2.
    """

    __slots__ = ("elements", "field", "has_dataset")

    def __init__(self, elements: Mapping[int, bytes]) -> None:
        self.elements = elements
        self.field = self.get_int(_COMMAND_FIELD)
        self.has_dataset = self.get_int(_COMMAND_DATA_SET_TYPE) != NO_DATASET

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommandSet) and self.elements == other.elements

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.elements.items())))

    @property
    def message_id(self) -> int:
        """The Message ID (0000,0110)."""
        return self.get_int(_MESSAGE_ID)

    @property
    def affected_sop_class_uid(self) -> str:
        """The Affected SOP Class UID (0000,0002), or an empty text."""
        return self.lookup_text(_AFFECTED_SOP_CLASS_UID)

    @property
    def affected_sop_instance_uid(self) -> str:
        """The Affected SOP Instance UID (0000,1000), or an empty text."""
        return self.lookup_text(_AFFECTED_SOP_INSTANCE_UID)

    @property
    def status(self) -> int:
        """The Status (0000,0900)."""
        return self.get_int(_STATUS)

    def get_int(self, element: int) -> int:
        """Return a value of VR US.

        Raises
        ------
        ProtocolError
            If it is absent or has another length.
        """
        value = self.elements.get(element)
        if value is None or len(value) != 2:
            raise ProtocolError(f"The command element (0000,{element:04x}) is wrong")
        return value[0] | value[1] << 8

    def lookup_text(self, element: int) -> str:
        """Return a text without its padding, empty if it is absent."""
        return self.elements.get(element, b"").strip(b"\0 ").decode("latin-1")

    def encode(self) -> bytes:
        """Encode in Implicit VR Little Endian, with the group length in front."""
        parts: list[bytes] = []
        for element, value in sorted(self.elements.items()):
            if element:
                parts += _ELEMENT.pack(0, element, len(value)), value
        body = b"".join(parts)
        return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body

    def encode_response(self, status: int) -> bytes:
        """Encode the response without a dataset to this request.

        Raises
        ------
        ProtocolError
            If this has no Message ID.
        """
        body = b"".join(
            (
                self._repeat(_AFFECTED_SOP_CLASS_UID),
                _RESPONSE_MIDDLE.pack(
                    *(0, _COMMAND_FIELD, 2, self.field | RESPONSE),
                    *(0, _MESSAGE_ID_BEING_RESPONDED_TO, 2, self.message_id),
                    *(0, _COMMAND_DATA_SET_TYPE, 2, NO_DATASET),
                    *(0, _STATUS, 2, status),
                ),
                self._repeat(_AFFECTED_SOP_INSTANCE_UID),
            )
        )
        return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body

    def _repeat(self, element: int) -> bytes:
        value = self.elements.get(element)
        if value is None:
            return b""
        return _ELEMENT.pack(0, element, len(value)) + value


def encode_text(text: str, padding: bytes = b" ") -> bytes:
    """Encode a text, padded to an even length; UIDs are padded with a zero byte."""
    value = text.encode("ascii", "replace")
    return value + padding if len(value) & 1 else value


def encode_int(value: int) -> bytes:
    """Encode a value of VR US."""
    return _UINT16.pack(value)


def decode_command_set(data: bytes | bytearray) -> CommandSet:
    """Decode a command set.

    Raises
    ------
    ProtocolError
        If an element is cut short or lies outside group 0000, or the Command Field or
        the Command Data Set Type is missing.
    """
    elements: dict[int, bytes] = {}
    data = bytes(data)
    position, size = 0, len(data)
    while position < size:
        if position + 8 > size:
            raise ProtocolError("A command element is cut short")
        group, element, length = _ELEMENT.unpack_from(data, position)
        position += 8
        stop = position + length
        if group or stop > size:
            raise ProtocolError("A command element is out of bounds")
        elements[element] = data[position:stop]
        position = stop
    return CommandSet(elements)
