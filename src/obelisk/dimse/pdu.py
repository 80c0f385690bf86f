"""The protocol data units of the upper layer, as values and as bytes (PS3.8 §9.3)."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from obelisk.dimse.items import (
    APPLICATION_CONTEXT,
    AnsweredContext,
    ItemType,
    ProposedContext,
    UserInformation,
    decode_answered_context,
    decode_proposed_context,
    decode_uid,
    decode_user_information,
    encode_answered_context,
    encode_item,
    encode_proposed_context,
    encode_user_information,
    iter_items,
)
from obelisk.errors import ProtocolError

Buffer = bytes | bytearray | memoryview

PROTOCOL_VERSION = 1
NO_INFORMATION = UserInformation()
PDU_HEADER = struct.Struct(">BBI")
PDV_HEADER = struct.Struct(">IBB")
_DATA_HEADER = struct.Struct(">BBIIBB")
_ASSOCIATE_HEADER = struct.Struct(">HH16s16s32s")

# Bits of the message control header of a PDV (PS3.8 Annex E.2).
PDV_COMMAND = 0x01
PDV_LAST = 0x02


class PDUType(IntEnum):
    """The seven PDU types."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


_DATA_TF = int(PDUType.DATA_TF)


class RejectResult(IntEnum):
    """Whether a rejection is for good (PS3.8 Table 9-21)."""

    PERMANENT = 1
    TRANSIENT = 2


class RejectSource(IntEnum):
    """Who rejects an association (PS3.8 Table 9-21)."""

    SERVICE_USER = 1
    PROVIDER_ACSE = 2
    PROVIDER_PRESENTATION = 3


