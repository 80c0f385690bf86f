"""What is checked when somebody asks whether the server can do its work."""

from time import monotonic

from obelisk.app.jobs import JobOffice
from obelisk.config import Config
from obelisk.index.base import Index
from obelisk.rest.admission import Admission
from obelisk.scp.server import DICOMServer
from obelisk.services.health import OK, Health
from obelisk.storage.base import Storage

_MEGABYTE = 1_048_576

#: For how long what works may give no sign of life.
_SILENCE_SECONDS_MAX = 3.0


def health_of(
    config: Config,
    index: Index,
    storage: Storage,
    jobs: JobOffice,
    dicom: DICOMServer | None,
    admission: Admission,
) -> Health:
    """Return the checks for a node."""
    is_writable = not config.service.read_only
    checks = {
        "Index": lambda: _check_index(index, is_writable=is_writable),
        "Http": lambda: _check_requests(admission),
    }
    if is_writable:
        least = config.monitoring.free_space_min * _MEGABYTE
        checks["Storage"] = lambda: _check_storage(storage, least)
        checks["Jobs"] = lambda: _check_jobs(jobs)
        checks["Steps"] = lambda: _check_steps(jobs)
    if dicom is not None:
        checks["Dicom"] = lambda: OK if dicom.is_listening else "does not listen"
    # That a step hangs makes no new process, which would do the step again.
    return Health(checks, passing=("Storage", "Steps"))


def _check_index(index: Index, *, is_writable: bool) -> str:
    if is_writable:
        index.write(lambda writer: writer.last_change())
    else:
        with index.read() as transaction:
            transaction.last_change()
    return OK


def _check_storage(storage: Storage, least: int) -> str:
    if storage.free_size() < least:
        return "too little free space"
    pending = storage.create()
    try:
        pending.write(b"\0")
    finally:
        pending.discard()
    return OK


def _check_jobs(jobs: JobOffice) -> str:
    silence = monotonic() - jobs.last_sign_of_life
    return OK if silence < _SILENCE_SECONDS_MAX else "no sign of life"


def _check_steps(jobs: JobOffice) -> str:
    count = jobs.hanging_count(_SILENCE_SECONDS_MAX)
    return f"jobs that hang: {count}" if count else OK


def _check_requests(admission: Admission) -> str:
    is_stuck = admission.is_full and (
        admission.seconds_without_progress() > _SILENCE_SECONDS_MAX
    )
    return "no request gets on" if is_stuck else OK
