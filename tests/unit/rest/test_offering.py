import pytest

from obelisk.errors import NotFoundError
from obelisk.rest.offering import offered_routes
from obelisk.rest.routing import MethodNotAllowedError


def test_a_server_that_may_not_write():
    """Routes that write are gone, those that read stay."""
    router = offered_routes(is_read_only=True)
    for method, path in (
        ("POST", "/instances"),
        ("DELETE", "/studies/x"),
        ("PUT", "/series/x/labels/y"),
        ("DELETE", "/instances/x/attachments/dicom"),
    ):
        with pytest.raises(MethodNotAllowedError) as caught:
            router.match(method, path)
        assert caught.value.allowed == ("GET",)
    with pytest.raises(NotFoundError):
        router.match("POST", "/instances/x/attachments/dicom/compress")

    assert router.match("POST", "/tools/find")


def test_a_server_without_the_patient_level():
    """There are no patients, but each study still has one."""
    router = offered_routes(is_patient_level_enabled=False)
    for path in ("/patients", "/patients/x", "/patients/x/studies"):
        with pytest.raises(NotFoundError):
            router.match("GET", path)

    assert router.match("GET", "/studies/x/patient").relative.plural == "patients"
