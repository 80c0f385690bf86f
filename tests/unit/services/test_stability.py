import itertools
import threading

from factories import make_instance
from obelisk.dicom.levels import Level
from obelisk.services.ingest import Origin

_THREAD_COUNT = 4
_INSTANCE_COUNT = 25


def test_a_series_that_grows_is_not_stable_twice(open_house):
    """However growth and the timer meet, between two events there was growth."""
    house = open_house(stable_age_seconds=0)
    contents = [
        [make_instance(number=_INSTANCE_COUNT * one + n + 1) for n in range(25)]
        for one in range(_THREAD_COUNT)
    ]
    has_ended = threading.Event()

    def ingest(some):
        for content in some:
            house.ingest.store([content], Origin("RestApi"))

    def settle():
        while not has_ended.is_set():
            house.stability.settle()

    threads = [threading.Thread(target=ingest, args=(some,)) for some in contents]
    timer = threading.Thread(target=settle)
    for thread in [timer, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    has_ended.set()
    timer.join()
    house.stability.settle()

    kinds = [one.type.value for one in house.changes.page(limit=1000).changes]
    for level in ("Series", "Study", "Patient"):
        events = [one for one in kinds if one in {"NewInstance", f"Stable{level}"}]
        pairs = itertools.pairwise(events)
        assert (f"Stable{level}",) * 2 not in pairs
        assert events[-1] == f"Stable{level}"
    for level in (Level.SERIES, Level.STUDY, Level.PATIENT):
        assert all(one.is_stable for one in house.resources.page(level))


def test_growth_puts_the_event_off(house):
    """The age counts from the last instance, also for what grew meanwhile."""
    house.store(make_instance(number=1))
    house.now += 50
    house.store(make_instance(number=2))
    house.now += 50
    house.stability.settle()
    early = [one.type.value for one in house.changes.page().changes]
    house.now += 11
    house.stability.settle()
    late = [one.type.value for one in house.changes.page().changes]

    assert not [one for one in early if one.startswith("Stable")]
    assert late[-3:] == ["StableSeries", "StableStudy", "StablePatient"]


def test_what_stopped_growing_first_is_stable_first(house):
    """The levels of one study come together; a level does not wait for another."""
    for number in (1, 2):
        house.store(make_instance(number, PatientID="one"))
        house.now += 1
    house.now += 100
    house.stability.settle()

    kinds = [one.type.value for one in house.changes.page().changes]
    assert [kind for kind in kinds if kind.startswith("Stable")] == [
        *("StableSeries", "StableStudy"),
        *("StableSeries", "StableStudy", "StablePatient"),
    ]
