import pytest

from factories import make_instance, make_study
from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import IndexFullError, NotFoundError, StorageError
from obelisk.index.writing import WriteTransaction
from obelisk.services.labels import Labels
from obelisk.services.removal import Removal


def test_pages_follow_the_order_of_the_ids(house, ct, mr):
    """Pages cut from the sorted list put together the whole list."""
    house.store(ct)
    house.store(mr)
    ids = house.resources.ids(Level.STUDY)

    pages = [house.resources.page(Level.STUDY, since, 1) for since in (0, 1, 2)]

    assert ids == sorted(ids)
    assert [[item.id for item in page] for page in pages] == [[ids[0]], [ids[1]], []]
    assert house.resources.ids(Level.STUDY, 1, 5) == ids[1:]


def test_children_are_found_at_any_depth(house, ct):
    """A patient's instances are those of all its series."""
    ids = house.store(ct).ids
    for level in LEVELS[:-1]:
        for deeper in LEVELS[level.depth + 1 :]:
            (child,) = house.resources.children(level, ids.at(level), deeper)
            assert child.id == ids.at(deeper)
            assert house.resources.child_ids(level, ids.at(level), deeper) == [child.id]


@pytest.mark.parametrize("method", ["get", "statistics_of", "delete"])
def test_unknown_resource_is_not_found(house, method):
    """Whatever is asked of a resource that is not there, the answer is the same."""
    with pytest.raises(NotFoundError):
        getattr(house.resources, method)(Level.STUDY, "nope")


def test_unknown_parent_is_not_found(house):
    """Children and ancestors of nothing are not an empty list."""
    with pytest.raises(NotFoundError):
        house.resources.child_ids(Level.STUDY, "nope", Level.SERIES)
    with pytest.raises(NotFoundError):
        house.resources.children(Level.STUDY, "nope", Level.SERIES)
    with pytest.raises(NotFoundError):
        house.resources.ancestor(Level.SERIES, "nope", Level.STUDY)
    with pytest.raises(NotFoundError):
        house.resources.open_file("nope")


def test_deletion_removes_the_file(house, ct):
    """A deleted study leaves neither rows nor files."""
    ids = house.store(ct).ids

    remaining = house.resources.delete(Level.STUDY, ids.study)

    assert remaining is None
    assert house.files() == []
    assert house.resources.statistics().disk_size == 0


def test_deletion_on_a_full_disk(house, monkeypatch):
    """The reserve makes room for it, once; there is none for anything else."""
    first, second = (house.store(make_instance(number)).ids for number in (1, 2))
    reserve = house.root / "index.db-reserve"
    house.index.reserve.fill()
    write = house.index.write

    def write_if_possible(action):
        if reserve.exists():
            raise IndexFullError
        return write(action)

    monkeypatch.setattr(house.index, "write", write_if_possible)
    with pytest.raises(IndexFullError):
        house.store(make_instance(3))
    assert reserve.exists()
    house.resources.delete(Level.INSTANCE, first.instance)

    assert reserve.exists(), "the disk has plenty of room after all"
    assert house.resources.ids(Level.INSTANCE) == [second.instance]
    reserve.unlink()
    monkeypatch.setattr(house.index, "write", _fail)
    with pytest.raises(IndexFullError):
        house.resources.delete(Level.INSTANCE, second.instance)


def _fail(_):
    raise IndexFullError


def test_large_study_is_deleted_in_parts(house, monkeypatch):
    """Some series at a time; one that another deletes meanwhile is no harm."""
    monkeypatch.setattr("obelisk.services.resources._DELETED_MAX", 8)
    study = [house.store(file).ids for file in make_study(series_count=5)]
    other = house.store(make_instance(study=1)).ids
    third = sorted({ids.series for ids in study})[2]
    transactions = []
    write, delete = house.index.write, WriteTransaction.delete

    def write_noted(action):
        if not transactions:
            write(lambda writer: delete(writer, Level.SERIES, third))
        transactions.append([])
        return write(action)

    def delete_noted(writer, level, id_):
        transactions[-1].append(level)
        return delete(writer, level, id_)

    monkeypatch.setattr(house.index, "write", write_noted)
    monkeypatch.setattr(WriteTransaction, "delete", delete_noted)

    remaining = house.resources.delete(Level.STUDY, study[0].study)

    assert remaining == (Level.PATIENT, other.patient)
    assert house.resources.ids(Level.INSTANCE) == [other.instance]
    assert [len(levels) for levels in transactions if levels] == [2, 1, 1]
    assert len(house.files()) == 1 + 3  # those of the third series are not ours


