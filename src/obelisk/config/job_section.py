"""The options of jobs; see `sections`."""

from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSection:
    """The jobs, which work in the background."""

    worker_count: int = option("ConcurrentJobs", 2, minimum=0, unit="jobs")
    """How many jobs run at the same time; 0 means one for each processor."""

    history_size: int = option("JobsHistorySize", 10, minimum=0, unit="jobs")
    """How many completed jobs are kept, for clients that want to know their end."""

    is_kept: bool = option("SaveJobs", default=True)
    """Whether jobs outlive the server: after a restart, or a crash, they go on where
    they were."""

    is_resuming: bool = True
    """Whether jobs of the last run go on; if not (`--no-jobs`), they are paused."""
