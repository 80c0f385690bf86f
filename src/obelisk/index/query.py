"""Query → SQL text and parameters."""

from collections.abc import Iterable
from functools import cache

from obelisk.dicom.dictionary import format_tag, is_sequence
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags, key_of
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
from obelisk.index.sources import (
    Measure,
    Source,
    Statement,
    choose,
    column_source,
    label_source,
    modality_source,
    trigram_source,
)

_MODALITY = 0x00080060
_MODALITIES_IN_STUDY = 0x00080061
_SOP_CLASSES_IN_STUDY = 0x00080062

#: Columns that hold an attribute in capitals, "" if it is absent.
_COLUMNS = {
    (Level.PATIENT, 0x00100020): "patient_id",
    (Level.PATIENT, 0x00100010): "patient_name",
    (Level.STUDY, 0x00100020): "patient_id",
    (Level.STUDY, 0x00100010): "patient_name",
    (Level.STUDY, 0x0020000D): "study_instance_uid",
    (Level.STUDY, 0x00080020): "study_date",
    (Level.STUDY, 0x00080050): "accession_number",
    (Level.SERIES, 0x0020000E): "series_instance_uid",
    (Level.SERIES, _MODALITY): "modality",
    (Level.INSTANCE, 0x00080018): "sop_instance_uid",
}

#: Attributes that follow from what is stored (PS3.4 C.3.4), as text.
_COMPUTED = {
    (Level.PATIENT, 0x00201200): "CAST({alias}.study_count AS TEXT)",
    (Level.PATIENT, 0x00201202): "CAST({alias}.series_count AS TEXT)",
    (Level.PATIENT, 0x00201204): "CAST({alias}.instance_count AS TEXT)",
    (Level.STUDY, 0x00201206): "CAST({alias}.series_count AS TEXT)",
    (Level.STUDY, 0x00201208): "CAST({alias}.instance_count AS TEXT)",
    (Level.SERIES, 0x00201209): "CAST({alias}.instance_count AS TEXT)",
    (Level.INSTANCE, 0x00080016): "({alias}.metadata ->> 'SopClassUid')",
    (Level.INSTANCE, 0x00080056): "'ONLINE'",
}

#: Attributes that have a value for each resource below.
_COLLECTED = {
    (Level.STUDY, _MODALITIES_IN_STUDY): (
        "EXISTS (SELECT 1 FROM series {name} WHERE {name}.parent_pk = {alias}.pk AND ",
        "{name}.modality",
        "({name}.attributes ->> 'Modality')",
    ),
    (Level.STUDY, _SOP_CLASSES_IN_STUDY): (
        (
            "EXISTS (SELECT 1 FROM series e_{name} JOIN instance {name} ON"
            " {name}.parent_pk = e_{name}.pk WHERE e_{name}.parent_pk = {alias}.pk AND "
        ),
        "",
        "({name}.metadata ->> 'SopClassUid')",
    ),
}

#: Metadata that have a column of their own, as text.
_METADATA = {
    (Level.PATIENT, "LastUpdate"): "{alias}.last_update",
    (Level.STUDY, "LastUpdate"): "{alias}.last_update",
    (Level.SERIES, "LastUpdate"): "{alias}.last_update",
    (Level.SERIES, "ExpectedNumberOfInstances"): (
        "CAST({alias}.expected_instance_count AS TEXT)"
    ),
    (Level.INSTANCE, "IndexInSeries"): "CAST({alias}.index_in_series AS TEXT)",
}

#: Attributes without a column that are put in order regardless of case, like those
#: with one; all others are put in the order of their characters.
_FOLDED = frozenset({0x00081030})
#: Attributes with a column that are put in the order of their characters all the same.
_UNFOLDED = frozenset({_MODALITY})

_CASTS = {
    OrderType.TEXT: "{}",
    OrderType.INTEGER: "CAST({} AS INTEGER)",
    OrderType.FLOAT: "CAST({} AS REAL)",
}


@cache
def level_of(tag: int, level: Level, main_tags: MainTags = STANDARD) -> Level | None:
    """Find at which level an attribute is indexed, `None` if it is at none.

    The level itself comes first, then the nearest above, then the nearest below. From
    studies on, the attributes of the patient are those that the study was created with.
    """
    own = main_tags.by_level
    if tag in own[Level.PATIENT] and tag not in own[level]:
        return Level.STUDY
    depths = [
        other.depth
        for other in LEVELS
        if tag in own[other] or (other, tag) in _COMPUTED or (other, tag) in _COLLECTED
    ]
    above = [depth for depth in depths if depth <= level.depth]
    if not depths:
        return None
    return LEVELS[max(above) if above else min(depths)]


