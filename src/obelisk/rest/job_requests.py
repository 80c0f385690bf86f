"""Requests that make jobs: their options, and synchronous or asynchronous answers."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from obelisk.errors import InvalidInputError, JobFailedError, LimitError
from obelisk.jobs.base import Job
from obelisk.jobs.queue import JobDescription, completed, halted
from obelisk.jobs.state import State
from obelisk.jobs.submission import RequestKey, RetryPolicy, Submission
from obelisk.rest.error_codes import ERROR_CODES
from obelisk.rest.job_json import content_json
from obelisk.rest.json_bodies import Fields
from obelisk.rest.messages import (
    BadContentError,
    Request,
    Response,
    Services,
    json_response,
)
from obelisk.storage.base import PendingContent

_USER_DATA_BYTES_MAX = 1_048_576
_KEY_LENGTH_MAX = 255
_PRIORITY_MAX = 2**31 - 1
_OPTIONS = ("Priority", "Permissive", "UserData", "Retry", "AutoDelete")

Answer = Callable[[JobDescription], Response]
_WAIT = re.compile(r"wait=(\d{1,6})")


@dataclass(frozen=True, slots=True)
class _Preference:
    """How the client wants its answer.

    `timeout_seconds` is how long it waits at most; `applied` is what of its header
    ``Prefer`` (RFC 7240) was heard.
    """

    is_awaited: bool
    timeout_seconds: float | None = None
    applied: str = ""


def submit(
    request: Request,
    services: Services,
    job: Job,
    fields: Fields,
    answer: Answer = lambda found: json_response(content_json(found)),
    *,
    files: Sequence[PendingContent] = (),
) -> Response:
    """Submit a job, and answer with its content, or at once with its id.

    Parameters
    ----------
    request
        The request: the headers ``Prefer`` and ``Idempotency-Key`` count.
    services
        What handlers work with.
    job
        The job.
    fields
        The body of the request, for ``Synchronous``, ``Asynchronous``, ``Priority``,
        ``Permissive``, ``UserData``, ``Retry`` and ``AutoDelete``.
    answer
        What to answer when the job has succeeded.
    files
        See `Submission.files`.

    Raises
    ------
    InvalidInputError
        If an option is wrong.
    JobFailedError
        If the job fails while the client waits for it.
    """
    preference = _preference(request, fields)
    submission = submission_of(job, fields, request, is_awaited=preference.is_awaited)
    id_ = services.jobs.submit(replace(submission, files=files))
    if preference.is_awaited:
        return _wait(services, id_, preference, answer)
    return _accepted(id_, preference)


def wants_job(request: Request, fields: Fields) -> bool:
    """Tell whether a client asks for what only a job can give.

    For requests that are done without a job, unless they are asynchronous or use the
    options of jobs.
    """
    preference = _preference(request, fields)
    return (
        not preference.is_awaited
        or preference.timeout_seconds is not None
        or "Idempotency-Key" in request.headers
        or any(name in fields for name in _OPTIONS)
    )


def submission_of(
    job: Job, fields: Fields, request: Request, *, is_awaited: bool
) -> Submission:
    """Return a job with what a request says beside it; see `submit`."""
    user_data = fields.get("UserData")
    if len(orjson.dumps(user_data)) > _USER_DATA_BYTES_MAX:
        raise LimitError("UserData is too large", limit=_USER_DATA_BYTES_MAX)
    return Submission(
        job=job,
        priority=_integer(fields, "Priority"),
        is_permissive=_boolean(fields, "Permissive", default=False),
        user_data=user_data,
        retry=_retry(fields),
        is_awaited=is_awaited,
        is_auto_deleted=_boolean(fields, "AutoDelete", default=False),
        request=_request_key(request, fields),
    )


def _accepted(id_: str, preference: _Preference) -> Response:
    response = json_response({"ID": id_, "Path": f"/jobs/{id_}"})
    if preference.applied:
        response.status = 202
        response.headers.append(("Location", f"/jobs/{id_}"))
        response.headers.append(("Preference-Applied", preference.applied))
    return response


def _wait(
    services: Services, id_: str, preference: _Preference, answer: Answer
) -> Response:
    """Answer for a job that has ended, or with its id if it is paused or takes long."""
    try:
        with services.admission.wait():
            job = services.jobs.wait(id_, halted, preference.timeout_seconds)
        if not completed(job):
            applied = preference.applied or "respond-async"
            return _accepted(id_, _Preference(False, None, applied))
        if job.state == State.FAILURE.value:
            text = job.error_details or ERROR_CODES.get(job.error_code, "")
            raise JobFailedError(job.error_code, text)
        return answer(services.jobs.get(id_))
    finally:
        services.jobs.release(id_)


def _preference(request: Request, fields: Fields) -> _Preference:
    """Return what the body says, or else the header ``Prefer``, or else to wait."""
    if "Synchronous" in fields:
        return _Preference(_boolean(fields, "Synchronous", default=True))
    if "Asynchronous" in fields:
        return _Preference(not _boolean(fields, "Asynchronous", default=False))
    wishes = [one.strip() for one in request.headers.get("Prefer", "").split(",")]
    if "respond-async" in wishes:
        return _Preference(False, None, "respond-async")
    for wish in wishes:
        if match := _WAIT.fullmatch(wish):
            return _Preference(True, float(match[1]), wish)
    return _Preference(True)


def _boolean(fields: Fields, name: str, *, default: bool) -> bool:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadContentError(f"Boolean value expected in field: {name}")
    return value


def _integer(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadContentError(f"Integer value expected in field: {name}")
    if abs(value) > _PRIORITY_MAX:
        raise BadContentError(f"Integer out of range in field: {name}")
    return value


def _retry(fields: Fields) -> RetryPolicy | None:
    """Return the retry policy, e.g. ``{"Attempts": 3, "Delay": 5, "Backoff": 2}``."""
    value = fields.get("Retry")
    if value is None:
        return None
    if not isinstance(value, dict) or type(value.get("Attempts")) is not int:
        raise InvalidInputError('"Retry" must be an object with the number "Attempts"')
    numbers = [value.get("Delay", 1.0), value.get("Backoff", 2.0)]
    if not all(type(one) in (int, float) for one in numbers):
        raise InvalidInputError('"Delay" and "Backoff" of "Retry" must be numbers')
    return RetryPolicy(value["Attempts"], *map(float, numbers))


def _request_key(request: Request, fields: Fields) -> RequestKey | None:
    """Return the key that the client gave its request, and a sum of what it asks."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return None
    if len(key) > _KEY_LENGTH_MAX:
        raise InvalidInputError("Idempotency-Key is too long")
    head = f"{request.method} {request.full_path}\n".encode()
    digest = hashlib.sha256(head + fields.canonical()).hexdigest()
    return RequestKey(f"{request.username}\n{key}", digest)
