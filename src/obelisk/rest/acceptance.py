"""What the DICOM server accepts, as far as clients of the REST API may change it."""

from collections.abc import Iterable, Sequence
from typing import Protocol


class Acceptance(Protocol):
    """Changes concern the associations that are requested from then on."""

    #: Whether instances of SOP classes that are not in the standard are taken.
    is_unknown_sop_class_accepted: bool

    def transfer_syntaxes(self) -> Sequence[str]:
        """Return the UIDs of the transfer syntaxes that are accepted."""
        ...

    def sop_classes(self) -> Sequence[str]:
        """Return the UIDs of the SOP classes whose instances are taken."""
        ...

    def accept_transfer_syntaxes(self, patterns: Iterable[str]) -> None:
        """Accept the transfer syntaxes that match, and no others.

        Parameters
        ----------
        patterns
            UIDs, with the wildcards ``*`` and ``?``.
        """
        ...
