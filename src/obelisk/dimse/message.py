"""A DIMSE message as it comes in (PS3.7 Section 6.3)."""

from dataclasses import dataclass

from obelisk.dimse.commands import CommandSet


@dataclass(frozen=True, slots=True)
class PresentationContext:
    """A presentation context that was accepted."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Message:
    """A DIMSE message whose dataset, if any, is still to be read."""

    context: PresentationContext
    command: CommandSet
