"""Query → SQL text and parameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from obelisk.dicom.dictionary import format_tag, is_sequence, name_of
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags, key_of
from obelisk.dicom.matching import (
    Condition,
    Constraint,
    HasItem,
    LabelsRule,
    Like,
    Order,
    OrderType,
    Query,
)
from obelisk.errors import InvalidArgumentError
from obelisk.index.conditions import (
    Clause,
    all_of,
    condition_clause,
    marks,
    trigrams_of,
)

_PATIENT_NAME = 0x00100010
_MODALITIES_IN_STUDY = 0x00080061
_SOP_CLASSES_IN_STUDY = 0x00080062

#: Columns that hold an attribute in capitals, "" if it is absent.
_COLUMNS = {
    (Level.PATIENT, 0x00100020): "patient_id",
    (Level.PATIENT, _PATIENT_NAME): "patient_name",
    (Level.STUDY, 0x00100020): "patient_id",
    (Level.STUDY, _PATIENT_NAME): "patient_name",
    (Level.STUDY, 0x0020000D): "study_instance_uid",
    (Level.STUDY, 0x00080020): "study_date",
    (Level.STUDY, 0x00080050): "accession_number",
    (Level.SERIES, 0x0020000E): "series_instance_uid",
    (Level.SERIES, 0x00080060): "modality",
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

_CASTS = {
    OrderType.TEXT: "fold({})",
    OrderType.INTEGER: "CAST({} AS INTEGER)",
    OrderType.FLOAT: "CAST({} AS REAL)",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """An SQL statement that can be run."""

    sql: str
    parameters: tuple[object, ...]


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


def compile_find(query: Query, main_tags: MainTags = STANDARD) -> Statement:
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
    sql = (
        f"SELECT {alias}.pk, {alias}.id FROM {compiler.source()}"  # noqa: S608 -- names of our own tables
        f"{where} ORDER BY {order} LIMIT ? OFFSET ?"
    )
    limit = -1 if query.limit is None else query.limit
    return Statement(sql, (*parameters, limit, query.since))


def compile_count(query: Query, main_tags: MainTags = STANDARD) -> Statement:
    """Return the statement that counts the resources, whatever `since` and `limit`."""
    compiler = _Compiler(query, main_tags)
    where, parameters = compiler.where()
    sql = f"SELECT COUNT(*) FROM {compiler.source()}{where}"  # noqa: S608 -- idem
    return Statement(sql, tuple(parameters))


class _Compiler:
    """Writes the parts of a statement; notes which ancestors it needs."""

    def __init__(self, query: Query, main_tags: MainTags) -> None:
        self._query = query
        self._main_tags = main_tags
        self._top = query.level.depth

    def source(self) -> str:
        """Return the tables, once the other parts are written."""
        level = self._query.level
        tables = f"{level.name.lower()} {_alias(level)}"
        for depth in range(level.depth - 1, self._top - 1, -1):
            upper, lower = LEVELS[depth], LEVELS[depth + 1]
            name = _alias(upper)
            tables += f" JOIN {upper.name.lower()} {name} ON {name}.pk = "
            tables += f"{_alias(lower)}.parent_pk"
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
                alias = self._ancestor(level)
                clauses.append(self._attribute(alias, level, constraint))
        clauses += [self._below(*item) for item in below.items()]
        return clauses

    def _below(self, level: Level, constraints: Iterable[Constraint]) -> Clause:
        """Ask for one resource below that fulfils all constraints."""
        text, parameters = all_of(
            [self._attribute("b", level, one) for one in constraints]
        )
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
            return [(f"{sql} AND l.label = ?)", [label]) for label in labels]
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
        if column is not None and order.type is OrderType.TEXT:
            key = column
        else:
            column = None
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
        column = _COLUMNS.get((level, tag))
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
            return _item(f"{alias}.attributes", path, condition, f"q_{alias}")
        found = _COLUMNS.get((level, tag))
        own = found and f"{alias}.{found}"
        value = self._value(alias, level, tag)
        text, parameters = condition_clause(condition, value, column=own)
        if tag == _PATIENT_NAME and isinstance(condition, Like):
            trigrams = trigrams_of(condition)
            if trigrams is not None:
                table = f"{level.name.lower()}_trigram"
                text = f"{alias}.pk IN (SELECT rowid FROM {table} WHERE {table} MATCH ?) AND {text}"  # noqa: E501, S608 -- idem
                parameters = [trigrams, *parameters]
        return text, parameters


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


def _item(json: str, path: str, condition: HasItem, alias: str) -> Clause:
    """Ask for an item of a sequence that is kept as JSON."""
    clauses = []
    for constraint in condition.constraints:
        inner, key = constraint.condition, name_of(constraint.tag)
        if isinstance(inner, HasItem):
            clauses.append(_item(f"{alias}.value", f'$."{key}"', inner, f"{alias}q"))
        else:
            clauses.append(condition_clause(inner, f"({alias}.value ->> '{key}')"))
    text, parameters = all_of(clauses)
    sql = (
        f"EXISTS (SELECT 1 FROM json_each({json}, '{path}') {alias}"  # noqa: S608 -- idem
        f" WHERE {alias}.type = 'object' AND {text})"
    )
    return sql, parameters
