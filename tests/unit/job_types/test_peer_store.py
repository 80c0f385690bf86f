"""Tests of jobs that send instances to a peer."""

import threading
from dataclasses import replace

import pytest

from factories import make_study
from obelisk.config import Peer
from obelisk.dicom.levels import Level
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import NotFoundError, PeerError, StepInterruptedError
from obelisk.imaging.reader import ImageReader
from obelisk.index.sqlite import SQLiteIndex
from obelisk.job_types.peer_store import PeerStore
from obelisk.jobs.base import Continue, Done, JobServices
from obelisk.jobs.interruption import Interruption
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import PeerSettings
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.peers import Peers
from obelisk.services.resources import Resources
from obelisk.services.transcoding import Transcoding
from obelisk.storage.filesystem import FilesystemStorage
from peer_server import Reply, running_peer


@pytest.fixture
def peer():
    """A server that takes all."""
    with running_peer() as running:
        yield running


@pytest.fixture
def services(tmp_path, peer):
    """What jobs work with, about a study of six instances."""
    index = SQLiteIndex(tmp_path / "index.db", is_synchronous=False)
    storage = FilesystemStorage(tmp_path / "files", is_synced=False)
    ingest = Ingest(index, storage, IngestSettings())
    for content in make_study(1):
        ingest.store([content], Origin("RestApi"))
    transfers = PeerTransfers(
        Peers(index, {"peer": Peer(url=peer.url)}),
        PeerClient(PeerSettings(timeout_seconds=30)),
        Resources(index, storage),
        Transcoding(ImageReader(), UIDGenerator()),
    )
    yield JobServices(
        index=index,
        removal=None,
        verification=None,
        reconstruction=None,
        archiving=None,
        creation=None,
        transfers=transfers,
    )
    transfers.close()
    index.close()
    storage.close()


@pytest.fixture
def job(services):
    """A job that sends the study."""
    resources = Resources(services.index, None)
    wanted = [(Level.STUDY, id_) for id_ in resources.ids(Level.STUDY)]
    return PeerStore(
        resources=wanted,
        instances=resources.instances_of(wanted),
        peer="peer",
        shown_peer=["url"],
    )


@pytest.fixture
def one_at_a_time(monkeypatch):
    """Steps send one instance."""
    monkeypatch.setattr("obelisk.jobs.instances._STEP_SECONDS", 0)


def finish(job, services):
    """Do all steps; return their outcomes."""
    outcomes = [job.step(services, None)]
    while isinstance(outcomes[-1], Continue):
        outcomes.append(job.step(services, outcomes[-1].cursor))
    return outcomes


def test_the_size_is_what_was_sent(services, job, peer, one_at_a_time):
    """It grows from step to step, and so does the progress."""
    outcomes = finish(job, services)
    sizes = [int(one.content["Size"]) for one in outcomes]
    bodies = [len(one.body) for one in peer.received]

    assert sizes == [sum(bodies[: count + 1]) for count in range(len(bodies))]
    assert isinstance(outcomes[-1], Done)
    assert outcomes[-1].content["SizeMB"] == sizes[-1] // 1_048_576
    assert len({one.port for one in peer.received}) == 1


def test_quick_transfers_share_a_step(services, job, peer, monkeypatch):
    """All of a small study."""
    monkeypatch.setattr("obelisk.jobs.instances._STEP_SECONDS", 600)
    (outcome,) = finish(job, services)

    assert isinstance(outcome, Done)
    assert len(peer.received) == len(job.instances)


def test_the_content_is_that_of_orthanc(job):
    """What is empty, or not asked for, is left out."""
    shown = replace(job, is_packed=True, transfer_syntax="1.2").content()
    empty = replace(job, resources=[], instances=[]).content()

    assert shown == {
        "Compress": True,
        "Description": "REST API",
        "FailedInstancesCount": 0,
        "InstancesCount": len(job.instances),
        "ParentResources": [job.resources[0][1]],
        "Peer": ["url"],
        "Resources": [{"ID": job.resources[0][1], "Type": "Study"}],
        "Size": "0",
        "SizeMB": 0,
        "Transcode": "1.2",
    }
    assert empty == {
        "Compress": False,
        "Description": "REST API",
        "FailedInstancesCount": 0,
        "InstancesCount": 0,
        "Peer": ["url"],
        "Size": "0",
        "SizeMB": 0,
    }


def test_what_a_peer_does_not_take_is_skipped(services, job, peer, one_at_a_time):
    """By a permissive job; its size does not count."""
    first = job.step(services, None)
    peer.say({}, status=500)
    with pytest.raises(PeerError) as caught:
        job.step(services, first.cursor)
    skipped = job.skip(first.cursor, caught.value)

    assert [one.id for one in skipped.problems] == [job.instances[1]]
    assert skipped.content == first.content
    peer.reply = lambda _method, _path: Reply()
    assert job.step(services, skipped.cursor).progress == 3 / len(job.instances)
    assert job.skip((len(job.instances), 0), caught.value) is None


def test_each_peer_is_a_destination(job):
    """So that one that hangs does not take all workers."""
    assert job.destination == "peer peer"
    assert replace(job, peer="other").destination != job.destination


def test_the_arguments_hold_no_password(job):
    """The peer is looked up when it is wanted."""
    again = PeerStore.from_arguments(job.arguments())

    assert again == replace(job, resources=[tuple(one) for one in job.resources])
    assert job.arguments()["Peer"] == "peer"


def test_a_peer_that_is_known_no_more(services, job):
    """The job fails."""
    services.transfers.peers.delete("peer")

    with pytest.raises(NotFoundError):
        job.step(services, None)


def test_a_peer_that_hangs_is_left(services, job, peer):
    """When the job is to end."""
    peer.reply = peer.hold
    interruption = Interruption()
    timer = threading.Timer(0.2, interruption.interrupt)
    timer.start()
    with pytest.raises(StepInterruptedError):
        job.step(replace(services, interruption=interruption), None)
    timer.join()
