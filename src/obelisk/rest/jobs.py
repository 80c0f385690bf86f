"""Jobs: lists, single ones, what can be done to them, their outputs."""

import re
from collections.abc import Iterator
from functools import partial

from obelisk.errors import (
    InvalidArgumentError,
    InvalidInputError,
    JobStateError,
    UnknownJobError,
)
from obelisk.index.job_records import JOB_ORDERS, JobFilter
from obelisk.job_types.archive import LAYOUT_TYPE
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.state import Event, State
from obelisk.rest.archiving import get_kept_archive
from obelisk.rest.file_names import named
from obelisk.rest.job_json import job_json
from obelisk.rest.json_bodies import read_body
from obelisk.rest.json_members import JSONMembers
from obelisk.rest.messages import (
    PLAIN_JSON,
    BadTypeError,
    JSONResponse,
    Request,
    Response,
    Services,
    flag,
    json_response,
    number,
    split,
    text_response,
)
from obelisk.rest.ranges import content_response
from obelisk.rest.routing import Handler

_STATES = {state.value for state in State}

#: How many jobs are described in memory at once.
_LIST_MAX = 1000

_PRIORITY_MAX = 2**31 - 1
_INTEGER = re.compile(rb"[+-]?[0-9]{1,20}")


def list_jobs(request: Request, services: Services) -> Response:
    """List the ids of the jobs, or the jobs with ``expand``.

    ``state`` and ``type`` choose some of them, both separated by semicolons; ``since``
    and ``limit`` choose a page, and ``order`` is ``id``, ``submission``, ``completion``
    or ``priority``, behind a minus sign for descending.
    """
    is_expanded = flag(request, "expand", default=False)
    wanted = _filter(request)
    if not is_expanded:
        return json_response(services.jobs.ids(wanted))
    if wanted.limit is None and len(ids := services.jobs.ids(wanted)) > _LIST_MAX:
        return JSONResponse(JSONMembers(_members(ids, services.jobs), is_list=True))
    now = services.jobs.clock()
    return json_response([job_json(one, now) for one in services.jobs.page(wanted)])


def _members(ids: list[str], jobs: JobQueue) -> Iterator[tuple[str, object]]:
    """Yield many jobs, so that they are never in memory together."""
    for job in jobs.describe(ids):
        yield "", job_json(job, jobs.clock())


def _filter(request: Request) -> JobFilter:
    states = tuple(split(request.args.get("state", "")))
    order = request.args.get("order", "id")
    for state in states:
        if state not in _STATES:
            raise InvalidArgumentError(f"Invalid state of a job: {state}")
    if order.removeprefix("-") not in JOB_ORDERS:
        raise InvalidArgumentError(f"Invalid order of jobs: {order}")
    return JobFilter(
        states=states,
        types=tuple(split(request.args.get("type", ""))),
        order=order,
        since=number(request, "since") if "since" in request.args else 0,
        limit=(number(request, "limit") if "limit" in request.args else 0) or None,
    )


def count_jobs(_request: Request, services: Services) -> Response:
    """Count the jobs in each state."""
    return json_response(services.jobs.counts())


def get_job(request: Request, services: Services) -> Response:
    """Describe one job."""
    found = services.jobs.get(request.id)
    return json_response(job_json(found, services.jobs.clock()))


def delete_job(request: Request, services: Services) -> Response:
    """Delete a completed job, and its outputs; others are as good as unknown."""
    try:
        services.jobs.delete(request.id)
    except JobStateError as error:
        raise UnknownJobError(error.message) from error
    return text_response()


def _asking(event: Event) -> Handler:
    def ask(request: Request, services: Services) -> Response:
        try:
            if event is Event.RESUBMIT and request.args.get("only"):
                _resubmit_failed(request, services)
            else:
                services.jobs.ask(request.id, event)
        except UnknownJobError as error:
            raise InvalidInputError(error.message) from error
        return JSONResponse(b"{}\n", PLAIN_JSON)

    ask.__doc__ = f"{event.value.capitalize()} a job."
    return ask


cancel_job = _asking(Event.CANCEL)
pause_job = _asking(Event.PAUSE)
resume_job = _asking(Event.RESUME)
resubmit_job = _asking(Event.RESUBMIT)


def _resubmit_failed(request: Request, services: Services) -> None:
    if request.args["only"] != "failed":
        raise InvalidArgumentError('Argument "only" can be nothing but: failed')
    services.jobs.resubmit_failed(request.id)


def set_priority(request: Request, services: Services) -> Response:
    """Give a job the priority that is the body of the request."""
    text = read_body(request, services).strip()
    if not _INTEGER.fullmatch(text):
        raise BadTypeError("The body must be an integer")
    priority = int(text)
    if abs(priority) > _PRIORITY_MAX:
        raise InvalidArgumentError("The priority is out of range")
    services.jobs.prioritise(request.id, priority)
    return text_response()


def get_output(request: Request, services: Services) -> Response:
    """Give an output of a job, or a part of it."""
    output = services.jobs.get_output(request.id, request.name)
    if output.media_type == LAYOUT_TYPE:
        return get_kept_archive(request, services, output)
    headers = [
        ("Content-Type", output.media_type),
        ("Content-Disposition", named(output.file_name, output.name)),
    ]
    read = partial(services.jobs.read_output, output)
    return content_response(request, read, output.size, output.key, headers)


def delete_output(request: Request, services: Services) -> Response:
    """Delete an output of a job; the job stays."""
    services.jobs.delete_output(request.id, request.name)
    return text_response()
