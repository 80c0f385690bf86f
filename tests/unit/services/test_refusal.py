import pytest

from factories import make_instance, make_sized_instance
from obelisk.errors import InvalidDICOMError, ReadOnlyError
from obelisk.index.records import StoreStatus
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Origin
from obelisk.services.refusal import Refusal

HERE = Origin("DicomProtocol")


@pytest.fixture
def refusal(house):
    """What stands at the door of an archive that may not be written to."""
    return Refusal(house.index, AssumedEncoding())


@pytest.mark.parametrize("size_bytes", [20_000, 5_000_000])
def test_an_instance_that_is_stored_already(house, refusal, size_bytes):
    """Its sender is told that it is there, as nothing need be written."""
    content = make_sized_instance(1, size_bytes)
    stored = house.store(content)
    again = refusal.store([content[:1000], content[1000:]], HERE)

    assert again.status is StoreStatus.ALREADY_STORED
    assert again.ids == stored.ids


def test_a_new_instance(house, refusal):
    """It is refused, and nothing is left of it."""
    with pytest.raises(ReadOnlyError):
        refusal.store([make_instance(2)], HERE)

    assert house.files() == []


@pytest.mark.parametrize("chunks", [[], [b""], [b"no DICOM"]])
def test_what_is_no_instance(refusal, chunks):
    """It is the sender's mistake, as everywhere."""
    with pytest.raises(InvalidDICOMError):
        refusal.store(chunks, HERE)
