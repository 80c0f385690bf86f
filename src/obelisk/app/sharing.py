"""How several processes share the work of one server."""

from dataclasses import dataclass

from obelisk.app.processors import processor_count
from obelisk.config import Config, HTTPSection
from obelisk.rest.admission import Admission

_PROCESSES_MAX = 4

#: How many requests may be in the middle of their body at the same time.
_WAITING_MAX = 1024

#: How many more threads HTTP may take than requests work: for those that wait for their
#: bodies, and for answers on their way to slow clients.
_THREADS_BESIDE_WORKING = _WAITING_MAX + 256


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one process in the work of a server.

    Attributes
    ----------
    process_count
        How many processes answer HTTP.
    is_main
        Whether this one does all the rest as well.
    """

    process_count: int = 1
    is_main: bool = True

    @property
    def is_shared(self) -> bool:
        """Whether there are other processes."""
        return self.process_count > 1

    def admission(self, http: HTTPSection) -> Admission:
        """Return how many requests this process works on at the same time."""
        return Admission(
            self._part(http.thread_count), _WAITING_MAX // self.process_count
        )

    def thread_count_max(self, http: HTTPSection) -> int:
        """Return how many threads HTTP may take in this process."""
        beside = _THREADS_BESIDE_WORKING // self.process_count
        return self._part(http.thread_count) + beside

    def _part(self, count: int) -> int:
        """Return the share in a number; the main process gets what is left over."""
        part, rest = divmod(count, self.process_count)
        return part + rest if self.is_main else part


#: The share of a process that has no others beside it.
WHOLE = Share()


def main_share(config: Config) -> Share:
    """Return the share of the main process under a configuration."""
    http = config.http
    if http.ssl_enabled:  # what TLS has in memory cannot be given to another process
        return WHOLE
    wanted = http.worker_count or min(processor_count(), _PROCESSES_MAX)
    return Share(min(wanted, http.thread_count))
