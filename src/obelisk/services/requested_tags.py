"""Attributes that a client asks for beside those that a resource shows anyway."""

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from obelisk.dicom.dictionary import name_of
from obelisk.dicom.levels import LEVELS, MAIN_TAGS, Level
from obelisk.dicom.parsing import Dataset, Element
from obelisk.dicom.tag_json import TagForm, tags_json
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.index.reading import ReadTransaction
from obelisk.index.records import ResourceRow
from obelisk.services.resources import ResourceDescription
from obelisk.services.samples import Samples

_MODALITIES_IN_STUDY = 0x00080061
_SOP_CLASSES_IN_STUDY = 0x00080062
_INSTANCE_AVAILABILITY = 0x00080056

#: Attributes that count what is below a resource (PS3.4 C.3.4), and which counter.
_COUNTS = {
    0x00201200: (Level.PATIENT, "study_count"),
    0x00201202: (Level.PATIENT, "series_count"),
    0x00201204: (Level.PATIENT, "instance_count"),
    0x00201206: (Level.STUDY, "series_count"),
    0x00201208: (Level.STUDY, "instance_count"),
    0x00201209: (Level.SERIES, "instance_count"),
}
_COLLECTED = frozenset(
    {_MODALITIES_IN_STUDY, _SOP_CLASSES_IN_STUDY, _INSTANCE_AVAILABILITY}
)


class RequestedTags:
    """Gets attributes from wherever they are; safe to use from several threads.

    Parameters
    ----------
    index
        What is stored.
    samples
        Opens files.
    is_storage_read
        Whether attributes that are not indexed are read from files
        (StorageAccessOnFind).
    """

    def __init__(
        self, index: Index, samples: Samples, *, is_storage_read: bool = True
    ) -> None:
        self._index = index
        self._samples = samples
        self._is_storage_read = is_storage_read

    def of(
        self, described: ResourceDescription, tags: Collection[int]
    ) -> dict[int, Any]:
        """Return the attributes of a resource, by tag.

        Attributes of its level or above come from the index, and are left out if it
        does not have them. Others are those of one of its instances, `None` if that
        does not have them, and are left out if files must not be read. What counts
        resources of another level is there only if a file is read anyway.

        Returns
        -------
        dict
            Text, `None`, or for sequences a list of items by name.
        """
        level = described.level
        indexed = {tag for at in LEVELS[: level.depth + 1] for tag in MAIN_TAGS[at]}
        with self._index.read() as transaction:
            if transaction.lookup_pk(level, described.id) is None:
                return {}  # deleted meanwhile
            found = _indexed(transaction, described.row, level)
            values = {
                tag: found[name]
                for tag in tags
                if tag in indexed and (name := name_of(tag)) in found
            }
            values |= _computed(transaction, described.row.pk, level, tags)
        others = [
            tag
            for tag in tags
            if tag not in indexed and tag not in _COUNTS and tag not in _COLLECTED
        ]
        if others and self._is_storage_read:
            counters = [tag for tag in tags if tag in _COUNTS and tag not in values]
            values |= self._read(described, [*others, *counters])
        return values

    def _read(
        self, described: ResourceDescription, tags: Iterable[int]
    ) -> dict[int, Any]:
        try:
            with self._samples.open(described.level, described.id) as dataset:
                return {tag: _value(dataset.lookup(tag)) for tag in tags}
        except NotFoundError:
            return {}  # deleted meanwhile


def _indexed(
    transaction: ReadTransaction, row: ResourceRow, level: Level
) -> dict[str, Any]:
    """Return the attributes of a resource and of those above it, by name."""
    found: dict[str, Any] = {}
    pk = row.pk
    for at in LEVELS[min(1, level.depth) : level.depth + 1]:
        ancestor_pk = transaction.find_ancestor_pk(level, pk, at)
        own = row if at is level else transaction.get_row_by_pk(at, ancestor_pk)
        if own.patient_attributes:
            found |= orjson.loads(own.patient_attributes)
        found |= orjson.loads(own.attributes)
    return found


def _computed(
    transaction: ReadTransaction, pk: int, level: Level, tags: Iterable[int]
) -> dict[int, Any]:
    """Return what follows from what is stored."""
    values: dict[int, Any] = {}
    counts = transaction.counts_of(level, pk)
    for tag in tags:
        at, counter = _COUNTS.get(tag, (None, ""))
        if at is level:
            values[tag] = str(getattr(counts, counter))
        elif tag == _MODALITIES_IN_STUDY and level is Level.STUDY:
            values[tag] = "\\".join(transaction.find_modalities(pk))
        elif tag == _SOP_CLASSES_IN_STUDY and level is Level.STUDY:
            values[tag] = "\\".join(transaction.find_sop_classes(pk))
        elif tag == _INSTANCE_AVAILABILITY and level is Level.INSTANCE:
            values[tag] = "ONLINE"
    return values


def _value(element: Element | None) -> object:
    if element is None:
        return None
    if element.items is None:
        return element.text
    return [_item(item) for item in element.items]


def _item(item: Dataset) -> dict[str, object]:
    return tags_json(item, TagForm.SIMPLE)
