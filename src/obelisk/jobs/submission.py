"""What is known of a job when somebody asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from obelisk.errors import InvalidArgumentError
from obelisk.jobs.base import JSON, Job
from obelisk.storage.base import PendingContent

_ATTEMPTS_MAX = 1_000_000
_SECONDS_MAX = 86_400.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a step is tried again that failed for want of something.

    Attributes
    ----------
    attempts
        How often at most; what succeeds sets the count back.
    delay_seconds
        How long to wait before the first time.
    backoff
        By what that time is multiplied each further time.

    Raises
    ------
    InvalidArgumentError
        If a number makes no sense.
    """

    attempts: int
    delay_seconds: float = 1.0
    backoff: float = 2.0

    def __post_init__(self) -> None:
        limits = (
            ("Attempts", self.attempts, 1, _ATTEMPTS_MAX),
            ("Delay", self.delay_seconds, 0, _SECONDS_MAX),
            ("Backoff", self.backoff, 1, 1000),
        )
        for name, value, least, greatest in limits:
            if not least <= value <= greatest:
                message = f'"{name}" of "Retry" must be from {least} to {greatest}'
                raise InvalidArgumentError(message)

    def seconds_before(self, attempt: int) -> float:
        """Return how long to wait before an attempt, the first of which is 0."""
        factor = self.backoff ** min(attempt, 64)
        return float(min(self.delay_seconds * factor, _SECONDS_MAX))

    def to_json(self) -> str:
        """Return what `from_json` reads."""
        return orjson.dumps([self.attempts, self.delay_seconds, self.backoff]).decode()

    @classmethod
    def from_json(cls, text: str) -> "RetryPolicy":
        """Return the policy that `to_json` wrote."""
        return cls(*orjson.loads(text))


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Which request a submission comes from, so that it makes one job only.

    Attributes
    ----------
    key
        What the client calls its request.
    digest
        A sum of the request, which is the same when it comes again.
    """

    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job, and what is wanted of it beside its work.

    Attributes
    ----------
    job
        The job.
    priority
        Jobs with a higher one go first.
    is_permissive
        Whether it goes on behind what fails.
    user_data
        What its user wants to find beside it; ``None`` is nothing.
    retry
        Whether it tries again what fails for want of something.
    is_awaited
        Whether somebody waits for its end, who will say so by `JobQueue.release`.
    is_auto_deleted
        Whether it vanishes when it succeeded.
    request
        The request that it comes from, if that has a name.
    files
        What it works on, written to the storage area; they stay as long as the job may
        need them.
    """

    job: Job
    priority: int = 0
    is_permissive: bool = False
    user_data: JSON = None
    retry: RetryPolicy | None = None
    is_awaited: bool = False
    is_auto_deleted: bool = False
    request: RequestKey | None = None
    files: Sequence[PendingContent] = ()
