import pytest

from obelisk.rest.conformance import conformance_statement
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.settings import DICOMServerSettings


@pytest.fixture
def negotiation():
    """What a DICOM server with default settings accepts."""
    return Negotiation(DICOMServerSettings())


def test_what_is_accepted_is_in_the_statement(negotiation):
    """Every SOP class and transfer syntax stands in a line of its own, with a name."""
    lines = conformance_statement(negotiation).splitlines()
    uids = [*negotiation.sop_classes(), *negotiation.transfer_syntaxes()]

    assert len(uids) == 248
    assert all(any(line.endswith(f" | {uid}") for line in lines) for uid in uids)
    assert not any("Private" in line for line in lines)


def test_the_statement_follows_what_is_accepted(negotiation):
    """It is made when it is asked for."""
    negotiation.accept_transfer_syntaxes(["1.2.840.10008.1.2.1"])
    negotiation.is_unknown_sop_class_accepted = True
    statement = conformance_statement(negotiation)

    assert "1.2.840.10008.1.2.4.50" not in statement
    assert "SOP classes that are not in the standard are taken, too." in statement
