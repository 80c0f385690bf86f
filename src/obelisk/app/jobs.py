"""Builds the jobs engine and what stands around it."""

import orjson

from obelisk.config import Config
from obelisk.errors import ServerError
from obelisk.index.base import Index
from obelisk.job_types import JOB_TYPES
from obelisk.jobs.base import JobServices
from obelisk.jobs.engine import Engine, EngineSettings
from obelisk.jobs.ownership import Owner
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.registry import JobTypes
from obelisk.jobs.run import Workplace
from obelisk.jobs.signals import Signals
from obelisk.jobs.streams import Streams
from obelisk.jobs.transitions import ErrorFacts, Transitions
from obelisk.metrics.registry import Metrics
from obelisk.rest.failures import status_of
from obelisk.storage.base import Storage


class JobOffice:
    """The queue of jobs and the engine behind it.

    Parameters
    ----------
    config
        The configuration.
    index
        Where the jobs are.
    storage
        Where their outputs are.
    services
        What jobs work with.
    metrics
        Where jobs are noted.
    """

    def __init__(
        self,
        config: Config,
        index: Index,
        storage: Storage,
        services: JobServices,
        metrics: Metrics,
    ) -> None:
        jobs = config.jobs
        types, self._signals = JobTypes(JOB_TYPES), Signals()
        owner = Owner(is_lasting=jobs.is_kept)
        transitions = Transitions(_facts_of, jobs.history_size, metrics)
        #: What the front doors see.
        self.queue = JobQueue(
            index, storage, types, transitions, self._signals, owner=owner
        )
        #: What clients are sent, among the jobs.
        self.streams = Streams(
            self.queue, index, services.removal, transitions, self._signals
        )
        workplace = Workplace(
            owner=owner,
            services=services,
            types=types,
            transitions=transitions,
            signals=self._signals,
            clock=self.queue.clock,
        )
        settings = EngineSettings(
            worker_count=jobs.worker_count, is_resuming=jobs.is_resuming
        )
        self._engine = Engine(index, workplace, settings, metrics)
        self.queue.on_pending = self._engine.wake

    @property
    def last_sign_of_life(self) -> float:
        """When the engine last looked for work, by the monotonic clock."""
        return self._engine.last_sign_of_life

    def hanging_count(self, seconds: float) -> int:
        """Return how many jobs have not got on for some time; see `Engine`."""
        return self._engine.hanging_count(seconds)

    def start(self) -> None:
        """Start to work."""
        self._engine.start()

    def stop(self, timeout_seconds: float) -> None:
        """Stop; see `Engine.stop`. Those who wait for a job are told so."""
        self._signals.close()
        self._engine.stop(timeout_seconds)


def _facts_of(error: ServerError) -> ErrorFacts:
    payload = error.details.get("payload")
    encoded = None if payload is None else orjson.dumps(payload).decode()
    return ErrorFacts(status_of(error).code, error.message, encoded)
