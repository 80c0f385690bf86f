"""Tests of where searches start."""

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.matching import AnyOf, CaseRule, LabelsRule, Query, constraints_of
from obelisk.index import sources
from obelisk.index.sources import Source, choose

SEARCHES = [
    {"constraints": {0x00100010: "doe*"}},
    {"constraints": {0x00100010: "*oe^J*"}},
    {"constraints": {0x00080061: "CT"}},
    {"constraints": {0x00080061: "C*", 0x00080020: "20240102-"}},
    {"constraints": {0x00081030: "*thorax*", 0x00080061: "MR"}},
    {"constraints": {0x00080018: "1.1\\2.1\\nope"}},
    {"constraints": {0x00100020: "P1", 0x0020000D: "1\\2"}},
    {"constraints": {}, "labels": ("a", "b")},
    {"constraints": {}, "labels": ("a", "b"), "labels_rule": LabelsRule.ANY},
    {"constraints": {0x00100010: "doe*"}, "labels": ("a",)},
]


def rows(count):
    """Return a source of some rows."""
    numbers = ", ".join(f"({number})" for number in range(count))
    return Source(Level.STUDY, f"SELECT column1 AS pk FROM (VALUES {numbers})", ())


@pytest.fixture
def filled(index, make):
    """An index of six studies of three patients, some with labels."""

    def fill(writer):
        for number in range(6):
            patient, study = f"P{number // 2}", str(number)
            values = {
                Level.PATIENT: {"PatientID": patient, "PatientName": "Doe^Jane"},
                Level.STUDY: {
                    "StudyInstanceUID": study,
                    "StudyDate": f"2024010{number}",
                    "StudyDescription": "Thorax" if number % 2 else "Abdomen",
                },
                Level.SERIES: {
                    "SeriesInstanceUID": study,
                    "Modality": ("CT", "MR", "SR")[number % 3],
                },
                Level.INSTANCE: {"SOPInstanceUID": f"{number}.1"},
            }
            new = make(patient, study, study, f"{number}.1", attributes=values)
            writer.store_instance(new, OverwriteMode.NEVER)
            for level in LEVELS:
                writer.add_label(level, new.ids.at(level), "ab"[number % 2])

    index.write(fill)
    return index


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("search", SEARCHES)
def test_start_changes_nothing_of_what_is_found(filled, monkeypatch, level, search):
    """A search finds the same, whether it starts with an index or looks at all."""
    constraints = constraints_of(search["constraints"], CaseRule.NOWHERE)
    query = Query(level=level, limit=3, **(search | {"constraints": constraints}))
    found = []
    with filled.read() as transaction:
        for size in (0, 1, 2000):
            monkeypatch.setattr(sources, "SIZE_MAX", size)
            found.append(transaction.find(query))

    assert found[0] == found[1] == found[2]


def test_smallest_source_is_chosen(index):
    """Of several, the one with the fewest rows."""
    with index.read() as transaction:
        chosen = choose(
            [rows(3), rows(2), rows(4)], transaction._measure, is_limited=False
        )

    assert chosen == rows(2)


def test_a_small_source_saves_counting_the_others(index):
    """Of a common modality, fewer rows are looked at than of the day that is wanted."""
    counted = []

    def measure(statement):
        with index.read() as transaction:
            counted.append(transaction._measure(statement))
        return counted[-1]

    assert choose([rows(1900), rows(20)], measure, is_limited=False) == rows(20)
    assert max(counted) < 100


def test_source_without_limit_is_not_measured():
    """There is nothing to be chosen from."""
    assert choose([rows(3)], lambda _: 1 / 0, is_limited=False) == rows(3)
    assert choose([], lambda _: 1 / 0, is_limited=False) is None


def test_large_source_is_left_where_few_results_are_wanted(index):
    """To look at resources in their order finds the first of many sooner."""
    with index.read() as transaction:
        measure = transaction._measure
        assert choose([rows(2001)], measure, is_limited=True) is None
        assert choose([rows(2000)], measure, is_limited=True) == rows(2000)
        assert choose([rows(2001), rows(2002)], measure, is_limited=False) == rows(2001)


def test_rows_of_a_source_are_lifted_once_each(filled):
    """Two studies of a patient are one patient."""
    clause = ("study.study_date IN (?, ?)", ["20240100", "20240101"])
    source = sources.column_source(Level.STUDY, AnyOf(("x",)), clause, "study")

    lifted = source.lifted(Level.PATIENT)

    with filled.read() as transaction:
        found = transaction._connection.execute(lifted.sql, lifted.parameters)
        assert found.fetchall() == [(1,)]
    assert lifted.level is Level.PATIENT
