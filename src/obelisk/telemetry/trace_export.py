"""Sends spans to a collector (OTLP over HTTP); those who make them do not wait."""

import http.client
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic
from urllib.parse import urlsplit

from obelisk.telemetry.otlp import encode
from obelisk.telemetry.tracing import Span, Value

_log = logging.getLogger(__name__)

#: How many spans wait at most; more are dropped.
QUEUE_MAX = 8192

#: How many spans go into one request, and after how long fewer are sent.
BATCH_SIZE = 512
_PERIOD_SECONDS = 1.0

_TIMEOUT_SECONDS = 10.0

#: For how long to wait at most before what failed is tried again.
_PAUSE_SECONDS_MAX = 30.0

#: The answers after which the same request may be sent again.
_RETRYABLE = frozenset((429, 502, 503, 504))

_PATH = "/v1/traces"
_ANSWER_BYTES_MAX = 65_536


class SpanExporter:
    """Takes spans and sends them in batches, in a thread of its own.

    What cannot be sent is tried again; a queue that is full drops what comes.

    Parameters
    ----------
    endpoint
        The URL of the collector; ``/v1/traces`` is added unless it ends so.
    resource
        What the spans come from.
    queue_max
        How many spans wait at most.
    """

    def __init__(
        self, endpoint: str, resource: Mapping[str, Value], queue_max: int = QUEUE_MAX
    ) -> None:
        parts = urlsplit(endpoint)
        self._connect = _connection_maker(parts.scheme, parts.netloc)
        self._name = parts.netloc
        path = parts.path.rstrip("/")
        self._path = path if path.endswith(_PATH) else path + _PATH
        self._resource = dict(resource)
        self._queue: deque[Span] = deque()
        self._queue_max = queue_max
        self._lock = threading.Lock()
        self._exported_count = self._dropped_count = 0
        self._is_failing = False
        self._full, self._closing = threading.Event(), threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="TRACES", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, span: Span) -> None:
        """Take a span, or drop it if too many wait; never wait."""
        waiting_count = len(self._queue)
        if waiting_count >= self._queue_max:
            self._drop(1)
            return
        self._queue.append(span)
        if waiting_count >= BATCH_SIZE and not self._full.is_set():
            self._full.set()

    def counts(self) -> Mapping[str, int]:
        """Return how many spans were exported, and how many dropped."""
        with self._lock:
            return {"exported": self._exported_count, "dropped": self._dropped_count}

    def close(self, timeout_seconds: float) -> None:
        """Send what waits, once, and end; what takes longer is given up."""
        self._deadline = monotonic() + timeout_seconds
        self._closing.set()
        self._full.set()
        self._thread.join(timeout_seconds)
        if self._thread.is_alive() or self._queue or self._is_failing:
            _log.warning("Not all traces were sent to %s", self._name)

    def _drop(self, count: int) -> None:
        with self._lock:
            self._dropped_count += count

    def _run(self) -> None:
        batch: list[Span] = []
        pause = _PERIOD_SECONDS
        while not self._closing.is_set():
            # While the collector is away, a full queue is no reason to hurry.
            (self._closing if self._is_failing else self._full).wait(pause)
            self._full.clear()
            batch = self._send_all(batch)
            longer = min(2 * pause, _PAUSE_SECONDS_MAX)
            pause = longer if self._is_failing else _PERIOD_SECONDS
        batch = self._send_all(batch)
        self._drop(len(batch))

    def _send_all(self, batch: list[Span]) -> list[Span]:
        """Send everything; return the spans at which that had to be left."""
        queue = self._queue
        while monotonic() < self._deadline:
            batch = batch or [
                queue.popleft() for _ in range(min(len(queue), BATCH_SIZE))
            ]
            if not batch or not self._send(batch):
                break
            batch = []
        return batch

    def _send(self, batch: list[Span]) -> bool:
        """Send some spans; return `False` if that is to be tried again."""
        body = encode(self._resource, batch)
        try:
            status = self._post(body)
        except (OSError, http.client.HTTPException) as error:
            self._fail(str(error) or type(error).__name__)
            return False
        if status in _RETRYABLE:
            self._fail(f"status {status}")
            return False
        if status >= 300:
            self._fail(f"status {status}, and they are dropped")
            self._drop(len(batch))
            return True
        with self._lock:
            self._exported_count += len(batch)
        if self._is_failing:
            self._is_failing = False
            _log.warning("Traces are sent to %s again", self._name)
        return True

    def _post(self, body: bytes) -> int:
        timeout = min(_TIMEOUT_SECONDS, max(0.1, self._deadline - monotonic()))
        connection = self._connect(timeout)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read(_ANSWER_BYTES_MAX)
            return answer.status
        finally:
            connection.close()

    def _fail(self, reason: str) -> None:
        """Say so at the first time."""
        if not self._is_failing:
            self._is_failing = True
            _log.warning("Traces cannot be sent to %s: %s", self._name, reason)


def _connection_maker(
    scheme: str, place: str
) -> Callable[[float], http.client.HTTPConnection]:
    if scheme == "https":
        return lambda timeout: http.client.HTTPSConnection(place, timeout=timeout)
    return lambda timeout: http.client.HTTPConnection(place, timeout=timeout)
