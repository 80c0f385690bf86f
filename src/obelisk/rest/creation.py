"""POST /tools/create-dicom: makes new instances."""

from contextlib import closing

from obelisk.job_types.creation import ANSWER, InstanceCreation, answer_of
from obelisk.jobs.queue import JobDescription
from obelisk.rest.creation_orders import Wish, open_wish
from obelisk.rest.job_requests import submit, wants_job
from obelisk.rest.json_bodies import Fields
from obelisk.rest.messages import Request, Response, Services, json_response
from obelisk.rest.uploads import origin_of
from obelisk.services.ingest import Origin


def create(request: Request, services: Services) -> Response:
    """Make an instance of ``Tags`` and ``Content``, or a series of several contents.

    The body is a JSON object, or a form with its members as fields and the contents as
    files. A job does it if there is ``Asynchronous`` or another option of jobs.
    """
    origin = origin_of(request)
    with open_wish(request, services) as wish:
        if wants_job(request, wish.fields):
            return _submit(request, services, wish, origin)
        results = services.creation.create(wish.order, origin)
    return json_response(answer_of(wish.order, results[0]))


def _submit(
    request: Request, services: Services, wish: Wish, origin: Origin
) -> Response:
    """Keep the order in the storage area, and let a job work on it."""
    services.creation.check(wish.order)
    kept = services.creation.orders.keep(wish.order)
    job = InstanceCreation(
        key=kept.pending.key,
        instance_count=wish.order.instance_count,
        identity=services.creation.identity(),
        origin=origin,
    )
    fields = Fields({**wish.options, "Order": kept.digest})
    with closing(kept):
        return submit(request, services, job, fields, _answer, files=[kept.pending])


def _answer(found: JobDescription) -> Response:
    content = found.content
    return json_response({name: content[name] for name in ANSWER if name in content})
