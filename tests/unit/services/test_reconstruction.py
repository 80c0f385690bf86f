"""`services.reconstruction`: the index is made anew from files."""

from dataclasses import replace
from functools import partial

import pytest

from factories import make_instance
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import MainTags
from obelisk.dicom.matching import CaseRule, Query, constraints_of
from obelisk.errors import (
    CorruptedFileError,
    DamagedFilesError,
    NotFoundError,
    StorageFullError,
)
from obelisk.services.attachments import Attachments, AttachmentSettings
from obelisk.services.content_names import CONTENT_NUMBERS, ContentNames
from obelisk.services.labels import Labels
from obelisk.services.metadata import own_metadata
from obelisk.services.reconstruction import Reconstruction, ReconstructionSettings

_PATIENT_NAME, _STUDY_DATE = 0x00100010, 0x00080020
_DESCRIPTION = 0x00081030
_WEIGHT, _OPERATORS, _ROWS = 0x00101030, 0x00081070, 0x00280010
_MORE = MainTags(
    {Level.PATIENT: [_WEIGHT], Level.STUDY: [_OPERATORS], Level.INSTANCE: [_ROWS]}
)


def reconstruction(house, **settings):
    """Return the service with some settings."""
    names = ContentNames("content type", CONTENT_NUMBERS, {})
    attachments = Attachments(house.index, house.storage, names, AttachmentSettings())
    return Reconstruction(
        house.index, house.resources, attachments, ReconstructionSettings(**settings)
    )


@pytest.fixture
def stored(house):
    """The ids of four instances of two series that contradict each other."""
    return [
        house.store(
            make_instance(
                1,
                series=number % 2,
                number=number,
                PatientName=f"Name{number}",
                StudyDate=f"2020010{number}",
                BodyPartExamined=f"PART{number}",
                OperatorsName=f"Operator{number}",
                PatientWeight=str(number),
                CardiacNumberOfImages=number,
            )
        ).ids
        for number in range(1, 5)
    ]


def attributes(house, ids):
    """Return what the levels say that differs between the instances, by number."""
    rows = [house.resources.get(level, ids.at(level)) for level in LEVELS[:3]]
    patient, study, series = rows
    return [
        int(patient.attributes["PatientName"][-1]),
        int(study.attributes["StudyDate"][-1]),
        int(study.patient_attributes["PatientName"][-1]),
        int(series.attributes["BodyPartExamined"][-1]),
    ]


def number_of(house, instance_id):
    """Return the instance number."""
    found = house.resources.get(Level.INSTANCE, instance_id)
    return int(found.attributes["InstanceNumber"])


def names_found(house, level, name):
    """Return how many resources are found by a part of a patient's name."""
    (constraint,) = constraints_of({_PATIENT_NAME: f"*{name}*"}, CaseRule.NOWHERE)
    with house.index.read() as transaction:
        return len(transaction.find(Query(level=level, constraints=(constraint,))))


def test_an_instance_has_the_word_at_all_levels(house, stored):
    """What it says replaces what others said, for its own ancestors."""
    reconstruction(house).reconstruct(Level.INSTANCE, stored[2].instance)

    assert attributes(house, stored[2]) == [3, 3, 3, 3]
    assert attributes(house, stored[1]) == [3, 3, 3, 2]


@pytest.mark.parametrize("level", LEVELS[:2])
def test_the_last_instance_has_the_last_word(house, stored, level):
    """The last one in the order of the ids, for each resource."""
    reconstruction(house).reconstruct(level, stored[0].at(level))
    last = number_of(house, max(ids.instance for ids in stored))

    for series in (0, 1):
        members = stored[series::2]
        own = number_of(house, max(ids.instance for ids in members))
        assert attributes(house, members[0]) == [last, last, last, own]


