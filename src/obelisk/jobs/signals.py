"""Wakes those who wait for a job of this process."""

import threading
from collections import defaultdict


class Signals:
    """One event per waiter, by job; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nobody is to wait any more."""
        return self._is_closed

    def enter(self, job_id: str) -> threading.Event:
        """Return what is set when the job changes; to be given back to `leave`."""
        event = threading.Event()
        with self._lock:
            self._waiters[job_id].add(event)
        if self._is_closed:
            event.set()
        return event

    def leave(self, job_id: str, event: threading.Event) -> None:
        """Take back what `enter` gave."""
        with self._lock:
            waiters = self._waiters[job_id]
            waiters.discard(event)
            if not waiters:
                del self._waiters[job_id]

    def notify(self, job_id: str) -> None:
        """Wake those who wait for a job."""
        with self._lock:
            for event in self._waiters.get(job_id, ()):
                event.set()

    def close(self) -> None:
        """Wake everybody, now and for ever."""
        self._is_closed = True
        with self._lock:
            for waiters in self._waiters.values():
                for event in waiters:
                    event.set()
