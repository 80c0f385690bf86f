"""Tests of queries on the index; `tests/property/test_matching.py` has many more."""

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.matching import (
    AnyOf,
    CaseRule,
    LabelsRule,
    Like,
    Order,
    OrderType,
    Query,
    constraints_of,
)
from obelisk.errors import InvalidArgumentError
from obelisk.index.expressions import level_of
from obelisk.index.query import compile_count, compile_find
from obelisk.index.revisions import RevisionCheck

PATIENT_NAME = 0x00100010
STUDY_DATE = 0x00080020
DESCRIPTION = 0x00081030
MODALITY = 0x00080060
MODALITIES = 0x00080061
SOP_CLASSES = 0x00080062
KVP = 0x00180060


def attributes(patient="P", study="1", series="2", sop="3", **others):
    """Return the attributes of an instance by level."""
    found = {
        Level.PATIENT: {"PatientID": patient},
        Level.STUDY: {"StudyInstanceUID": study},
        Level.SERIES: {"SeriesInstanceUID": series},
        Level.INSTANCE: {"SOPInstanceUID": sop},
    }
    places = {"PatientName": Level.PATIENT, "StudyDate": Level.STUDY}
    places["StudyDescription"] = Level.STUDY
    for name, value in others.items():
        found[places.get(name, Level.SERIES)][name] = value
    return found


def no_measure(statement):
    """Refuse to run anything, where nothing is to be chosen from."""
    raise AssertionError(statement)


@pytest.fixture
def put(index, make):
    """A function that stores an instance with some attributes; it returns its ids."""

    def store(patient="P", study="1", series="2", sop="3", metadata=None, **others):
        metadata = {level: {} for level in LEVELS} | (metadata or {})
        values = attributes(patient, study, series, sop, **others)
        new = make(patient, study, series, sop, attributes=values, metadata=metadata)
        index.write(lambda writer: writer.store_instance(new, OverwriteMode.NEVER))
        return new.ids

    return store


@pytest.fixture
def find(index):
    """A function that returns what a query finds."""

    def run(level, identifier=None, **others):
        constraints = constraints_of(identifier or {}, CaseRule.NOWHERE)
        query = Query(level=level, constraints=constraints, **others)
        with index.read() as transaction:
            found = [id_ for _, id_ in transaction.find(query)]
            if query.limit is None and not query.since:
                assert transaction.count(query) == len(found)
        return found

    return run


@pytest.fixture
def label(index):
    """A function that gives a label to a resource."""

    def run(level, id_, text):
        index.write(
            lambda writer: writer._connection.execute(
                "INSERT INTO label VALUES (?, ?, ?)",
                (level.depth, writer.get_pk(level, id_), text),
            )
        )

    return run


def test_study_is_found_by_the_patient_it_came_with(put, find):
    """A study that came with another name of the patient is found by that name."""
    first = put("P", "1", PatientName="First")
    second = put("P", "2", series="4", sop="5", PatientName="Second")

    assert find(Level.STUDY, {PATIENT_NAME: "second"}) == [second.study]
    assert find(Level.SERIES, {PATIENT_NAME: "*eco*"}) == [second.series]
    assert find(Level.PATIENT, {PATIENT_NAME: "second"}) == []
    assert find(Level.PATIENT, {PATIENT_NAME: "*irs*"}) == [first.patient]


def test_deleted_patient_leaves_the_index_of_trigrams(index, put, find):
    """The middle of a name finds no resource that is gone, whatever takes its row."""
    ids = put("P", PatientName="Abcdef")
    index.write(lambda writer: writer.delete(Level.PATIENT, ids.patient))
    other = put("Q", PatientName="Xyzuvw")

    assert find(Level.PATIENT, {PATIENT_NAME: "*bcd*"}) == []
    assert find(Level.STUDY, {PATIENT_NAME: "*yzu*"}) == [other.study]


def test_modalities_of_a_study_are_those_of_its_series(put, find):
    """Any series will do; a patient and a series are asked for their studies."""
    ids = put(Modality="CT")
    put(series="4", sop="5", Modality="SR")
    put("Q", "9", "9", "9", Modality="MR")

    assert find(Level.STUDY, {MODALITIES: "sr\\US"}) == [ids.study]
    assert find(Level.PATIENT, {MODALITIES: "SR"}) == [ids.patient]
    assert len(find(Level.SERIES, {MODALITIES: "SR"})) == 2


def test_sop_classes_of_a_study_are_those_of_its_instances(put, find):
    """They are kept as metadata of the instances."""
    ids = put(metadata={Level.INSTANCE: {"SopClassUid": "1.2.3"}})

    assert find(Level.STUDY, {SOP_CLASSES: "1.2.3"}) == [ids.study]
    assert find(Level.STUDY, {SOP_CLASSES: "1.2"}) == []


