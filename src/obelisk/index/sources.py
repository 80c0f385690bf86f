"""Where a search may start: what an index gives for one of its conditions."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.matching import AnyOf, Between, Condition, HasItem, Like
from obelisk.index.conditions import Clause, marks, trigrams_of

#: A search with a limit looks at resources in their order if it cannot start with
#: fewer than these.
SIZE_MAX = 2000
#: A source of so few is taken without counting larger ones further.
_FEW = 50

#: Where the trigrams of an attribute are kept.
_TRIGRAMS = {
    (Level.PATIENT, 0x00100010): "patient_trigram",
    (Level.STUDY, 0x00100010): "study_trigram",
    (Level.STUDY, 0x00081030): "study_description_trigram",
}
_WILDCARDS = ("*", "?")

#: The table of each level.
TABLES = {level: level.name.lower() for level in LEVELS}


class Statement(NamedTuple):
    """An SQL statement that can be run."""

    sql: str
    parameters: tuple[object, ...]


class Source(NamedTuple):
    """A query for row numbers, as `pk`, of all resources that may fulfil a search.

    Each of them, or something below it, fulfils one condition of the search. An index
    finds them, at a cost that grows with their number alone.
    """

    level: Level
    sql: str
    parameters: tuple[object, ...]

    def lifted(self, level: Level) -> "Source":
        """Return a source of what these belong to, at a level or above."""
        if level is self.level:
            return self
        sql, depth = self.sql, self.level.depth
        while depth > level.depth:
            table = TABLES[LEVELS[depth]]
            sql = f"SELECT DISTINCT parent_pk AS pk FROM {table} WHERE pk IN ({sql})"  # noqa: S608 -- names of our own tables
            depth -= 1
        return Source(LEVELS[depth], sql, self.parameters)

    def size(self, size_max: int) -> Statement:
        """Return the statement that counts the rows, to one more than `size_max`."""
        sql = f"SELECT COUNT(*) FROM ({self.sql} LIMIT {size_max + 1})"  # noqa: S608 -- idem
        return Statement(sql, self.parameters)


#: Runs a statement that gives a number.
Measure: TypeAlias = Callable[[Statement], int]


def choose(
    sources: Iterable[Source], measure: Measure, *, is_limited: bool
) -> Source | None:
    """Return the smallest source, `None` if it is better to look at one by one."""
    found = list(sources)
    if not found:
        return None
    if len(found) == 1 and not is_limited:
        return found[0]
    for size_max in (min(_FEW, SIZE_MAX), SIZE_MAX):
        sizes = [measure(source.size(size_max)) for source in found]
        if min(sizes) <= size_max:
            return found[sizes.index(min(sizes))]
    return None if is_limited else found[0]


def column_source(
    level: Level, condition: Condition, clause: Clause, alias: str
) -> Source | None:
    """Return the source for a condition on an indexed column.

    Parameters
    ----------
    level
        The level whose table has the column.
    condition
        What is asked of the column.
    clause
        The same in SQL.
    alias
        The name that this has for the table.
    """
    if not narrows(condition):
        return None
    text, parameters = clause
    sql = f"SELECT {alias}.pk AS pk FROM {TABLES[level]} {alias} WHERE {text}"  # noqa: S608 -- idem
    return Source(level, sql, tuple(parameters))


def modality_source(condition: Condition, clause: Clause, alias: str) -> Source | None:
    """Return the source of the studies that have a modality; see `column_source`."""
    if not narrows(condition):
        return None
    text, parameters = clause
    sql = f"SELECT DISTINCT {alias}.parent_pk AS pk FROM series {alias} WHERE {text}"  # noqa: S608 -- idem
    return Source(Level.STUDY, sql, tuple(parameters))


def trigram_source(level: Level, tag: int, condition: Condition) -> Source | None:
    """Return the source for a text with three characters in a row."""
    table = _TRIGRAMS.get((level, tag))
    trigrams = trigrams_of(condition) if table else None
    if trigrams is None:
        return None
    sql = f"SELECT rowid AS pk FROM {table} WHERE {table} MATCH ?"  # noqa: S608 -- idem
    return Source(level, sql, (trigrams,))


def label_source(level: Level, labels: tuple[str, ...]) -> Source:
    """Return the source of what has one of some labels."""
    sql = (
        "SELECT DISTINCT resource_pk AS pk FROM label"  # noqa: S608 -- idem
        f" WHERE label IN ({marks(labels)}) AND level = {level.depth}"
    )
    return Source(level, sql, labels)


def narrows(condition: Condition) -> bool:
    """Tell whether a condition bounds what an index has to look at."""
    match condition:
        case AnyOf():
            return not condition.is_multiple
        case Like():
            is_open = condition.pattern.startswith(_WILDCARDS)
            return not condition.is_multiple and not is_open
        case Between():
            return True
        case HasItem():
            return False
