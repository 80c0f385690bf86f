import pytest

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import MainTags
from obelisk.dicom.matching import CaseRule, Query, constraints_of
from obelisk.dicom.tag_json import TagForm
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.requested_tags import RequestedTags

_PATIENT_NAME, _ROWS = 0x00100010, 0x00280010
_PATIENT_STUDIES, _SERIES_INSTANCES = 0x00201200, 0x00201209
_SOP_CLASSES, _TRANSFER_SYNTAX = 0x00080062, 0x00020010
_KVP = 0x00180060


@pytest.fixture
def ask(house, ct):
    """Return a function that asks for attributes of the CT at a level."""
    ids = house.store(ct).ids
    tags = RequestedTags(house.index, house.resources, AssumedEncoding())

    def values(level, *wanted):
        row = house.resources.get(level, ids.at(level)).row
        return tags.values(level, [row], wanted, TagForm.SIMPLE)[0]

    return values


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_knows_what_is_above_and_below(ask, level):
    """From its parents, or from the file of an instance."""
    found = ask(level, _PATIENT_NAME, _ROWS)

    assert found == {"PatientName": "CompressedSamples^CT1", "Rows": "128"}


def test_numbers_are_counted_at_their_own_level(ask):
    """Elsewhere they are absent, or null beside what comes from a file."""
    assert ask(Level.PATIENT, _PATIENT_STUDIES) == {
        "NumberOfPatientRelatedStudies": "1"
    }
    assert ask(Level.STUDY, _PATIENT_STUDIES) == {}
    found = ask(Level.SERIES, _PATIENT_STUDIES, _SERIES_INSTANCES, _ROWS)
    assert found["NumberOfSeriesRelatedInstances"] == "1"
    assert found["NumberOfPatientRelatedStudies"] is None


def test_what_no_dataset_holds_is_left_out(ask):
    """The classes in a study are known of studies only, the meta header of none."""
    assert ask(Level.STUDY, _SOP_CLASSES) == {
        "SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2"
    }
    assert ask(Level.INSTANCE, _SOP_CLASSES, _TRANSFER_SYNTAX) == {}


def test_what_was_searched_for_and_is_not_indexed(house):
    """Counts, and what is in files only, but not what no value was given for."""
    tags = RequestedTags(house.index, house.resources, AssumedEncoding())
    wanted = {_PATIENT_NAME: "x", _SOP_CLASSES: "1.2", _ROWS: "", _KVP: "120"}
    constraints = tuple(constraints_of(wanted, CaseRule.NOWHERE))

    found = tags.searched(Query(level=Level.STUDY, constraints=constraints))

    assert sorted(found) == [_SOP_CLASSES, _KVP]


def test_a_file_that_is_gone_leaves_what_is_indexed(house, ct, monkeypatch):
    """Deleted between the two looks."""
    row = house.resources.get(Level.STUDY, house.store(ct).ids.study).row
    tags = RequestedTags(house.index, house.resources, AssumedEncoding())
    open_file = house.resources.open_file

    def deleted(id_):
        house.resources.delete(Level.INSTANCE, id_)
        return open_file(id_)

    monkeypatch.setattr(house.resources, "open_file", deleted)

    found = tags.values(Level.STUDY, [row], [_PATIENT_NAME, _ROWS], TagForm.SHORT)

    assert found == [{"0010,0010": "CompressedSamples^CT1"}]


@pytest.mark.parametrize("level", LEVELS)
def test_what_was_not_indexed_yet_is_read_from_the_file(house, ct, level):
    """As long as the resource was not made anew; files are not opened afterwards."""
    ids = house.store(ct).ids
    more = MainTags({one: [_ROWS] for one in LEVELS[: level.depth + 1]})
    tags = RequestedTags(
        house.index, house.resources, AssumedEncoding(), main_tags=more
    )
    unread = RequestedTags(
        house.index,
        house.resources,
        AssumedEncoding(),
        main_tags=more,
        is_storage_read=False,
    )
    row = house.resources.get(level, ids.at(level)).row

    assert tags.values(level, [row], [_ROWS], TagForm.SIMPLE) == [{"Rows": "128"}]
    assert unread.values(level, [row], [_ROWS], TagForm.SIMPLE) == [{}]


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_indexed_is_not_read_again(open_house, ct, level):
    """Be it there, or absent in the file."""
    weight, comments = 0x00101030, 0x00104000
    more = MainTags({Level.PATIENT: [weight, comments], Level.STUDY: [_ROWS]})
    house = open_house(main_tags=more)
    ids = house.store(ct).ids
    tags = RequestedTags(
        house.index,
        house.resources,
        AssumedEncoding(),
        main_tags=more,
        is_storage_read=False,
    )
    row = house.resources.get(level, ids.at(level)).row
    found = tags.values(level, [row], [weight, comments], TagForm.SHORT)

    assert found == [{"0010,1030": "0.000000"}]
