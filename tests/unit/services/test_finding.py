"""Tests of finding, with attributes that only files have."""

import pytest
from pydicom.dataset import Dataset

from factories import make_instance
from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.levels import Level
from obelisk.dicom.matching import CaseRule, Query, constraints_of
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.finding import Finding, FindSettings
from obelisk.services.requested_tags import RequestedTags
from obelisk.services.samples import Samples

PATIENT_ID = 0x00100020
STUDY_DATE = 0x00080020
MODALITY = 0x00080060
MODALITIES = 0x00080061
KVP = 0x00180060
CODES = 0x00081032
CODE_VALUE = 0x00080100
REQUESTS = 0x00400275
STUDY_COUNT = 0x00201200
SERIES_COUNT = 0x00201206


@pytest.fixture
def open_finding(house):
    """A function that returns finding with some settings."""

    def build(**settings):
        samples = Samples(house.index, house.resources, AssumedEncoding())
        return Finding(house.index, house.resources, samples, FindSettings(**settings))

    return build


@pytest.fixture
def requested(house):
    """A function that returns requested tags of the only resource of a level."""

    def get(level, *tags, is_storage_read=True):
        service = RequestedTags(
            house.index,
            house.resources,
            AssumedEncoding(),
            is_storage_read=is_storage_read,
        )
        (described,) = house.resources.page(level)
        (values,) = service.values(level, [described.row], tags, TagForm.SHORT)
        return {lookup_tag(key): value for key, value in values.items()}

    return get


def query_of(level, identifier=None, **others):
    """Return a query in which case does not count."""
    constraints = constraints_of(identifier or {}, CaseRule.NOWHERE)
    return Query(level=level, constraints=constraints, **others)


def test_attribute_of_a_file_is_found_at_every_level(house, open_finding):
    """What is not indexed is read from an instance of each candidate."""
    ids = house.store(make_instance(1, KVP="120")).ids
    house.store(make_instance(2, KVP="80"))
    finding = open_finding()

    for level in Level:
        assert finding.ids(query_of(level, {KVP: "120"})) == [ids.at(level)]


def test_item_of_a_file_is_found(house, open_finding):
    """Sequence matching looks into the items of a file (PS3.4 C.2.2.2.6)."""
    code = make_code("A")
    ids = house.store(make_instance(1, ProcedureCodeSequence=[code])).ids
    finding = open_finding()

    found = finding.ids(query_of(Level.STUDY, {CODES: [{CODE_VALUE: "a"}]}))

    assert found == [ids.study]
    assert finding.ids(query_of(Level.STUDY, {CODES: [{CODE_VALUE: "b"}]})) == []


def test_text_of_a_sequence_reads_no_file(house, open_finding, monkeypatch):
    """No sequence has text, in the index or in files, so that nothing is found."""
    house.store(make_instance(1, ProcedureCodeSequence=[make_code("A")]))
    finding = open_finding()
    opened = []
    monkeypatch.setattr(Samples, "open", lambda _, *which: opened.append(which))

    for tag in (CODES, REQUESTS):
        assert finding.ids(query_of(Level.SERIES, {tag: "A"})) == []
    assert finding.count(query_of(Level.SERIES, {REQUESTS: "A"})) == 0
    assert not opened


def test_attributes_of_a_file_are_those_of_the_first_instance(
    house, open_finding, requested
):
    """What came first decides, for what is found as for what is shown of it."""
    first = house.store(make_instance(1, KVP="120")).ids
    other = house.store(make_instance(1, number=2, KVP="80")).ids
    finding = open_finding()

    assert other.instance < first.instance
    for level in (Level.PATIENT, Level.STUDY, Level.SERIES):
        assert finding.ids(query_of(level, {KVP: "120"})) == [first.at(level)]
        assert finding.ids(query_of(level, {KVP: "80"})) == []
        assert requested(level, KVP) == {KVP: "120"}


def make_code(value):
    """Return a code item."""
    code = Dataset()
    code.CodeValue = value
    return code


def test_limit_counts_what_is_found(house, open_finding):
    """Files are read until enough of them match."""
    for seed in range(5):
        house.store(make_instance(seed, KVP="120" if seed % 2 else "80"))
    query = query_of(Level.STUDY, {KVP: "120"}, limit=2)

    assert len(open_finding().ids(query)) == 2


