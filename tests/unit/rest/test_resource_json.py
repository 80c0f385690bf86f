"""Tests of how resources are written; the golden tests compare with Orthanc."""

import orjson
import pytest

from factories import make_instance
from obelisk.dicom.levels import Level
from obelisk.index.sqlite import SQLiteIndex
from obelisk.rest.messages import json_bytes
from obelisk.rest.resource_json import resource_json, studies_json
from obelisk.rest.response_content import ResponseContent
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.resources import Resources
from obelisk.storage.filesystem import FilesystemStorage

ATTRIBUTES = '{"StudyDate":"20240102","StudyDescription":"Schädel \\"50 %s\\" {x} €"}'


@pytest.fixture
def index(tmp_path):
    """An empty index."""
    index = SQLiteIndex(tmp_path / "index.db")
    yield index
    index.close()


@pytest.fixture
def resources(tmp_path, index):
    """The resources of three studies, two of one patient; one has three series."""
    storage = FilesystemStorage(tmp_path / "files")
    ingest = Ingest(index, storage, IngestSettings())
    for seed, study, series in ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 1, 2)):
        file = make_instance(seed, study=study, series=series)
        ingest.store([file], Origin("RestApi"))
    yield Resources(index, storage)
    storage.close()


def origins(**metadata):
    """Return metadata as the index keeps them."""
    return {"metadata": orjson.dumps(metadata).decode()}


def expected_json(resources, since=0, limit=None):
    """Write studies one by one."""
    page = resources.page(Level.STUDY, since, limit)
    return json_bytes([resource_json(one, ResponseContent()) for one in page])


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stable_at": 1000.0},
        {"stable_at": None, "attributes": ATTRIBUTES},
        origins(MainDicomTagsSignature="0010,0010"),
        origins(ModifiedFrom="1-2"),
        origins(AnonymizedFrom='3"\n', ModifiedFrom="1-2", RemoteAET="X"),
    ],
)
def test_listed_study_is_written_like_a_single_one(index, resources, changes):
    """The list of all studies has a way of its own; nobody can tell by the bytes."""

    def change(writer):
        for name, value in changes.items():
            writer.connection.execute(f"UPDATE study SET {name} = ?", (value,))

    index.write(change)

    expected = expected_json(resources)

    assert json_bytes(studies_json(resources, 0, None)) == expected
    assert len(orjson.loads(expected)) == 3


def test_listed_study_has_its_labels(index, resources):
    """Labels of one study are not those of the others."""
    ids = resources.ids(Level.STUDY)

    def label(writer):
        for text in ("b", "ü", "a"):
            pk = writer.get_pk(Level.STUDY, ids[1])
            row = (Level.STUDY.depth, pk, text)
            writer.connection.execute("INSERT INTO label VALUES (?, ?, ?)", row)

    index.write(label)
    shown = json_bytes(studies_json(resources, 0, None))

    assert shown == expected_json(resources)
    assert [one["Labels"] for one in orjson.loads(shown)] == [[], ["a", "b", "ü"], []]


@pytest.mark.parametrize(("since", "limit"), [(0, 2), (1, 1), (2, None), (3, 5)])
def test_page_of_studies(resources, since, limit):
    """A page has the same studies as any other list."""
    shown = json_bytes(studies_json(resources, since, limit))

    assert shown == expected_json(resources, since, limit)


def test_listed_study_has_all_its_series(resources):
    """One series is looked up otherwise than several, which come in their order."""
    shown = orjson.loads(json_bytes(studies_json(resources, 0, None)))
    series = {one["ID"]: one["Series"] for one in shown}

    assert sorted(map(len, series.values())) == [1, 1, 3]
    for id_, found in series.items():
        assert found == resources.child_ids(Level.STUDY, id_, Level.SERIES)
        assert found == sorted(found)


def test_empty_list_of_studies(resources):
    """Nothing is written as nothing."""
    assert json_bytes(studies_json(resources, 9, None)) == b"[]"
