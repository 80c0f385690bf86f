"""What every job type keeps to; a type that is registered is tested here."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from factories import make_study
from obelisk.config import Peer
from obelisk.dicom.levels import Level
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.imaging.reader import ImageReader
from obelisk.index.job_records import JobRow
from obelisk.index.sqlite import SQLiteIndex
from obelisk.job_types import JOB_TYPES
from obelisk.job_types.creation import InstanceCreation
from obelisk.job_types.peer_store import PeerStore
from obelisk.job_types.reconstruction import ArchiveReconstruction
from obelisk.jobs.base import JobServices
from obelisk.jobs.ownership import Owner
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.registry import JobTypes
from obelisk.jobs.run import Run, Workplace
from obelisk.jobs.signals import Signals
from obelisk.jobs.state import Event
from obelisk.jobs.submission import Submission
from obelisk.jobs.transitions import ErrorFacts, Transitions
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import PeerSettings
from obelisk.services.archiving.archiving import ArchiveForm, Archiving
from obelisk.services.attachments import Attachments, AttachmentSettings
from obelisk.services.content_names import CONTENT_NUMBERS, ContentNames
from obelisk.services.creation import Creation, Identity
from obelisk.services.creation_orders import CreationOrder, KeptOrders
from obelisk.services.embedding import Embedding, NewContent, NewFile, bytes_blob
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.peers import Peers
from obelisk.services.reconstruction import Reconstruction, ReconstructionSettings
from obelisk.services.removal import Removal
from obelisk.services.resources import Resources
from obelisk.services.samples import Samples
from obelisk.services.transcoding import Transcoding
from obelisk.services.verification import Verification
from obelisk.storage.filesystem import FilesystemStorage
from peer_server import running_peer

INSTANCE_COUNT = 20


@dataclass
class Archive:
    """A study, and jobs about it that go step by step."""

    root: Path
    peer: str

    def __post_init__(self):
        """Store the study."""
        self.index = SQLiteIndex(self.root / "index.db", is_synchronous=False)
        self.storage = FilesystemStorage(self.root / "files", is_synced=False)
        ingest = Ingest(self.index, self.storage, IngestSettings())
        for content in make_study(instance_count=INSTANCE_COUNT // 2):
            ingest.store([content], Origin("RestApi"))
        self.resources = Resources(self.index, self.storage)
        names = ContentNames("content type", CONTENT_NUMBERS, {})
        transcoding = Transcoding(ImageReader(), UIDGenerator())
        services = JobServices(
            index=self.index,
            removal=Removal(self.index, self.storage),
            verification=Verification(self.index, self.storage, AssumedEncoding()),
            reconstruction=Reconstruction(
                self.index,
                self.resources,
                Attachments(self.index, self.storage, names, AttachmentSettings()),
                ReconstructionSettings(),
            ),
            archiving=Archiving(
                self.index, self.storage, AssumedEncoding(), transcoding
            ),
            creation=self.open_creation(ingest),
            transfers=PeerTransfers(
                Peers(self.index, {"peer": Peer(url=self.peer)}),
                PeerClient(PeerSettings()),
                self.resources,
                transcoding,
            ),
        )
        types, signals, owner = JobTypes(JOB_TYPES), Signals(), Owner("me")
        rules = Transitions(lambda error: ErrorFacts(1, error.message), 10)
        self.queue = JobQueue(
            self.index, self.storage, types, rules, signals, owner=owner
        )
        self.workplace = Workplace(
            owner=owner,
            services=services,
            types=types,
            transitions=rules,
            signals=signals,
            clock=self.queue.clock,
        )

    def open_creation(self, ingest):
        """Return what makes instances, of attributes and documents only."""
        encoding, uids = AssumedEncoding(), UIDGenerator()
        return Creation(
            self.index,
            self.resources,
            Samples(self.index, self.resources, encoding),
            ingest,
            Embedding(ImageReader(), uids),
            KeptOrders(self.storage),
            encoding,
            uids,
        )

    def submit(self, name, **options):
        """Submit a job of a type about the whole study."""
        studies = [(Level.STUDY, id_) for id_ in self.resources.ids(Level.STUDY)]
        instances = self.resources.instances_of(studies)
        job = EXAMPLES[name](studies, instances)
        if name == "InstanceCreation":
            kept = self.workplace.services.creation.orders.keep(ORDER)
            job = replace(job, key=kept.pending.key)
            options["files"] = [kept.pending]
        return self.queue.submit(Submission(job=job, **options))

    def claim(self):
        """Claim the next job."""
        now = self.queue.clock()
        return self.index.write(lambda writer: writer.claim_job("me", now, now + 60, 1))

    def step(self, id_) -> JobRow:
        """Let a job be claimed, do one step, and be given back."""
        Run(self.workplace, self.claim(), lambda: True).perform()
        return self.queue.get(id_).row

    def traces(self):
        """Return what is left in the archive: resources and files."""
        files = [one for one in (self.root / "files").rglob("*") if one.is_file()]
        ids = [self.resources.ids(level) for level in Level]
        return ids, sorted(one.name for one in files if one.name != "lock")

    def close(self):
        """Close everything."""
        self.workplace.services.transfers.close()
        self.index.close()
        self.storage.close()


def _about_instances(name):
    return lambda studies, instances: JOB_TYPES[name](
        resources=studies, instances=instances
    )


def _about_archives(name):
    return lambda studies, _instances: JOB_TYPES[name](
        resources=tuple(studies),
        form=ArchiveForm(is_media=name == "Media", is_deflated=name == "Media"),
        file_name="a.zip",
    )


ARCHIVES = {"Archive", "Media"}

#: A series of documents.
ORDER = CreationOrder(
    tags={"PatientID": "new"},
    contents=[
        NewContent(files=[NewFile("application/pdf", bytes_blob(b"%PDF-" + number))])
        for number in (b"1", b"22", b"333", b"4444", b"55555")
    ],
    is_series=True,
)

#: An example of each type; a new one needs its own.
EXAMPLES = {
    **{
        name: _about_instances(name)
        for name in ("Deletion", "Verification", "Reconstruction")
    },
    **{name: _about_archives(name) for name in ARCHIVES},
    "InstanceCreation": lambda _, _instances: InstanceCreation(
        key="k",
        instance_count=ORDER.instance_count,
        identity=Identity(0.0, UUID(int=5)),
        origin=Origin("RestApi"),
    ),
    "OrthancPeerStore": lambda studies, instances: PeerStore(
        resources=studies, instances=instances, peer="peer", shown_peer=["url"]
    ),
    "ArchiveReconstruction": lambda _, instances: ArchiveReconstruction(
        instance_count=len(instances)
    ),
}

#: What is gone is fine for these.
TOLERANT = {"Deletion", "ArchiveReconstruction", "InstanceCreation", *ARCHIVES}


@pytest.fixture
def archives(tmp_path, monkeypatch):
    """The function that opens an archive with a study; steps are short."""
    monkeypatch.setattr("obelisk.jobs.instances._STEP_SECONDS", 0)
    monkeypatch.setattr("obelisk.services.archiving.preparation._PIECE_SECONDS", 0)
    monkeypatch.setattr("obelisk.job_types.deletion._STEP_INSTANCES", 3)
    monkeypatch.setattr("obelisk.job_types.reconstruction._STEP_SECONDS", 0)
    monkeypatch.setattr("obelisk.services.reconstruction._GROUP_SIZE", 1)
    monkeypatch.setattr("obelisk.job_types.creation._STEP_SECONDS", 0)
    opened = []

    with running_peer() as peer:

        def build():
            root = tmp_path / str(len(opened))
            root.mkdir()
            opened.append(Archive(root, peer.url))
            return opened[-1]

        yield build
        for one in opened:
            one.close()


def finish(archive, id_):
    """Step to the end; return the states and the progress on the way."""
    rows = [archive.step(id_)]
    while rows[-1].state == "Pending":
        rows.append(archive.step(id_))
    return rows


def test_every_type_has_an_example():
    """So that the tests below know all types."""
    assert set(EXAMPLES) == set(JOB_TYPES)
    assert {name: one.name for name, one in JOB_TYPES.items()} == {
        name: name for name in JOB_TYPES
    }


@pytest.mark.parametrize("name", JOB_TYPES)
def test_arguments_come_back(name):
    """A job that was written as JSON is the same job."""
    job = EXAMPLES[name]([(Level.STUDY, "a-b")], ["c-d", "e-f"])
    text = json.dumps(job.arguments())
    again = JOB_TYPES[name].from_arguments(json.loads(text))

    assert json.dumps(again.arguments()) == text
    assert again.content() == job.content()


@pytest.mark.parametrize("name", JOB_TYPES)
def test_interruption_changes_nothing(archives, name):
    """A job that is rebuilt before every step ends as one that runs through."""
    stepped, straight = archives(), archives()
    rows = finish(stepped, stepped.submit(name))
    id_ = straight.submit(name)
    Run(straight.workplace, straight.claim(), lambda: False).perform()

    first, second = rows[-1], straight.queue.get(id_).row
    assert first.state == second.state == "Success"
    assert (first.content, first.failed_count) == (second.content, second.failed_count)
    assert stepped.traces()[0] == straight.traces()[0]
    assert len(stepped.traces()[1]) == len(straight.traces()[1])


@pytest.mark.parametrize("name", JOB_TYPES)
def test_progress_never_falls(archives, name):
    """From step to step; it ends at 1."""
    archive = archives()
    found = [row.progress for row in finish(archive, archive.submit(name))]

    assert found == sorted(found)
    assert found[-1] == 1.0


@pytest.mark.parametrize("name", JOB_TYPES)
@pytest.mark.parametrize(
    ("event", "state"), [(Event.CANCEL, "Failure"), (Event.PAUSE, "Paused")]
)
def test_every_step_can_be_the_last(archives, name, event, state):
    """Pausing and cancelling take effect within one step, at each of them."""
    for done in range(3):
        archive = archives()
        id_ = archive.submit(name)
        for _ in range(done):
            if archive.step(id_).state != "Pending":
                return
        claim = archive.claim()
        archive.queue.ask(id_, event)
        Run(archive.workplace, claim, lambda: False).perform()
        row = archive.queue.get(id_).row

        assert (row.state, row.wish) == (state, None)


@pytest.mark.parametrize("name", JOB_TYPES)
def test_what_is_deleted_meanwhile(archives, name):
    """The job says so, or is done; it never ends as if it had seen it."""
    archive = archives()
    id_ = archive.submit(name)
    for study in archive.resources.ids(Level.STUDY):
        archive.resources.delete(Level.STUDY, study)
    row = finish(archive, id_)[-1]

    assert (row.state, row.error_details) in {
        ("Failure", "Unknown instance"),
        ("Failure", "Unknown study"),
        ("Success", ""),
    }
    assert name in TOLERANT or row.state == "Failure"


@pytest.mark.parametrize("name", JOB_TYPES)
def test_what_is_deleted_meanwhile_is_skipped_by_a_permissive_job(archives, name):
    """With the list of what was not there."""
    archive = archives()
    id_ = archive.submit(name, is_permissive=True)
    (study,) = archive.resources.ids(Level.STUDY)
    gone = archive.resources.ids(Level.INSTANCE)[:2]
    for instance in gone:
        archive.resources.delete(Level.INSTANCE, instance)
    row = finish(archive, id_)[-1]

    found = archive.queue.get(id_)
    assert row.state == "Success", study
    listed = sorted(one.id for one in found.failures)
    assert listed == ([] if name in TOLERANT else sorted(gone))
