"""Metadata of resources: those of the server, and those of its users."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from obelisk.dicom.attribute_json import attributes_json
from obelisk.dicom.levels import Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, STANDARD
from obelisk.dicom.tag_json import TagForm
from obelisk.index.annotation_writing import revision_of
from obelisk.index.base import Index
from obelisk.index.records import BARE, ResourceRow, UserMetadatum
from obelisk.index.revisions import Revision, RevisionCheck
from obelisk.services.content_names import USER_NUMBERS, ContentNames
from obelisk.services.timestamps import utc_text


@dataclass(frozen=True, slots=True)
class Metadatum:
    """One of the metadata of a resource."""

    number: int
    content: bytes
    revision: Revision


class Metadata:
    """Reads metadata, and changes those that are for users.

    Parameters
    ----------
    index
        The index.
    names
        The names of metadata.
    is_revision_required
        Whether a change has to name the revision that it replaces (CheckRevisions).
    clock
        Returns the POSIX time.
    """

    def __init__(
        self,
        index: Index,
        names: ContentNames,
        *,
        is_revision_required: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._is_revision_required = is_revision_required
        self._clock = clock
        #: The names of metadata.
        self.names = names

    def all(self, level: Level, id_: str) -> list[Metadatum]:
        """Return the metadata of a resource, in the order of their numbers.

        Raises
        ------
        NotFoundError
            If there is no such resource; so do all methods that take an id.
        """
        with self._index.read() as transaction:
            row = transaction.get_row(level, id_, BARE)
            given = transaction.find_user_metadata(level, row.pk)
        found = [self._own(*one) for one in own_metadata(level, row).items()]
        found += map(_given, given)
        return sorted(found, key=lambda one: one.number)

    def texts(self, level: Level, rows: Sequence[ResourceRow]) -> list[dict[str, str]]:
        """Return names and values of the metadata of each of some resources."""
        with self._index.read() as transaction:
            given = transaction.find_user_metadata_of(level, [row.pk for row in rows])
        return [
            dict(sorted((own_metadata(level, row) | self._named(users)).items()))
            for row, users in zip(rows, given, strict=True)
        ]

    def _named(self, users: Sequence[UserMetadatum]) -> dict[str, str]:
        return {
            self.names.name(one.number): one.content.decode(errors="replace")
            for one in users
        }

    def _own(self, name: str, value: str) -> Metadatum:
        content = value.encode()
        digest = hashlib.md5(content, usedforsecurity=False)
        revision = Revision(0, digest.hexdigest())
        return Metadatum(self.names.number(name), content, revision)

    def lookup(self, level: Level, id_: str, name: str) -> Metadatum | None:
        """Return one of the metadata of a resource, `None` if it is not set.

        Raises
        ------
        UnknownNameError
            If the name stands for nothing; so do all methods that take a name.
        """
        number = self.names.number(name)
        if number not in USER_NUMBERS:
            found = self.all(level, id_)
            return next((one for one in found if one.number == number), None)
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            one = transaction.lookup_user_metadatum(level, pk, number)
        return None if one is None else _given(one)

    def set(
        self,
        level: Level,
        id_: str,
        name: str,
        content: bytes,
        expected: Revision | None = None,
    ) -> Revision:
        """Set one of the metadata; return its revision.

        Raises
        ------
        ReadOnlyContentError
            If it belongs to the server.
        RevisionConflictError
            If its revision is not the expected one.
        """
        number = self.names.user_number(name)
        check, date = self._check(expected), utc_text(int(self._clock()))
        return self._index.write(
            lambda writer: writer.set_user_metadatum(
                level, id_, number, content, check, date
            )
        )

    def delete(
        self, level: Level, id_: str, name: str, expected: Revision | None = None
    ) -> None:
        """Delete one of the metadata.

        Raises
        ------
        NotFoundError
            If it is not set.
        ReadOnlyContentError, RevisionConflictError
            As `set`.
        """
        number = self.names.user_number(name)
        check, date = self._check(expected), utc_text(int(self._clock()))
        self._index.write(
            lambda writer: writer.delete_user_metadatum(level, id_, number, check, date)
        )

    def _check(self, expected: Revision | None) -> RevisionCheck:
        return RevisionCheck(expected, self._is_revision_required)


def _given(one: UserMetadatum) -> Metadatum:
    return Metadatum(one.number, one.content, revision_of(one))


def own_metadata(level: Level, row: ResourceRow) -> dict[str, str]:
    """Return the metadata of the server about a resource, by name.

    Some are kept as such, the others follow from what is kept elsewhere.
    """
    attributes: dict[str, Any] = orjson.loads(row.attributes)
    found: dict[str, str] = {SIGNATURE_NAME: STANDARD.signatures[level]}
    sequences = {
        name: value for name, value in attributes.items() if isinstance(value, list)
    }
    if sequences:
        written = attributes_json(sequences, TagForm.FULL)
        found["MainDicomSequences"] = json.dumps(
            {"Sequences": written, "Version": 1}, separators=(",", ":")
        )
    if level is not Level.INSTANCE:
        found["LastUpdate"] = row.last_update
    elif (index := _index_text(attributes)) is not None:
        found["IndexInSeries"] = index
    if row.expected_instance_count is not None:
        found["ExpectedNumberOfInstances"] = str(row.expected_instance_count)
    kept: dict[str, str] = orjson.loads(row.metadata)
    return found | kept


def _index_text(attributes: dict[str, Any]) -> str | None:
    """Return the position of an instance as its file says it, number or not."""
    for name in ("InstanceNumber", "ImageIndex"):
        if isinstance(attributes.get(name), str):
            return str(attributes[name]).strip()
    return None
