import threading

import pytest

from factories import make_instance, make_sized_instance
from obelisk.config import OverwriteMode
from obelisk.dicom.levels import Level
from obelisk.errors import StorageError, StorageFullError
from obelisk.services.attachments import Attachments, AttachmentSettings
from obelisk.services.content_names import CONTENT_NUMBERS, ContentNames
from obelisk.services.labels import Protection
from obelisk.services.quota import Quota, enforce
from obelisk.services.removal import Removal

ONE_KIB = 1024


def fail(*_):
    """Fail as a broken disk does."""
    raise StorageError


def patients(house):
    """Return the Patient IDs of an archive, in their order."""
    found = house.resources.page(Level.PATIENT)
    return sorted(one.attributes["PatientID"] for one in found)


def attachments(house, quota):
    """Return the service of attachments of an archive."""
    names = ContentNames("content type", CONTENT_NUMBERS, {"note": 1024})
    settings = AttachmentSettings(quota=quota)
    return Attachments(house.index, house.storage, names, settings)


@pytest.fixture
def full(open_house):
    """An archive for three patients, which it has: 0, 1 and 2."""
    house = open_house(quota=Quota(patient_count_max=3))
    for seed in range(3):
        house.store(make_instance(seed))
    return house


def test_the_oldest_patient_goes_first(full):
    """Room for a fourth patient is made by the one that came first."""
    full.store(make_instance(3))

    assert patients(full) == ["SYN1", "SYN2", "SYN3"]
    assert full.resources.statistics().patient_count == 3
    assert len(full.files()) == 3


def test_a_patient_that_grows_goes_last(full):
    """A new instance puts its patient at the end of the queue, an old one does not."""
    full.store(make_instance(0, number=2))
    full.store(make_instance(1))
    full.store(make_instance(3))

    assert patients(full) == ["SYN0", "SYN2", "SYN3"]


def test_a_protected_patient_stays(full):
    """Protection takes a patient out of the queue, its end puts it at the end."""
    ids = [full.store(make_instance(seed)).ids.patient for seed in range(3)]
    protection = Protection(full.index)
    for id_ in ids[:2]:
        protection.switch(id_, is_on=True)
    full.store(make_instance(3))
    while_protected = patients(full)
    protection.switch(ids[0], is_on=False)
    protection.switch(ids[0], is_on=False)
    full.store(make_instance(4))

    assert while_protected == ["SYN0", "SYN1", "SYN3"]
    assert patients(full) == ["SYN0", "SYN1", "SYN4"]


def test_protected_patients_leave_no_room(full):
    """Where no patient may go, the new instance is refused, and nothing changes."""
    for seed in range(3):
        id_ = full.store(make_instance(seed)).ids.patient
        Protection(full.index).switch(id_, is_on=True)

    with pytest.raises(StorageFullError):
        full.store(make_instance(3))
    full.store(make_instance(2, number=2))

    assert patients(full) == ["SYN0", "SYN1", "SYN2"]
    assert len(full.files()) == 4


def test_rejecting_deletes_nothing(open_house):
    """In the other mode the present patients may grow, but no other one comes."""
    house = open_house(quota=Quota(patient_count_max=1, is_recycling=False))
    house.store(make_instance(0))
    house.store(make_instance(0, number=2))

    with pytest.raises(StorageFullError):
        house.store(make_instance(1))

    assert patients(house) == ["SYN0"]
    assert len(house.files()) == 2


def test_the_size_is_exact(open_house):
    """What fits to the last byte is stored, and one byte less is too small."""
    first, second = make_instance(0), make_instance(1)
    exact = Quota(disk_size_max=len(first) + len(second))
    small = Quota(disk_size_max=exact.disk_size_max - 1)
    houses = [open_house(quota=quota) for quota in (exact, small)]
    for house in houses:
        house.store(first)
        house.store(second)

    assert [patients(house) for house in houses] == [["SYN0", "SYN1"], ["SYN1"]]


def test_as_many_go_as_needed(open_house):
    """A large instance takes the room of several patients, but not of all."""
    small = len(make_sized_instance(0, 9 * ONE_KIB))
    house = open_house(quota=Quota(disk_size_max=4 * small))
    for seed in range(4):
        house.store(make_sized_instance(seed, 9 * ONE_KIB))

    house.store(make_sized_instance(4, 15 * ONE_KIB))

    assert patients(house) == ["SYN2", "SYN3", "SYN4"]
    assert len(house.files()) == 3


