"""Checks files against what the index knows about them."""

from dataclasses import dataclass
from typing import ClassVar

from obelisk.jobs.base import JSON, Continue, Done, JobServices
from obelisk.jobs.instances import InstancesJob


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesVerification(InstancesJob):
    """Reads the files of instances again: size, sums, structure.

    What is damaged is a finding of the job, not its failure.
    """

    name: ClassVar[str] = "Verification"

    def step(self, services: JobServices, cursor: JSON) -> Continue | Done:
        """See `Job.step`."""
        return self.each(cursor, services.verification.check)
