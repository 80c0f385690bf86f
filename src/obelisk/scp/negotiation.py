"""Which presentation contexts are accepted (PS3.8 Section 9.3.3.2)."""

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cache

from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.dimse.items import (
    AnsweredContext,
    ContextResult,
    ProposedContext,
    UserInformation,
)
from obelisk.dimse.pdu import AssociateAccept, AssociateRequest
from obelisk.scp.settings import DICOMServerSettings
from obelisk.scp.syntaxes import (
    LATE_TRANSFER_SYNTAXES,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAX_GROUPS,
    TRANSFER_SYNTAXES,
    UNCOMPRESSED_TRANSFER_SYNTAXES,
    VERIFICATION_SOP_CLASS,
)


class Negotiation:
    """Answers the presentation contexts that are proposed.

    The first of the proposed transfer syntaxes that is accepted is chosen, so the
    choice is the requestor's. Verification takes the uncompressed ones alone.

    What is accepted can change while associations are negotiated in other threads:
    each answer uses what holds at its time.

    Attributes
    ----------
    is_unknown_sop_class_accepted
        Whether instances of SOP classes that are not in the standard are taken.
    """

    def __init__(self, settings: DICOMServerSettings) -> None:
        self._user_information = UserInformation(
            max_length=settings.max_length,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        )
        syntaxes = set(_select(settings.accepted_transfer_syntaxes, TRANSFER_SYNTAXES))
        for group, is_accepted in settings.transfer_syntax_groups.items():
            if is_accepted:
                syntaxes |= TRANSFER_SYNTAX_GROUPS[group]
            else:
                syntaxes -= TRANSFER_SYNTAX_GROUPS[group]
        self._transfer_syntaxes = frozenset(syntaxes)
        self._sop_classes = (
            _select(settings.accepted_sop_classes, STORAGE_SOP_CLASSES)
            if settings.accepted_sop_classes
            else STORAGE_SOP_CLASSES
        )
        self._is_rejected = _matcher(settings.rejected_sop_classes)
        self.is_unknown_sop_class_accepted = settings.is_unknown_sop_class_accepted

    def transfer_syntaxes(self) -> list[str]:
        """Return the transfer syntaxes that are accepted, in Orthanc's order."""
        return sorted(self._transfer_syntaxes, key=_place)

    def sop_classes(self) -> list[str]:
        """Return the known SOP classes whose instances are taken, in their order."""
        return sorted(filter(self.accepts_for_storage, self._sop_classes))

    def accept_transfer_syntaxes(self, patterns: Iterable[str]) -> None:
        """Accept the known transfer syntaxes that match, and no others.

        Parameters
        ----------
        patterns
            UIDs, with the wildcards ``*`` and ``?``.
        """
        matcher = _matcher(patterns)
        self._transfer_syntaxes = frozenset(
            filter(matcher.fullmatch, TRANSFER_SYNTAXES)
        )

    def accepts_for_storage(self, sop_class_uid: str) -> bool:
        """Tell whether instances of a SOP class are taken."""
        is_accepted = sop_class_uid in self._sop_classes or (
            self.is_unknown_sop_class_accepted
            and sop_class_uid not in STORAGE_SOP_CLASSES
            and sop_class_uid not in ("", VERIFICATION_SOP_CLASS)
        )
        return is_accepted and not self._is_rejected.fullmatch(sop_class_uid)

    def answer(self, request: AssociateRequest) -> AssociateAccept:
        """Answer the request of an association that is accepted as a whole."""
        return AssociateAccept(
            request.called_aet,
            request.calling_aet,
            tuple(map(self.answer_context, request.contexts)),
            self._user_information,
            reserved=request.reserved,
        )

    def answer_context(self, proposed: ProposedContext) -> AnsweredContext:
        """Answer one presentation context."""
        if proposed.abstract_syntax == VERIFICATION_SOP_CLASS:
            syntaxes = UNCOMPRESSED_TRANSFER_SYNTAXES
        elif self.accepts_for_storage(proposed.abstract_syntax):
            syntaxes = self._transfer_syntaxes
        else:
            return AnsweredContext(
                proposed.context_id,
                ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED,
                _first(proposed),
            )
        for transfer_syntax in proposed.transfer_syntaxes:
            if transfer_syntax in syntaxes:
                return AnsweredContext(
                    proposed.context_id, ContextResult.ACCEPTANCE, transfer_syntax
                )
        return AnsweredContext(
            proposed.context_id,
            ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED,
            _first(proposed),
        )


@cache
def _place(uid: str) -> tuple[bool, list[int]]:
    """Return what transfer syntaxes are ordered by: those that came late are last."""
    numbers = [int(part) for part in uid.split(".") if part.isdecimal()]
    return uid in LATE_TRANSFER_SYNTAXES, numbers


def _first(proposed: ProposedContext) -> str:
    # PS3.8 Section 9.3.3.2: not significant in a rejection, but the item is there.
    return proposed.transfer_syntaxes[0] if proposed.transfer_syntaxes else ""


def _select(patterns: Iterable[str], known: frozenset[str]) -> frozenset[str]:
    """Return the known UIDs that match, and those that are listed without wildcard."""
    patterns = tuple(patterns)
    matcher = _matcher(patterns)
    listed = {pattern for pattern in patterns if not set(pattern) & {"*", "?"}}
    return frozenset(filter(matcher.fullmatch, known)) | listed


def _matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    # Brackets have no meaning here, unlike in fnmatch.
    expressions = (translate(pattern.replace("[", "[[]")) for pattern in patterns)
    return re.compile("|".join(expressions) or r"(?!)")
