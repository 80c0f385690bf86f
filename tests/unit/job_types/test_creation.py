"""Tests of jobs that make instances."""

from dataclasses import replace
from uuid import UUID

import pytest

from obelisk.dicom.levels import Level
from obelisk.dicom.payloads import UnreadableContentError
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import StorageError
from obelisk.imaging.reader import ImageReader
from obelisk.index.sqlite import SQLiteIndex
from obelisk.job_types.creation import InstanceCreation, answer_of
from obelisk.jobs.base import Continue, Done, JobServices
from obelisk.services.creation import Creation, Identity
from obelisk.services.creation_orders import CreationOrder, KeptOrders
from obelisk.services.embedding import Embedding, NewContent, NewFile, bytes_blob
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.removal import Removal
from obelisk.services.resources import Resources
from obelisk.services.samples import Samples
from obelisk.storage.filesystem import FilesystemStorage

_PDF = b"%PDF-1.4"


class Workshop:
    """Makes a series of documents in steps."""

    def __init__(self, root):
        """Open an archive."""
        self.index = SQLiteIndex(root / "index.db", is_synchronous=False)
        self.storage = FilesystemStorage(root / "files", is_synced=False)
        self.resources = Resources(self.index, self.storage)
        encoding, uids = AssumedEncoding(), UIDGenerator()
        self.creation = Creation(
            self.index,
            self.resources,
            Samples(self.index, self.resources, encoding),
            Ingest(self.index, self.storage, IngestSettings()),
            Embedding(ImageReader(), uids),
            KeptOrders(self.storage),
            encoding,
            uids,
        )
        self.services = JobServices(
            index=self.index,
            removal=Removal(self.index, self.storage),
            verification=None,
            reconstruction=None,
            archiving=None,
            creation=self.creation,
            transfers=None,
        )

    def job(self, *contents):
        """Return a job that embeds some documents."""
        files = [NewFile("application/pdf", bytes_blob(one)) for one in contents]
        order = CreationOrder(
            tags={}, contents=[NewContent(files=[one]) for one in files], is_series=True
        )
        return InstanceCreation(
            key=self.creation.orders.keep(order).pending.key,
            instance_count=len(contents),
            identity=Identity(0.0, UUID(int=1)),
            origin=Origin("RestApi", "127.0.0.1"),
        )

    def count(self):
        """Return how many instances there are."""
        return len(self.resources.ids(Level.INSTANCE))

    def close(self):
        """Close the archive."""
        self.index.close()
        self.storage.close()


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """Return a workshop whose steps make one instance each."""
    monkeypatch.setattr("obelisk.job_types.creation._STEP_SECONDS", 0)
    opened = Workshop(tmp_path)
    yield opened
    opened.close()


def test_steps(workshop):
    """One after the other; the content tells of the series from the first one on."""
    job, cursor, content = workshop.job(_PDF, _PDF, _PDF), None, {}
    for number in (1, 2):
        outcome = job.step(workshop.services, cursor)
        assert isinstance(outcome, Continue)
        assert (workshop.count(), outcome.cursor[0]) == (number, number)
        cursor, content = outcome.cursor, content or outcome.content
    outcome = job.step(workshop.services, cursor)

    assert isinstance(outcome, Done)
    assert (workshop.count(), outcome.content) == (3, {})
    (series,) = workshop.resources.ids(Level.SERIES)
    assert content == {"ID": series, "Path": f"/series/{series}", "Status": "Success"}


def test_a_step_that_is_repeated(workshop):
    """What was made is not made once more."""
    job = workshop.job(_PDF, _PDF)
    first, again = (job.step(workshop.services, None) for _ in range(2))

    assert workshop.count() == 1
    assert first.content["ID"] == again.content["ID"]


def test_all_or_none(workshop):
    """If a content is none, those before it vanish again."""
    job = workshop.job(_PDF, b"no document")
    outcome = job.step(workshop.services, None)
    with pytest.raises(UnreadableContentError):
        job.step(workshop.services, outcome.cursor)

    assert workshop.count() == 0


def test_what_the_server_lacks(workshop, monkeypatch):
    """What was made stays, so that the job can go on behind it."""
    job = workshop.job(_PDF, _PDF)
    outcome = job.step(workshop.services, None)
    with monkeypatch.context() as patch:
        patch.setattr(workshop.storage, "create", _fail)
        with pytest.raises(StorageError):
            job.step(workshop.services, outcome.cursor)
    assert workshop.count() == 1

    assert isinstance(job.step(workshop.services, outcome.cursor), Done)
    assert workshop.count() == 2


def _fail():
    raise StorageError


def test_an_order_that_is_gone(workshop):
    """The job fails."""
    job = replace(workshop.job(_PDF), key="00000000-0000-0000-0000-000000000000")

    with pytest.raises(StorageError):
        job.step(workshop.services, None)


def test_the_answer_for_one_instance(workshop):
    """It names the instance and those above it."""
    order = CreationOrder(tags={})
    (result,) = workshop.creation.create(order, Origin("RestApi"))

    assert answer_of(order, result) == {
        "ID": result.ids.instance,
        "ParentPatient": result.ids.patient,
        "ParentSeries": result.ids.series,
        "ParentStudy": result.ids.study,
        "Path": f"/instances/{result.ids.instance}",
        "Status": "Success",
    }
