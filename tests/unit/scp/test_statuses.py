import pytest

from factories import make_instance
from obelisk import errors
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import InvalidDICOMError, ServerError, StorageFullError
from obelisk.scp.statuses import DIMSE_STATUS, status_of


def subclasses(kind):
    """Return a class and all that derive from it."""
    return [
        kind,
        *(found for child in kind.__subclasses__() for found in subclasses(child)),
    ]


@pytest.mark.parametrize("kind", subclasses(ServerError))
def test_every_error_has_a_failure_status(kind):
    """The table is total: each error is found in it, and none means success."""
    status = status_of(kind.__new__(kind))

    assert status != 0


@pytest.mark.parametrize("kind", DIMSE_STATUS)
def test_the_table_names_errors_of_the_tree(kind):
    """Nothing is in the table that is not in the tree of errors."""
    assert getattr(errors, kind.__name__) is kind


def test_statuses_of_orthanc():
    """A full storage area is 0xA700 and an unreadable dataset 0xC000, as in Orthanc."""
    assert status_of(StorageFullError()) == 0xA700
    assert status_of(InvalidDICOMError("x")) == 0xC000


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_a_dataset_without_uids_is_not_understood(keyword):
    """To send it once more is of no use, as 0xA700 would suggest."""
    with pytest.raises(InvalidDICOMError) as raised:
        parse_instance(make_instance(1, **{keyword: None}))

    assert status_of(raised.value) == 0xC000
