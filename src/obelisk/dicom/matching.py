r"""Identifier → Query: how attributes are matched (PS3.4 C.2.2.2).

Beyond the standard, any attribute may be given a list of values, separated by
backslashes, and case need not count. A value of an attribute that has several is
matched like the whole of them: one value, or some that follow each other, will do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from obelisk.dicom.character_sets import SINGLE_VALUED
from obelisk.dicom.dictionary import format_tag, vr_of
from obelisk.dicom.levels import Level
from obelisk.errors import InvalidArgumentError

#: What an attribute is asked for: text, or for a sequence what its items have.
Identifier: TypeAlias = Mapping[int, "str | Sequence[Identifier]"]

_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_PATTERN_LENGTH_MAX = 10_000
_RANGE_VRS = frozenset({"DA", "DT", "TM"})
#: Attributes of value multiplicity 1 that are asked for most: a backslash is text.
#: Modalities in Study are compared one by one, as the Modality of each series.
_SINGLE = frozenset(
    {0x00080018, 0x00080020, 0x00080050, 0x00080060, 0x00080061, 0x00081030, 0x0008103E}
    | {0x00100010, 0x00100020, 0x0020000D, 0x0020000E}
)


class CaseRule(Enum):
    """Where upper and lower case count."""

    NOWHERE = "nowhere"
    #: As the standard has it: everywhere but in names of persons (VR PN).
    EXCEPT_NAMES = "except names"
    EVERYWHERE = "everywhere"


class LabelsRule(Enum):
    """How many of some labels a resource must have."""

    ALL = "All"
    ANY = "Any"
    #: None of them; no label at all if none are named.
    NONE = "None"


class OrderType(Enum):
    """As what values are put in order."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Single value matching, and list of values (PS3.4 C.2.2.2.1, C.2.2.2.2)."""

    values: tuple[str, ...]
    is_case_sensitive: bool = True
    is_multiple: bool = False

    def matches(self, value: object) -> bool:
        """Tell whether a value, `None` if there is none, is one of those wanted."""
        if not isinstance(value, str):
            return False
        found = value if self.is_case_sensitive else fold(value)
        parts = found.split("\\") if self.is_multiple else [found]
        return any(wanted in parts for wanted in self.folded)

    @property
    def folded(self) -> tuple[str, ...]:
        """The values as they are compared."""
        if self.is_case_sensitive:
            return self.values
        return tuple(map(fold, self.values))


#: What no value matches, such as text that is wanted of a sequence.
NOTHING = AnyOf(())


@dataclass(frozen=True, slots=True)
class Like:
    """Wild card matching (PS3.4 C.2.2.2.4); ``?`` is one character, ``*`` any text."""

    pattern: str
    is_case_sensitive: bool = True
    is_multiple: bool = False

    def matches(self, value: object) -> bool:
        """Tell whether a value, `None` if there is none, fits the pattern."""
        if not isinstance(value, str):
            return False
        found = value if self.is_case_sensitive else fold(value)
        if self.is_multiple:
            return _fits(f"\\{found}\\", f"*\\{self.folded}\\*")
        return _fits(found, self.folded)

    @property
    def folded(self) -> str:
        """The pattern as it is compared."""
        return self.pattern if self.is_case_sensitive else fold(self.pattern)


@dataclass(frozen=True, slots=True)
class Between:
    """Range matching (PS3.4 C.2.2.2.5); both ends belong to it, `None` is open.

    Ends are compared as text, so that an end with fewer digits means the first moment
    that it may stand for.
    """

    lower: str | None
    upper: str | None

    def matches(self, value: object) -> bool:
        """Tell whether a value, `None` if there is none, lies in the range."""
        if not isinstance(value, str):
            return False
        found = fold(value)
        return (self.lower is None or found >= fold(self.lower)) and (
            self.upper is None or found <= fold(self.upper)
        )


@dataclass(frozen=True, slots=True)
class HasItem:
    """Sequence matching (PS3.4 C.2.2.2.6): one item fulfils all the constraints."""

    constraints: "tuple[Constraint, ...]"

    def matches(self, value: object) -> bool:
        """Tell whether a list of items, by tag, has one as wanted."""
        return isinstance(value, list) and any(
            all(one.condition.matches(item.get(one.tag)) for one in self.constraints)
            for item in value
        )


Condition: TypeAlias = AnyOf | Like | Between | HasItem


@dataclass(frozen=True, slots=True)
class Constraint:
    """What is wanted of one attribute; a resource without it does not match."""

    tag: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class Order:
    """By what to put resources in order: a tag, or a metadata (see `Query`)."""

    key: int | str
    type: OrderType = OrderType.TEXT
    is_descending: bool = False


