import pytest

from factories import make_instance
from obelisk.dicom.levels import Level
from obelisk.errors import NotFoundError
from obelisk.services.exports import Exports

#: 2023-11-14 22:13:20 UTC.
NOW = 1_700_000_000.0
DATE = "20231114T221320"


@pytest.fixture
def exports(house):
    """The log of an archive in which it is switched on."""
    return Exports(house.index, is_enabled=True, clock=lambda: NOW)


@pytest.fixture
def ids(house):
    """The ids of the only instance and of its ancestors."""
    return house.store(make_instance(1)).ids


def test_an_export_names_what_is_above_the_resource(house, exports, ids):
    """Patient ID and UIDs down to the resource; the others are empty."""
    series = house.resources.page(Level.SERIES)[0].row
    exports.log([(Level.SERIES, ids.series), (Level.PATIENT, ids.patient)], "away")

    (first, second) = (export.sent for export in exports.page().exports)
    assert (first.level, first.id, first.remote) == (Level.SERIES, series.id, "away")
    assert first.date == DATE
    assert first.patient_id == "SYN1"
    assert first.study_instance_uid.startswith("2.25.")
    assert first.series_instance_uid in series.attributes
    assert first.sop_instance_uid == ""
    assert (second.patient_id, second.study_instance_uid) == ("SYN1", "")


def test_pages(exports, ids):
    """A page starts after a number, and says whether it reaches the end."""
    exports.log([(Level.STUDY, ids.study)] * 3, "away")

    def seen(since, limit):
        page = exports.page(since, limit)
        return [export.seq for export in page.exports], page.is_done, page.last

    assert seen(0, 2) == ([1, 2], False, 2)
    assert seen(2, 2) == ([3], True, 3)
    assert seen(-5, 1) == ([1], False, 1)
    assert seen(1, 0) == ([], False, 1)
    assert seen(9, 2) == ([], True, 9)


def test_the_last_export(exports, ids):
    """It is the one that came last; an empty log has none."""
    assert (exports.last().exports, exports.last().last) == ([], 0)
    exports.log([(Level.STUDY, ids.study)] * 2, "away")
    last = exports.last()

    assert [export.seq for export in last.exports] == [2]
    assert (last.is_done, last.last) == (True, 2)


def test_numbers_go_on_after_a_clearing(house, exports, ids):
    """So that a client which reads on misses nothing; the resource may be gone."""
    exports.log([(Level.STUDY, ids.study)], "away")
    exports.clear()
    assert exports.page().exports == []
    exports.log([(Level.STUDY, ids.study)], "away")
    house.resources.delete(Level.PATIENT, ids.patient)

    assert [export.seq for export in exports.page().exports] == [2]


def test_nothing_is_logged_unless_asked_for(house, ids):
    """LogExportedResources is off by default."""
    exports = Exports(house.index)
    exports.log([(Level.STUDY, ids.study)], "away")

    assert exports.page().exports == []


def test_an_unknown_resource_is_not_logged(exports, ids):
    """Neither are those that were named with it."""
    with pytest.raises(NotFoundError):
        exports.log([(Level.STUDY, ids.study), (Level.STUDY, "nope")], "away")

    assert exports.page().exports == []
