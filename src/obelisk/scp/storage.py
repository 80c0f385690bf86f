"""C-STORE as an SCP (PS3.4 Annex B): from the network into `Ingest`."""

import logging
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol

from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.dimse.association import Association
from obelisk.dimse.commands import Status
from obelisk.dimse.message import Message
from obelisk.dimse.pdu import Buffer
from obelisk.errors import AssociationAbortedError, ProtocolError, ServerError
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.statuses import status_of
from obelisk.scp.syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from obelisk.services.ingest import Origin, StoreResult

_log = logging.getLogger(__name__)

_HEAD_BYTES = 2_048
_SOP_CLASS_UID = (0x0008, 0x0016)
_SOP_INSTANCE_UID = (0x0008, 0x0018)
_NEXT_GROUP = (0x0009, 0x0000)
_LONG_VRS = frozenset((b"OB", b"OW", b"OD", b"OF", b"OL", b"OV", b"SQ", b"UN", b"UT"))
_IMPLICIT = struct.Struct("<HHI")
_EXPLICIT_LITTLE = struct.Struct("<HH2sH")
_EXPLICIT_BIG = struct.Struct(">HH2sH")
_LENGTH_LITTLE = struct.Struct("<I")
_LENGTH_BIG = struct.Struct(">I")
_OTHER_ENCODINGS = (
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
)
_META_GROUP = 0x0002
_META_GROUPS = (b"\x02\0", b"\0\x02")
_META_START = bytes(128) + b"DICM\x02\0\0\0UL\x04\0"


_Items = Iterator[tuple[tuple[int, int], int, int]]


class Receiver(Protocol):
    """What takes instances in; `Ingest` is one."""

    def store(self, chunks: Iterable[Buffer], origin: Origin) -> StoreResult:
        """See `Ingest.store`."""
        ...


class StorageSCP:
    """Performs C-STORE; safe to use from several threads.

    Parameters
    ----------
    receiver
        Where instances go.
    negotiation
        Which SOP classes are taken.
    working_count
        How many instances are worked on at the same time.
    """

    def __init__(
        self, receiver: Receiver, negotiation: Negotiation, working_count: int
    ) -> None:
        self._receiver = receiver
        self._negotiation = negotiation
        self._slots = _Slots(working_count)
        self._waiting = _GivingWay(self._slots)

    def perform(
        self, association: Association, message: Message, origin: Origin
    ) -> Status:
        """Receive one instance and answer; return the status of the answer.

        Statuses: 0x0000 stored, or stored before; 0x0122 SOP class not taken;
        0x0212 no SOP class or instance UID in the command; 0xA700 no room, or
        something is out of order here; 0xA900 the dataset has another SOP class or
        instance UID than the command; 0xC000 not a readable dataset, or one without
        its UIDs; else 0x0110.

        Raises
        ------
        AssociationAbortedError, ProtocolError
            If the association ends before the dataset does.
        """
        status = self._receive(association, message, origin)
        association.skip_dataset()
        association.send_response(message, status)
        return status

    def _receive(
        self, association: Association, message: Message, origin: Origin
    ) -> Status:
        command = message.command
        sop_class_uid = command.affected_sop_class_uid
        sop_instance_uid = command.affected_sop_instance_uid
        if not sop_class_uid or not sop_instance_uid:
            return Status.MISTYPED_ARGUMENT
        if not self._negotiation.accepts_for_storage(sop_class_uid):
            return Status.SOP_CLASS_NOT_SUPPORTED
        transfer_syntax_uid = message.context.transfer_syntax
        dataset = association.dataset()
        head = without_meta(_read_head(dataset), transfer_syntax_uid)
        refusal = _refusal(head, transfer_syntax_uid, sop_class_uid, sop_instance_uid)
        if refusal is not None:
            _log.warning("C-STORE of another instance than its command says")
            return refusal
        meta = file_meta(sop_class_uid, sop_instance_uid, transfer_syntax_uid)
        with self._slots:
            association.waiting = self._waiting
            try:
                self._receiver.store(chain((meta, head), dataset), origin)
            except (AssociationAbortedError, ProtocolError):
                raise
            except ServerError as error:
                status = status_of(error)
                _log.warning("C-STORE failed with %04x: %s", status, error.message)
                return status
            except Exception:  # noqa: BLE001 - the edge; it is logged
                _log.exception("C-STORE failed")
                return Status.PROCESSING_FAILURE
            finally:
                association.waiting = None
        return Status.SUCCESS


class _Slots:
    """A number of places to work at."""

    def __init__(self, count: int) -> None:
        # A queue of tokens takes a tenth of the time that a semaphore takes.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)
        self.take = self._free.get

    def give(self) -> None:
        self._free.put(None)

    def __enter__(self) -> None:
        self.take()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.give()


class _GivingWay:
    """Lets others work while this thread waits for its peer."""

    def __init__(self, slots: _Slots) -> None:
        self._slots = slots

    def __enter__(self) -> None:
        self._slots.give()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._slots.take()


def file_meta(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
) -> bytes:
    """Encode the preamble and the File Meta Information (PS3.10 Section 7.1)."""
    before, after = _meta_around(sop_class_uid, transfer_syntax_uid)
    instance = _element(0x0003, b"UI", sop_instance_uid, b"\0")
    length = len(before) + len(instance) + len(after)
    return b"".join(
        (_META_START, length.to_bytes(4, "little"), before, instance, after)
    )