def test_constraints_below_are_for_one_resource(put, find):
    """Two series that each fulfil one of two constraints are not enough."""
    put(Modality="CT", StationName="A")
    put(series="4", sop="5", Modality="MR", StationName="B")

    assert len(find(Level.STUDY, {MODALITY: "CT", 0x00081010: "A"})) == 1
    assert find(Level.STUDY, {MODALITY: "CT", 0x00081010: "B"}) == []


def test_metadata_are_matched_by_name(put, find):
    """A metadata in the JSON, and one with a column of its own."""
    ids = put(metadata={Level.INSTANCE: {"Origin": "RestApi"}})
    wanted = AnyOf(("restapi",), is_case_sensitive=False)

    assert find(Level.INSTANCE, metadata=(("Origin", wanted),)) == [ids.instance]
    assert find(Level.STUDY, metadata=(("LastUpdate", Like("2024*")),)) == [ids.study]
    assert find(Level.INSTANCE, metadata=(("Origin", Like("Rest*")),)) == [ids.instance]
    for name in ('a"b', "a'b"):
        assert find(Level.STUDY, metadata=((name, wanted),)) == []


@pytest.mark.parametrize(
    ("labels", "rule", "expected"),
    [
        (("a", "b"), LabelsRule.ALL, {"1"}),
        (("a", "b"), LabelsRule.ANY, {"1", "2"}),
        (("a", "z"), LabelsRule.ALL, set()),
        (("a",), LabelsRule.NONE, {"2", "3"}),
        ((), LabelsRule.NONE, {"3"}),
        ((), LabelsRule.ALL, {"1", "2", "3"}),
        ((), LabelsRule.ANY, {"1", "2", "3"}),
    ],
)
def test_labels_are_combined_by_the_rule(put, find, label, labels, rule, expected):
    """All, any or none of some labels; none of none is no label at all."""
    ids = {name: put("P", name, name, name).study for name in "123"}
    label(Level.STUDY, ids["1"], "a")
    label(Level.STUDY, ids["1"], "b")
    label(Level.STUDY, ids["2"], "b")

    found = find(Level.STUDY, labels=labels, labels_rule=rule)

    assert set(found) == {ids[name] for name in expected}


def test_parents_of_any_higher_level_narrow_a_query(put, find):
    """The level itself counts too; several parents must all be so."""
    ids, other = put("P", "1", "2", "3"), put("P", "4", "5", "6")
    patient = (Level.PATIENT, ids.patient)

    assert len(find(Level.INSTANCE, parents=(patient,))) == 2
    assert find(Level.SERIES, parents=((Level.STUDY, ids.study),)) == [ids.series]
    assert find(Level.STUDY, parents=((Level.STUDY, ids.study),)) == [ids.study]
    assert find(Level.SERIES, parents=(patient, (Level.STUDY, other.study))) == [
        other.series
    ]


def test_parent_below_the_level_is_refused():
    """A series is no parent of a study."""
    with pytest.raises(InvalidArgumentError):
        compile_find(
            Query(level=Level.STUDY, parents=((Level.SERIES, "x"),)), no_measure
        )


@pytest.mark.parametrize("key", [KVP, MODALITY, MODALITIES, 0x00400275])
def test_order_needs_one_indexed_value(key):
    """What is in files, below, or many values at once gives no order."""
    with pytest.raises(InvalidArgumentError):
        compile_find(Query(level=Level.STUDY, order=(Order(key),)), no_measure)


def test_constraint_that_is_not_indexed_is_refused():
    """The service is to read files for those."""
    constraints = constraints_of({KVP: "120"}, CaseRule.NOWHERE)

    assert level_of(KVP, Level.STUDY) is None
    with pytest.raises(InvalidArgumentError):
        compile_find(Query(level=Level.STUDY, constraints=constraints), no_measure)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [(OrderType.TEXT, ["1", "10", "2"]), (OrderType.INTEGER, ["1", "2", "10"])],
)
def test_numbers_are_put_in_order_as_text_or_as_numbers(put, find, type_, expected):
    """The type of an order says as what values are compared."""
    ids = {put(series=n, sop=n, SeriesNumber=n).series: n for n in ("10", "2", "1")}
    order = (Order(0x00200011, type_),)

    assert [ids[id_] for id_ in find(Level.SERIES, order=order)] == expected


