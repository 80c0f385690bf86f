from obelisk.rest.error_codes import ERROR_CODES
from obelisk.rest.failures import STATUS_OF


def test_well_known_numbers() -> None:
    """The numbers that clients know have their descriptions."""
    assert ERROR_CODES[-1] == "Internal error"
    assert ERROR_CODES[8] == "Bad request"
    assert ERROR_CODES[17] == "Unknown resource"
    assert ERROR_CODES[3000] == "Unsupported media type"


def test_every_status_has_a_description() -> None:
    """Each number that an answer can carry is described."""
    assert {status.code for status in STATUS_OF.values()} <= set(ERROR_CODES)
