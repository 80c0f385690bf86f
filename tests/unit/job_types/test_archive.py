"""Archives by jobs: what they are made of stays as long as they do."""

import io
import zipfile

import pytest

from factories import make_instance, make_study
from obelisk.dicom.levels import Level
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import UnknownNameError
from obelisk.imaging.reader import ImageReader
from obelisk.index.sqlite import SQLiteIndex
from obelisk.job_types.archive import LAYOUT_TYPE, Archive
from obelisk.jobs.base import Change, Continue, Done, JobServices
from obelisk.services.archiving.archiving import ArchiveForm, Archiving
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.removal import Removal
from obelisk.services.resources import Resources
from obelisk.services.transcoding import Transcoding
from obelisk.services.verification import Verification
from obelisk.storage.filesystem import FilesystemStorage


class Office:
    """A study, and one job about it that goes step by step."""

    def __init__(self, root, **form):
        self.root = root
        self.index = SQLiteIndex(root / "index.db", is_synchronous=False)
        self.storage = FilesystemStorage(root / "files", is_synced=False)
        ingest = Ingest(self.index, self.storage, IngestSettings())
        for content in (*make_study(1), make_instance(2)):
            self.ids = ingest.store([content], Origin("RestApi")).ids
        self.resources = Resources(self.index, self.storage)
        self.studies = self.resources.ids(Level.STUDY)
        self.removal = Removal(self.index, self.storage)
        self.archiving = Archiving(
            self.index,
            self.storage,
            AssumedEncoding(),
            Transcoding(ImageReader(), UIDGenerator()),
        )
        self.services = JobServices(
            index=self.index,
            removal=self.removal,
            verification=Verification(self.index, self.storage, AssumedEncoding()),
            reconstruction=None,
            creation=None,
            transfers=None,
            archiving=self.archiving,
        )
        resources = tuple((Level.STUDY, id_) for id_ in self.studies)
        form = ArchiveForm(**form)
        self.job = Archive(resources=resources, form=form, file_name="a.zip")
        self.cursor = None

    def step(self, *, is_halted=False):
        """Do one step; return its outcome."""
        change = self.job.step(self.services, self.cursor)
        assert isinstance(change, Change)
        outcome = self.index.write(change.action)
        change.after()
        if isinstance(outcome, Continue):
            self.cursor = outcome.cursor
        if is_halted:
            change.halt()
        return outcome

    def finish(self):
        """Step to the end; return the output, which belongs to a job then."""
        while not isinstance(outcome := self.step(), Done):
            pass
        (output,) = outcome.outputs
        self.index.write(lambda writer: writer.add_job_outputs(1, [output]))
        return output

    def drop_output(self):
        """Let the job lose its output."""
        action = lambda writer: writer.delete_job_outputs(1)  # noqa: E731 -- short
        self.removal.remove(self.index.write(action))

    def delete_studies(self):
        """Delete all that was stored."""
        for study in self.studies:
            self.resources.delete(Level.STUDY, study)

    def file_count(self):
        """Return how many contents are in the storage area."""
        files = (self.root / "files").rglob("*")
        return sum(one.is_file() and len(one.name) > 12 for one in files)

    def names(self, output):
        """Return the names in the archive, which must be whole."""
        layout = self.archiving.open(output.key)
        content = b"".join(layout.read(0, layout.size))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return archive.namelist()


@pytest.fixture
def open_office(tmp_path):
    """Return the function that opens an office."""
    opened = []

    def build(**form):
        opened.append(Office(tmp_path, **form))
        return opened[-1]

    yield build
    for one in opened:
        one.index.close()
        one.storage.close()


def test_an_archive_outlives_what_it_was_made_of(open_office):
    """The files go when the archive does."""
    office = open_office()
    output = office.finish()
    office.delete_studies()

    assert len(office.names(output)) == 7
    assert output.media_type == LAYOUT_TYPE
    office.removal.recover()
    assert office.file_count() == 8
    office.drop_output()
    assert office.file_count() == 0


def test_what_is_deleted_while_the_job_works_is_in_the_archive(open_office):
    """It holds what was there when the job began."""
    office = open_office()
    office.step()
    office.delete_studies()

    assert len(office.names(office.finish())) == 7


def test_the_files_of_a_deflated_archive_can_go(open_office):
    """It does not need them any more."""
    office = open_office(is_deflated=True)
    office.step()
    office.delete_studies()
    assert office.file_count() >= 7
    output = office.finish()

    assert output.media_type == "application/zip"
    assert office.file_count() == 1
    content = b"".join(office.storage.read(output.key))
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 7


@pytest.mark.parametrize("is_deflated", [False, True])
def test_a_job_that_is_halted_leaves_nothing(open_office, is_deflated):
    """Neither what it began nor the files that it wanted; it can go on anew."""
    office = open_office(is_deflated=is_deflated)
    office.step(is_halted=True)
    assert office.file_count() == 7
    office.finish()
    office.drop_output()
    office.delete_studies()

    assert office.file_count() == 0


def test_what_died_with_the_server_holds_nothing(open_office):
    """Files that a dead job kept go at the next start."""
    office = open_office()
    office.step()
    office.delete_studies()
    office.storage.close()
    office.storage = FilesystemStorage(office.root / "files", is_synced=False)
    Removal(office.index, office.storage).recover()

    assert office.file_count() == 0


def test_a_job_whose_work_was_lost_begins_anew(open_office):
    """As it does after a restart."""
    office = open_office()
    office.step()
    office.archiving.preparations.take(office.cursor[0])

    assert isinstance(office.step(), Continue)
    assert len(office.names(office.finish())) == 7


def test_a_resource_that_is_gone_fails_the_job(open_office):
    """It says so; a permissive job makes an archive of the others."""
    office = open_office()
    gone, _ = office.studies
    office.resources.delete(Level.STUDY, gone)
    with pytest.raises(UnknownNameError, match="Unknown study") as caught:
        office.step()
    outcome = office.job.skip(office.cursor, caught.value)
    assert [one.id for one in outcome.problems] == [gone]
    office.cursor = outcome.cursor

    assert office.job.skip(office.cursor, caught.value) is None
    assert len(office.names(office.finish())) in {1, 6}