@pytest.mark.parametrize(
    ("level", "changed"), [(Level.PATIENT, 0), (Level.STUDY, 1), (Level.SERIES, 3)]
)
def test_one_level_takes_the_word_of_its_first_instance(house, stored, level, changed):
    """The first one in the order of the ids; a study brings its copy of the patient."""
    service, ids = reconstruction(house), stored[3]
    service.reconstruct_instance(ids.instance)
    before = attributes(house, ids)
    service.reconstruct_level(level, ids.at(level))
    below = [one.instance for one in stored if one.at(level) == ids.at(level)]
    expected = list(before)
    expected[changed] = number_of(house, min(below))
    if level is Level.STUDY:
        expected[2] = expected[1]

    assert attributes(house, ids) == expected


def test_searches_follow(house, stored):
    """By columns, and by parts of names, at both levels that have them."""
    reconstruction(house).reconstruct(Level.INSTANCE, stored[2].instance)
    (date,) = constraints_of({_STUDY_DATE: "20200103"}, CaseRule.NOWHERE)

    with house.index.read() as transaction:
        assert transaction.count(Query(level=Level.STUDY, constraints=(date,))) == 1
    for level in LEVELS[:2]:
        assert names_found(house, level, "name3") == 1
        assert names_found(house, level, "name1") == 0


def test_searches_find_what_stays_beside_what_changes(house):
    """A study keeps its description, and is found by it, when its date changes."""
    for number in (1, 2):
        file = make_instance(1, number=number, StudyDate=f"2020010{number}")
        ids = house.store(file).ids
    reconstruction(house).reconstruct(Level.INSTANCE, ids.instance)
    (constraint,) = constraints_of({_DESCRIPTION: "study 0"}, CaseRule.NOWHERE)

    with house.index.read() as transaction:
        for level in LEVELS[1:3]:
            query = Query(level=level, constraints=(constraint,))
            assert transaction.count(query) == 1


def test_what_is_no_attribute_stays(house, stored):
    """Labels, times, counts, what is expected, stability, and the change log."""
    labels = Labels(house.index)
    labels.add(Level.STUDY, stored[0].study, "mine")
    series = [house.resources.get(Level.SERIES, stored[0].series)]
    before = [house.resources.get(one, stored[0].at(one)).row for one in LEVELS]
    counts = house.resources.statistics_of(Level.PATIENT, stored[0].patient)
    changes = house.changes.page(since=0, limit=100).changes
    house.now += 1000
    reconstruction(house).reconstruct(Level.INSTANCE, stored[2].instance)
    after = [house.resources.get(one, stored[0].at(one)).row for one in LEVELS]

    assert [unattributed(row) for row in after] == [unattributed(row) for row in before]
    assert counts == house.resources.statistics_of(Level.PATIENT, stored[0].patient)
    assert changes == house.changes.page(since=0, limit=100).changes
    assert series[0].row.expected_instance_count == 1


def unattributed(row):
    """Return a row without its attributes."""
    return row._replace(attributes="", patient_attributes="")


def test_more_tags_apply_to_what_is_there(house, stored):
    """With the signature that tells so; fewer tags take both away again."""
    more, plain = reconstruction(house, main_tags=_MORE), reconstruction(house)
    house.index._main_tags = _MORE
    more.reconstruct_all()
    study = house.resources.get(Level.STUDY, stored[0].study)
    instance = house.resources.get(Level.INSTANCE, stored[0].instance)

    assert study.attributes["OperatorsName"].startswith("Operator")
    assert study.patient_attributes["PatientWeight"]
    assert instance.attributes["Rows"] == "8"
    signature = own_metadata(Level.INSTANCE, instance.row)["MainDicomTagsSignature"]
    assert signature == _MORE.signatures[Level.INSTANCE]

    house.index._main_tags = MainTags()
    plain.reconstruct_all()
    again = house.resources.get(Level.INSTANCE, stored[0].instance)
    assert "Rows" not in again.attributes
    assert "MainDicomTagsSignature" not in again.metadata
    assert again.metadata["Origin"] == instance.metadata["Origin"]