@pytest.mark.parametrize(
    ("keyword", "tag", "expected"),
    [
        ("StudyDescription", DESCRIPTION, ["a", "B", "c"]),
        ("ProtocolName", 0x00181030, ["B", "a", "c"]),
        ("Modality", 0x00080060, ["B", "a", "c"]),
    ],
)
def test_case_counts_in_the_order_of_most_attributes(put, find, keyword, tag, expected):
    """Only names, descriptions and the like are put in order regardless of it."""
    ids = {put(study=n, series=n, sop=n, **{keyword: n}).series: n for n in "caB"}

    assert [ids[id_] for id_ in find(Level.SERIES, order=(Order(tag),))] == expected


def test_second_order_decides_among_equals(put, find):
    """Equal dates are put in order by the next key; then the part is cut out."""
    days = {"1": "20240101", "2": "20240101", "3": "20230101", "4": None}
    ids = {}
    for name, day in days.items():
        others = {"StudyDate": day} if day else {}
        ids[put("P", name, name, name, **others).study] = name
    order = (
        Order(STUDY_DATE, is_descending=True),
        Order(0x0020000D, is_descending=True),
    )

    assert [ids[i] for i in find(Level.STUDY, order=order)] == ["2", "1", "3", "4"]
    part = find(Level.STUDY, order=order, since=1, limit=2)
    assert [ids[i] for i in part] == ["1", "3"]


@pytest.mark.parametrize(
    ("keyword", "tag"), [("StudyDate", STUDY_DATE), ("StudyDescription", DESCRIPTION)]
)
@pytest.mark.parametrize("is_descending", [False, True])
def test_what_has_no_value_comes_last(put, find, keyword, tag, is_descending):
    """In both directions, unlike empty values, with or without a column, as Orthanc."""
    values = {"1": "2024", "2": None, "3": "", "4": "2023"}
    ids = {}
    for name, value in values.items():
        others = {} if value is None else {keyword: value}
        ids[put("P", name, name, name, **others).study] = name
    order = (Order(tag, is_descending=is_descending),)
    expected = ["1", "4", "3"] if is_descending else ["3", "4", "1"]

    found = [ids[id_] for id_ in find(Level.STUDY, order=order)]

    assert found == [*expected, "2"]


@pytest.mark.parametrize("level", LEVELS[1:])
def test_what_studies_say_of_patients_gives_the_order(put, find, level):
    """Which need not be what the first one said."""
    ids = {
        put(study=name, series=name, sop=name, PatientName=name).at(level): name
        for name in "BAC"
    }

    found = find(level, order=(Order(PATIENT_NAME),))

    assert [ids[id_] for id_ in found] == ["A", "B", "C"]


@pytest.mark.parametrize("tag", [0x0020000D, 0x00081010])
def test_long_lists_of_values_are_no_problem(put, find, tag):
    """Thousands of UIDs, or of other values, are one query."""
    keyword = {0x00081010: {"StationName": "A\\1.1"}}.get(tag, {})
    ids = put(study="1.1", **keyword)
    wanted = "\\".join(f"1.{number}" for number in range(5000))

    assert find(Level.STUDY, {tag: wanted}) == [ids.study]


def test_nul_is_in_no_value(put, find):
    """SQLite would end a pattern there."""
    put(PatientName="A")

    assert find(Level.STUDY, {PATIENT_NAME: "A\0*"}) == []
    assert find(Level.STUDY, {PATIENT_NAME: "*bcd\0*"}) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x00100020, "P"),
        (PATIENT_NAME, "Ab*"),
        (PATIENT_NAME, "*abc*"),
        (0x0020000D, "1.2"),
        (STUDY_DATE, "20240101-20240131"),
        (STUDY_DATE, "20240101-"),
        (STUDY_DATE, "-20240131"),
        (0x00080050, "A"),
        (DESCRIPTION, "*tho?ax*"),
        (DESCRIPTION, "Thorax\\Abdomen"),
        (MODALITIES, "CT\\MR"),
        (0x0020000E, "1.2"),
        (0x00080018, "1.2"),
    ],
)
def test_searches_use_the_indexes(index, level, tag, text):
    """No search by a searched attribute reads a whole table, at whatever level."""
    constraints = constraints_of({tag: text}, CaseRule.NOWHERE)
    query = Query(level=level, constraints=constraints)

    with index.read() as transaction:
        for statement in (
            compile_find(query, no_measure),
            compile_count(query, no_measure),
        ):
            plan = transaction._connection.execute(
                f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters
            ).fetchall()
            scanned = [row[3] for row in plan if row[3].startswith("SCAN")]

            assert all("TABLE INDEX" in step or step == "SCAN d" for step in scanned)


