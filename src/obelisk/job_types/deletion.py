"""Deletes many resources."""

from dataclasses import dataclass
from typing import ClassVar

from obelisk.dicom.levels import Level
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.base import JSON, Change, Continue, Done, JobServices
from obelisk.jobs.instances import InstancesJob

#: How many instances a step deletes.
_STEP_INSTANCES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion(InstancesJob):
    """Deletes instances, and what they leave empty; what is gone already is fine."""

    name: ClassVar[str] = "Deletion"

    def step(self, services: JobServices, cursor: JSON) -> Change:
        """See `Job.step`."""
        first = cursor or 0
        chosen = self.instances[first : first + _STEP_INSTANCES]
        keys: list[str] = []

        def delete(writer: WriteTransaction) -> Continue | Done:
            keys.clear()
            for id_ in chosen:
                if writer.lookup_pk(Level.INSTANCE, id_) is not None:
                    keys.extend(writer.delete(Level.INSTANCE, id_).keys)
            return self.reached(first + len(chosen))

        return Change(delete, lambda: services.removal.remove(keys))
