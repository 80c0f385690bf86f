"""The changes of a job as server-sent events."""

from collections.abc import Iterator

import orjson

from obelisk.errors import UnavailableError, UnknownJobError
from obelisk.jobs.queue import JobQueue, completed
from obelisk.rest.job_json import job_json
from obelisk.rest.messages import Request, Response, Services, bare_response

#: How often a silent stream shows that it is alive.
_SILENCE_SECONDS_MAX = 15.0


def watch_job(request: Request, services: Services) -> Response:
    """Tell each change of a job until its end, as server-sent events.

    The name of an event is the state, its data is the job. With ``Last-Event-ID``, what
    was seen is not told again; a job that ended before answers 204, so that nobody asks
    again.
    """
    seen = request.headers.get("Last-Event-ID", -1, type=int)
    job = services.jobs.get(request.id)
    if job.is_completed and job.row.revision == seen:
        return bare_response(204)
    headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
    return Response(_events(services.jobs, request.id, seen), headers)


def _events(jobs: JobQueue, id_: str, seen: int) -> Iterator[bytes]:
    while True:
        try:
            row = jobs.wait(id_, lambda job: job.revision != seen, _SILENCE_SECONDS_MAX)  # noqa: B023 -- it is called before `seen` changes
            found = jobs.get(id_)
        except UnknownJobError:
            yield b"event: Deleted\ndata: {}\n\n"
            return
        except UnavailableError:
            return
        if row.revision == seen:
            yield b":\n\n"
            continue
        seen = found.row.revision
        data = orjson.dumps(job_json(found, jobs.clock()))
        yield b"id: %d\nevent: %s\ndata: %s\n\n" % (
            seen,
            found.row.state.encode(),
            data,
        )
        if completed(found.row):
            return
