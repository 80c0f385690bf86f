"""Find, count and look up what is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.dicom.matching import NOTHING, AnyOf, Constraint, Query, fold
from obelisk.dicom.parsing import Dataset, Element
from obelisk.errors import (
    InvalidArgumentError,
    InvalidInputError,
    NotFoundError,
)
from obelisk.index.base import Index
from obelisk.index.expressions import level_of
from obelisk.index.records import WHOLE, RowParts
from obelisk.services.resources import ResourceDescription, Resources, describe
from obelisk.services.samples import Samples

#: The attributes that a resource is looked up by.
_UNIQUE_KEYS = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSettings:
    """How resources are found; the names of the options stand in brackets.

    Attributes
    ----------
    result_count_max
        How many patients, studies or series are given at most, 0 for any number
        (LimitFindResults).
    instance_count_max
        How many instances are given at most, 0 for any number (LimitFindInstances).
    is_storage_read
        Whether attributes that are not indexed are read from files; if not, they
        match nothing (StorageAccessOnFind).
    main_tags
        The attributes that are indexed (ExtraMainDicomTags).
    """

    result_count_max: int = 0
    instance_count_max: int = 0
    is_storage_read: bool = True
    main_tags: MainTags = STANDARD


class Finding:
    """Answers queries; safe to use from several threads."""

    def __init__(
        self,
        index: Index,
        resources: Resources,
        samples: Samples,
        settings: FindSettings,
    ) -> None:
        self._index = index
        self._resources = resources
        self._samples = samples
        self._settings = settings

    def ids(self, query: Query) -> list[str]:
        """Return the ids of the resources that a query looks for.

        Raises
        ------
        InvalidInputError
            If the query skips resources and names attributes that are not indexed.
        InvalidArgumentError
            If its order or parents are not possible at its level.
        """
        query = self._limited(query)
        indexed, others = self._split(query)
        if not others:
            return self._indexed_ids(query)
        if query.since:
            raise InvalidInputError(
                "Since is not possible with attributes that are not indexed"
            )
        if not self._settings.is_storage_read or _is_in_vain(others):
            return []
        wanted = query._replace(constraints=indexed, limit=None)
        found = (
            id_
            for id_ in self._indexed_ids(wanted)
            if self._matches(query.level, id_, others)
        )
        return list(islice(found, query.limit))

    def find(self, query: Query, parts: RowParts = WHOLE) -> list[ResourceDescription]:
        """Describe the resources that a query looks for; see `ids`."""
        level = query.level
        if self._split(query)[1]:
            return list(self._described(level, self.ids(query), parts))
        with self._index.read() as transaction:
            found = transaction.find(self._limited(query))
            rows = transaction.get_rows_by_pk(level, [pk for pk, _ in found], parts)
            return describe(transaction, level, rows, parts)

    def count(self, query: Query) -> int:
        """Return how many resources a query looks for, whatever part of them.

        Raises
        ------
        InvalidInputError
            If the query names attributes that are not indexed.
        """
        _, others = self._split(query)
        if others:
            raise InvalidInputError(
                "Resources cannot be counted by attributes that are not indexed"
            )
        with self._index.read() as transaction:
            return transaction.count(query)

    def lookup(self, identifier: str) -> list[tuple[Level, str]]:
        """Find what has an identifier of the standard, whatever the case of letters.

        Parameters
        ----------
        identifier
            A Patient ID, or a Study, Series or SOP Instance UID.

        Returns
        -------
        list
            Level and id of each resource, patients first.

        Raises
        ------
        InvalidArgumentError
            If there are wild cards in it.
        """
        if "*" in identifier or "?" in identifier:
            raise InvalidArgumentError("An identifier has no wild cards")
        wanted = AnyOf((identifier,), is_case_sensitive=False)
        found: list[tuple[Level, str]] = []
        with self._index.read() as transaction:
            for level in LEVELS:
                constraint = Constraint(_UNIQUE_KEYS[level], wanted)
                query = Query(level=level, constraints=(constraint,))
                found += [(level, id_) for _, id_ in transaction.find(query)]
                if level is Level.PATIENT:
                    padded = transaction.find_padded_patients(fold(identifier))
                    found += [(level, id_) for _, id_ in padded]
        return found

    def _split(
        self, query: Query
    ) -> tuple[tuple[Constraint, ...], tuple[Constraint, ...]]:
        """Separate the constraints that the index knows from the others."""
        indexed: list[Constraint] = []
        others: list[Constraint] = []
        main_tags = self._settings.main_tags
        for constraint in query.constraints:
            is_indexed = level_of(constraint.tag, query.level, main_tags) is not None
            (indexed if is_indexed else others).append(constraint)
        return tuple(indexed), tuple(others)

    def _limited(self, query: Query) -> Query:
        """Apply the limit of the configuration."""
        settings = self._settings
        is_instance = query.level is Level.INSTANCE
        most = settings.instance_count_max if is_instance else settings.result_count_max
        if not most or (query.limit is not None and query.limit <= most):
            return query
        return query._replace(limit=most)

    def _indexed_ids(self, query: Query) -> list[str]:
        with self._index.read() as transaction:
            return [id_ for _, id_ in transaction.find(query)]

    def _described(
        self, level: Level, ids: list[str], parts: RowParts
    ) -> Iterator[ResourceDescription]:
        for id_ in ids:
            try:
                yield self._resources.get(level, id_, parts)
            except NotFoundError:
                continue  # deleted meanwhile

    def _matches(
        self, level: Level, id_: str, constraints: tuple[Constraint, ...]
    ) -> bool:
        """Tell whether the first instance of a resource has attributes as wanted.

        It is the one of which `RequestedTags` are shown.
        """
        try:
            with self._samples.open_oldest(level, id_) as dataset:
                return all(
                    one.condition.matches(_value(dataset.lookup(one.tag)))
                    for one in constraints
                )
        except NotFoundError:
            return False  # deleted meanwhile


def _is_in_vain(constraints: tuple[Constraint, ...]) -> bool:
    """Tell whether nothing can be found, so that no file needs to be read."""
    return any(one.condition == NOTHING for one in constraints)


def _value(element: Element | None) -> object:
    """Return text, a list of items by tag, or `None`, as conditions compare."""
    if element is None:
        return None
    if element.items is None:
        return element.text
    return [_item(item) for item in element.items]


def _item(dataset: Dataset) -> dict[int, object]:
    return {element.tag: _value(element) for element in dataset}
