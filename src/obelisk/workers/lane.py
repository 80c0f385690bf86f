"""Connections on their way to a worker, which another process can still take."""

import errno
import os
import socket
import struct
from contextlib import suppress
from typing import Any

from obelisk.workers.rights import RIGHTS_BYTES, pack_rights, unpack_rights

_STAMP = struct.Struct("@d")


class Lane:
    """A queue of connections between processes; each goes to whoever takes it first.

    It is made before the processes are forked, and outlives a worker that dies: the
    kernel keeps what is in it.
    """

    def __init__(self) -> None:
        kind = socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK
        self._entry, self._exit = socket.socketpair(socket.AF_UNIX, kind)

    def put(self, stamp: float, descriptor: int | None = None) -> None:
        """Put a connection in, or only a mark.

        Parameters
        ----------
        stamp
            When it came.
        descriptor
            The connection; whoever takes it gets a descriptor of its own.

        Raises
        ------
        OSError
            If the lane is full.
        """
        self._entry.sendmsg([_STAMP.pack(stamp)], pack_rights(descriptor))

    def oldest(self) -> float | None:
        """Return the stamp of what has been here for longest, `None` if it is empty."""
        with suppress(BlockingIOError):
            data = self._exit.recv(_STAMP.size, socket.MSG_PEEK)
            stamp: float = _STAMP.unpack(data)[0]
            return stamp
        return None

    def take(self) -> socket.socket:
        """Take the next connection out, and the marks before it.

        Raises
        ------
        BlockingIOError
            If there is none.
        ConnectionAbortedError
            If it was lost on its way.
        OSError
            If this process must not open more files; the connection stays then.
        """
        while True:
            self._ensure_room()
            _, rights, flags, _ = self._exit.recvmsg(
                _STAMP.size, RIGHTS_BYTES, socket.MSG_CMSG_CLOEXEC
            )
            if flags & socket.MSG_CTRUNC:
                raise _lost()
            client = unpack_rights(rights)
            if client is not None:
                return client

    def _ensure_room(self) -> None:
        """Raise if a connection comes next that the kernel would have to drop."""
        try:
            os.close(os.dup(self._exit.fileno()))
        except OSError:
            _, _, flags, _ = self._exit.recvmsg(_STAMP.size, 0, socket.MSG_PEEK)
            if flags & socket.MSG_CTRUNC:  # it is no mark
                raise

    def fileno(self) -> int:
        """Return what can be polled for connections."""
        return self._exit.fileno()

    def accept(self) -> tuple[socket.socket, Any]:
        """Take the next connection out, as a socket that listens does.

        Raises
        ------
        OSError
            See `take`; a client that has left already is a connection that was lost.
        """
        client = self.take()
        try:
            return client, client.getpeername()
        except OSError as error:
            client.close()
            raise _lost() from error

    def close(self) -> None:
        """Close it, in this process only."""
        self._entry.close()
        self._exit.close()


def _lost() -> OSError:
    return OSError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
