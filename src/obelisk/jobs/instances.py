"""What jobs have in common that go through the instances of some resources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Self

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import ServerError
from obelisk.jobs.base import JSON, Continue, Done, Problem

_LEVEL_OF = {level.value: level for level in LEVELS}

#: How long to go on before what was reached is kept.
_STEP_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesJob:
    """A job over instances, one after the other; its cursor counts them.

    Attributes
    ----------
    resources
        What the user named.
    instances
        The ids of the instances below, as they were at that time.
    description
        Where the job comes from.
    """

    resources: Sequence[tuple[Level, str]]
    instances: Sequence[str]
    description: str = "REST API"

    @property
    def destination(self) -> str:
        """See `Job.destination`; none."""
        return ""

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        return {
            "Description": self.description,
            "Instances": list(self.instances),
            "Resources": [_resource_json(*one) for one in self.resources],
        }

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        return cls(**cls.fields_from(arguments))

    @staticmethod
    def fields_from(arguments: JSON) -> dict[str, Any]:
        """Return the fields of this class that some arguments hold."""
        return {
            "resources": [
                (_LEVEL_OF[one["Type"]], one["ID"]) for one in arguments["Resources"]
            ],
            "instances": arguments["Instances"],
            "description": arguments["Description"],
        }

    def content(self) -> Mapping[str, JSON]:
        """See `Job.content`; in the words of Orthanc."""
        return {
            "Description": self.description,
            "FailedInstancesCount": 0,
            "InstancesCount": len(self.instances),
            "ParentResources": [id_ for _, id_ in self.resources],
            "Resources": [_resource_json(*one) for one in self.resources],
        }

    def each(
        self, cursor: JSON, work: Callable[[str], Sequence[ServerError]]
    ) -> Continue | Done:
        """Work on as many instances as fit into a step.

        Parameters
        ----------
        cursor
            The cursor.
        work
            What to do with the instance that has an id; it returns what is wrong with
            it, or raises what makes the job fail.
        """
        first = position = cursor or 0
        problems: list[Problem] = []
        end = monotonic() + _STEP_SECONDS
        while position < len(self.instances):
            id_ = self.instances[position]
            try:
                problems += [Problem(id_, error) for error in work(id_)]
            except ServerError:
                if position == first:
                    raise
                break
            position += 1
            if monotonic() > end:
                break
        return self.reached(position, problems)

    def reached(
        self, position: int, problems: Sequence[Problem] = ()
    ) -> Continue | Done:
        """Return the outcome of a step that ends in front of an instance."""
        if position >= len(self.instances):
            return Done(problems=problems)
        return Continue(position, position / len(self.instances), problems)

    def skip(self, cursor: JSON, error: ServerError) -> Continue | Done | None:
        """See `Job.skip`."""
        position = cursor or 0
        if position >= len(self.instances):
            return None
        problem = Problem(self.instances[position], error)
        return self.reached(position + 1, [problem])

    def only(self, ids: Sequence[str]) -> Self | None:
        """See `Job.only`."""
        known = set(self.instances)
        return replace(self, instances=[one for one in ids if one in known])


def _resource_json(level: Level, id_: str) -> dict[str, str]:
    return {"ID": id_, "Type": level.value}
