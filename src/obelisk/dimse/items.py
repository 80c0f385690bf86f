"""The items inside association PDUs (PS3.8 Section 9.3, PS3.7 Annex D.3.3)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from obelisk.errors import ProtocolError

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"

_HEADER = struct.Struct(">BBH")
_UINT32 = struct.Struct(">I")
_UINT16_PAIR = struct.Struct(">HH")
_UINT16 = struct.Struct(">H")


class ItemType(IntEnum):
    """The types of items and sub-items."""

    APPLICATION_CONTEXT = 0x10
    PRESENTATION_CONTEXT_RQ = 0x20
    PRESENTATION_CONTEXT_AC = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    ASYNCHRONOUS_OPERATIONS = 0x53
    ROLE_SELECTION = 0x54
    IMPLEMENTATION_VERSION_NAME = 0x55
    EXTENDED_NEGOTIATION = 0x56
    COMMON_EXTENDED_NEGOTIATION = 0x57
    USER_IDENTITY_RQ = 0x58
    USER_IDENTITY_AC = 0x59


class ContextResult(IntEnum):
    """The answer to a proposed presentation context (PS3.8 Table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as proposed (PS3.8 Section 9.3.2.2)."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """The answer to a presentation context (PS3.8 Section 9.3.3.2)."""

    context_id: int
    result: int
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """SCP/SCU role selection (PS3.7 Section D.3.3.4)."""

    sop_class_uid: str
    is_scu: bool
    is_scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """SOP class extended negotiation (PS3.7 Section D.3.3.5)."""

    sop_class_uid: str
    information: bytes


@dataclass(frozen=True, slots=True)
class CommonExtendedNegotiation:
    """SOP class common extended negotiation (PS3.7 Section D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related_sop_class_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity negotiation, as requested (PS3.7 Section D.3.3.7.1)."""

    identity_type: int
    is_response_requested: bool
    primary: bytes
    secondary: bytes = b""


@dataclass(frozen=True, slots=True)
class UserInformation:
    """The user information item (PS3.8 Section 9.3.2.3, PS3.7 Section D.3.3).

    Attributes
    ----------
    max_length
        The longest P-DATA-TF PDU that the sender of this item can receive, in bytes;
        0 means no limit.
    asynchronous_operations
        The proposed windows of operations invoked and performed.
    user_identity_response
        The server's response to a user identity, in an A-ASSOCIATE-AC.
    """

    max_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    asynchronous_operations: tuple[int, int] | None = None
    role_selections: tuple[RoleSelection, ...] = ()
    extended_negotiations: tuple[ExtendedNegotiation, ...] = ()
    common_extended_negotiations: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    user_identity_response: bytes | None = None


def encode_item(item_type: int, value: bytes) -> bytes:
    """Encode one item: type, reserved byte, length in 16 bits, value."""
    return _HEADER.pack(item_type, 0, len(value)) + value


def iter_items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the value of consecutive items.

    Raises
    ------
    ProtocolError
        If an item reaches past the end of `data`.
    """
    position = 0
    while position < len(data):
        if position + 4 > len(data):
            raise ProtocolError("An item header is cut short")
        item_type, _, length = _HEADER.unpack_from(data, position)
        position += 4
        if position + length > len(data):
            raise ProtocolError("An item reaches past the end of its PDU")
        yield item_type, data[position : position + length]
        position += length


def decode_uid(value: bytes) -> str:
    """Decode a UID, without the padding that some senders add."""
    return value.rstrip(b"\0 ").decode("latin-1")


def encode_proposed_context(context: ProposedContext) -> bytes:
    """Encode a presentation context item of an A-ASSOCIATE-RQ."""
    value = bytes((context.context_id, 0, 0, 0)) + encode_item(
        ItemType.ABSTRACT_SYNTAX, context.abstract_syntax.encode("latin-1")
    )
    for uid in context.transfer_syntaxes:
        value += encode_item(ItemType.TRANSFER_SYNTAX, uid.encode("latin-1"))
    return encode_item(ItemType.PRESENTATION_CONTEXT_RQ, value)


def decode_proposed_context(value: bytes) -> ProposedContext:
    """Decode the value of a presentation context item of an A-ASSOCIATE-RQ."""
    if len(value) < 4:
        raise ProtocolError("A presentation context item is cut short")
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    for item_type, content in iter_items(value[4:]):
        if item_type == ItemType.ABSTRACT_SYNTAX:
            abstract_syntax = decode_uid(content)
        elif item_type == ItemType.TRANSFER_SYNTAX:
            transfer_syntaxes.append(decode_uid(content))
    return ProposedContext(value[0], abstract_syntax, tuple(transfer_syntaxes))


def encode_answered_context(context: AnsweredContext) -> bytes:
    """Encode a presentation context item of an A-ASSOCIATE-AC."""
    value = bytes((context.context_id, 0, context.result, 0)) + encode_item(
        ItemType.TRANSFER_SYNTAX, context.transfer_syntax.encode("latin-1")
    )
    return encode_item(ItemType.PRESENTATION_CONTEXT_AC, value)


def decode_answered_context(value: bytes) -> AnsweredContext:
    """Decode the value of a presentation context item of an A-ASSOCIATE-AC."""
    if len(value) < 4:
        raise ProtocolError("A presentation context item is cut short")
    result = value[2]
    transfer_syntax = ""
    # The transfer syntax of a rejected context is not significant and may be absent.
    for item_type, content in iter_items(value[4:]):
        if item_type == ItemType.TRANSFER_SYNTAX:
            transfer_syntax = decode_uid(content)
    return AnsweredContext(value[0], result, transfer_syntax)


def encode_user_information(information: UserInformation) -> bytes:
    """Encode the user information item with all its sub-items."""
    value = encode_item(ItemType.MAXIMUM_LENGTH, _UINT32.pack(information.max_length))
    value += encode_item(
        ItemType.IMPLEMENTATION_CLASS_UID,
        information.implementation_class_uid.encode("latin-1"),
    )
    if information.asynchronous_operations is not None:
        value += encode_item(
            ItemType.ASYNCHRONOUS_OPERATIONS,
            _UINT16_PAIR.pack(*information.asynchronous_operations),
        )
    for role in information.role_selections:
        value += encode_item(
            ItemType.ROLE_SELECTION,
            _prefixed(role.sop_class_uid) + bytes((role.is_scu, role.is_scp)),
        )
    if information.implementation_version_name:
        value += encode_item(
            ItemType.IMPLEMENTATION_VERSION_NAME,
            information.implementation_version_name.encode("latin-1"),
        )
    value += _encode_extensions(information)
    return encode_item(ItemType.USER_INFORMATION, value)


def _encode_extensions(information: UserInformation) -> bytes:
    """Encode the sub-items of extended negotiation and user identity."""
    value = b""
    for extended in information.extended_negotiations:
        value += encode_item(
            ItemType.EXTENDED_NEGOTIATION,
            _prefixed(extended.sop_class_uid) + extended.information,
        )
    for common in information.common_extended_negotiations:
        related = b"".join(map(_prefixed, common.related_sop_class_uids))
        value += encode_item(
            ItemType.COMMON_EXTENDED_NEGOTIATION,
            _prefixed(common.sop_class_uid)
            + _prefixed(common.service_class_uid)
            + _prefixed_bytes(related),
        )
    if information.user_identity is not None:
        identity = information.user_identity
        value += encode_item(
            ItemType.USER_IDENTITY_RQ,
            bytes((identity.identity_type, identity.is_response_requested))
            + _prefixed_bytes(identity.primary)
            + _prefixed_bytes(identity.secondary),
        )
    if information.user_identity_response is not None:
        value += encode_item(
            ItemType.USER_IDENTITY_AC,
            _prefixed_bytes(information.user_identity_response),
        )
    return value


def decode_user_information(data: bytes) -> UserInformation:
    """Decode the value of a user information item; unknown sub-items are skipped.

    Raises
    ------
    ProtocolError
        If a sub-item is cut short.
    """
    reader = _UserInformationReader()
    for item_type, value in iter_items(data):
        reader.read(item_type, value)
    return UserInformation(
        reader.max_length,
        reader.implementation_class_uid,
        reader.implementation_version_name,
        reader.asynchronous_operations,
        tuple(reader.role_selections),
        tuple(reader.extended_negotiations),
        tuple(reader.common_extended_negotiations),
        reader.user_identity,
        reader.user_identity_response,
    )


class _UserInformationReader:
    """Collects the sub-items of one user information item."""

    def __init__(self) -> None:
        self.max_length = 0
        self.implementation_class_uid = ""
        self.implementation_version_name = ""
        self.asynchronous_operations: tuple[int, int] | None = None
        self.role_selections: list[RoleSelection] = []
        self.extended_negotiations: list[ExtendedNegotiation] = []
        self.common_extended_negotiations: list[CommonExtendedNegotiation] = []
        self.user_identity: UserIdentity | None = None
        self.user_identity_response: bytes | None = None

    def read(self, item_type: int, value: bytes) -> None:
        cursor = _Cursor(value)
        match item_type:
            case ItemType.MAXIMUM_LENGTH:
                (self.max_length,) = _UINT32.unpack(cursor.take(4))
            case ItemType.IMPLEMENTATION_CLASS_UID:
                self.implementation_class_uid = decode_uid(value)
            case ItemType.IMPLEMENTATION_VERSION_NAME:
                self.implementation_version_name = decode_uid(value)
            case ItemType.ASYNCHRONOUS_OPERATIONS:
                invoked, performed = _UINT16_PAIR.unpack(cursor.take(4))
                self.asynchronous_operations = invoked, performed
            case ItemType.ROLE_SELECTION:
                uid = decode_uid(cursor.take_prefixed())
                roles = cursor.take(2)
                self.role_selections.append(
                    RoleSelection(uid, bool(roles[0]), bool(roles[1]))
                )
            case ItemType.EXTENDED_NEGOTIATION:
                uid = decode_uid(cursor.take_prefixed())
                self.extended_negotiations.append(
                    ExtendedNegotiation(uid, cursor.rest())
                )
            case ItemType.COMMON_EXTENDED_NEGOTIATION:
                self.common_extended_negotiations.append(_decode_common(cursor))
            case ItemType.USER_IDENTITY_RQ:
                head = cursor.take(2)
                self.user_identity = UserIdentity(
                    head[0],
                    bool(head[1]),
                    cursor.take_prefixed(),
                    cursor.take_prefixed(),
                )
            case ItemType.USER_IDENTITY_AC:
                self.user_identity_response = cursor.take_prefixed()
            case _:
                pass  # PS3.8 Section 9.3.1: unrecognized items are ignored.


def _decode_common(cursor: "_Cursor") -> CommonExtendedNegotiation:
    sop_class_uid = decode_uid(cursor.take_prefixed())
    service_class_uid = decode_uid(cursor.take_prefixed())
    # Senders of version 0 of this item may leave the list of related classes out.
    related = _Cursor(b"" if cursor.is_at_end else cursor.take_prefixed())
    uids: list[str] = []
    while not related.is_at_end:
        uids.append(decode_uid(related.take_prefixed()))
    return CommonExtendedNegotiation(sop_class_uid, service_class_uid, tuple(uids))


class _Cursor:
    """Reads a value from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position >= len(self._data)

    def take(self, count: int) -> bytes:
        stop = self._position + count
        if stop > len(self._data):
            raise ProtocolError("A user information sub-item is cut short")
        taken = self._data[self._position : stop]
        self._position = stop
        return taken

    def take_prefixed(self) -> bytes:
        (length,) = _UINT16.unpack(self.take(2))
        return self.take(length)

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._position)


def _prefixed(uid: str) -> bytes:
    return _prefixed_bytes(uid.encode("latin-1"))


def _prefixed_bytes(value: bytes) -> bytes:
    return _UINT16.pack(len(value)) + value
