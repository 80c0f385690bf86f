"""Many resources at once, whatever their levels."""

from collections.abc import Iterable, Iterator

from obelisk.dicom.levels import LEVELS, Level
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
            found = (one for one in LEVELS if transaction.lookup_pk(one, id_))
            return next(found, None)

    def describe(
        self, ids: Iterable[str], target: Level | None = None
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
        wanted: Iterable[tuple[Level, str]] = (
            (level, id_) for id_ in ids if (level := self.lookup_level(id_))
        )
        if target is not None:
            related = {one for found in wanted for one in self._related(*found, target)}
            wanted = ((target, id_) for id_ in sorted(related))
        for level, id_ in wanted:
            try:
                yield self._resources.get(level, id_)
            except NotFoundError:
                continue  # deleted meanwhile

    def _related(self, level: Level, id_: str, target: Level) -> list[str]:
        try:
            if target.depth > level.depth:
                return self._resources.child_ids(level, id_, target)
            if target is not level:
                return [self._resources.ancestor(level, id_, target).id]
        except NotFoundError:
            return []  # deleted meanwhile
        return [id_]

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
