"""Makes what the index knows of resources anew from their files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar, Self

from obelisk.errors import ServerError
from obelisk.jobs.base import JSON, Continue, Done, JobServices, Problem
from obelisk.jobs.instances import InstancesJob
from obelisk.services.reconstruction import groups

#: How long a step over the whole archive lasts.
_STEP_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesReconstruction(InstancesJob):
    """Reads the files of instances again, and takes over what they say.

    Attributes
    ----------
    is_level_only
        Whether only the attributes of the resources themselves are made anew, each from
        one file; then there are no instances.
    with_files
        Whether files are also written anew that are not compressed as configured.
    """

    is_level_only: bool = False
    with_files: bool = False

    name: ClassVar[str] = "Reconstruction"

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        return InstancesJob.arguments(self) | {
            "LimitToThisLevelMainDicomTags": self.is_level_only,
            "ReconstructFiles": self.with_files,
        }

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        return cls(
            **cls.fields_from(arguments),
            is_level_only=arguments["LimitToThisLevelMainDicomTags"],
            with_files=arguments["ReconstructFiles"],
        )

    def step(self, services: JobServices, cursor: JSON) -> Continue | Done:
        """See `Job.step`."""
        work = services.reconstruction
        if self.is_level_only:
            for level, id_ in self.resources:
                work.reconstruct_level(level, id_)
            return Done()

        def renew(id_: str) -> Sequence[ServerError]:
            work.reconstruct_instance(id_, with_files=self.with_files)
            return ()

        return self.each(cursor, renew)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReconstruction:
    """Does so for all instances, in the order of their ids.

    The cursor is the last id, and how many there were up to it, so that nothing grows
    with the archive. What is damaged is told, and passed over; what is deleted
    meanwhile is fine.

    Attributes
    ----------
    instance_count
        How many instances there were at the beginning.
    with_files
        See `InstancesReconstruction`.
    """

    instance_count: int
    with_files: bool = False

    name: ClassVar[str] = "ArchiveReconstruction"

    @property
    def destination(self) -> str:
        """See `Job.destination`; none."""
        return ""

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        return {"Instances": self.instance_count, "ReconstructFiles": self.with_files}

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        count, with_files = arguments["Instances"], arguments["ReconstructFiles"]
        return cls(instance_count=count, with_files=with_files)

    def content(self) -> Mapping[str, JSON]:
        """See `Job.content`."""
        return {
            "Description": "REST API",
            "FailedInstancesCount": 0,
            "InstancesCount": self.instance_count,
        }

    def step(self, services: JobServices, cursor: JSON) -> Continue | Done:
        """See `Job.step`."""
        last, count = cursor or ("", 0)
        work, end = services.reconstruction, monotonic() + _STEP_SECONDS
        problems: list[Problem] = []
        for group in groups(work.instances_after(last)):
            damaged = work.reconstruct_group(group, with_files=self.with_files)
            problems += [Problem(id_, error) for id_, error in damaged]
            last, count = group[-1], count + len(group)
            if monotonic() > end:
                progress = count / max(count, self.instance_count)
                return Continue([last, count], progress, problems)
        return Done(problems=problems)

    def skip(self, _cursor: JSON, _error: ServerError) -> None:
        """See `Job.skip`; what can be passed over is, already."""
        return

    def only(self, _ids: Sequence[str]) -> None:
        """See `Job.only`."""
        return