@lru_cache
def _meta_around(sop_class_uid: str, transfer_syntax_uid: str) -> tuple[bytes, bytes]:
    before = b"\x02\0\x01\0OB\0\0\x02\0\0\0\0\x01" + _element(
        0x0002, b"UI", sop_class_uid, b"\0"
    )
    after = (
        _element(0x0010, b"UI", transfer_syntax_uid, b"\0")
        + _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID, b"\0")
        + _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME, b" ")
    )
    return before, after


def leading_uids(
    data: Buffer, transfer_syntax_uid: str
) -> dict[tuple[int, int], str | None]:
    """Find SOP Class UID and SOP Instance UID at the start of a dataset.

    Returns
    -------
    dict
        What was found of the two, without padding, and `None` for what is not there;
        nothing if that is not at once to be seen, which the reader of the whole dataset
        judges.
    """
    if transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _HEAD_BYTES)
        except zlib.error:
            return {}
    head = memoryview(data)[:_HEAD_BYTES]
    items = _iter_items(head, transfer_syntax_uid)
    found: dict[tuple[int, int], str | None] = {}
    previous = (0, 0)
    for tag, start, stop in items:
        if _SOP_INSTANCE_UID < tag < _NEXT_GROUP:
            return {_SOP_CLASS_UID: None, _SOP_INSTANCE_UID: None} | found
        if not previous < tag <= _SOP_INSTANCE_UID or stop > len(head):
            break
        previous = tag
        if tag in (_SOP_CLASS_UID, _SOP_INSTANCE_UID):
            found[tag] = bytes(head[start:stop]).strip(b"\0 ").decode("latin-1")
    return found


def without_meta(head: Buffer, transfer_syntax_uid: str) -> Buffer:
    """Return the start of a dataset without File Meta Information.

    That has no place in a message (PS3.7 Section 6.3.1), but some devices send it; in
    the file, it would follow the one that is right.
    """
    is_deflated = transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    if is_deflated or bytes(head[:2]) not in _META_GROUPS:
        return head
    view, end = memoryview(head), 0
    for tag, _, stop in _iter_items(view, transfer_syntax_uid):
        if tag[0] != _META_GROUP or stop > len(view):
            break
        end = stop
    return view[end:]


def _iter_items(head: memoryview, transfer_syntax_uid: str) -> _Items:
    """Yield tags and the positions of values; the caller checks them."""
    if transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return _iter_implicit(head)
    if transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN:
        return _iter_explicit(head, _EXPLICIT_BIG, _LENGTH_BIG)
    return _iter_explicit(head, _EXPLICIT_LITTLE, _LENGTH_LITTLE)


def _iter_implicit(head: memoryview) -> _Items:
    """Yield tags and the positions of values; the caller checks them."""
    position = 0
    while position + 12 <= len(head):
        group, element, length = _IMPLICIT.unpack_from(head, position)
        position += 8
        yield (group, element), position, position + length
        position += length


def _iter_explicit(
    head: memoryview, explicit: struct.Struct, long_length: struct.Struct
) -> _Items:
    """Yield tags and the positions of values; the caller checks them."""
    position = 0
    while position + 12 <= len(head):
        group, element, vr, length = explicit.unpack_from(head, position)
        position += 8
        if vr in _LONG_VRS:
            (length,) = long_length.unpack_from(head, position)
            position += 4
        yield (group, element), position, position + length
        position += length


def _refusal(
    head: Buffer, transfer_syntax_uid: str, sop_class_uid: str, sop_instance_uid: str
) -> Status | None:
    """Return why a dataset is refused; `None` if it has the UIDs of its command.

    Those that it does not show at its start are judged when it is read.
    """
    start = bytes(head[:_HEAD_BYTES])
    # Nearly always they are there as expected; then there is nothing to parse.
    if transfer_syntax_uid not in _OTHER_ENCODINGS and (
        _tagged(0x0016, sop_class_uid) in start
        and _tagged(0x0018, sop_instance_uid) in start
    ):
        return None
    wanted = {_SOP_CLASS_UID: sop_class_uid, _SOP_INSTANCE_UID: sop_instance_uid}
    found = leading_uids(start, transfer_syntax_uid)
    if None in found.values():
        return Status.CANNOT_UNDERSTAND
    is_other = any(uid != wanted[tag] for tag, uid in found.items())
    return Status.DATASET_DOES_NOT_MATCH_SOP_CLASS if is_other else None


def _tagged(element: int, uid: str) -> bytes:
    value = uid.encode("latin-1")
    if len(value) & 1:
        value += b"\0"
    return _EXPLICIT_LITTLE.pack(0x0008, element, b"UI", len(value)) + value


def _read_head(dataset: Iterator[memoryview]) -> Buffer:
    """Read the start of a dataset: its first chunk, or more if that is short."""
    first = next(dataset, memoryview(b""))
    if len(first) >= _HEAD_BYTES:
        return first
    head = bytearray(first)
    while len(head) < _HEAD_BYTES:
        chunk = next(dataset, None)
        if chunk is None:
            break
        head += chunk
    return head


def _element(element: int, vr: bytes, text: str, padding: bytes) -> bytes:
    value = text.encode("latin-1")
    if len(value) & 1:
        value += padding
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value
