"""Values of attributes that a client asks for, whatever level they belong to."""

from collections.abc import Sequence
from typing import Any

import orjson

from obelisk.dicom.attribute_json import attributes_json, element_json
from obelisk.dicom.dictionary import name_of
from obelisk.dicom.levels import LEVELS, MAIN_TAGS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, STANDARD, MainTags, key_of
from obelisk.dicom.matching import Query
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.index.reading import ReadTransaction
from obelisk.index.records import BARE, ResourceRow
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.resources import Resources

_INSTANCE_AVAILABILITY = 0x00080056
_MODALITIES_IN_STUDY = 0x00080061
_SOP_CLASSES_IN_STUDY = 0x00080062

#: Numbers of what is below a resource, by the name of the field of `Counts`.
_COUNTS = {
    Level.PATIENT: {
        0x00201200: "study_count",
        0x00201202: "series_count",
        0x00201204: "instance_count",
    },
    Level.STUDY: {0x00201206: "series_count", 0x00201208: "instance_count"},
    Level.SERIES: {0x00201209: "instance_count"},
    Level.INSTANCE: {},
}

#: Never in a file: nothing is known of these beyond the level they belong to.
_NEVER_IN_FILES = {_INSTANCE_AVAILABILITY, _MODALITIES_IN_STUDY, _SOP_CLASSES_IN_STUDY}

#: These are no reason to open a file: Retrieve AE Title, Retrieve URL and counts.
_NOT_WORTH_A_FILE = {0x00080054, 0x00081190}.union(*_COUNTS.values())

_META_GROUP = 0x0002

Values = dict[str, object]


class RequestedTags:
    """Finds the values: in the index, or else in the file of one instance.

    Parameters
    ----------
    index
        What is stored.
    resources
        Opens files.
    default_encoding
        Assumed where Specific Character Set is absent (DefaultEncoding).
    is_storage_read
        Whether attributes that are not indexed are read from files; if not, they are
        left out (StorageAccessOnFind).
    main_tags
        The attributes that are indexed (ExtraMainDicomTags).
    """

    def __init__(
        self,
        index: Index,
        resources: Resources,
        default_encoding: AssumedEncoding,
        *,
        is_storage_read: bool = True,
        main_tags: MainTags = STANDARD,
    ) -> None:
        self._main_tags = main_tags
        self._is_storage_read = is_storage_read
        self._index = index
        self._resources = resources
        self._default_encoding = default_encoding

    def values(
        self,
        level: Level,
        rows: Sequence[ResourceRow],
        tags: Sequence[int],
        form: TagForm,
    ) -> list[Values]:
        """Get the values of attributes for each of some resources.

        Attributes of a higher level are those of the parents, and others come from
        the file of the first instance; what is indexed but absent is left out, unless
        it was not indexed yet when the resource came. A resource that was deleted
        meanwhile has none.

        Parameters
        ----------
        level
            That of the resources.
        rows
            The resources.
        tags
            The attributes.
        form
            How to write keys and values.
        """
        others = self.unindexed(level, tags)
        found: list[Values] = []
        wanted: list[tuple[str, set[int]] | None] = []
        with self._index.read() as transaction:
            indexed = _Indexed(transaction, level, tags, self._main_tags)
            indexed.look_up_parents(rows)
            present = transaction.find_present(
                level, [(row.pk, row.id) for row in rows]
            )
            for row in rows:
                is_there = (row.pk, row.id) in present
                values = indexed.values(row) if is_there else {}
                found.append(dict(attributes_json(values, form)))
                unread = others | indexed.unknown(row) if is_there else set()
                is_read = self._is_storage_read and not unread <= _NOT_WORTH_A_FILE
                first = transaction.find_first_instance_id
                wanted.append((first(level, row.pk), unread) if is_read else None)
        for shown, one in zip(found, wanted, strict=True):
            if one is not None:
                shown.update(self._read(one[0], sorted(one[1]), form))
        return [dict(sorted(shown.items())) for shown in found]

    def searched(self, query: Query) -> tuple[int, ...]:
        """Return the attributes that a query is about and that are not indexed."""
        tags = (constraint.tag for constraint in query.constraints)
        return tuple(tag for tag in tags if tag not in self._main_tags.all)

    def unindexed(self, level: Level, tags: Sequence[int]) -> set[int]:
        """Return those of some tags that only a file tells."""
        indexed = {
            tag
            for other in LEVELS[: level.depth + 1]
            for tag in self._main_tags.by_level[other]
        }.union(_COUNTS[level], _NEVER_IN_FILES)
        return {tag for tag in tags if tag not in indexed and tag >> 16 != _META_GROUP}

    def _read(self, instance_id: str, tags: Sequence[int], form: TagForm) -> Values:
        """Read attributes from a file; nothing if it was deleted meanwhile."""
        try:
            file = self._resources.open_file(instance_id)
            with file.dataset(self._default_encoding.name) as dataset:
                return dict(
                    element_json(tag, dataset.lookup(tag), form) for tag in tags
                )
        except NotFoundError:
            return {}


