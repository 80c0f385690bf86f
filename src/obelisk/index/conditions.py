"""What is asked of one text → an SQL condition and its parameters."""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import orjson

from obelisk.dicom.dictionary import name_of
from obelisk.dicom.matching import AnyOf, Between, Condition, HasItem, Like, fold

_TRIGRAM = 3
#: So many trigrams of a text are looked up at most.
_TRIGRAMS_MAX = 8
#: From that many values on they are given as one parameter.
_MARKS_MAX = 100
#: A parameter that SQLite does not look into: it would plan each statement anew for it.
_PATTERN = "('' || ?)"
_WILDCARD = re.compile(r"[*?]")

#: SQL text and its parameters.
Clause: TypeAlias = tuple[str, list[object]]


def fold_value(value: object) -> str | None:
    """Return text in capitals as `fold` does: the SQL function of that name."""
    return None if value is None else fold(str(value))


def marks(values: Sequence[object]) -> str:
    """Return a placeholder for each value."""
    return ", ".join("?" * len(values))


def all_of(clauses: Iterable[Clause]) -> Clause:
    """Ask for all of some conditions, at least one."""
    first, *others = clauses
    if not others:
        return first
    texts, parameters = zip(first, *others, strict=True)
    return " AND ".join(texts), [value for part in parameters for value in part]


def condition_clause(
    condition: Condition, value: str, column: str | None = None
) -> Clause:
    """Ask something of a text.

    Parameters
    ----------
    condition
        What is asked.
    value
        The expression of the text, NULL if there is none.
    column
        The column that holds the text in capitals, "" if there is none.
    """
    if isinstance(condition, HasItem):
        return "0", []  # text has no items
    is_exact = not isinstance(condition, Between) and condition.is_case_sensitive
    if column is None:
        folded = f"{_function(condition)}({value})"
        shown = value if is_exact else folded
        return _text(condition, shown, is_folded=not is_exact)
    clauses = [_text(condition, column, is_folded=True)]
    if is_exact:
        clauses.append(_text(condition, value, is_folded=False))
    elif _accepts_nothing(condition):
        clauses.append((f"{value} IS NOT NULL", []))
    return all_of(clauses)


def _accepts_nothing(condition: AnyOf | Like | Between) -> bool:
    """Tell whether a condition accepts an empty text."""
    if isinstance(condition, AnyOf):
        return "" in condition.values
    return condition.matches("")


def item_clause(json: str, path: str, condition: HasItem, alias: str) -> Clause:
    """Ask for an item of a sequence that is kept as JSON."""
    clauses = []
    for constraint in condition.constraints:
        inner, key = constraint.condition, name_of(constraint.tag)
        if isinstance(inner, HasItem):
            clauses.append(
                item_clause(f"{alias}.value", f'$."{key}"', inner, f"{alias}q")
            )
        else:
            clauses.append(condition_clause(inner, f"({alias}.value ->> '{key}')"))
    text, parameters = all_of(clauses)
    sql = (
        f"EXISTS (SELECT 1 FROM json_each({json}, '{path}') {alias}"  # noqa: S608 -- idem
        f" WHERE {alias}.type = 'object' AND {text})"
    )
    return sql, parameters


def _function(condition: AnyOf | Like | Between) -> str:
    """Return the SQL function that makes capitals: as few as the condition needs.

    SQLite's own makes them of ASCII, and no others fold to ASCII, so that it does for
    what is compared with ASCII.
    """
    if isinstance(condition, AnyOf):
        wanted = "".join(condition.values)
    elif isinstance(condition, Like):
        wanted = condition.pattern
    else:
        wanted = (condition.lower or "") + (condition.upper or "")
    return "upper" if wanted.isascii() else "fold"


def _text(condition: AnyOf | Like | Between, text: str, *, is_folded: bool) -> Clause:
    """Ask something of an expression, which is in capitals if `is_folded`."""
    change = fold if is_folded else str
    match condition:
        case AnyOf():
            return _any_of(list(map(change, condition.values)), text, condition)
        case Like():
            return _like(change(condition.pattern), text, condition)
        case Between():
            return _between(condition, text)


def _any_of(values: list[str], text: str, condition: AnyOf) -> Clause:
    if not condition.is_multiple and len(values) > _MARKS_MAX:
        sql = f"{text} IN (SELECT value FROM json_each(?))"  # noqa: S608 -- expressions of our own
        return sql, [orjson.dumps(values).decode()]
    if not condition.is_multiple:
        return f"{text} IN ({marks(values)})", [*values]
    wanted = [f"\\{value}\\" for value in values]
    if len(wanted) == 1:
        return f"instr('\\' || {text} || '\\', ?) > 0", [*wanted]
    # One pass over the values, so that the text is named once.
    sql = (
        f"EXISTS (SELECT 1 FROM (SELECT '\\' || {text} || '\\' AS t)"  # noqa: S608 -- idem
        " JOIN json_each(?) ON instr(t, value) > 0)"
    )
    return sql, [orjson.dumps(wanted).decode()]


def _like(pattern: str, text: str, condition: Like) -> Clause:
    if "\0" in pattern:
        return "0", []  # no value has it, and SQLite stops there
    glob = pattern.replace("[", "[[]")
    if condition.is_multiple:
        return f"'\\' || {text} || '\\' GLOB {_PATTERN}", [f"*\\{glob}\\*"]
    prefix = _WILDCARD.split(pattern, maxsplit=1)[0]
    if not prefix:
        return f"{text} GLOB {_PATTERN}", [glob]
    stop = _next(prefix)
    if stop is None:
        return f"{text} GLOB {_PATTERN} AND {text} >= ?", [glob, prefix]
    sql = f"{text} GLOB {_PATTERN} AND {text} >= ? AND {text} < ?"
    return sql, [glob, prefix, stop]


def _between(condition: Between, text: str) -> Clause:
    lower = (">=", condition.lower)
    upper = ("<=", condition.upper)
    bounds = [(sign, end) for sign, end in (lower, upper) if end is not None]
    return (
        " AND ".join(f"{text} {sign} ?" for sign, _ in bounds),
        [fold(end) for _, end in bounds],
    )


def _next(prefix: str) -> str | None:
    """Return the least text above all that start with a prefix, if there is one."""
    last = ord(prefix[-1]) + 1
    if 0xD800 <= last <= 0xDFFF:
        last = 0xE000
    return prefix[:-1] + chr(last) if last <= 0x10FFFF else None


def trigrams_of(condition: Condition) -> str | None:
    """Return what to ask the index of trigrams, `None` if it is of no help.

    What it finds is checked anyway, so few trigrams will do: each costs a look-up.
    """
    match condition:
        case AnyOf() if all(len(value) >= _TRIGRAM for value in condition.values):
            runs, operator = list(condition.values), " OR "
        case Like():
            parts = _WILDCARD.split(condition.pattern)
            runs = [part for part in parts if len(part) >= _TRIGRAM]
            operator = " AND "
        case _:
            return None
    if not runs or len(runs) > _MARKS_MAX or "\0" in "".join(runs):
        return None
    return operator.join(f"({_trigrams(fold(run))})" for run in runs)


def _trigrams(run: str) -> str:
    """Ask for trigrams that cover a text, or its beginning if it is long."""
    last = len(run) - _TRIGRAM
    starts = [*range(0, last, _TRIGRAM), last][:_TRIGRAMS_MAX]
    parts = (run[start : start + _TRIGRAM].replace('"', '""') for start in starts)
    return " AND ".join(f'"{part}"' for part in parts)