def test_what_never_fits_deletes_nobody(open_house):
    """An instance that is larger than the quota, or makes its patient so."""
    house = open_house(quota=Quota(disk_size_max=40 * ONE_KIB))
    house.store(make_sized_instance(0, 9 * ONE_KIB))
    house.store(make_sized_instance(1, 25 * ONE_KIB))

    with pytest.raises(StorageFullError):
        house.store(make_sized_instance(2, 50 * ONE_KIB))
    with pytest.raises(StorageFullError):
        house.store(make_sized_instance(1, 25 * ONE_KIB, study=1))

    assert patients(house) == ["SYN0", "SYN1"]


def test_overwriting_counts_the_difference(open_house):
    """The old file makes room for the new one, and the patient is not recycled."""
    size = len(make_sized_instance(0, 9 * ONE_KIB))
    quota = Quota(disk_size_max=2 * size)
    house = open_house(quota=quota, overwrite_mode=OverwriteMode.ALWAYS)
    house.store(make_sized_instance(1, 9 * ONE_KIB))
    for _ in range(3):
        house.store(make_sized_instance(0, 9 * ONE_KIB))

    assert patients(house) == ["SYN0", "SYN1"]
    assert len(house.files()) == 2


def test_attachments_count(open_house):
    """A file of a user makes room for itself, or is refused."""
    small = len(make_sized_instance(0, 9 * ONE_KIB))
    quota = Quota(disk_size_max=4 * small)
    house = open_house(quota=quota)
    for seed in range(3):
        ids = house.store(make_sized_instance(seed, 9 * ONE_KIB)).ids
    service = attachments(house, quota)
    service.put(Level.SERIES, ids.series, "note", [bytes(2 * small)])

    with pytest.raises(StorageFullError):
        service.put(Level.STUDY, ids.study, "note", [bytes(2 * small)])
    assert patients(house) == ["SYN1", "SYN2"]
    assert len(house.files()) == 3


def test_an_expanded_file_counts(open_house):
    """A file that is stored without compression again needs its whole size."""
    quota = Quota(disk_size_max=40 * ONE_KIB)
    house = open_house(quota=quota, is_compressed=True)
    first = house.store(make_instance(0)).ids
    second = house.store(make_instance(1, PixelData=bytes(39 * ONE_KIB))).ids
    service = attachments(house, quota)
    service.rewrite(Level.INSTANCE, second.instance, "dicom", is_compressed=False)
    service.rewrite(Level.INSTANCE, second.instance, "dicom", is_compressed=True)

    assert patients(house) == ["SYN1"]
    assert first.patient not in house.resources.ids(Level.PATIENT)
    assert len(house.files()) == 1


def test_a_lower_quota_recycles_at_the_start(house):
    """What does not fit any more goes, unless new instances are to be rejected."""
    for seed in range(4):
        house.store(make_instance(seed))
    removal = Removal(house.index, house.storage)
    enforce(Quota(patient_count_max=3, is_recycling=False), house.index, removal)
    before = patients(house)
    enforce(Quota(patient_count_max=3), house.index, removal)

    assert len(before) == 4
    assert patients(house) == ["SYN1", "SYN2", "SYN3"]
    assert len(house.files()) == 3


def test_a_lower_quota_spares_protected_patients(house):
    """If those who are protected are too many, nobody goes at the start."""
    for seed in range(3):
        id_ = house.store(make_instance(seed)).ids.patient
        Protection(house.index).switch(id_, is_on=seed > 0)

    enforce(
        Quota(patient_count_max=1), house.index, Removal(house.index, house.storage)
    )

    assert patients(house) == ["SYN0", "SYN1", "SYN2"]


def test_files_of_recycled_patients_go_after_a_crash_too(full, monkeypatch):
    """A file that could not be removed is on the list for the next start."""
    with monkeypatch.context() as patch:
        patch.setattr(type(full.storage), "delete", fail)
        full.store(make_instance(3))
    left = len(full.files())
    Removal(full.index, full.storage).recover()

    assert left == 4
    assert len(full.files()) == 3
    assert patients(full) == ["SYN1", "SYN2", "SYN3"]


@pytest.mark.parametrize("is_recycling", [True, False])
def test_the_quota_holds_at_every_moment(open_house, is_recycling):
    """Whoever looks while eight threads ingest never sees too many patients."""
    quota = Quota(patient_count_max=5, is_recycling=is_recycling)
    house = open_house(quota=quota)
    seen = []
    contents = [[make_instance(8 * n + one) for n in range(6)] for one in range(8)]

    def ingest(some):
        for content in some:
            try:
                house.store(content)
            except StorageFullError:
                seen.append("full")
            seen.append(house.resources.statistics().patient_count)

    threads = [threading.Thread(target=ingest, args=(some,)) for some in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    counts = [one for one in seen if one != "full"]
    assert max(counts) == 5
    assert len(patients(house)) == len(house.files()) == 5
    assert seen.count("full") == (0 if is_recycling else 43)
