"""Many resources at once, whatever their levels."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from obelisk.dicom.levels import Level
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.services.resources import ResourceDescription, Resources


class Bulk:
    """Finds and deletes resources by nothing but their ids."""

    def __init__(self, index: Index, resources: Resources) -> None:
        self._index = index
        self._resources = resources

    def lookup_level(self, id_: str) -> Level | None:
        """Return the level of a resource, `None` if there is none with this id."""
        with self._index.read() as transaction:
            return transaction.lookup_level(id_)

    def describe(
        self, ids: Sequence[str], target: Level | None = None
    ) -> Iterator[ResourceDescription]:
        """Describe resources; those that do not exist are left out.

        Parameters
        ----------
        ids
            The resources.
        target
            Describe what is above or below them at this level instead, each once and
            in the order of the ids.
        """
        wanted = self._resources.known(ids)
        if target is not None:
            wanted = [(target, id_) for id_ in sorted(self._related(wanted, target))]
        for level, group in groupby(wanted, itemgetter(0)):
            yield from self._resources.some(level, [id_ for _, id_ in group])

    def _related(
        self, resources: Iterable[tuple[Level, str]], target: Level
    ) -> set[str]:
        found: set[str] = set()
        with self._index.read() as transaction:
            for level, id_ in resources:
                pk = transaction.lookup_pk(level, id_)
                if pk is None:  # deleted meanwhile
                    continue
                if target.depth > level.depth:
                    found.update(transaction.find_descendant_ids(level, pk, target))
                else:
                    ancestor_pk = transaction.find_ancestor_pk(level, pk, target)
                    found.add(transaction.get_id(target, ancestor_pk))
        return found

    def delete(self, ids: Iterable[str]) -> None:
        """Delete resources one after the other; see `delete_one`."""
        for id_ in ids:
            self.delete_one(id_)

    def delete_one(self, id_: str) -> bool:
        """Delete a resource; return whether it was there."""
        level = self.lookup_level(id_)
        if level is None:
            return False
        try:
            self._resources.delete(level, id_)
        except NotFoundError:
            return False  # deleted meanwhile
        return True
