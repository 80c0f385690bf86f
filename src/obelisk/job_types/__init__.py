"""The job types of this server, by name."""

from obelisk.job_types.archive import Archive, Media
from obelisk.job_types.creation import InstanceCreation
from obelisk.job_types.deletion import Deletion
from obelisk.job_types.peer_store import PeerStore
from obelisk.job_types.reconstruction import (
    ArchiveReconstruction,
    InstancesReconstruction,
)
from obelisk.job_types.verification import InstancesVerification
from obelisk.jobs.base import Job

JOB_TYPES: dict[str, type[Job]] = {
    one.name: one
    for one in (
        Archive,
        Media,
        Deletion,
        InstanceCreation,
        InstancesVerification,
        InstancesReconstruction,
        ArchiveReconstruction,
        PeerStore,
    )
}
"""A type that is listed here is tested by the contract of all."""
