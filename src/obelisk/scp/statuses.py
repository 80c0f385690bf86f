"""One table from errors to DIMSE statuses (PS3.7 Annex C, PS3.4 Section B.2.3)."""

from obelisk.dimse.commands import Status
from obelisk.errors import (
    ForbiddenError,
    InvalidInputError,
    LimitError,
    NotSupportedError,
    ReadOnlyError,
    ServerError,
    UnavailableError,
)

DIMSE_STATUS: dict[type[ServerError], Status] = {
    ServerError: Status.PROCESSING_FAILURE,
    InvalidInputError: Status.CANNOT_UNDERSTAND,
    ReadOnlyError: Status.OUT_OF_RESOURCES,
    ForbiddenError: Status.NOT_AUTHORIZED,
    NotSupportedError: Status.SOP_CLASS_NOT_SUPPORTED,
    LimitError: Status.OUT_OF_RESOURCES,
    UnavailableError: Status.OUT_OF_RESOURCES,
}


def status_of(error: ServerError) -> Status:
    """Return the status of an error: that of the nearest class in the table."""
    return next(
        DIMSE_STATUS[kind] for kind in type(error).__mro__ if kind in DIMSE_STATUS
    )
