"""An association over a socket: blocking, one thread at a time."""

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from obelisk.dimse.commands import decode_command_set
from obelisk.dimse.framing import Fragment
from obelisk.dimse.items import ContextResult
from obelisk.dimse.message import Message, PresentationContext
from obelisk.dimse.pdu import (
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Buffer,
    ReleaseRequest,
)
from obelisk.dimse.state_table import State
from obelisk.dimse.upper_layer import Aborted, Event, UpperLayer
from obelisk.errors import AssociationAbortedError, ProtocolError

_log = logging.getLogger(__name__)

COMMAND_BYTES_MAX = 65_536
# A peer that sends a dataset must bring this much within the time limit.
_PROGRESS_BYTES = 16_384
_JOINED_BYTES_MAX = 65_536
_BUFFERS_PER_CALL = 512
_LINGER_SECONDS = 2.0
_TIMEVAL = struct.Struct("@ll")
_NEVER = float("inf")


class Association:
    """The acceptor's side of an association, on a connected socket.

    One thread uses it; `stop` alone may be called from another one.

    Parameters
    ----------
    connection
        The connected socket, which this object closes in `close`.
    layer
        The state of the protocol, fresh.
    timeout_seconds
        How long to wait for the next message, for the rest of a command, and for the
        next 16 KiB of a dataset; 0 means for ever.
    artim_seconds
        How long to wait for the request of an association.
    """

    def __init__(
        self,
        connection: socket.socket,
        layer: UpperLayer,
        *,
        timeout_seconds: float,
        artim_seconds: float,
    ) -> None:
        self._socket = connection
        self._layer = layer
        self._timeout_seconds = timeout_seconds
        self._artim_seconds = artim_seconds
        self._contexts: dict[int, PresentationContext] = {}
        self._dataset_context_id: int | None = None
        self._patience_seconds = _NEVER
        self._progress_bytes = _NEVER
        self._waited_seconds = 0.0
        self._received_bytes = 0
        self._lock = threading.Lock()
        self._is_stopping = False
        # When it began to wait for a command; infinite if it does not.
        self.idle_since = time.monotonic()
        # Entered around every wait for the peer, if set.
        self.waiting: AbstractContextManager[object] | None = None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._set_timeout(socket.SO_SNDTIMEO, timeout_seconds)

    # The association as a whole.

    def read_request(self) -> AssociateRequest | None:
        """Wait for the request of an association; `None` if none comes."""
        self._set_timeout(socket.SO_RCVTIMEO, self._artim_seconds)
        self._be_patient(self._artim_seconds)
        self._layer.transport_opened()
        try:
            event = self._next_event()
        except AssociationAbortedError:
            return None
        return event if isinstance(event, AssociateRequest) else None

    def accept(self, request: AssociateRequest, answer: AssociateAccept) -> None:
        """Accept the association that was requested."""
        proposed = {context.context_id: context for context in request.contexts}
        self._contexts = {
            context.context_id: PresentationContext(
                context.context_id,
                proposed[context.context_id].abstract_syntax,
                context.transfer_syntax,
            )
            for context in answer.contexts
            if context.result == ContextResult.ACCEPTANCE
        }
        self._set_timeout(socket.SO_RCVTIMEO, self._timeout_seconds)
        self._layer.accept(answer)
        self._flush()

    def reject(self, answer: AssociateReject) -> None:
        """Reject the association that was requested."""
        self._layer.reject(answer)
        self._flush()

    def abort(self) -> None:
        """Abort the association, as its user; does nothing when it is over."""
        if self._layer.state in (State.IDLE, State.AWAITING_TRANSPORT_CLOSE):
            return
        if self._layer.state is State.AWAITING_ASSOCIATE_RQ:
            self._layer.transport_closed()
            return
        self._layer.abort()
        self._flush()

    def stop(self) -> None:
        """Ask for the end: at once when idle, else when the operation is answered.

        Any thread may call this.
        """
        with self._lock:
            self._is_stopping = True
            if self.idle_since < _NEVER:
                self._shut(socket.SHUT_RD)

    def kill(self) -> None:
        """End the connection now, whatever goes on; any thread may call this."""
        with self._lock:
            self._is_stopping = True
        self._shut(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, so that the peer sees what was sent to it last."""
        layer = self._layer
        if layer.is_artim_running and not layer.must_close:
            self._shut(socket.SHUT_WR)
            self._set_timeout(socket.SO_RCVTIMEO, _LINGER_SECONDS)
            self._be_patient(_LINGER_SECONDS)
            try:
                while not layer.must_close:
                    self._receive()
                    while layer.next_event() is not None:
                        pass
            except AssociationAbortedError:
                pass
        self._socket.close()

    # Messages.

    def read_message(self) -> Message | None:
        """Wait for the next command.

        Returns
        -------
        Message or None
            `None` when the peer released the association, or when this side stops.

        Raises
        ------
        AssociationAbortedError
            If the association has ended in any other way.
        ProtocolError
            If the peer breaks the rules of PS3.7; the association is then aborted.
        """
        assert self._dataset_context_id is None
        command = bytearray()
        context_id: int | None = None
        self._be_patient(self._timeout_seconds)
        with self._lock:
            self.idle_since = time.monotonic()
            if self._is_stopping:
                return None
        while True:
            try:
                event = self._next_event()
            except AssociationAbortedError:
                if self._is_stopping:
                    return None
                raise
            if isinstance(event, ReleaseRequest):
                self._layer.reply_release()
                self._flush()
                return None
            if not isinstance(event, Fragment):
                raise self._violation("an unexpected event")
            if not event.is_command:
                raise self._violation("a dataset came without a command")
            if context_id not in (None, event.context_id):
                raise self._violation("a command changes its presentation context")
            if context_id is None:
                self._begin()
            context_id = event.context_id
            command += event.data
            if len(command) > COMMAND_BYTES_MAX:
                raise self._violation("a command is too long")
            if event.is_last:
                return self._message(context_id, command)

    def dataset(self) -> Iterator[memoryview]:
        """Yield the dataset of the message read last, as it comes.

        Yields
        ------
        memoryview
            1 byte or more, valid until the next chunk is asked for.

        Raises
        ------
        AssociationAbortedError
            If the association ends before the dataset does.
        ProtocolError
            If something else comes in its place; the association is then aborted.
        """
        while self._dataset_context_id is not None:
            event = self._next_event()
            if (
                not isinstance(event, Fragment)
                or event.is_command
                or event.context_id != self._dataset_context_id
            ):
                raise self._violation("a dataset is interrupted")
            if event.is_last:
                self._dataset_context_id = None
            if event.data:
                yield event.data

    def skip_dataset(self) -> None:
        """Read what is left of the dataset, and forget it."""
        for _ in self.dataset():
            pass

    def send_response(self, message: Message, status: int) -> None:
        """Answer a request with a status and nothing else.

        Raises
        ------
        AssociationAbortedError
            If the connection is lost.
        ProtocolError
            If the request has no Message ID.
        """
        response = message.command.encode_response(status)
        self._layer.send_data(
            message.context.context_id, response, is_command=True, is_last=True
        )
        self._flush()

    def _message(self, context_id: int, data: bytearray) -> Message:
        try:
            command = decode_command_set(data)
        except ProtocolError as error:
            raise self._violation(error.message) from error
        self._dataset_context_id = context_id if command.has_dataset else None
        self._be_patient(self._timeout_seconds, _PROGRESS_BYTES)
        return Message(self._contexts[context_id], command)

    def _begin(self) -> None:
        with self._lock:
            self.idle_since = _NEVER
        self._be_patient(self._timeout_seconds)

    def _violation(self, message: str) -> ProtocolError:
        self._dataset_context_id = None
        self.abort()
        return ProtocolError(message)

    # Bytes.

    def _next_event(self) -> Event:
        """Return the next event that is not the end.

        Raises
        ------
        AssociationAbortedError
            If the association has ended, or the peer takes too long.
        """
        while True:
            event = self._layer.next_event()
            if isinstance(event, Aborted):
                self._flush_quietly()
                raise AssociationAbortedError(event.message)
            if event is not None:
                return event
            if (
                self._layer.must_close
                or self._layer.state is State.AWAITING_TRANSPORT_CLOSE
            ):
                self._flush_quietly()
                raise AssociationAbortedError
            self._receive()

    def _receive(self) -> None:
        room = self._layer.receive_buffer()
        connection = self._socket
        start = time.monotonic()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if self.waiting is None:
                count = connection.recv_into(room)
            else:
                count = self._receive_giving_way(room, self.waiting)
        except BlockingIOError as error:
            raise self._expire() from error
        except OSError as error:
            self._layer.transport_closed()
            raise AssociationAbortedError("the connection was lost") from error
        if not count:
            self._receive_end()
            return
        self._layer.received(count)
        self._received_bytes += count
        self._waited_seconds += time.monotonic() - start
        if self._received_bytes >= self._progress_bytes:
            self._be_patient(self._patience_seconds, self._progress_bytes)
        elif self._waited_seconds > self._patience_seconds:
            raise self._expire()

    def _receive_giving_way(
        self, room: memoryview, waiting: AbstractContextManager[object]
    ) -> int:
        try:
            return self._socket.recv_into(room, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            with waiting:
                return self._socket.recv_into(room)

    def _receive_end(self) -> None:
        if self._is_stopping:
            # The reading half was shut down on this side: the peer can still be told.
            self.abort()
            raise AssociationAbortedError("the server stops")
        self._layer.transport_closed()

    def _expire(self) -> AssociationAbortedError:
        if self._layer.is_artim_running:
            self._layer.artim_expired()
        else:
            self.abort()
        return AssociationAbortedError("the peer takes too long")

    def _flush(self) -> None:
        buffers = self._layer.take_output()
        size = sum(map(len, buffers))
        if not size:
            return
        try:
            if size <= _JOINED_BYTES_MAX:
                self._socket.sendall(b"".join(buffers))
            else:
                self._send_all(buffers)
        except OSError as error:
            self._layer.transport_closed()
            raise AssociationAbortedError("the connection was lost") from error

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except AssociationAbortedError:
            _log.debug("The peer was gone before it could be told")

    def _send_all(self, buffers: list[Buffer]) -> None:
        views = [memoryview(buffer) for buffer in buffers]
        while views:
            sent = self._socket.sendmsg(views[:_BUFFERS_PER_CALL])
            while views and sent >= len(views[0]):
                sent -= len(views.pop(0))
            if sent:
                views[0] = views[0][sent:]

    def _be_patient(self, seconds: float, progress_bytes: float = _NEVER) -> None:
        """Wait from now on so long for so many bytes, the time spent here left out."""
        self._patience_seconds = seconds or _NEVER
        self._progress_bytes = progress_bytes
        self._waited_seconds = 0.0
        self._received_bytes = 0

    def _set_timeout(self, option: int, seconds: float) -> None:
        # With a timeout of its own, a Python socket would poll before every call.
        whole, fraction = divmod(seconds, 1)
        value = _TIMEVAL.pack(int(whole), int(fraction * 1_000_000))
        self._socket.setsockopt(socket.SOL_SOCKET, option, value)

    def _shut(self, how: int) -> None:
        try:
            self._socket.shutdown(how)
        except OSError:
            _log.debug("The connection was closed already")
