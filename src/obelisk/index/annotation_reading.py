"""What users attached to resources: metadata, content types, labels, protection."""

from collections.abc import Iterator, Sequence

import orjson

from obelisk.dicom.levels import Level
from obelisk.index.records import UserMetadatum
from obelisk.index.transaction import FEW, Transaction


class AnnotationReading(Transaction):
    """The part of a `ReadTransaction` that is about annotations."""

    def find_user_metadata(self, level: Level, pk: int) -> list[UserMetadatum]:
        """Return the user-defined metadata of a resource, in order of the numbers."""
        rows = self._run("find_user_metadata", level.depth, pk)
        return list(map(UserMetadatum._make, rows))

    def find_user_metadata_of(
        self, level: Level, pks: Sequence[int]
    ) -> list[list[UserMetadatum]]:
        """Return the user-defined metadata of each of some resources."""
        if len(pks) < FEW:
            return [self.find_user_metadata(level, pk) for pk in pks]
        listed = orjson.dumps(pks).decode()
        found: dict[int, list[UserMetadatum]] = {}
        for pk, *row in self._run("find_user_metadata_of_some", level.depth, listed):
            found.setdefault(pk, []).append(UserMetadatum._make(row))
        return [found.get(pk, []) for pk in pks]

    def lookup_user_metadatum(
        self, level: Level, pk: int, number: int
    ) -> UserMetadatum | None:
        """Return one of the user-defined metadata, `None` if there is none."""
        row = self._run("find_user_metadatum", level.depth, pk, number).fetchone()
        return None if row is None else UserMetadatum._make(row)

    def find_content_types(self, level: Level, pk: int) -> list[int]:
        """Return the content types of the attachments of a resource, ascending."""
        rows = self._run("find_content_types", level.depth, pk)
        return [content_type for (content_type,) in rows]

    def find_labels(self, level: Level, pk: int) -> list[str]:
        """Return the labels of a resource, in their order."""
        return [label for (label,) in self._run("find_labels", level.depth, pk)]

    def find_all_labels(self) -> list[str]:
        """Return every label that a resource has, in their order."""
        return [label for (label,) in self._run("find_all_labels")]

    def is_protected(self, pk: int) -> bool:
        """Tell whether a patient is protected against recycling."""
        return bool(self._run("find_protection", pk).fetchone()[0])

    def iter_recyclable(self, kept_pk: int | None) -> Iterator[tuple[str, int]]:
        """Yield id and disk size of the patients that may be recycled, oldest first.

        Those who are protected are left out, and so is the one with a row number.
        """
        return self._run("find_recyclable", kept_pk)
