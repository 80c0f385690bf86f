"""Makes new instances in the background."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from typing import ClassVar, Self
from uuid import UUID

from obelisk.errors import ServerError, UnavailableError
from obelisk.jobs.base import JSON, Continue, Done, JobServices
from obelisk.services.creation import Identity
from obelisk.services.creation_orders import CreationOrder
from obelisk.services.ingest import Origin, StoreResult

#: What `answer_of` tells.
ANSWER = ("ID", "ParentPatient", "ParentSeries", "ParentStudy", "Path", "Status")

#: How long to go on before what was reached is kept.
_STEP_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceCreation:
    """Makes the instances of an order, which lies in the storage area.

    The cursor counts them, and lists the ids of those that are new: if one cannot be
    made, none is left. Only where the server lacks something do they stay, so that the
    job can go on, or be submitted again.

    Attributes
    ----------
    key
        Where the order is.
    instance_count
        How many instances it asks for.
    identity
        What they are known by.
    origin
        Who wants them.
    """

    name: ClassVar[str] = "InstanceCreation"

    key: str
    instance_count: int
    identity: Identity
    origin: Origin

    @property
    def destination(self) -> str:
        """See `Job.destination`; none."""
        return ""

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        return {
            "Order": self.key,
            "Instances": self.instance_count,
            "Moment": self.identity.moment,
            "Seed": str(self.identity.seed),
            "Origin": asdict(self.origin),
        }

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        return cls(
            key=arguments["Order"],
            instance_count=arguments["Instances"],
            identity=Identity(arguments["Moment"], UUID(arguments["Seed"])),
            origin=Origin(**arguments["Origin"]),
        )

    def content(self) -> Mapping[str, JSON]:
        """See `Job.content`."""
        return {"Description": "REST API", "InstancesCount": self.instance_count}

    def step(self, services: JobServices, cursor: JSON) -> Continue | Done:
        """See `Job.step`."""
        first, made = cursor or (0, [])
        creation, end = services.creation, monotonic() + _STEP_SECONDS
        order = creation.orders.open(self.key)
        position, content = first, dict[str, JSON]()
        try:
            for result in creation.create_from(
                first, order, self.identity, self.origin
            ):
                if not position:
                    content = answer_of(order, result)
                made = [*made, result.ids.instance] if result.is_new else made
                position += 1
                if monotonic() > end and position < self.instance_count:
                    progress = position / self.instance_count
                    return Continue([position, made], progress, content=content)
        except UnavailableError:
            raise
        except ServerError:
            creation.undo(made)
            raise
        return Done(content=content)

    def skip(self, _cursor: JSON, _error: ServerError) -> None:
        """See `Job.skip`; all or none."""
        return

    def only(self, _ids: Sequence[str]) -> None:
        """See `Job.only`."""
        return


def answer_of(order: CreationOrder, first: StoreResult) -> dict[str, JSON]:
    """Return what to tell of new instances, the first of which is given."""
    ids, status = first.ids, first.status.value
    if order.is_series:
        return {"ID": ids.series, "Path": f"/series/{ids.series}", "Status": status}
    return {
        "ID": ids.instance,
        "ParentPatient": ids.patient,
        "ParentSeries": ids.series,
        "ParentStudy": ids.study,
        "Path": f"/instances/{ids.instance}",
        "Status": status,
    }
