"""How many connections there may be, by the files that a process may have open."""

import resource
from dataclasses import dataclass

#: What a process has open whatever it does: the index, its log, other processes.
_OWN_COUNT = 48

#: More files are never open at once: those of requests, and of the index for each.
_FILES_MAX = 1024

_ASSOCIATIONS_MAX = 512
_CONNECTIONS_MAX = 16_384

#: So many sockets are kept for those who are told that there is no room.
_REFUSED_MAX = 32


@dataclass(frozen=True, slots=True)
class Descriptors:
    """How one process shares what it may have open.

    Attributes
    ----------
    limit
        How many files and sockets it may have open.
    """

    limit: int

    @property
    def _free(self) -> int:
        return max(self.limit - _OWN_COUNT, 16)

    @property
    def association_count(self) -> int:
        """How many associations may be open, in the main process."""
        part = self._free // 2
        return min(_ASSOCIATIONS_MAX, part - min(_REFUSED_MAX, part // 2))

    def connection_count(self, *, is_main: bool) -> int:
        """Return how many connections may be open for HTTP."""
        files = min(_FILES_MAX, self._free // 4)
        associations = self.association_count + _REFUSED_MAX if is_main else 0
        rest = max(self._free // 4, self._free - files - associations)
        return min(_CONNECTIONS_MAX, rest)


def descriptors() -> Descriptors:
    """Return what this process may have open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    has_limit = limit != resource.RLIM_INFINITY
    return Descriptors(limit if has_limit else _CONNECTIONS_MAX * 2)
