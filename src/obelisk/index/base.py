"""The contract of an index: what a driver must offer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from obelisk.index.reading import ReadTransaction
from obelisk.index.reserve import Reserve
from obelisk.index.writing import WriteTransaction

_T = TypeVar("_T")


class Index(Protocol):
    """A database of what is stored; safe to use from several threads."""

    #: Room that can be given up, should the disk be full.
    reserve: Reserve

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """Open a consistent view for the length of a `with` block."""
        ...

    def version(self) -> int:
        """Return a number that is another one after each transaction that wrote.

        It counts for this process alone, and stays the same while nothing is written.

        Raises
        ------
        IndexUnavailableError
            If the database fails.
        """
        ...

    def write(self, action: Callable[[WriteTransaction], _T]) -> _T:
        """Run an action in a transaction and return its result once it is durable.

        An exception of the action undoes what it did and is raised again. The action
        may run in another thread, together with others in one transaction.

        Raises
        ------
        IndexUnavailableError
            If the database fails; nothing was changed. `IndexFullError` if its disk is
            full.
        ReadOnlyError
            If nothing may be written.
        """
        ...

    def close(self) -> None:
        """Finish what was accepted, then close; idempotent."""
        ...
