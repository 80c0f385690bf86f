"""What an option is: a field of a section with its name and its limits."""

from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

Value = TypeVar("Value")

KEY = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """The facts about an option that its type does not tell."""

    name: str
    """Its name in a configuration file."""

    minimum: int | None = None
    """The least value of a number."""

    maximum: int | None = None
    """The greatest value of a number."""

    length_max: int | None = None
    """The greatest length of a text that may not be empty, in ASCII characters."""

    unit: str | None = None
    """What a number counts."""

    alias: str | None = None
    """A second name that is understood too."""

    secret: bool = False
    """Whether the value must not be shown."""


def option(  # noqa: PLR0913 - each keyword is one fact about an option
    name: str,
    default: Value,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    length_max: int | None = None,
    unit: str | None = None,
    alias: str | None = None,
    secret: bool = False,
) -> Value:
    """Return a dataclass field for one option; see `Option` for the parameters."""
    facts = Option(
        name=name,
        minimum=minimum,
        maximum=maximum,
        length_max=length_max,
        unit=unit,
        alias=alias,
        secret=secret,
    )
    made: Any
    if isinstance(default, dict):
        made = field(
            default_factory=default.copy, metadata={KEY: facts}, repr=not secret
        )
    else:
        made = field(default=default, metadata={KEY: facts}, repr=not secret)
    return cast("Value", made)
