"""The process that works on jobs, and what becomes of its own when it is gone."""

import os
import platform
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from obelisk.index.job_records import JobRow
from obelisk.index.writing import WriteTransaction


def _new_name() -> str:
    return f"{platform.node()}:{os.getpid()}:{uuid.uuid4()}"


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, as others see it.

    Attributes
    ----------
    name
        Its name, which no other one ever has.
    lease_seconds
        After how long without a sign of life it counts as gone.
    is_lasting
        Whether its jobs outlive it (SaveJobs).
    """

    name: str = field(default_factory=_new_name)
    lease_seconds: float = 5.0
    is_lasting: bool = True

    def keep(self, writer: WriteTransaction, now: float) -> None:
        """Give a sign of life."""
        writer.keep_job_owner(self.name, now + self.lease_seconds)


def forget_owner(
    writer: WriteTransaction, name: str, prune: Callable[[JobRow], list[str]]
) -> list[str]:
    """Delete the jobs that end with a process, and those who wait in it.

    Parameters
    ----------
    writer
        The transaction.
    name
        The process.
    prune
        What to do with a job that fewer wait for now.

    Returns
    -------
    list
        The keys of files to be removed once the transaction is committed.
    """
    keys = [
        key for pk in writer.find_jobs_kept_by(name) for key in writer.delete_job(pk)
    ]
    for pk in writer.delete_job_owner(name):
        job = writer.lookup_job_by_pk(pk)
        if job is not None:
            keys += prune(job)
    return keys
