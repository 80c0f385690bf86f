"""Query → SQL text and parameters."""

from collections.abc import Iterable

from obelisk.dicom.dictionary import format_tag, is_sequence
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.dicom.matching import (
    Condition,
    Constraint,
    HasItem,
    LabelsRule,
    Order,
    OrderType,
    Query,
)
from obelisk.errors import InvalidArgumentError
from obelisk.index.conditions import (
    Clause,
    all_of,
    condition_clause,
    item_clause,
    marks,
)
from obelisk.index.expressions import (
    COLLECTED,
    COLUMNS,
    MODALITIES_IN_STUDY,
    alias_of,
    expressions_of,
    level_of,
    metadata_expression,
    path_of,
)
from obelisk.index.sources import (
    TABLES,
    Measure,
    Source,
    Statement,
    choose,
    column_source,
    label_source,
    modality_source,
    narrows,
    trigram_source,
)

#: Attributes without a column that are put in order regardless of case, like those
#: with one; all others are put in the order of their characters.
_FOLDED = frozenset({0x00081030})
#: Attributes with a column that are put in the order of their characters all the same.
_UNFOLDED = frozenset({0x00080060})

_CASTS = {
    OrderType.TEXT: "{}",
    OrderType.INTEGER: "CAST({} AS INTEGER)",
    OrderType.FLOAT: "CAST({} AS REAL)",
}


def compile_find(
    query: Query, measure: Measure, main_tags: MainTags = STANDARD
) -> Statement:
    """Return the statement that gives row numbers and ids of the resources.

    Raises
    ------
    InvalidArgumentError
        If the order or a parent is not possible at the level of the query.
    """
    simplest = _find_by_column(query, main_tags)
    if simplest is not None:
        return simplest
    compiler = _Compiler(query, main_tags)
    where, parameters = compiler.where()
    order = compiler.order()
    alias = alias_of(query.level)
    part, numbers = _part(query)
    source = choose(compiler.sources, measure, is_limited=query.limit is not None)
    sql = (
        f"SELECT {alias}.pk, {alias}.id FROM {compiler.tables(source)}"  # noqa: S608 -- names of our own tables
        f"{where} ORDER BY {order}{part}"
    )
    first = source.parameters if source else ()
    return Statement(sql, (*first, *parameters, *numbers))


def _find_by_column(query: Query, main_tags: MainTags) -> Statement | None:
    """Return the statement for one condition on a column, as most searches have."""
    if len(query.constraints) != 1 or query.limit is not None:
        return None
    level, (constraint,) = query.level, query.constraints
    tag, condition = constraint.tag, constraint.condition
    if (level, tag) not in COLUMNS or not narrows(condition):
        return None
    if query.labels or query.labels_rule is LabelsRule.NONE:
        return None
    if query.parents or query.metadata or query.order:
        return None
    alias = alias_of(level)
    value, column = expressions_of(alias, level, tag, main_tags)
    text, parameters = condition_clause(condition, value, column)
    part, numbers = _part(query)
    # The plus keeps SQLite from looking at everything in the order of the ids.
    sql = (
        f"SELECT {alias}.pk, {alias}.id FROM {TABLES[level]} {alias}"  # noqa: S608 -- idem
        f" WHERE {text} ORDER BY +{alias}.id{part}"
    )
    return Statement(sql, (*parameters, *numbers))


def _part(query: Query) -> Clause:
    """Return which part of all is wanted; SQLite sorts faster if it is all."""
    if query.limit is None and not query.since:
        return "", []
    limit = -1 if query.limit is None else query.limit
    return " LIMIT ? OFFSET ?", [limit, query.since]


def compile_count(
    query: Query, measure: Measure, main_tags: MainTags = STANDARD
) -> Statement:
    """Return the statement that counts the resources, whatever `since` and `limit`."""
    compiler = _Compiler(query, main_tags)
    where, parameters = compiler.where()
    source = choose(compiler.sources, measure, is_limited=False)
    sql = f"SELECT COUNT(*) FROM {compiler.tables(source)}{where}"  # noqa: S608 -- idem
    first = source.parameters if source else ()
    return Statement(sql, (*first, *parameters))


