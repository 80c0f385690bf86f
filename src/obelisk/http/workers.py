"""Threads that are started when they are needed, and end when they are not."""

import _thread
import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_IDLE_SECONDS = 30.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


class WorkerPool(Generic[T]):
    """Does something with items, each in a thread of its own.

    Parameters
    ----------
    work
        What is done; it raises nothing.
    count_max
        How many threads there may be; items beyond wait in the order of their coming.
    """

    def __init__(self, work: Callable[[T], None], count_max: int) -> None:
        self._work = work
        self._count_max = count_max
        self._queue: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0
        self._spare = 0  # idle threads, less the items that wait
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._open_count = 0

    @property
    def is_crowded(self) -> bool:
        """Whether threads become scarce: three in four are there and none is idle."""
        return self._spare <= 0 and self._count * 4 >= self._count_max * 3

    def submit(self, item: T) -> None:
        """Have an item worked on."""
        with self._lock:
            self._open_count += 1
            self._is_idle.clear()
            is_new = self._spare <= 0 and self._count < self._count_max
            if is_new:
                self._count += 1
            else:
                self._spare -= 1
        self._queue.put(item)
        if is_new:
            # threading.Thread.start() waits until the thread runs: too long in a burst
            self._start()

    def _start(self) -> None:
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            _log.error("No thread can be started for a request, which has to wait")
            with self._lock:
                self._count -= 1
                self._spare -= 1

    def _run(self) -> None:
        threading.current_thread().name = "HTTP"
        while True:
            try:
                item = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._spare > 0:
                        self._spare -= 1
                        self._count -= 1
                        return
                continue
            is_whole = False
            try:
                self._work(item)
                is_whole = True
            finally:
                self._end(is_whole=is_whole)

    def _end(self, *, is_whole: bool) -> None:
        with self._lock:
            if is_whole:
                self._spare += 1
            else:
                self._count -= 1
            self._open_count -= 1
            if not self._open_count:
                self._is_idle.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until nothing is worked on; return whether that is so."""
        return self._is_idle.wait(timeout_seconds)
