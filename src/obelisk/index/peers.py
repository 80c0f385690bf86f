"""Other servers that instances are sent to by HTTP, where the index keeps them."""

from obelisk.index.transaction import Transaction


class PeerReading(Transaction):
    """The part of a `ReadTransaction` that is about peers."""

    def find_peers(self) -> dict[str, str]:
        """Return the descriptions of all peers, by name in their order."""
        return dict(self._run("find_peers"))

    def lookup_peer(self, name: str) -> str | None:
        """Return the description of a peer, `None` if there is none."""
        row = self._run("find_peer", name).fetchone()
        return None if row is None else str(row[0])


class PeerWriting(Transaction):
    """The part of a `WriteTransaction` that is about peers."""

    def put_peer(self, name: str, description: str) -> None:
        """Add a peer, or replace it."""
        self._run("put_peer", name, description)

    def delete_peer(self, name: str) -> bool:
        """Forget a peer; return whether it was known."""
        return self._run("delete_peer", name).rowcount > 0