def compile_find(
    query: Query, measure: Measure, main_tags: MainTags = STANDARD
) -> Statement:
    """Return the statement that gives row numbers and ids of the resources.

    Raises
    ------
    InvalidArgumentError
        If the order or a parent is not possible at the level of the query.
    """
    compiler = _Compiler(query, main_tags)
    where, parameters = compiler.where()
    order = compiler.order()
    alias = _alias(query.level)
    limit = -1 if query.limit is None else query.limit
    source = choose(compiler.sources, measure, is_limited=query.limit is not None)
    sql = (
        f"SELECT {alias}.pk, {alias}.id FROM {compiler.tables(source)}"  # noqa: S608 -- names of our own tables
        f"{where} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    first = source.parameters if source else ()
    return Statement(sql, (*first, *parameters, limit, query.since))


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
            tables, start = f"{level.name.lower()} {_alias(level)}", level
            join = "JOIN"
        else:
            start, name = source.level, _alias(source.level)
            join = "CROSS JOIN"
            tables = f"({source.sql}) d {join} {start.name.lower()} {name}"
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
        return _alias(level)

    def _parent(self, level: Level, id_: str) -> Clause:
        if level.depth > self._query.level.depth:
            message = f"A {level.value} is no parent of a {self._query.level.value}"
            raise InvalidArgumentError(message)
        sql = f"SELECT pk FROM {level.name.lower()} WHERE id = ?"  # noqa: S608 -- idem
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
        tables, child = f"{level.name.lower()} b", "b"
        for depth in range(level.depth - 1, self._query.level.depth, -1):
            name = f"b{depth}"
            tables += f" JOIN {LEVELS[depth].name.lower()} {name}"
            tables += f" ON {name}.pk = {child}.parent_pk"
            child = name
        alias = _alias(self._query.level)
        sql = (
            f"EXISTS (SELECT 1 FROM {tables}"  # noqa: S608 -- idem
            f" WHERE {child}.parent_pk = {alias}.pk AND {text})"
        )
        return sql, parameters

    def _metadata(self, name: str, condition: Condition) -> Clause:
        return condition_clause(condition, _metadata_value(self._query.level, name))

    def _labels(self) -> list[Clause]:
        query = self._query
        labels, rule = query.labels, query.labels_rule
        if not labels and rule is not LabelsRule.NONE:
            return []
        alias = _alias(query.level)
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
        alias = _alias(self._query.level)
        if not self._query.order:
            return f"{alias}.id"
        return ", ".join([*map(self._order_by, self._query.order), f"{alias}.pk"])

    def _order_by(self, order: Order) -> str:
        """Order by a value; resources without it come last."""
        column: str | None = None
        if isinstance(order.key, str):
            value = _metadata_value(self._query.level, order.key)
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
            or (level, tag) in _COLLECTED
            or is_sequence(tag)
        ):
            raise InvalidArgumentError(
                f"Resources of level {self._query.level.value} cannot be ordered by"
                f" tag {format_tag(tag)}"
            )
        alias = self._ancestor(level)
        column = None if tag in _UNFOLDED else _COLUMNS.get((level, tag))
        return self._value(alias, level, tag), column and f"{alias}.{column}"

    def _value(self, alias: str, level: Level, tag: int) -> str:
        """Return the expression of an attribute as text, NULL if it is absent."""
        computed = _COMPUTED.get((level, tag))
        if computed is not None:
            return computed.format(alias=alias)
        column = "attributes"
        if level is Level.STUDY and tag in self._main_tags.by_level[Level.PATIENT]:
            column = "patient_attributes"
        return f"({alias}.{column} ->> '{_path(tag)}')"

    def _attribute(self, alias: str, level: Level, constraint: Constraint) -> Clause:
        """Ask for an attribute of a resource of the level where it is indexed."""
        tag, condition = constraint.tag, constraint.condition
        collected = _COLLECTED.get((level, tag))
        if collected is not None:
            head, column, value = (
                part.format(alias=alias, name=f"c_{alias}") for part in collected
            )
            text, parameters = condition_clause(condition, value, column=column or None)
            return f"{head}{text})", parameters
        if isinstance(condition, HasItem):
            path = _path(tag)
            return item_clause(f"{alias}.attributes", path, condition, f"q_{alias}")
        found = _COLUMNS.get((level, tag))
        own = found and f"{alias}.{found}"
        value = self._value(alias, level, tag)
        return condition_clause(condition, value, column=own)


def _joined(join: str, depth: int, table: Level) -> str:
    """Return the join that adds one of the levels of a depth and the next."""
    upper, lower = map(_alias, LEVELS[depth : depth + 2])
    name = f"{table.name.lower()} {_alias(table)}"
    return f" {join} {name} ON {upper}.pk = {lower}.parent_pk"


def _alias(level: Level) -> str:
    return ("p", "s", "e", "i")[level.depth]


def _path(tag: int) -> str:
    """Return the JSON path of an attribute."""
    return f'$."{key_of(tag)}"'


def _metadata_value(level: Level, name: str) -> str:
    """Return the expression of one of the metadata, NULL if it is not set."""
    alias = _alias(level)
    column = _METADATA.get((level, name))
    if column is not None:
        return column.format(alias=alias)
    if name.isdecimal():
        return (
            "(SELECT m.value FROM user_metadata m WHERE"  # noqa: S608 -- idem
            f" m.level = {level.depth} AND m.resource_pk = {alias}.pk"
            f" AND m.number = {int(name)})"
        )
    quoted = name.replace('"', "").replace("'", "''")
    return f"json_extract({alias}.metadata, '$.\"{quoted}\"')"


def _source(
    alias: str, level: Level, constraint: Constraint, clause: Clause
) -> Source | None:
    """Return the source for an attribute, and for the clause that asks for it."""
    tag, condition = constraint.tag, constraint.condition
    if tag == _MODALITIES_IN_STUDY:
        _, column, value = _COLLECTED[level, tag]
        parts = (part.format(name="m") for part in (value, column))
        return modality_source(condition, condition_clause(condition, *parts), "m")
    if (level, tag) in _COLUMNS:
        source = column_source(level, condition, clause, alias)
        if source is not None:
            return source
    return trigram_source(level, tag, condition)