class AbortSource(IntEnum):
    """Who aborts an association (PS3.8 Table 9-26)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why the service provider aborts (PS3.8 Table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PDU_PARAMETER = 4
    UNEXPECTED_PDU_PARAMETER = 5
    INVALID_PDU_PARAMETER_VALUE = 6


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ (PS3.8 Section 9.3.2).

    AE titles are without padding at their end. `reserved` is sent back as received.
    """

    called_aet: str
    calling_aet: str
    contexts: tuple[ProposedContext, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = PROTOCOL_VERSION
    reserved: bytes = field(default=bytes(32), repr=False)

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        items = b"".join(map(encode_proposed_context, self.contexts))
        return _encode_associate(PDUType.ASSOCIATE_RQ, self, items)


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """A-ASSOCIATE-AC (PS3.8 Section 9.3.3)."""

    called_aet: str
    calling_aet: str
    contexts: tuple[AnsweredContext, ...]
    user_information: UserInformation = NO_INFORMATION
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = PROTOCOL_VERSION
    reserved: bytes = field(default=bytes(32), repr=False)

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        items = b"".join(map(encode_answered_context, self.contexts))
        return _encode_associate(PDUType.ASSOCIATE_AC, self, items)


@dataclass(frozen=True, slots=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 Section 9.3.4).

    The meaning of `reason` depends on `source`: PS3.8 Table 9-21.
    """

    result: int
    source: int
    reason: int

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        body = bytes((0, self.result, self.source, self.reason))
        return _encode(PDUType.ASSOCIATE_RJ, body)


@dataclass(frozen=True, slots=True)
class PresentationDataValue:
    """One PDV item: a fragment of a command set or of a dataset (PS3.8 §9.3.5.1)."""

    context_id: int
    is_command: bool
    is_last: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """P-DATA-TF (PS3.8 Section 9.3.5)."""

    values: tuple[PresentationDataValue, ...]

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        body = b"".join(
            PDV_HEADER.pack(
                len(value.data) + 2,
                value.context_id,
                PDV_COMMAND * value.is_command | PDV_LAST * value.is_last,
            )
            + value.data
            for value in self.values
        )
        return _encode(PDUType.DATA_TF, body)


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A-RELEASE-RQ (PS3.8 Section 9.3.6)."""

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        return _encode(PDUType.RELEASE_RQ, bytes(4))


@dataclass(frozen=True, slots=True)
class ReleaseReply:
    """A-RELEASE-RP (PS3.8 Section 9.3.7)."""

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        return _encode(PDUType.RELEASE_RP, bytes(4))


@dataclass(frozen=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 Section 9.3.8); `reason` only counts from the provider."""

    source: int = AbortSource.SERVICE_USER
    reason: int = AbortReason.NOT_SPECIFIED

    def encode(self) -> bytes:
        """Encode the whole PDU."""
        return _encode(PDUType.ABORT, bytes((0, 0, self.source, self.reason)))


PDU = (
    AssociateRequest
    | AssociateAccept
    | AssociateReject
    | DataTransfer
    | ReleaseRequest
    | ReleaseReply
    | Abort
)


def decode_pdu(pdu_type: int, body: bytes) -> PDU:
    """Decode the variable field of one PDU.

    Raises
    ------
    ProtocolError
        If the type is unknown, or the body is cut short or does not fit its type.
    """
    decode = _DECODERS.get(pdu_type)
    if decode is None:
        raise ProtocolError("The type of a PDU is unknown")
    if pdu_type in _FIXED_TYPES and len(body) != 4:
        raise ProtocolError("A PDU of fixed length has another length")
    return decode(body)


def iter_data_pdus(
    context_id: int,
    payload: Buffer,
    *,
    is_command: bool,
    is_last: bool,
    max_length: int,
) -> Iterator[tuple[bytes, memoryview]]:
    """Cut a payload into P-DATA-TF PDUs of one PDV each, without copying it.

    Parameters
    ----------
    max_length
        The longest variable field that the peer accepts, in bytes; 0 for no limit.

    Yields
    ------
    tuple
        The headers of a PDU, and the part of the payload that follows them.
    """
    view = memoryview(payload)
    # A peer that announces less than fits one byte of payload is served one byte.
    step = max(max_length - 6, 1) if max_length else max(len(view), 1)
    control = PDV_COMMAND if is_command else 0
    start = 0
    while True:
        part = view[start : start + step]
        start += step
        is_final = start >= len(view)
        flags = control | PDV_LAST if is_final and is_last else control
        length = len(part)
        yield (
            _DATA_HEADER.pack(_DATA_TF, 0, length + 6, length + 2, context_id, flags),
            part,
        )
        if is_final:
            return


def _encode(pdu_type: int, body: bytes) -> bytes:
    return PDU_HEADER.pack(pdu_type, 0, len(body)) + body


def _encode_associate(
    pdu_type: int, pdu: AssociateRequest | AssociateAccept, items: bytes
) -> bytes:
    body = _ASSOCIATE_HEADER.pack(
        pdu.protocol_version,
        0,
        pdu.called_aet.encode("latin-1").ljust(16),
        pdu.calling_aet.encode("latin-1").ljust(16),
        pdu.reserved,
    )
    body += encode_item(
        ItemType.APPLICATION_CONTEXT, pdu.application_context.encode("latin-1")
    )
    body += items + encode_user_information(pdu.user_information)
    return _encode(pdu_type, body)


@dataclass(frozen=True, slots=True)
class _AssociateParts:
    version: int
    called_aet: str
    calling_aet: str
    reserved: bytes
    application_context: str
    contexts: list[bytes]
    user_information: UserInformation


def _decode_associate(body: bytes, context_item: ItemType) -> _AssociateParts:
    if len(body) < _ASSOCIATE_HEADER.size:
        raise ProtocolError("An association PDU is cut short")
    version, _, called, calling, reserved = _ASSOCIATE_HEADER.unpack_from(body)
    application_context = ""
    contexts: list[bytes] = []
    information = UserInformation()
    for item_type, value in iter_items(body[_ASSOCIATE_HEADER.size :]):
        if item_type == context_item:
            contexts.append(value)
        elif item_type == ItemType.USER_INFORMATION:
            information = decode_user_information(value)
        elif item_type == ItemType.APPLICATION_CONTEXT:
            application_context = decode_uid(value)
    return _AssociateParts(
        version,
        called.rstrip(b"\0 ").decode("latin-1"),
        calling.rstrip(b"\0 ").decode("latin-1"),
        reserved,
        application_context,
        contexts,
        information,
    )


def _decode_request(body: bytes) -> AssociateRequest:
    parts = _decode_associate(body, ItemType.PRESENTATION_CONTEXT_RQ)
    contexts = tuple(map(decode_proposed_context, parts.contexts))
    if len({context.context_id for context in contexts}) != len(contexts):
        raise ProtocolError("A presentation context ID is used twice")
    return AssociateRequest(
        parts.called_aet,
        parts.calling_aet,
        contexts,
        parts.user_information,
        parts.application_context,
        parts.version,
        parts.reserved,
    )


def _decode_accept(body: bytes) -> AssociateAccept:
    parts = _decode_associate(body, ItemType.PRESENTATION_CONTEXT_AC)
    return AssociateAccept(
        parts.called_aet,
        parts.calling_aet,
        tuple(map(decode_answered_context, parts.contexts)),
        parts.user_information,
        parts.application_context,
        parts.version,
        parts.reserved,
    )


def _iter_values(body: bytes) -> Iterator[PresentationDataValue]:
    position = 0
    while position < len(body):
        if position + PDV_HEADER.size > len(body):
            raise ProtocolError("A PDV header is cut short")
        length, context_id, flags = PDV_HEADER.unpack_from(body, position)
        stop = position + 4 + length
        if length < 2 or stop > len(body):
            raise ProtocolError("The length of a PDV is wrong")
        yield PresentationDataValue(
            context_id,
            bool(flags & PDV_COMMAND),
            bool(flags & PDV_LAST),
            body[position + PDV_HEADER.size : stop],
        )
        position = stop


_DECODERS: dict[int, Callable[[bytes], PDU]] = {
    PDUType.ASSOCIATE_RQ: _decode_request,
    PDUType.ASSOCIATE_AC: _decode_accept,
    PDUType.ASSOCIATE_RJ: lambda body: AssociateReject(body[1], body[2], body[3]),
    PDUType.DATA_TF: lambda body: DataTransfer(tuple(_iter_values(body))),
    PDUType.RELEASE_RQ: lambda _: ReleaseRequest(),
    PDUType.RELEASE_RP: lambda _: ReleaseReply(),
    PDUType.ABORT: lambda body: Abort(body[2], body[3]),
}
_FIXED_TYPES = (
    PDUType.ASSOCIATE_RJ,
    PDUType.RELEASE_RQ,
    PDUType.RELEASE_RP,
    PDUType.ABORT,
)
