"""Whether the server can do its work just now."""

import threading
from collections.abc import Callable, Collection, Mapping
from time import monotonic

from obelisk.errors import ServerError

#: How long a check may take.
CHECK_SECONDS_MAX = 4.0

#: For how long the result of a check is told again.
_FRESH_SECONDS = 1.0

#: What a check that found nothing wrong says.
OK = "ok"


class _Probe:
    """One check, in a thread of its own, so that nobody hangs with it."""

    def __init__(self, check: Callable[[], str]) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._is_over.set()
        self._result = OK
        self._ended_at = float("-inf")

    def start(self) -> None:
        """Begin, unless it is being done, or was done just now."""
        with self._lock:
            is_fresh = monotonic() - self._ended_at < _FRESH_SECONDS
            if not self._is_over.is_set() or is_fresh:
                return
            self._is_over.clear()
        threading.Thread(target=self._run, name="HEALTH", daemon=True).start()

    def result(self, deadline: float) -> str:
        """Wait until it is over, and say what it found."""
        if not self._is_over.wait(max(0.0, deadline - monotonic())):
            return "hangs"
        return self._result

    def _run(self) -> None:
        found = "failed"
        try:
            found = self._check()
        except ServerError as error:
            found = error.message
        finally:
            self._result, self._ended_at = found, monotonic()
            self._is_over.set()


class Health:
    """Does checks side by side; safe to use from several threads.

    Parameters
    ----------
    checks
        What is checked, by its name: functions that return `OK`, or what is wrong.
    passing
        The names of those that tell nothing about whether the process hangs.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], str]], passing: Collection[str] = ()
    ) -> None:
        self._probes = {name: _Probe(check) for name, check in checks.items()}
        self._passing = frozenset(passing)

    def add(self, name: str, check: Callable[[], str]) -> None:
        """Check one thing more."""
        self._probes = {**self._probes, name: _Probe(check)}

    def check(self) -> dict[str, str]:
        """Return what each check says, in `CHECK_SECONDS_MAX` at most."""
        return self._results(self._probes)

    def is_hanging(self) -> bool:
        """Return whether only a new process can help."""
        names = self._probes.keys() - self._passing
        return any(found != OK for found in self._results(names).values())

    def _results(self, names: Collection[str]) -> dict[str, str]:
        deadline = monotonic() + CHECK_SECONDS_MAX
        for name in names:
            self._probes[name].start()
        return {name: self._probes[name].result(deadline) for name in names}