class Died(BaseException):
    """The process ended."""


def die_after(house, monkeypatch, write_count):
    """Let the process die in front of a write."""
    write, writes = house.index.write, []

    def mortal(action):
        if len(writes) == write_count:
            raise Died
        writes.append(action)
        return write(action)

    monkeypatch.setattr(house.index, "write", mortal)


def truth(house):
    """Count what is there, and what the counters say."""
    counts = house.resources.statistics()
    return [
        *(len(house.resources.ids(level)) for level in LEVELS),
        len(house.files()),
    ], [
        counts.patient_count,
        counts.study_count,
        counts.series_count,
        counts.instance_count,
        counts.instance_count,
    ]


@pytest.mark.parametrize("level", LEVELS[:3])
@pytest.mark.parametrize("write_count", range(13))
def test_deletion_in_parts_goes_on_after_a_crash(
    house, monkeypatch, level, write_count
):
    """At each moment: before it is noted nothing was deleted, and all of it after."""
    monkeypatch.setattr("obelisk.services.resources._DELETED_MAX", 5)
    shape = {"series_count": 1, "instance_count": 18}
    if level is not Level.SERIES:
        shape = {"series_count": 3, "instance_count": 6}
    stored = [house.store(file).ids for file in make_study(**shape)]
    other = house.store(make_instance(9, study=9)).ids
    with monkeypatch.context() as patch:
        die_after(house, patch, write_count)
        try:
            house.resources.delete(level, stored[0].at(level))
        except Died:
            is_dead = True
        else:
            is_dead = False
    counts = house.resources.statistics()

    assert counts.instance_count == len(house.resources.ids(Level.INSTANCE))
    Removal(house.index, house.storage).recover()
    house.resources.finish_deletions()
    found, counted = truth(house)

    assert found == counted
    if write_count:
        assert house.resources.ids(Level.INSTANCE) == [other.instance]
    else:
        assert is_dead
        assert counts.instance_count == len(stored) + 1
    with house.index.read() as transaction:
        assert transaction.find_begun_deletions() == []


def test_a_large_series_is_deleted_in_parts(house, monkeypatch):
    """Some instances at a time, with what belongs to them, and all counts follow."""
    monkeypatch.setattr("obelisk.services.resources._DELETED_MAX", 4)
    stored = [
        house.store(file).ids for file in make_study(series_count=2, instance_count=11)
    ]
    first, second = sorted({ids.series for ids in stored})
    labels = Labels(house.index)
    for ids in stored:
        labels.add(Level.INSTANCE, ids.instance, "mine")
    seen, thin_out = [], WriteTransaction.thin_out

    def noted(writer, series_id, count):
        keys = thin_out(writer, series_id, count)
        left = writer.counts_of(Level.STUDY, writer.get_pk(Level.STUDY, study))
        seen.append((len(keys), left.instance_count, writer.total_counts()))
        return keys

    study = stored[0].study
    monkeypatch.setattr(WriteTransaction, "thin_out", noted)
    remaining = house.resources.delete(Level.SERIES, first)

    assert remaining == (Level.STUDY, study)
    assert [(keys, left) for keys, left, _ in seen] == [(4, 18), (4, 14), (0, 14)]
    assert [total.instance_count for *_, total in seen] == [18, 14, 14]
    assert house.resources.ids(Level.SERIES) == [second]
    found, counted = truth(house)
    assert found == counted == [1, 1, 1, 11, 11]
    sizes = house.resources.statistics()
    assert sizes.disk_size == sum(path.stat().st_size for path in house.files())
    house.resources.delete(Level.SERIES, second)
    assert labels.everywhere() == []


