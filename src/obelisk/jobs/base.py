"""What a job type must offer, and what its steps may answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from obelisk.errors import ServerError
from obelisk.index.base import Index
from obelisk.index.job_records import JobOutput
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.interruption import Interruption
from obelisk.services.archiving.archiving import Archiving
from obelisk.services.creation import Creation
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.reconstruction import Reconstruction
from obelisk.services.removal import Removal
from obelisk.services.verification import Verification

JSON = Any
"""A value that JSON can say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a job could not do, mostly about a resource with an id."""

    id: str
    error: ServerError


@dataclass(frozen=True, slots=True)
class Continue:
    """There is more to do.

    Attributes
    ----------
    cursor
        Where to go on; no JSON value but ``None`` means the beginning.
    progress
        How much is done, 0.0 to 1.0; it does not fall.
    problems
        What this step could not do, though the job goes on.
    content
        What there is to tell of the job now, beyond `Job.content`.
    """

    cursor: JSON
    progress: float
    problems: Sequence[Problem] = ()
    content: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """The step did nothing; it is to be tried again after some seconds."""

    after_seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """The job is done.

    Attributes
    ----------
    content
        See `Continue`.
    problems
        See `Continue`.
    outputs
        Files that the job made, which are in the storage area under their keys.
    """

    content: Mapping[str, JSON] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    outputs: Sequence[JobOutput] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The step is a change of the index, which is made together with the cursor.

    Attributes
    ----------
    action
        What to change in the transaction; its answer is the answer of the step.
    after
        What to do once the transaction is committed, if the server still lives.
    halt
        What to do then if the job does not go on at once, or never.
    """

    action: Callable[[WriteTransaction], Continue | Done]
    after: Callable[[], None] = lambda: None
    halt: Callable[[], None] = lambda: None


Outcome = Continue | Retry | Done | Change


@dataclass(frozen=True, slots=True, kw_only=True)
class JobServices:
    """What the steps of jobs work with; each run has an `interruption` of its own."""

    index: Index
    removal: Removal
    verification: Verification
    reconstruction: Reconstruction
    archiving: Archiving
    creation: Creation
    transfers: PeerTransfers
    interruption: Interruption = field(default_factory=Interruption)


class Job(Protocol):
    """The arguments of one job, as a frozen dataclass.

    A step lasts a second at most where it can, as pausing and cancelling take effect
    between two of them. One that may block longer, on a socket, tells
    `JobServices.interruption` what to close to end that; if it blocks for three seconds
    without, the server counts as not ready. What it does must be harmless to do again:
    if the server dies, the step that it was at is repeated.
    """

    #: The name of the type in the REST API.
    name: ClassVar[str]

    @property
    def destination(self) -> str:
        """Where it sends to; jobs of one destination share some workers only."""
        ...

    def arguments(self) -> JSON:
        """Return what `from_arguments` makes the same job from."""
        ...

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """Return the job that has given these arguments."""
        ...

    def content(self) -> Mapping[str, JSON]:
        """Return what users are told about the job."""
        ...

    def step(self, services: JobServices, cursor: JSON) -> Outcome:
        """Do the next piece of work.

        Raises
        ------
        ServerError
            If it fails, and so does the job, unless it is permissive or may retry.
        """
        ...

    def skip(self, cursor: JSON, error: ServerError) -> Continue | Done | None:
        """Return how a permissive job goes on behind a step that failed.

        `None` means that it cannot.
        """
        ...

    def only(self, ids: Sequence[str]) -> Self | None:
        """Return a job that does no more than what failed, `None` if that is senseless.

        Parameters
        ----------
        ids
            Those of the problems.
        """
        ...