@pytest.mark.parametrize("case_rule", CaseRule)
@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (PATIENT_NAME, "doe^j*"),
        (PATIENT_NAME, "Doe^John\\Doe^Jane"),
        (PATIENT_NAME, "\\Doe^Jane"),
        (PATIENT_NAME, "?oe*"),
        (PATIENT_NAME, "*"),
        (STUDY_DATE, "20240102"),
        (STUDY_DATE, "-20240102"),
        (STUDY_DATE, "20240102-"),
        (0x0020000D, "2"),
    ],
)
def test_condition_on_a_column_is_met_alone_as_with_others(
    index, put, tag, text, case_rule
):
    """A search in one column has a shorter statement, not another result."""
    put("P", "1", PatientName="Doe^Jane", StudyDate="20240101")
    put("Q", "2", "4", "5", PatientName="Doe^John", StudyDate="20240102")
    put("R", "3", "6", "7")
    alone = constraints_of({tag: text}, case_rule)
    series = constraints_of({0x0020000E: "2\\4\\6"}, case_rule)

    with index.read() as transaction:
        for level in LEVELS:
            query = Query(level=level, constraints=alone)
            found = transaction.find(query)
            others = query._replace(constraints=alone + series)

            assert found == transaction.find(others)
            assert found[1:] == transaction.find(query._replace(since=1))
            assert found[:2] == transaction.find(query._replace(limit=2))
            assert [id_ for _, id_ in found] == sorted(id_ for _, id_ in found)


def test_texts_of_studies_are_filled_in_like_records(index, put):
    """Texts have what the records have; metadata come along where they are marked."""
    put("P", "1", metadata={Level.STUDY: {"A": "%s marked"}})
    put("Q", "2", "4", "5")
    put("Q", "2", "6", "7")
    template = "%s|%s|%s|%s|%s|%s|%s|%s"

    with index.read() as transaction:
        texts = transaction.find_study_texts(template, "marked", 0, None)
        records = transaction.find_rows(Level.STUDY, 0, None)

        assert len(texts) == 2
        for (text, metadata), record in zip(texts, records, strict=True):
            assert text.decode().split("|") == [
                record.id,
                record.child_ids,
                "false",
                record.last_update,
                record.labels,
                record.attributes,
                record.parent_id,
                record.patient_attributes,
            ]
            is_marked = "marked" in record.metadata
            assert metadata == (record.metadata if is_marked else None)
        assert sum(metadata is not None for _, metadata in texts) == 1
        assert transaction.find_study_texts(template, "marked", 1, 5) == texts[1:]


def test_page_of_records(index, put):
    """A page is a part of the whole list."""
    put("P", "1")
    put("Q", "2", "4", "5")

    with index.read() as transaction:
        for level in LEVELS:
            rows = transaction.find_rows(level, 0, None)

            assert len(rows) == 2
            assert transaction.find_rows(level, 1, 5) == rows[1:]


def test_descriptions_are_found_by_any_part(index, put, find):
    """A description can change and go away; those of others stay."""
    first = put("P", "1", StudyDescription="Thorax näher")
    second = put("Q", "2", "4", "5", StudyDescription="thorax")
    put("R", "3", "6", "7")

    assert find(Level.STUDY, {DESCRIPTION: "*RAX NÄ*"}) == [first.study]
    assert find(Level.STUDY, {DESCRIPTION: "Thorax"}) == [second.study]
    assert find(Level.PATIENT, {DESCRIPTION: "Tho*\\x"}) == []
    assert len(find(Level.SERIES, {DESCRIPTION: "tho*"})) == 2
    assert len(find(Level.STUDY, {DESCRIPTION: "T*"})) == 2

    index.write(
        lambda writer: writer._connection.execute(
            "UPDATE study SET attributes = json_set(attributes, '$.StudyDescription',"
            " 'Abdomen') WHERE id = ?",
            (first.study,),
        )
    )
    index.write(lambda writer: writer.delete(Level.STUDY, second.study))
    other = put("S", "8", "8", "8", StudyDescription="Schädel")

    assert find(Level.STUDY, {DESCRIPTION: "*hora*"}) == []
    assert find(Level.STUDY, {DESCRIPTION: "*dome*"}) == [first.study]
    assert find(Level.STUDY, {DESCRIPTION: "*SCHÄ*"}) == [other.study]


def test_metadata_of_users_are_matched_by_number(index, put, find):
    """They are in a table of their own."""
    ids = put()
    put(study="8", series="8", sop="8")
    index.write(
        lambda writer: writer.set_user_metadatum(
            Level.STUDY, ids.study, 1024, b"some text", RevisionCheck(), ""
        )
    )

    wanted = (("1024", Like("some*")),)
    assert find(Level.STUDY, metadata=wanted) == [ids.study]
    assert find(Level.SERIES, metadata=wanted) == []
    assert find(Level.STUDY, order=(Order("1024"),))[0] == ids.study
