"""The servers that instances can be sent to by HTTP, by their names."""

import threading
from collections.abc import Mapping

import orjson

from obelisk.config.peers import InvalidPeerError, Peer, read_peer
from obelisk.errors import NotFoundError, StorageError, UnknownNameError
from obelisk.index.base import Index


class Peers:
    """Knows the peers; safe to use from several threads.

    Parameters
    ----------
    index
        Where they are kept, if they are to outlive the server.
    configured
        Those of the configuration (OrthancPeers); the others are forgotten by the end
        of the process. `None` if they are kept in the index (OrthancPeersInDatabase).
    """

    def __init__(self, index: Index, configured: Mapping[str, Peer] | None) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._known = None if configured is None else dict(configured)

    def all(self) -> dict[str, Peer]:
        """Return the peers by their names, in the order of these."""
        if self._known is not None:
            with self._lock:
                return dict(sorted(self._known.items()))
        with self._index.read() as transaction:
            rows = transaction.find_peers()
        return {name: _read(row) for name, row in rows.items()}

    def get(self, name: str) -> Peer:
        """Return the peer of a name, or raise `NotFoundError`."""
        found: Peer | None
        if self._known is not None:
            with self._lock:
                found = self._known.get(name)
        else:
            with self._index.read() as transaction:
                row = transaction.lookup_peer(name)
            found = None if row is None else _read(row)
        if found is None:
            raise NotFoundError("peer", name)
        return found

    def put(self, name: str, peer: Peer) -> None:
        """Add a peer, or replace it."""
        if self._known is not None:
            with self._lock:
                self._known[name] = peer
            return
        row = orjson.dumps(peer.to_json()).decode()
        self._index.write(lambda writer: writer.put_peer(name, row))

    def delete(self, name: str) -> None:
        """Forget a peer, or raise `UnknownNameError`."""
        if self._known is not None:
            with self._lock:
                is_known = self._known.pop(name, None) is not None
        else:
            is_known = self._index.write(lambda writer: writer.delete_peer(name))
        if not is_known:
            raise UnknownNameError("peer", name)


def _read(row: str) -> Peer:
    try:
        return read_peer(orjson.loads(row))
    except InvalidPeerError as error:
        raise StorageError(f"A peer is not as it was: {error}") from error
