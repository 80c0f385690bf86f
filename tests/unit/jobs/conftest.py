"""Fixtures: an office of jobs that does only what a test lets it do."""

import socket
import threading
import uuid
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import pytest

from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import RemoteError, ServerError
from obelisk.imaging.reader import ImageReader
from obelisk.index.job_records import JobOutput
from obelisk.index.sqlite import SQLiteIndex
from obelisk.jobs.base import Change, Continue, Done, JobServices, Problem, Retry
from obelisk.jobs.engine import Engine, EngineSettings
from obelisk.jobs.ownership import Owner
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.registry import JobTypes
from obelisk.jobs.run import Run, Workplace
from obelisk.jobs.signals import Signals
from obelisk.jobs.submission import Submission
from obelisk.jobs.transitions import ErrorFacts, Transitions
from obelisk.services.archiving.archiving import Archiving
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.removal import Removal
from obelisk.services.transcoding import Transcoding
from obelisk.services.verification import Verification
from obelisk.storage.filesystem import FilesystemStorage

#: How long the word ``block`` waits.
PATIENCE = [60.0]

#: What blocks the steps that say so, and what tells that one is blocked.
GATE, ARRIVED = threading.Event(), threading.Event()


def paper():
    """Return an output whose file went missing."""
    return JobOutput("paper", str(uuid.uuid4()), 3, "text/plain", "paper.txt")


@dataclass(frozen=True, slots=True)
class Script:
    """Does in each step what a word says; the cursor counts the words.

    ``go`` and ``gate`` go on, ``protect`` changes the index, ``problem`` notes one,
    ``block`` waits for a socket that says nothing,
    ``wait`` asks for time once, ``break`` and ``lack`` fail, ``bug`` is none of ours.
    """

    name: ClassVar[str] = "Script"
    words: list = field(default_factory=list)
    destination: str = ""

    def arguments(self):
        """See `Job.arguments`."""
        return {"words": self.words, "destination": self.destination}

    @classmethod
    def from_arguments(cls, arguments):
        """See `Job.from_arguments`."""
        return cls(**arguments)

    def content(self):
        """See `Job.content`."""
        return {"Words": len(self.words)}

    def step(self, services, cursor):
        """See `Job.step`."""
        at = cursor or 0
        if at == len(self.words):
            return Done({"Said": at}, outputs=[paper()])
        word = self.words[at]
        if word == "gate":
            ARRIVED.set()
            GATE.wait(10)
        if word == "block":
            _block(services)
        if word == "wait":
            return Retry(60)
        if word == "break":
            raise ServerError("it broke")
        if word == "lack":
            raise RemoteError("nobody is there")
        if word == "bug":
            raise ZeroDivisionError
        after = Continue(at + 1, (at + 1) / len(self.words))
        if word == "problem":
            return replace(after, problems=[Problem(f"item {at}", ServerError("no"))])
        if word == "clash":
            return Change(lambda writer: writer.update_job(1, state=None) or after)
        if word == "add":
            return Change(lambda writer: _noted(writer, after))
        return after

    def skip(self, cursor, error):
        """See `Job.skip`."""
        at = cursor or 0
        problems = [Problem(f"item {at}", error)]
        return Continue(at + 1, (at + 1) / len(self.words), problems)

    def only(self, ids):
        """See `Job.only`."""
        return replace(self, words=["go" for _ in ids])


def _block(services):
    """Wait for a peer that never says a word, until the socket is shut down."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        close = partial(ours.shutdown, socket.SHUT_RDWR)
        with services.interruption.closing(close, seconds=PATIENCE[0]):
            ARRIVED.set()
            if not ours.recv(1):
                raise RemoteError("the peer is gone")


def _noted(writer, after):
    writer._run("insert_removal", f"added {writer._run('find_removals').fetchall()}")
    return after


class Office:
    """A queue, and runs that go on only when a test says so."""

    def __init__(self, root, history_size=10, **settings):
        """Open the index."""
        self.gate, self.arrived, self.patience = GATE, ARRIVED, PATIENCE
        self.now = 1_700_000_000.0
        self.index = SQLiteIndex(root / "index.db")
        self.storage = FilesystemStorage(root / "files")
        self.signals = Signals()
        self.owner = Owner(is_lasting=settings.pop("is_kept", True))
        types = JobTypes({"Script": Script})
        transitions = Transitions(
            lambda error: ErrorFacts(len(error.message), error.message), history_size
        )
        self.queue = JobQueue(
            self.index,
            self.storage,
            types,
            transitions,
            self.signals,
            owner=self.owner,
            clock=lambda: self.now,
        )
        self.workplace = Workplace(
            owner=self.owner,
            services=JobServices(
                index=self.index,
                removal=Removal(self.index, self.storage),
                verification=Verification(self.index, self.storage, AssumedEncoding()),
                reconstruction=None,
                creation=None,
                transfers=None,
                archiving=Archiving(
                    self.index,
                    self.storage,
                    AssumedEncoding(),
                    Transcoding(ImageReader(), UIDGenerator()),
                ),
            ),
            types=types,
            transitions=transitions,
            signals=self.signals,
            clock=lambda: self.now,
        )
        self.engine = Engine(self.index, self.workplace, EngineSettings(**settings))

    def submit(self, *words, destination="", **options):
        """Submit a script; return the id."""
        return self.queue.submit(self.submission(*words, dest=destination, **options))

    def submission(self, *words, dest="", **options):
        """Return a script that is not submitted yet."""
        return Submission(job=Script(list(words), dest), **options)

    def claim(self, share=2, owner="me", lease_seconds=5):
        """Claim the next job."""
        until = self.now + lease_seconds
        return self.index.write(
            lambda writer: writer.claim_job(owner, self.now, until, share)
        )

    def run(self, claim=None, steps=1_000):
        """Claim a job, and step through it; return how it is afterwards."""
        claim = claim or self.claim()
        left = iter(range(steps - 1))
        Run(self.workplace, claim, lambda: next(left, None) is None).perform()
        return self.queue.get(claim.id).row

    def row(self, id_):
        """Return a job."""
        return self.queue.get(id_).row

    def close(self):
        """Close everything."""
        self.engine.stop(0)
        self.index.close()
        self.storage.close()


@pytest.fixture
def open_office(tmp_path):
    """The function that opens an office on one and the same index."""
    offices = []

    def build(**settings):
        offices.append(Office(tmp_path, **settings))
        return offices[-1]

    PATIENCE[0] = 60.0
    GATE.clear()
    ARRIVED.clear()
    yield build
    GATE.set()
    for one in offices:
        one.close()


@pytest.fixture
def office(open_office):
    """An office with the default settings."""
    return open_office()
