"""Messages between two processes of the server, with open sockets if need be."""

import socket
import struct
import threading
from dataclasses import dataclass
from typing import Any

import orjson

from obelisk.workers.rights import RIGHTS_BYTES, pack_rights, unpack_rights

_SIZES = struct.Struct("!II")
_FLAGS = socket.MSG_CMSG_CLOEXEC


@dataclass(frozen=True, slots=True)
class Message:
    """What one process tells another.

    Attributes
    ----------
    kind
        What it is about.
    facts
        Its contents, as JSON has them.
    payload
        Bytes that go with it.
    client
        A connection that goes with it; whoever receives it closes it.
    """

    kind: str
    facts: Any = None
    payload: bytes = b""
    client: socket.socket | None = None


class Channel:
    """One end of a stream of messages; sending is safe to use from several threads.

    Parameters
    ----------
    end
        One of a pair of connected Unix sockets, blocking.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._lock = threading.Lock()

    def send(
        self,
        kind: str,
        facts: Any = None,
        payload: bytes = b"",
        descriptor: int | None = None,
        *,
        is_patient: bool = True,
    ) -> None:
        """Send a message.

        Parameters
        ----------
        kind, facts, payload
            See `Message`; what is sent without patience is short.
        descriptor
            An open socket, of which the other process gets its own descriptor.
        is_patient
            Whether to wait until the other process takes it in.

        Raises
        ------
        OSError
            If the other process is gone, or does not take it in at once.
        """
        head = orjson.dumps([kind, facts])
        data = _SIZES.pack(len(head), len(payload)) + head + payload
        flags = 0 if is_patient else socket.MSG_DONTWAIT
        with self._lock:
            sent = self._socket.sendmsg([data], pack_rights(descriptor), flags)
            if sent < len(data):
                self._socket.sendall(data[sent:])

    def receive(self) -> Message | None:
        """Wait for a message; return `None` if the other process is gone.

        Used by one thread at a time.
        """
        client = None
        try:
            sizes, rights, _, _ = self._socket.recvmsg(
                _SIZES.size, RIGHTS_BYTES, _FLAGS | socket.MSG_WAITALL
            )
            client = unpack_rights(rights)
            head_size, payload_size = _SIZES.unpack(sizes)
            kind, facts = orjson.loads(self._exactly(head_size))
            payload = self._exactly(payload_size)
        except (ConnectionError, EOFError, struct.error):
            if client is not None:
                client.close()
            return None
        return Message(kind, facts, payload, client)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:  # a process that was stopped may get less at first
            more = self._socket.recv(size - len(data), socket.MSG_WAITALL)
            if not more:
                raise EOFError
            data += more
        return data

    @property
    def is_severed(self) -> bool:
        """Whether the other process is gone; for a channel on which nobody receives."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def sever(self) -> None:
        """End the connection; whoever waits for a message gets `None`."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