class Query(NamedTuple):
    """Which resources are looked for, in which order, and which part of them.

    Attributes
    ----------
    level
        The level of the resources.
    constraints
        What is wanted of attributes. One of a higher level is that of the ancestor;
        those of a lower level must be fulfilled together by something below.
    metadata
        What is wanted of the metadata: by name of those of the server, by number of
        those of users.
    labels, labels_rule
        Labels, and how many of them are wanted.
    parents
        Ids of resources of the same or a higher level that the resources belong to.
    order
        What comes first; in the order of the ids if empty.
    since, limit
        How many to skip, and how many to give at most, `None` for all.
    """

    level: Level
    constraints: tuple[Constraint, ...] = ()
    metadata: tuple[tuple[str, Condition], ...] = ()
    labels: tuple[str, ...] = ()
    labels_rule: LabelsRule = LabelsRule.ALL
    parents: tuple[tuple[Level, str], ...] = ()
    order: tuple[Order, ...] = ()
    since: int = 0
    limit: int | None = None


def constraints_of(
    identifier: Identifier, case_rule: CaseRule
) -> tuple[Constraint, ...]:
    """Read the constraints of an Identifier.

    Attributes without value match everything (PS3.4 C.2.2.2.3) and are left out.

    Parameters
    ----------
    identifier
        Text, or a list of at most one item, by tag.
    case_rule
        Where upper and lower case count.

    Raises
    ------
    InvalidArgumentError
        If there are wild cards where the VR does not allow them.
    """
    found = [
        Constraint(tag, condition)
        for tag, wanted in identifier.items()
        if (condition := condition_of(tag, wanted, case_rule)) is not None
    ]
    return tuple(found)


def condition_of(
    tag: int, wanted: "str | Sequence[Identifier]", case_rule: CaseRule
) -> Condition | None:
    """Read what is wanted of one attribute; `None` if that matches everything.

    See `constraints_of`.
    """
    vr = vr_of(tag)
    if not isinstance(wanted, str):
        inner = constraints_of(wanted[0], case_rule) if wanted else ()
        return HasItem(inner) if inner else None
    if not wanted:
        return None
    if ("*" in wanted or "?" in wanted) and vr not in _WILDCARD_VRS:
        raise InvalidArgumentError(f"Tag {format_tag(tag)} allows no wild cards")
    if vr == "SQ":
        return NOTHING
    if vr in _RANGE_VRS and "-" in wanted:
        lower, _, upper = wanted.partition("-")
        return Between(lower or None, upper or None) if lower or upper else None
    is_case_sensitive = case_rule is CaseRule.EVERYWHERE or (
        case_rule is CaseRule.EXCEPT_NAMES and vr != "PN"
    )
    is_multiple = tag not in _SINGLE and vr not in SINGLE_VALUED
    return text_condition(
        wanted, is_case_sensitive=is_case_sensitive, is_multiple=is_multiple
    )


def text_condition(
    wanted: str, *, is_case_sensitive: bool, is_multiple: bool = False
) -> AnyOf | Like:
    """Read a value, a list of values, or a pattern.

    Parameters
    ----------
    wanted
        The text, not empty.
    is_case_sensitive
        Whether upper and lower case count.
    is_multiple
        Whether a backslash separates the values that are looked at.

    Raises
    ------
    InvalidArgumentError
        If a pattern is too long.
    """
    if "\\" not in wanted and ("*" in wanted or "?" in wanted):
        if len(wanted) > _PATTERN_LENGTH_MAX:
            raise InvalidArgumentError("The text with wild cards is too long")
        return Like(wanted, is_case_sensitive, is_multiple)
    return AnyOf(tuple(wanted.split("\\")), is_case_sensitive, is_multiple)


def fold(text: str) -> str:
    """Return text in capitals, character by character, for comparison without case.

    Accents count. What has no capital of one character, or only one within ASCII, stays
    as it is.
    """
    return text.upper() if text.isascii() else _fold(text)


@lru_cache(maxsize=4096)
def _fold(text: str) -> str:
    capitals = (character.upper() for character in text)
    return "".join(
        capital
        if len(capital) == 1 and (character.isascii() or not capital.isascii())
        else character
        for capital, character in zip(capitals, text, strict=True)
    )


def _fits(text: str, pattern: str) -> bool:
    """Match wild cards, in time that grows with both lengths at most."""
    place = at = 0
    star, after = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, after = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            place += 1
            at += 1
        elif star >= 0:
            after += 1
            place, at = star + 1, after
        else:
            return False
    return not pattern[place:].strip("*")
