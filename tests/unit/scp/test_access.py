import pytest

from obelisk.dimse.items import ProposedContext
from obelisk.dimse.pdu import AssociateRequest
from obelisk.scp.access import AccessControl
from obelisk.scp.settings import DICOMServerSettings, KnownCaller

ECHO, STORE, FIND = 0x0030, 0x0001, 0x0020
CALLERS = (
    KnownCaller("ALL", "10.0.0.1"),
    KnownCaller("NOECHO", "10.0.0.1", allow_echo=False),
    KnownCaller("NOSTORE", "10.0.0.1", allow_store=False),
    KnownCaller("TWICE", "10.0.0.1", allow_store=False),
    KnownCaller("TWICE", "10.0.0.2"),
    KnownCaller("LOCAL", "localhost"),
    KnownCaller("NOWHERE", "host.invalid"),
)
CLOSED = {
    "always_allow_echo": False,
    "always_allow_store": False,
    "known_callers": CALLERS,
}


@pytest.mark.parametrize(
    ("settings", "field", "caller", "address", "expected"),
    [
        ({}, ECHO, "ANY", "10.0.0.9", True),
        ({}, STORE, "ANY", "10.0.0.9", True),
        ({}, FIND, "ANY", "10.0.0.9", False),
        (CLOSED, ECHO, "ALL", "10.0.0.9", True),
        (CLOSED, STORE, " all ", "10.0.0.9", True),
        (CLOSED, ECHO, "ANY", "10.0.0.9", False),
        (CLOSED, STORE, "ANY", "10.0.0.9", False),
        (CLOSED, ECHO, "NOECHO", "10.0.0.9", False),
        (CLOSED, STORE, "NOECHO", "10.0.0.9", True),
        (CLOSED, ECHO, "NOSTORE", "10.0.0.9", True),
        (CLOSED, STORE, "NOSTORE", "10.0.0.9", False),
        ({**CLOSED, "always_allow_store": True}, STORE, "NOSTORE", "10.0.0.9", True),
        ({**CLOSED, "is_aet_case_sensitive": True}, STORE, "all", "10.0.0.1", False),
        ({**CLOSED, "check_caller_host": True}, STORE, "ALL", "10.0.0.9", False),
        ({**CLOSED, "check_caller_host": True}, STORE, "ALL", "10.0.0.1", True),
        ({**CLOSED, "check_caller_host": True}, STORE, "TWICE", "10.0.0.1", False),
        ({**CLOSED, "check_caller_host": True}, STORE, "TWICE", "10.0.0.2", True),
        ({**CLOSED, "check_caller_host": True}, STORE, "LOCAL", "127.0.0.1", True),
        ({**CLOSED, "check_caller_host": True}, STORE, "NOWHERE", "127.0.0.1", False),
    ],
)
def test_operations(settings, field, caller, address, expected):
    """Operations are allowed to everybody, or to those who are listed for them."""
    control = AccessControl(DICOMServerSettings(**settings))

    assert control.is_allowed(field, caller, address) is expected


@pytest.mark.parametrize(
    ("settings", "caller", "reason"),
    [
        ({}, "ANY", None),
        (CLOSED, "ANY", 3),
        (CLOSED, "ALL", None),
        ({**CLOSED, "always_allow_echo": True}, "ANY", None),
        ({**CLOSED, "check_caller_host": True}, "ALL", 3),
    ],
)
def test_requests(settings, caller, reason):
    """A caller who may do nothing at all is not let in."""
    control = AccessControl(DICOMServerSettings(**settings))
    request = AssociateRequest("ORTHANC", caller, (ProposedContext(1, "1", ("2",)),))
    rejection = control.check_request(request, "10.0.0.9")

    assert (rejection and rejection.reason) == reason
