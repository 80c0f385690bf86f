"""How much may be stored, and what goes away to make room for more."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from obelisk.dicom.levels import Level
from obelisk.errors import StorageFullError
from obelisk.index.base import Index
from obelisk.index.writing import WriteTransaction
from obelisk.services.removal import Removal

_log = logging.getLogger("obelisk.storage")


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be stored; the names of the options stand in brackets.

    Attributes
    ----------
    disk_size_max
        The bytes of all files together, 0 for any number (MaximumStorageSize).
    patient_count_max
        The number of patients, 0 for any number (MaximumPatientCount).
    is_recycling
        Whether old patients are deleted to make room (MaximumStorageMode).
    """

    disk_size_max: int = 0
    patient_count_max: int = 0
    is_recycling: bool = True

    def make_room(self, writer: WriteTransaction, level: Level, id_: str) -> list[str]:
        """Let the archive fit after a resource grew, in the same transaction.

        Patients that are not protected are deleted, those first that did not grow for
        the longest time, but never the one that grew.

        Returns
        -------
        list
            The keys of files to be removed.

        Raises
        ------
        StorageFullError
            If that does not help, or must not be; nothing was deleted.
        """
        if not self._is_exceeded(writer):
            return []
        pk = writer.find_ancestor_pk(level, writer.get_pk(level, id_), Level.PATIENT)
        own_size = writer.counts_of(Level.PATIENT, pk).disk_size
        if not self.is_recycling or 0 < self.disk_size_max < own_size:
            raise StorageFullError("There is no room within the quota")
        return self.recycle(writer, pk)

    def recycle(
        self, writer: WriteTransaction, kept_pk: int | None = None
    ) -> list[str]:
        """Delete patients as `make_room`, all but one of them being candidates."""
        keys: list[str] = []
        for id_ in list(self._superfluous(writer, kept_pk)):
            keys += writer.delete(Level.PATIENT, id_).keys
        return keys

    def _is_exceeded(self, writer: WriteTransaction) -> bool:
        if not self.disk_size_max and not self.patient_count_max:
            return False
        return any(excess > 0 for excess in self._excesses(writer))

    def _excesses(self, writer: WriteTransaction) -> tuple[int, int]:
        """Return how many bytes and patients there are too many, if above 0."""
        total, size_max, count_max = (
            writer.total_counts(),
            self.disk_size_max,
            self.patient_count_max,
        )
        return (
            total.disk_size - size_max if size_max else 0,
            total.patient_count - count_max if count_max else 0,
        )

    def _superfluous(
        self, writer: WriteTransaction, kept_pk: int | None
    ) -> Iterator[str]:
        """Yield the ids of the patients that have to go."""
        size, count = self._excesses(writer)
        candidates = writer.iter_recyclable(kept_pk)
        while size > 0 or count > 0:
            found = next(candidates, None)
            if found is None:
                raise StorageFullError("No other patient may be deleted to make room")
            id_, disk_size = found
            size, count = size - disk_size, count - 1
            yield id_


#: Any number of patients, of any size.
UNLIMITED = Quota()


def enforce(quota: Quota, index: Index, removal: Removal) -> None:
    """Delete what a quota that was lowered leaves no room for, if it says so."""
    if not quota.is_recycling:
        return
    try:
        removal.remove(index.write(quota.recycle))
    except StorageFullError:
        _log.warning("More is stored than the quota allows, and it is protected")