class _Indexed:
    """Looks up attributes of resources of one level, and of their ancestors."""

    def __init__(
        self,
        transaction: ReadTransaction,
        level: Level,
        tags: Sequence[int],
        main_tags: MainTags,
    ) -> None:
        self._main_tags = main_tags
        self._transaction = transaction
        self._level = level
        self._tags = frozenset(tags)
        self._wanted = frozenset(map(key_of, tags))
        self._parents: dict[str, ResourceRow] = {}
        self._of_ancestors: dict[tuple[Level, str], dict[str, Any]] = {}
        self._has_ancestors = any(
            tag in self._tags
            for other in LEVELS[: level.depth]
            for tag in main_tags.by_level[other]
        )
        #: Those that the configuration adds, which older resources may lack.
        self._extra = {
            other: self._tags.intersection(main_tags.by_level[other])
            - set(MAIN_TAGS[other])
            for other in LEVELS[: level.depth + 1]
        }

    def look_up_parents(self, rows: Sequence[ResourceRow]) -> None:
        """Read the parents of some resources at once, if they matter."""
        parent = self._level.parent
        ids = {
            row.parent_id
            for row in rows
            if row.parent_id and row.patient_attributes is None
        }
        if parent is not None and self._has_ancestors and ids:
            found = self._transaction.find_rows_by_id(parent, list(ids), BARE)
            self._parents = {row.id: row for row in found}

    def values(self, row: ResourceRow) -> dict[str, Any]:
        """Return names and values."""
        return self._own(self._level, row) | self._computed(row)

    def unknown(self, row: ResourceRow) -> set[int]:
        """Return the tags that were not indexed yet when a resource came.

        What a study keeps of its patient has no signature, so that what it lacks may
        have been added since.
        """
        level: Level | None = self._level
        unknown: set[int] = set()
        known = self._own(self._level, row).keys() if any(self._extra.values()) else ()
        while level is not None and any(self._extra.values()):
            kept = orjson.loads(row.metadata)
            signature = kept.get(SIGNATURE_NAME, STANDARD.signatures[level])
            is_copy = level is Level.PATIENT and self._level is not level
            if is_copy or signature != self._main_tags.signatures[level]:
                unknown |= {t for t in self._extra[level] if key_of(t) not in known}
            level = level.parent
            if level is not None and row.parent_id:
                row = self._transaction.get_row(level, row.parent_id, BARE)
        return unknown

    def _own(self, level: Level, row: ResourceRow) -> dict[str, Any]:
        """Return what a resource and its ancestors say; the nearest one counts."""
        found: dict[str, Any] = {}
        if row.patient_attributes is not None:
            found |= self._chosen(row.patient_attributes)
        elif level.parent and row.parent_id and self._has_ancestors:
            found |= self._inherited(level.parent, row.parent_id)
        return found | self._chosen(row.attributes)

    def _inherited(self, level: Level, id_: str) -> dict[str, Any]:
        known = self._of_ancestors.get((level, id_))
        if known is None:
            row = self._parents.get(id_)
            if row is None:
                row = self._transaction.get_row(level, id_, BARE)
            known = self._own(level, row)
            self._of_ancestors[level, id_] = known
        return known

    def _chosen(self, encoded: str) -> dict[str, Any]:
        attributes = orjson.loads(encoded)
        return {name: attributes[name] for name in self._wanted & attributes.keys()}

    def _computed(self, row: ResourceRow) -> dict[str, Any]:
        """Return what is no attribute of a file, but tells of the archive."""
        tags, index, found = self._tags, self._transaction, {}
        counted = _COUNTS[self._level].keys() & tags
        if counted:
            counts = index.counts_of(self._level, row.pk)
            for tag in counted:
                field = _COUNTS[self._level][tag]
                found[name_of(tag)] = str(getattr(counts, field))
        if self._level is Level.STUDY and _MODALITIES_IN_STUDY in tags:
            found["ModalitiesInStudy"] = "\\".join(index.find_modalities(row.pk))
        if self._level is Level.STUDY and _SOP_CLASSES_IN_STUDY in tags:
            found["SOPClassesInStudy"] = "\\".join(index.find_sop_classes(row.pk))
        if self._level is Level.INSTANCE and _INSTANCE_AVAILABILITY in tags:
            found["InstanceAvailability"] = "ONLINE"
        return found
