"""The change log: what happened to which resource, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from obelisk.index.base import Index
from obelisk.index.records import Change, ChangeType


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Some changes in ascending order, and whether they reach the end of the log.

    `first` is the number of the first one, if there is one; `last` that of the last
    one, or of the last change that ever was if there is none.
    """

    changes: list[Change]
    is_done: bool
    first: int | None
    last: int


class Changes:
    """Reads and clears the change log."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def page(
        self,
        since: int | None = None,
        limit: int = 100,
        to: int | None = None,
        types: Sequence[ChangeType] = (),
    ) -> ChangesPage:
        """Return at most `limit` changes.

        Parameters
        ----------
        since
            The number after which to start; without it, and with `to`, the last
            changes up to `to` are returned.
        limit
            The number of changes at most, 0 or more.
        to
            The number of the last change that is wanted.
        types
            The kinds of changes that are wanted; all if empty.
        """
        is_backward = to is not None and since is None
        with self._index.read() as transaction:
            last = transaction.last_change()
            found = transaction.find_changes(
                since=since or 0,
                limit=limit + 1,
                to=to,
                types=types,
                is_backward=is_backward,
            )
        is_done = len(found) <= limit
        changes = found if is_done else found[1:] if is_backward else found[:limit]
        if not changes:
            return ChangesPage([], is_done, None, last)
        return ChangesPage(changes, is_done, changes[0].seq, changes[-1].seq)

    def last(self) -> ChangesPage:
        """Return the last change."""
        with self._index.read() as transaction:
            last = transaction.last_change()
            found = transaction.find_changes(since=0, limit=1, is_backward=True)
        return ChangesPage(found, True, found[0].seq if found else None, last)

    def clear(self) -> None:
        """Empty the change log; numbers go on where they were."""
        self._index.write(lambda writer: writer.clear_changes())