def test_levels_that_lack_tags_are_told(house, stored, caplog):
    """Until they are made anew; the log tells them, too."""
    house.index._main_tags = _MORE
    service = reconstruction(house, main_tags=_MORE)
    lacking = [Level.PATIENT, Level.STUDY, Level.INSTANCE]

    assert reconstruction(house).outdated_levels() == []
    assert service.outdated_levels() == lacking
    service.warn_if_outdated()
    assert "(Patient, Study, Instance)" in caplog.text
    service.reconstruct_all()
    assert service.outdated_levels() == []
    caplog.clear()
    service.warn_if_outdated()
    assert not caplog.records
    assert reconstruction(house).outdated_levels() == lacking
    house.resources.delete(Level.PATIENT, stored[0].patient)
    assert reconstruction(house).outdated_levels() == []


def test_a_repetition_changes_nothing(house, stored):
    """So a step that was interrupted can be done again."""
    service = reconstruction(house)
    service.reconstruct_all()
    before = [house.resources.get(level, stored[0].at(level)) for level in LEVELS]
    service.reconstruct_all()

    assert [house.resources.get(one, stored[0].at(one)) for one in LEVELS] == before


def test_steps_can_be_done_one_by_one(house, stored):
    """All in the order of `instance_ids` is the same as the whole."""
    service = reconstruction(house)
    ids = service.instance_ids(Level.STUDY, stored[0].study)
    for id_ in ids:
        service.reconstruct_instance(id_)
    stepwise = attributes(house, stored[0])
    service.reconstruct(Level.STUDY, stored[0].study)

    assert ids == sorted(one.instance for one in stored)
    assert stepwise == attributes(house, stored[0])


@pytest.mark.parametrize("is_compressed", [True, False])
def test_files_become_as_configured(open_house, is_compressed):
    """Compressed or not, with the same content and the right sizes."""
    house = open_house(is_compressed=not is_compressed)
    ids = house.store(make_instance(1)).ids
    service = reconstruction(house, is_compressed=is_compressed)
    service.reconstruct(Level.PATIENT, ids.patient, with_files=True)
    counts = house.resources.statistics_of(Level.PATIENT, ids.patient)
    size = sum(path.stat().st_size for path in house.files())

    assert (counts.disk_size < counts.uncompressed_size) is is_compressed
    assert counts.disk_size == size
    assert b"".join(house.resources.open_file(ids.instance).read()) == make_instance(1)


def test_what_does_not_exist_is_told(house):
    """But an instance that went meanwhile is skipped."""
    service = reconstruction(house)

    for level in LEVELS:
        with pytest.raises(NotFoundError):
            service.reconstruct(level, "nothing")
        with pytest.raises(NotFoundError):
            service.reconstruct_level(level, "nothing")
    assert service.reconstruct_group(["nothing"]) == []


def test_a_study_that_goes_meanwhile_is_skipped(house, stored, monkeypatch):
    """The others are reconstructed."""
    other = house.store(make_instance(2, PatientName="Other")).ids
    service = reconstruction(house)
    known = service.instance_ids

    def vanishing(level, id_):
        if id_ == stored[0].study:
            house.resources.delete(level, id_)
        return known(level, id_)

    monkeypatch.setattr(service, "instance_ids", vanishing)
    service.reconstruct_all()

    assert house.resources.ids(Level.STUDY, 0, None) == [other.study]


def test_a_file_that_is_replaced_meanwhile_is_read_again(house, stored, monkeypatch):
    """What the index learns is never that of the old file."""
    service, ids = reconstruction(house), stored[0]
    reads = []
    read = service._read

    def outdated(instance_id, stored_file):
        file = read(instance_id, stored_file)
        reads.append(file)
        return replace(file, key="old") if len(reads) == 1 else file

    monkeypatch.setattr(service, "_read", outdated)
    service.reconstruct_instance(ids.instance)

    assert len(reads) == 2


