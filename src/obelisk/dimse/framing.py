"""Finding PDUs in a stream of bytes, without copying what P-DATA-TF carries."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from obelisk.buffers import new_buffer
from obelisk.dimse.pdu import (
    PDU,
    PDU_HEADER,
    PDV_COMMAND,
    PDV_HEADER,
    PDV_LAST,
    AbortReason,
    PDUType,
    decode_pdu,
)
from obelisk.errors import ProtocolError

ASSOCIATE_LENGTH_MAX = 1_048_576
BUFFER_BYTES = 262_144

_DATA_HEADER = struct.Struct(">BBIIBB")
_ROOM_MIN = 65_536
_HEADER_BYTES = PDU_HEADER.size  # of a PDU, and of a PDV alike
# Plain numbers where every PDU passes: looking up members of enumerations is slow.
_DATA_TF = int(PDUType.DATA_TF)
_ASSOCIATE_TYPES = (PDUType.ASSOCIATE_RQ, PDUType.ASSOCIATE_AC)
_CONTROL_TYPES = frozenset(PDUType) - {PDUType.DATA_TF}


class Fragment(NamedTuple):
    """A part of a command set or of a dataset (P-DATA indication).

    `data` lies in the receive buffer and is valid until that asks for more bytes.
    `is_last` marks the end of the command set or of the dataset.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no PDU; nothing behind them can be understood."""

    reason: AbortReason
    message: str


class FrameReader:
    """The receive buffer of one connection, and the parser that walks over it.

    Parameters
    ----------
    max_length
        The longest P-DATA-TF PDU that the peer was told it may send, in bytes; 0 for
        no limit. A longer one is malformed.
    associate_length_max
        The longest A-ASSOCIATE PDU that is read, in bytes.
    buffer_size
        Size of the receive buffer in bytes.
    """

    def __init__(
        self,
        max_length: int,
        associate_length_max: int = ASSOCIATE_LENGTH_MAX,
        buffer_size: int = BUFFER_BYTES,
    ) -> None:
        self._max_length = max_length or 0xFFFFFFFF
        self._associate_length_max = associate_length_max
        self._view = new_buffer(buffer_size)
        self._room_min = min(_ROOM_MIN, buffer_size // 2)
        self._start = 0
        self._stop = 0
        # Where the parser stands: in the body of a control PDU, between the PDVs of a
        # P-DATA-TF, or in the value of a PDV.
        self._body: bytearray | None = None
        self._body_type = 0
        self._body_length = 0
        self._data_left = 0
        self._value_left = 0
        self._value_context = 0
        self._value_flags = 0
        self._is_broken = False

    def room(self) -> memoryview:
        """Return the room for the next bytes; fragments given before become invalid."""
        if self._start == self._stop:
            self._start = self._stop = 0
        elif len(self._view) - self._stop < self._room_min:
            rest = self._stop - self._start
            self._view[:rest] = self._view[self._start : self._stop]
            self._start, self._stop = 0, rest
        return self._view[self._stop :]

    def received(self, count: int) -> None:
        """Say how many bytes were put into the room."""
        self._stop += count

    def break_off(self) -> None:
        """Give up: whatever comes from now on is thrown away."""
        self._is_broken = True

    def next_frame(self) -> PDU | Fragment | Malformed | None:
        """Return the next PDU or fragment, or `None` when more bytes are needed."""
        frame: PDU | Fragment | Malformed | None
        while not self._is_broken:
            available = self._stop - self._start
            if self._value_left:
                return self._take_value(available) if available else None
            if self._body is not None:
                return self._take_body(self._body, available)
            if available < _HEADER_BYTES and not 0 < self._data_left < _HEADER_BYTES:
                return None
            if self._data_left:
                frame = self._take_value_header()
            elif available > _DATA_HEADER.size and self._is_one_value():
                frame = self._take_value(available - _DATA_HEADER.size)
            else:
                frame = self._take_header()
            if frame is not None:
                return frame
        self._start = self._stop
        return None

    def _is_one_value(self) -> bool:
        """Take the headers of a P-DATA-TF that holds just one PDV, the usual case."""
        pdu_type, _, length, value_length, context_id, flags = _DATA_HEADER.unpack_from(
            self._view, self._start
        )
        if (
            pdu_type != _DATA_TF
            or length != value_length + 4
            or length > self._max_length
            or value_length <= 2
        ):
            return False
        self._start += _DATA_HEADER.size
        self._value_context = context_id
        self._value_flags = flags
        self._value_left = value_length - 2
        return True

    def _take_header(self) -> Malformed | None:
        pdu_type, _, length = PDU_HEADER.unpack_from(self._view, self._start)
        self._start += PDU_HEADER.size
        if pdu_type == _DATA_TF:
            if not PDV_HEADER.size <= length <= self._max_length:
                return self._break("the length of a P-DATA-TF is out of bounds")
            self._data_left = length
            return None
        if pdu_type not in _CONTROL_TYPES:
            self._is_broken = True
            return Malformed(
                AbortReason.UNRECOGNIZED_PDU, "the type of a PDU is unknown"
            )
        is_associate = pdu_type in _ASSOCIATE_TYPES
        if length > (self._associate_length_max if is_associate else 4):
            return self._break("the length of a PDU is out of bounds")
        self._body = bytearray()
        self._body_type = pdu_type
        self._body_length = length
        return None

    def _take_body(self, body: bytearray, available: int) -> PDU | Malformed | None:
        count = min(available, self._body_length - len(body))
        body += self._view[self._start : self._start + count]
        self._start += count
        if len(body) < self._body_length:
            return None
        self._body = None
        try:
            return decode_pdu(self._body_type, bytes(body))
        except ProtocolError as error:
            return self._break(error.message)

    def _take_value_header(self) -> Fragment | Malformed | None:
        if self._data_left < PDV_HEADER.size:
            return self._break("the header of a PDV is cut short")
        length, context_id, flags = PDV_HEADER.unpack_from(self._view, self._start)
        self._start += PDV_HEADER.size
        self._data_left -= length + 4
        if length < 2 or self._data_left < 0:
            return self._break("the length of a PDV is wrong")
        self._value_context = context_id
        self._value_flags = flags
        self._value_left = length - 2
        return None if self._value_left else self._take_value(0)

    def _take_value(self, available: int) -> Fragment:
        start = self._start
        count = min(self._value_left, available)
        self._value_left -= count
        self._start = stop = start + count
        if not (self._value_flags or self._value_left or self._data_left):
            stop = self._join_values(stop)
        flags = self._value_flags
        return Fragment(
            self._value_context,
            flags & PDV_COMMAND != 0,
            flags & PDV_LAST != 0 and not self._value_left,
            self._view[start:stop],
        )

    def _join_values(self, stop: int) -> int:
        """Close the gaps between parts of a dataset that are in the buffer already.

        Many short chunks cost their receiver more than moving bytes over the 12 bytes
        of headers between them does here.
        """
        context_id = self._value_context
        while self._stop - self._start > _DATA_HEADER.size:
            before = self._start
            if not self._is_one_value():
                break
            flags = self._value_flags
            if self._value_context != context_id or flags & PDV_COMMAND:
                # This one starts another chunk: put it back.
                self._start = before
                self._value_left = self._value_flags = 0
                self._value_context = context_id
                break
            source = self._start
            count = min(self._value_left, self._stop - source)
            self._view[stop : stop + count] = self._view[source : source + count]
            stop += count
            self._start += count
            self._value_left -= count
            if flags or self._value_left:
                break
        return stop

    def _break(self, message: str) -> Malformed:
        self._is_broken = True
        return Malformed(AbortReason.INVALID_PDU_PARAMETER_VALUE, message)