class _Compiler:
    """Writes the parts of a statement; notes which ancestors it needs."""

    def __init__(self, query: Query, main_tags: MainTags) -> None:
        self._query = query
        self._main_tags = main_tags
        self._top = query.level.depth
        #: Where the search may start.
        self.sources: list[Source] = []

    def tables(self, source: Source | None) -> str:
        """Return the tables, once the other parts are written.

        Those below and above a source follow in this order, whatever SQLite guesses.
        """
        level = self._query.level
        if source is None:
            tables, start = f"{TABLES[level]} {alias_of(level)}", level
            join = "JOIN"
        else:
            start, name = source.level, alias_of(source.level)
            join = "CROSS JOIN"
            tables = f"({source.sql}) d {join} {TABLES[start]} {name}"
            tables += f" ON {name}.pk = d.pk"
        for depth in range(start.depth, level.depth):
            tables += _joined(join, depth, LEVELS[depth + 1])
        for depth in range(start.depth - 1, self._top - 1, -1):
            tables += _joined(join, depth, LEVELS[depth])
        return tables

    def where(self) -> Clause:
        clauses = [self._parent(*parent) for parent in self._query.parents]
        clauses += self._attributes()
        clauses += [self._metadata(*wanted) for wanted in self._query.metadata]
        clauses += self._labels()
        if not clauses:
            return "", []
        text, parameters = all_of(clauses)
        return f" WHERE {text}", parameters

    def _level_of(self, tag: int) -> Level | None:
        return level_of(tag, self._query.level, self._main_tags)

    def _ancestor(self, level: Level) -> str:
        """Return the alias of the query's level or one above."""
        self._top = min(self._top, level.depth)
        return alias_of(level)

    def _parent(self, level: Level, id_: str) -> Clause:
        if level.depth > self._query.level.depth:
            message = f"A {level.value} is no parent of a {self._query.level.value}"
            raise InvalidArgumentError(message)
        sql = f"SELECT pk FROM {TABLES[level]} WHERE id = ?"  # noqa: S608 -- idem
        self.sources.append(Source(level, sql, (id_,)))
        return f"{self._ancestor(level)}.id = ?", [id_]

    def _attributes(self) -> list[Clause]:
        clauses: list[Clause] = []
        below: dict[Level, list[Constraint]] = {}
        for constraint in self._query.constraints:
            level = self._level_of(constraint.tag)
            if level is None:
                raise InvalidArgumentError(
                    f"Tag {format_tag(constraint.tag)} is not indexed"
                )
            if level.depth > self._query.level.depth:
                below.setdefault(level, []).append(constraint)
            else:
                clauses.append(self._one(self._ancestor(level), level, constraint))
        clauses += [self._below(*item) for item in below.items()]
        return clauses

    def _one(self, alias: str, level: Level, constraint: Constraint) -> Clause:
        """Ask for an attribute, and note if the search may start there."""
        clause = self._attribute(alias, level, constraint)
        source = _source(alias, level, constraint, clause)
        if source is not None:
            self.sources.append(source.lifted(self._query.level))
        return clause

    def _below(self, level: Level, constraints: Iterable[Constraint]) -> Clause:
        """Ask for one resource below that fulfils all constraints."""
        text, parameters = all_of([self._one("b", level, one) for one in constraints])
        tables, child = f"{TABLES[level]} b", "b"
        for depth in range(level.depth - 1, self._query.level.depth, -1):
            name = f"b{depth}"
            tables += f" JOIN {TABLES[LEVELS[depth]]} {name}"
            tables += f" ON {name}.pk = {child}.parent_pk"
            child = name
        alias = alias_of(self._query.level)
        sql = (
            f"EXISTS (SELECT 1 FROM {tables}"  # noqa: S608 -- idem
            f" WHERE {child}.parent_pk = {alias}.pk AND {text})"
        )
        return sql, parameters

    def _metadata(self, name: str, condition: Condition) -> Clause:
        return condition_clause(condition, metadata_expression(self._query.level, name))

    def _labels(self) -> list[Clause]:
        query = self._query
        labels, rule = query.labels, query.labels_rule
        if not labels and rule is not LabelsRule.NONE:
            return []
        alias = alias_of(query.level)
        sql = (
            "EXISTS (SELECT 1 FROM label l WHERE"  # noqa: S608 -- idem
            f" l.level = {query.level.depth} AND l.resource_pk = {alias}.pk"
        )
        if rule is LabelsRule.ALL:
            self.sources += [label_source(query.level, (label,)) for label in labels]
            return [(f"{sql} AND l.label = ?)", [label]) for label in labels]
        if rule is LabelsRule.ANY:
            self.sources.append(label_source(query.level, labels))
        names = f" AND l.label IN ({marks(labels)})" if labels else ""
        negation = "NOT " if rule is LabelsRule.NONE else ""
        return [(f"{negation}{sql}{names})", list(labels))]

    def order(self) -> str:
        alias = alias_of(self._query.level)
        if not self._query.order:
            return f"{alias}.id"
        return ", ".join([*map(self._order_by, self._query.order), f"{alias}.pk"])

    def _order_by(self, order: Order) -> str:
        """Order by a value; resources without it come last."""
        column: str | None = None
        if isinstance(order.key, str):
            value = metadata_expression(self._query.level, order.key)
        else:
            value, column = self._sorted_value(order.key)
        key = _CASTS[order.type].format(value)
        if order.type is not OrderType.TEXT:
            column = None
        elif column is not None:
            key = column
        elif order.key in _FOLDED:
            key = f"fold({value})"
        if order.is_descending:
            # NULL comes last by itself; "" of a column is made to precede it.
            last = f", {value} IS NULL" if column else ""
            return f"{key} DESC{last}"
        return f"{value} IS NULL, {key}"

    def _sorted_value(self, tag: int) -> tuple[str, str | None]:
        """Return the expression of an attribute, and its column if there is one."""
        level = self._level_of(tag)
        if (
            level is None
            or level.depth > self._query.level.depth
            or (level, tag) in COLLECTED
            or is_sequence(tag)
        ):
            raise InvalidArgumentError(
                f"Resources of level {self._query.level.value} cannot be ordered by"
                f" tag {format_tag(tag)}"
            )
        alias = self._ancestor(level)
        value, column = expressions_of(alias, level, tag, self._main_tags)
        return value, None if tag in _UNFOLDED else column

    def _attribute(self, alias: str, level: Level, constraint: Constraint) -> Clause:
        """Ask for an attribute of a resource of the level where it is indexed."""
        tag, condition = constraint.tag, constraint.condition
        collected = COLLECTED.get((level, tag))
        if collected is not None:
            head, column, value = (
                part.format(alias=alias, name=f"c_{alias}") for part in collected
            )
            text, parameters = condition_clause(condition, value, column=column or None)
            return f"{head}{text})", parameters
        if isinstance(condition, HasItem):
            path = path_of(tag)
            return item_clause(f"{alias}.attributes", path, condition, f"q_{alias}")
        return condition_clause(
            condition, *expressions_of(alias, level, tag, self._main_tags)
        )


def _joined(join: str, depth: int, table: Level) -> str:
    """Return the join that adds one of the levels of a depth and the next."""
    upper, lower = map(alias_of, LEVELS[depth : depth + 2])
    name = f"{TABLES[table]} {alias_of(table)}"
    return f" {join} {name} ON {upper}.pk = {lower}.parent_pk"


def _source(
    alias: str, level: Level, constraint: Constraint, clause: Clause
) -> Source | None:
    """Return the source for an attribute, and for the clause that asks for it."""
    tag, condition = constraint.tag, constraint.condition
    if tag == MODALITIES_IN_STUDY:
        _, column, value = COLLECTED[level, tag]
        parts = (part.format(name="m") for part in (value, column))
        return modality_source(condition, condition_clause(condition, *parts), "m")
    if (level, tag) in COLUMNS:
        source = column_source(level, condition, clause, alias)
        if source is not None:
            return source
    return trigram_source(level, tag, condition)