def test_files_are_left_alone_if_they_must_not_be_read(house, open_finding):
    """Attributes that are not indexed then match nothing."""
    house.store(make_instance(1, KVP="120"))
    finding = open_finding(is_storage_read=False)

    assert finding.ids(query_of(Level.STUDY, {KVP: "120"})) == []


def test_skipping_and_counting_need_the_index(house, open_finding):
    """Both would read every file for a number."""
    house.store(make_instance(1, KVP="120"))
    finding = open_finding()

    with pytest.raises(InvalidInputError):
        finding.ids(query_of(Level.STUDY, {KVP: "120"}, since=1))
    with pytest.raises(InvalidInputError):
        finding.count(query_of(Level.STUDY, {KVP: "120"}))


@pytest.mark.parametrize(("limit", "count"), [(None, 2), (1, 1), (3, 2)])
def test_results_are_limited(house, open_finding, limit, count):
    """The configuration caps what a query asks for, apart for instances."""
    for number in range(1, 5):
        house.store(make_instance(number))
    finding = open_finding(result_count_max=2, instance_count_max=3)

    assert len(finding.ids(query_of(Level.STUDY, limit=limit))) == count
    assert len(finding.ids(query_of(Level.STUDY, limit=limit, since=1))) == count
    assert len(finding.ids(query_of(Level.INSTANCE))) == 3
    assert finding.count(query_of(Level.STUDY)) == 4


def test_found_resources_are_described_in_order(house, open_finding):
    """`find` describes what `ids` lists."""
    for seed in range(3):
        house.store(make_instance(seed))
    finding = open_finding()
    query = query_of(Level.STUDY)

    assert [one.id for one in finding.find(query)] == finding.ids(query)


def test_lookup_finds_by_any_identifier(house, open_finding):
    """Case does not count; other attributes are no identifiers."""
    dataset = make_instance(1, AccessionNumber="acc")
    ids = house.store(dataset).ids
    finding = open_finding()
    study = house.resources.get(Level.STUDY, ids.study).attributes

    assert finding.lookup("syn1") == [(Level.PATIENT, ids.patient)]
    assert finding.lookup(study["StudyInstanceUID"]) == [(Level.STUDY, ids.study)]
    assert finding.lookup("acc") == []
    with pytest.raises(InvalidArgumentError):
        finding.lookup("syn*")


def test_requested_tags_come_from_the_index_or_a_file(house, requested):
    """Those of the level or above are indexed; others are read."""
    house.store(make_instance(1, KVP="120"))

    assert requested(Level.SERIES, PATIENT_ID, STUDY_DATE, MODALITY) == {
        PATIENT_ID: "SYN1",
        STUDY_DATE: "20200102",
        MODALITY: "CT",
    }
    assert requested(Level.PATIENT, MODALITY, KVP, CODES) == {
        MODALITY: "CT",
        KVP: "120",
        CODES: None,
    }


def test_requested_tags_are_left_out_without_files(house, requested):
    """Only the index answers then."""
    house.store(make_instance(1, KVP="120"))

    found = requested(Level.STUDY, PATIENT_ID, KVP, is_storage_read=False)

    assert found == {PATIENT_ID: "SYN1"}


def test_requested_counters_belong_to_their_level(house, requested):
    """That of another level is absent, or `None` beside what is read from a file."""
    house.store(make_instance(1))

    assert requested(Level.STUDY, STUDY_COUNT, SERIES_COUNT) == {SERIES_COUNT: "1"}
    assert requested(Level.STUDY, STUDY_COUNT, KVP) == {STUDY_COUNT: None, KVP: None}


def test_requested_modalities_are_listed_once(house, requested):
    """Modalities in Study has each modality once, in order."""
    for series, modality in enumerate(("MR", "CT", "MR")):
        house.store(make_instance(1, series=series, Modality=modality))

    assert requested(Level.STUDY, MODALITIES) == {MODALITIES: "CT\\MR"}


def test_requested_sequence_has_items(house, requested):
    """A sequence is a list of items in the form that was asked for."""
    house.store(make_instance(1, ProcedureCodeSequence=[make_code("A")]))

    assert requested(Level.STUDY, CODES) == {CODES: [{"0008,0100": "A"}]}
