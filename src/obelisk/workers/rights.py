"""Open sockets that go from one process to another with a message."""

import socket
import struct
from collections.abc import Sequence

_DESCRIPTOR = struct.Struct("@i")

#: The room that one socket needs beside a message.
RIGHTS_BYTES = socket.CMSG_LEN(_DESCRIPTOR.size)

Ancillary = tuple[int, int, bytes]


def pack_rights(descriptor: int | None) -> list[Ancillary]:
    """Return what is sent beside a message, so that a socket goes with it."""
    if descriptor is None:
        return []
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))]


def unpack_rights(received: Sequence[Ancillary]) -> socket.socket | None:
    """Return the socket that came beside a message, if one did."""
    if not received:
        return None
    return socket.socket(fileno=_DESCRIPTOR.unpack(received[0][2])[0])
