"""Jobs as JSON, with Orthanc's keys."""

from datetime import UTC, datetime, timedelta

import orjson

from obelisk.jobs.queue import JobDescription
from obelisk.jobs.state import State
from obelisk.rest.error_codes import ERROR_CODES

_COUNT = "FailedInstancesCount"


def time_text(seconds: float) -> str:
    """Return a POSIX time as ``YYYYMMDDTHHMMSS.ffffff`` in UTC."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y%m%dT%H%M%S.%f")


def job_json(job: JobDescription, now: float) -> dict[str, object]:
    """Describe a job as it is at a time.

    Beyond Orthanc's keys, ``Content`` has ``FailedInstances`` where something failed.
    """
    row = job.row
    runtime = row.runtime
    if row.running_since is not None:
        runtime += max(0.0, now - row.running_since)
    shown: dict[str, object] = {
        "Content": content_json(job),
        "CreationTime": time_text(row.created_at),
        "EffectiveRuntime": round(runtime, 3),
        "ErrorCode": row.error_code,
        "ErrorDescription": ERROR_CODES.get(row.error_code, ""),
        "ErrorDetails": row.error_details,
        "ID": row.id,
        "Priority": row.priority,
        "Progress": int(row.progress * 100),
        "State": row.state,
        "Timestamp": time_text(now),
        "Type": row.type,
    }
    if row.completed_at is not None:
        shown["CompletionTime"] = time_text(row.completed_at)
    if row.state == State.RUNNING.value and row.progress > 0.01:
        left = runtime * (1 - row.progress) / row.progress
        shown["EstimatedTimeOfArrival"] = time_text(now + left)
    if row.error_payload is not None:
        shown["ErrorPayload"] = orjson.loads(row.error_payload)
    if row.has_user_data:
        shown["UserData"] = job.user_data
    return dict(sorted(shown.items()))


def content_json(job: JobDescription) -> dict[str, object]:
    """Return the public content of a job, with what it could not do."""
    content: dict[str, object] = job.content
    if _COUNT in content or job.failures:
        content = content | {_COUNT: job.row.failed_count}
    if job.failures:
        content["FailedInstances"] = [
            {
                "ErrorCode": one.error_code,
                "ErrorDescription": ERROR_CODES.get(one.error_code, ""),
                "ErrorDetails": one.error_details,
                "ID": one.id,
            }
            for one in job.failures
        ]
    return dict(sorted(content.items()))