def test_what_grew_after_a_crash_stays(house, monkeypatch):
    """It was sent again, perhaps; the rest that was to be deleted stays, too."""
    monkeypatch.setattr("obelisk.services.resources._DELETED_MAX", 8)
    files = list(make_study(series_count=4))
    stored = [house.store(file).ids for file in files]
    with monkeypatch.context() as patch:
        die_after(house, patch, 2)
        with pytest.raises(Died):
            house.resources.delete(Level.STUDY, stored[0].study)
    house.now += 10
    gone = next(
        file
        for file, ids in zip(files, stored, strict=True)
        if ids.instance not in house.resources.ids(Level.INSTANCE)
    )
    house.store(gone)
    before = house.resources.ids(Level.INSTANCE)
    house.resources.finish_deletions()
    house.resources.finish_deletions()

    assert house.resources.ids(Level.INSTANCE) == before


def test_a_deletion_that_failed_is_given_up(house, monkeypatch):
    """Its caller was told; it does not come back at the next start."""
    monkeypatch.setattr("obelisk.services.resources._DELETED_MAX", 8)
    stored = [house.store(file).ids for file in make_study(series_count=4)]
    with monkeypatch.context() as patch:
        patch.setattr(house.resources, "_delete_series", fail)
        with pytest.raises(StorageError):
            house.resources.delete(Level.STUDY, stored[0].study)
    house.resources.finish_deletions()

    assert len(house.resources.ids(Level.INSTANCE)) == len(stored)


def test_deletion_that_was_interrupted_is_finished_later(house, ct, monkeypatch):
    """A file that could not be removed goes at the next start."""
    ids = house.store(ct).ids
    with monkeypatch.context() as patch:
        patch.setattr(type(house.storage), "delete", fail)
        house.resources.delete(Level.PATIENT, ids.patient)
    left = len(house.files())

    Removal(house.index, house.storage).recover()

    assert left == 1
    assert house.files() == []


def test_recovery_asks_the_index_each_time(house, ct, monkeypatch):
    """A process that dies meanwhile may have stored something until then."""
    known = []

    def recover(find_known):
        find_known([])
        house.store(ct)
        (key,) = (path.name for path in house.files())
        known.extend((key, find_known([key])))
        return 0

    monkeypatch.setattr(house.storage, "recover", recover)
    Removal(house.index, house.storage).recover()

    assert known[1] == {known[0]}


def fail(*_):
    """Fail as a broken disk does."""
    raise StorageError


def test_statistics_add_up(house, ct, mr):
    """The whole is the sum of its patients."""
    house.store(ct)
    house.store(mr)

    total = house.resources.statistics()

    assert (total.patient_count, total.instance_count) == (2, 2)
    assert total.disk_size == len(ct) + len(mr)


def test_changes_are_paged(house, ct, mr):
    """Pages tell where they start and end, and whether the log goes on."""
    house.store(ct)
    house.store(mr)

    first = house.changes.page(since=0, limit=3)
    rest = house.changes.page(since=first.last, limit=100)
    beyond = house.changes.page(since=8)

    assert (first.first, first.last, first.is_done) == (1, 3, False)
    assert (rest.first, rest.last, rest.is_done) == (4, 8, True)
    assert (beyond.first, beyond.last, beyond.is_done) == (None, 8, True)


def test_last_changes_up_to_a_number(house, ct, mr):
    """With `to` alone, the page ends there."""
    house.store(ct)
    house.store(mr)

    page = house.changes.page(limit=2, to=6)

    assert [change.seq for change in page.changes] == [5, 6]
    assert not page.is_done
    assert [change.seq for change in house.changes.last().changes] == [8]


def test_the_last_change_is_that_which_is_left(house, ct, mr):
    """Not that of what was deleted; only an empty log tells how far it counted."""
    house.store(ct)
    deleted = house.store(mr).ids
    house.resources.delete(Level.PATIENT, deleted.patient)
    left = house.changes.last()
    house.changes.clear()

    assert (left.first, left.last) == (4, 4)
    assert house.changes.last().last == house.changes.page(limit=0).last == 8


def test_cleared_log_goes_on_counting(house, ct, mr):
    """Numbers of changes are never used twice."""
    house.store(ct)
    house.changes.clear()
    cleared = house.changes.page()
    house.store(mr)

    assert (cleared.changes, cleared.last) == ([], 4)
    assert house.changes.page().first == 5
