"""Who may associate, and who may do what: AE titles and hosts."""

import socket

from obelisk.dimse.commands import CommandField
from obelisk.dimse.items import APPLICATION_CONTEXT
from obelisk.dimse.pdu import (
    AssociateReject,
    AssociateRequest,
    RejectResult,
    RejectSource,
)
from obelisk.scp.settings import DICOMServerSettings, KnownCaller

_C_STORE_RQ = int(CommandField.C_STORE_RQ)
_C_ECHO_RQ = int(CommandField.C_ECHO_RQ)

# Reasons of the service user (PS3.8 Table 9-21).
_NO_REASON = 1
_APPLICATION_CONTEXT_NOT_SUPPORTED = 2
_CALLING_AET_NOT_RECOGNIZED = 3
_CALLED_AET_NOT_RECOGNIZED = 7


class AccessControl:
    """Decides on callers, as the settings say."""

    def __init__(self, settings: DICOMServerSettings) -> None:
        self._settings = settings

    def check_request(
        self, request: AssociateRequest, address: str
    ) -> AssociateReject | None:
        """Return the rejection of an association, or `None` to let it in."""
        settings = self._settings
        reason: int | None = None
        if request.application_context != APPLICATION_CONTEXT:
            reason = _APPLICATION_CONTEXT_NOT_SUPPORTED
        elif settings.check_called_aet and not self._is_same_aet(
            request.called_aet, settings.ae_title
        ):
            reason = _CALLED_AET_NOT_RECOGNIZED
        elif not (
            settings.always_allow_echo
            or settings.always_allow_store
            or self._known(request.calling_aet, address)
        ):
            reason = _CALLING_AET_NOT_RECOGNIZED
        elif not request.contexts:
            reason = _NO_REASON
        if reason is None:
            return None
        return AssociateReject(
            RejectResult.PERMANENT, RejectSource.SERVICE_USER, reason
        )

    def is_allowed(self, field: int, calling_aet: str, address: str) -> bool:
        """Tell whether a caller may do an operation."""
        if field == _C_STORE_RQ:
            return self._settings.always_allow_store or any(
                caller.allow_store for caller in self._known(calling_aet, address)
            )
        if field == _C_ECHO_RQ:
            return self._settings.always_allow_echo or any(
                caller.allow_echo for caller in self._known(calling_aet, address)
            )
        return False

    def _known(self, calling_aet: str, address: str) -> list[KnownCaller]:
        return [
            caller
            for caller in self._settings.known_callers
            if self._is_same_aet(caller.ae_title, calling_aet)
            and (
                not self._settings.check_caller_host
                or _is_address_of(caller.host, address)
            )
        ]

    def _is_same_aet(self, one: str, other: str) -> bool:
        one, other = one.strip(), other.strip()
        if self._settings.is_aet_case_sensitive:
            return one == other
        return one.casefold() == other.casefold()


def _is_address_of(host: str, address: str) -> bool:
    if host == address:
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(entry[4][0] == address for entry in found)
