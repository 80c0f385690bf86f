"""The change log: what happened to which resource, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from obelisk.index.base import Index
from obelisk.index.job_records import JobEvent, JobEventType
from obelisk.index.records import Change, ChangeType
from obelisk.index.writing import WriteTransaction

Entry = TypeVar("Entry", Change, JobEvent)


@dataclass(frozen=True, slots=True)
class ChangesPage(Generic[Entry]):
    """Some changes or events in ascending order, and whether they reach the end.

    `first` is the number of the first one, if there is one; `last` that of the last
    one, or of the last change that ever was if there is none.
    """

    changes: list[Entry]
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
    ) -> ChangesPage[Change]:
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
        return _cut(found, limit, last, is_backward=is_backward)

    def job_page(
        self,
        types: Sequence[JobEventType],
        since: int | None = None,
        limit: int = 100,
        to: int | None = None,
    ) -> ChangesPage[JobEvent]:
        """Return at most `limit` events of jobs, which have numbers of their own.

        See `page`; here, types must be named.
        """
        is_backward = to is not None and since is None
        with self._index.read() as transaction:
            last = transaction.last_job_event()
            found = transaction.find_job_events(
                types,
                since=since or 0,
                limit=limit + 1,
                to=to,
                is_backward=is_backward,
            )
        return _cut(found, limit, last, is_backward=is_backward)

    def last(self) -> ChangesPage[Change]:
        """Return the last change."""
        with self._index.read() as transaction:
            last = transaction.last_change()
            found = transaction.find_changes(since=0, limit=1, is_backward=True)
        first = found[0].seq if found else None
        return ChangesPage(found, True, first, first or last)

    def clear(self) -> None:
        """Empty the change log, and that of jobs; numbers go on where they were."""

        def clear(writer: WriteTransaction) -> None:
            writer.clear_changes()
            writer.clear_job_events()

        self._index.write(clear)


def _cut(
    found: list[Entry], limit: int, last: int, *, is_backward: bool
) -> ChangesPage[Entry]:
    """Return the page of what was found, which is one more than `limit` at most."""
    is_done = len(found) <= limit
    changes = found if is_done else found[1:] if is_backward else found[:limit]
    if not changes:
        return ChangesPage([], is_done, None, last)
    return ChangesPage(changes, is_done, changes[0].seq, changes[-1].seq)
