"""Files that nothing names any more go away, also after a crash."""

import logging
from collections.abc import Iterable

from obelisk.errors import StorageError
from obelisk.index.base import Index
from obelisk.storage.base import Storage

_log = logging.getLogger("obelisk.storage")


class Removal:
    """Removes files whose attachments were deleted in a committed transaction."""

    def __init__(self, index: Index, storage: Storage) -> None:
        self._index = index
        self._storage = storage

    def remove(self, keys: list[str]) -> None:
        """Remove files that the index lists as removals.

        What cannot be removed now stays on the list for `recover`; what the output of a
        job needs, until that is deleted.
        """
        if not keys:
            return
        with self._index.read() as transaction:
            kept = transaction.find_kept_keys(keys)
        removed = []
        for key in filter(lambda key: key not in kept, keys):
            try:
                self._storage.delete(key)
            except StorageError as error:
                _log.warning("File %s stays for now: %s", key, error)
            else:
                removed.append(key)
        if removed:
            self._index.write(lambda writer: writer.confirm_removals(removed))

    def recover(self, *, is_first: bool = True) -> None:
        """Finish what a dead process left: half-written files, and removals.

        Parameters
        ----------
        is_first
            Whether no other process works yet, so that nobody holds any file.
        """
        if is_first:
            self._index.write(lambda writer: writer.forget_holders())
        lost_count = self._storage.recover(self._find_known_keys)
        with self._index.read() as transaction:
            removals = transaction.find_removals()
        self.remove(removals)
        if lost_count or removals:
            _log.warning(
                "Recovered: %d unfinished files and %d deleted files were removed",
                lost_count,
                len(removals),
            )

    def _find_known_keys(self, keys: Iterable[str]) -> set[str]:
        """Ask the index as it is now: a process may have died since it was asked."""
        with self._index.read() as transaction:
            return transaction.find_known_keys(keys)
