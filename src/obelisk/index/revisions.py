"""Revisions of what users can change, against lost updates (RFC 9110 Section 13.1)."""

from dataclasses import dataclass

from obelisk.errors import RevisionConflictError


@dataclass(frozen=True, slots=True)
class Revision:
    """How often something was changed, and the MD5 sum of its content."""

    number: int
    md5: str


@dataclass(frozen=True, slots=True)
class RevisionCheck:
    """What a change takes for granted.

    Attributes
    ----------
    expected
        The revision that is to be changed, if the caller said so.
    is_required
        Whether the caller has to say so.
    """

    expected: Revision | None = None
    is_required: bool = False

    def check(self, present: Revision) -> None:
        """Raise `RevisionConflictError` unless the change may replace a revision."""
        if self.expected is None and self.is_required:
            raise RevisionConflictError(
                "The revision that is to be changed must be named in If-Match"
            )
        if self.expected is not None and self.expected != present:
            raise RevisionConflictError("Somebody else made another revision")
