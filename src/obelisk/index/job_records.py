"""The rows of the index that are about jobs, as frozen records."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

ENDLESS_LEASE = 4e9
"""The end of the lease of a job that no worker runs, as it is sent to a client."""


class JobRow(NamedTuple):
    """One job; JSON columns are left encoded, what does not apply is `None`.

    Times are POSIX times in seconds, `progress` is 0.0 to 1.0, `runtime` is that
    of former runs, in seconds. `fence` counts the claims, `revision` the changes;
    `trace` is that of the request which the job comes from.
    """

    pk: int
    id: str
    type: str
    state: str
    wish: str | None
    priority: int
    destination: str
    cursor: str
    content: str
    progress: float
    failed_count: int
    owner: str | None
    fence: int
    retry_policy: str | None
    attempt_count: int
    error_code: int
    error_details: str
    error_payload: str | None
    is_permissive: int
    keeper: str | None
    awaiting_count: int
    is_auto_deleted: int
    created_at: float
    updated_at: float
    running_since: float | None
    completed_at: float | None
    runtime: float
    revision: int
    has_user_data: int
    trace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """All that is known of a job when it is submitted; see the columns of the table."""

    id: str
    type: str
    arguments: str
    content: str
    created_at: float
    priority: int = 0
    destination: str = ""
    retry_policy: str | None = None
    user_data: str | None = None
    is_permissive: bool = False
    keeper: str | None = None
    is_auto_deleted: bool = False
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list, and how: an empty text or tuple means all.

    `order` is one of the keys of `JOB_ORDERS`, behind a minus sign for descending.
    """

    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    order: str = "id"
    since: int = 0
    limit: int | None = None


JOB_ORDERS = {
    "id": "id",
    "submission": "pk",
    "completion": "completed_at",
    "priority": "priority",
}
"""The column by which each order of lists sorts."""


class JobEventType(Enum):
    """What happens to jobs that others may want to know; the words are Orthanc's."""

    SUBMITTED = "JobSubmitted"
    SUCCESS = "JobSuccess"
    FAILURE = "JobFailure"


class JobEvent(NamedTuple):
    """Something that happened to a job, at a POSIX time."""

    seq: int
    type: JobEventType
    id: str
    time: float


class JobFailure(NamedTuple):
    """Something that a job could not do: mostly the id of a resource, and why."""

    id: str
    error_code: int
    error_details: str


class JobOutput(NamedTuple):
    """A file of the storage area that a job made."""

    name: str
    key: str
    size: int
    media_type: str
    file_name: str