def test_a_file_that_goes_meanwhile_is_looked_for_again(house, stored, monkeypatch):
    """It may have been replaced, or its instance deleted; another one will do then."""
    service = reconstruction(house)
    first = min(stored, key=lambda ids: ids.instance)
    read, gone = service._read, []

    def vanishing(instance_id, file):
        if not gone:
            gone.append(instance_id)
            house.resources.delete(Level.INSTANCE, instance_id)
        return read(instance_id, file)

    monkeypatch.setattr(service, "_read", vanishing)
    service.reconstruct_level(Level.STUDY, first.study)
    left = [ids for ids in stored if ids.instance != first.instance]
    second = min(left, key=lambda ids: ids.instance)

    assert gone == [first.instance]
    assert attributes(house, second)[1] == number_of(house, second.instance)


def test_a_broken_file_is_told(house, stored):
    """As the fault of the server that it is."""
    key = house.resources.open_file(stored[0].instance).uuid
    (path,) = [path for path in house.files() if path.name.startswith(key)]
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))

    with pytest.raises(CorruptedFileError):
        reconstruction(house).reconstruct(Level.STUDY, stored[0].study)


def damage(house, instance_id):
    """Spoil the file of an instance; return where it is."""
    key = house.resources.open_file(instance_id).uuid
    (path,) = (path for path in house.files() if path.name == key)
    path.write_bytes(b"no DICOM")
    return path


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_damaged_files_are_named_and_others_reconstructed(
    house, stored, is_gone, whole
):
    """Of a resource as of the whole archive; what is known of them stays as it was."""
    other = house.store(make_instance(9, PatientName="Other", PatientWeight="9")).ids
    victims = sorted(ids.instance for ids in stored)[:2]
    for id_ in victims:
        path = damage(house, id_)
        if is_gone:
            path.unlink()
    service = reconstruction(house, main_tags=_MORE)
    before = [house.resources.get(Level.INSTANCE, id_).row for id_ in victims]

    patient = partial(service.reconstruct, Level.PATIENT, stored[0].patient)
    with pytest.raises(DamagedFilesError) as caught:
        (service.reconstruct_all if whole else patient)()

    assert caught.value.details["identifiers"] == victims
    assert all(id_ in caught.value.message for id_ in victims)
    after = [house.resources.get(Level.INSTANCE, id_).row for id_ in victims]
    assert after == before
    fine = [ids.instance for ids in stored if ids.instance not in victims]
    for id_ in [*fine, *([other.instance] if whole else [])]:
        assert "Rows" in house.resources.get(Level.INSTANCE, id_).attributes


def test_not_all_of_many_damaged_files_are_named(house):
    """A message stays readable, and says how many there are."""
    error = DamagedFilesError([f"id{number:03}" for number in range(150)])

    assert "150" in error.message
    assert "id099" in error.message
    assert "id100" not in error.message


def test_a_file_that_is_replaced_in_a_group_is_read_again(house, stored, monkeypatch):
    """As for a single one: once more, and the rest of the group only once."""
    service, reads = reconstruction(house), []
    read = service._read

    def outdated(instance_id, stored_file):
        file = read(instance_id, stored_file)
        reads.append(instance_id)
        return replace(file, key="old") if len(reads) == 2 else file

    monkeypatch.setattr(service, "_read", outdated)
    service.reconstruct_all()

    assert sorted(reads[:4]) == sorted(ids.instance for ids in stored)
    assert reads[4:] == [reads[1]]


def test_many_instances_take_few_transactions(house, monkeypatch):
    """As senders wait for each of them."""
    for number in range(60):
        house.store(make_instance(1, number=number + 1))
    writes, write = [], house.index.write

    def counted(action):
        writes.append(action)
        return write(action)

    monkeypatch.setattr(house.index, "write", counted)
    reconstruction(house).reconstruct_all()

    assert len(writes) == 2


def test_a_full_disk_damages_no_file(house, stored, monkeypatch):
    """That a file cannot be written anew is no fault of the old one."""

    def fail():
        raise StorageFullError

    service = reconstruction(house, main_tags=_MORE, is_compressed=True)
    monkeypatch.setattr(house.storage, "create", fail)

    with pytest.raises(StorageFullError):
        service.reconstruct(Level.PATIENT, stored[0].patient, with_files=True)
