"""`services.bulk`: many resources at once."""

import pytest

from factories import make_instance
from obelisk.dicom.levels import LEVELS, Level
from obelisk.services.bulk import Bulk


@pytest.fixture
def bulk(house):
    """The service on an archive of two series of a study."""
    return Bulk(house.index, house.resources)


@pytest.fixture
def ids(house):
    """The ids of three instances, the first two of one series."""
    places = [(0, 1), (0, 2), (1, 1)]
    contents = [make_instance(1, series=s, number=n) for s, n in places]
    return [house.store(content).ids for content in contents]


def test_the_level_of_an_id_is_found(bulk, ids):
    """By nothing but the id."""
    for level in LEVELS:
        assert bulk.lookup_level(ids[0].at(level)) is level
    assert bulk.lookup_level("nothing") is None


def test_resources_are_described_as_they_are_named(bulk, ids):
    """In that order, as often as they are named; unknown ones are left out."""
    named = [ids[1].instance, "nothing", ids[0].patient, ids[1].instance]
    found = [one.id for one in bulk.describe(named)]

    assert found == [ids[1].instance, ids[0].patient, ids[1].instance]


@pytest.mark.parametrize("target", LEVELS)
def test_relatives_are_described_once(bulk, ids, target):
    """Those above or below, in the order of the ids."""
    named = [ids[2].series, ids[0].instance, ids[0].study]
    found = [(one.level, one.id) for one in bulk.describe(named, target)]

    assert found == [(target, id_) for id_ in sorted({one.at(target) for one in ids})]


def test_deletion_passes_over_what_is_not_there(house, bulk, ids):
    """Because it never was, or went with one that was named before."""
    bulk.delete([ids[0].series, "nothing", ids[0].instance])

    assert house.resources.ids(Level.INSTANCE, 0, None) == [ids[2].instance]
    assert not bulk.delete_one(ids[0].instance)
    assert bulk.delete_one(ids[2].patient)
    assert house.files() == []


def test_what_is_deleted_meanwhile_is_passed_over(house, bulk, ids, monkeypatch):
    """Between the look and the deed."""
    monkeypatch.setattr(bulk, "lookup_level", lambda _: Level.SERIES)
    house.resources.delete(Level.PATIENT, ids[0].patient)

    assert not bulk.delete_one(ids[0].series)
    assert list(bulk.describe([ids[0].series])) == []
    assert list(bulk.describe([ids[0].series], Level.STUDY)) == []
    assert list(bulk.describe([ids[0].series], Level.INSTANCE)) == []
