"""Checks of stored files, on request."""

from obelisk.job_types.verification import InstancesVerification
from obelisk.rest.job_requests import submit
from obelisk.rest.json_bodies import read_optional_fields
from obelisk.rest.messages import Request, Response, Services


def verify(request: Request, services: Services) -> Response:
    """Read all files of a resource again, as a job, and tell which are damaged."""
    fields = read_optional_fields(request, services)
    resources = [(request.level, request.id)]
    instances = services.resources.instances_of(resources)
    job = InstancesVerification(resources=resources, instances=instances)
    return submit(request, services, job, fields)
