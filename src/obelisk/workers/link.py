"""One worker as the main process sees it."""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from obelisk.workers.channel import Channel, Message
from obelisk.workers.tally import Tally

#: How long a worker may take until it serves.
_START_SECONDS_MAX = 20.0

#: For how long it may answer nothing, while it is asked again and again.
_SILENCE_SECONDS_MAX = 30.0

_log = logging.getLogger("obelisk.http")


class Question:
    """Something that a worker was told or asked, and its answer in the end."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._answer: Any = None
        self._is_answered = False

    def answer(self, value: Any) -> None:
        """Give the answer."""
        self._answer, self._is_answered = value, True
        self._is_over.set()

    def give_up(self) -> None:
        """Expect no answer any more."""
        self._is_over.set()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the answer; return whether it came, or never will."""
        return self._is_over.wait(timeout_seconds)

    @property
    def is_answered(self) -> bool:
        """Whether the answer is there."""
        return self._is_answered

    @property
    def value(self) -> Any:
        """The answer."""
        return self._answer


class Link:
    """The way to a worker, and what is known of it.

    Parameters
    ----------
    channel
        The way.
    place
        The number of the worker.
    tally
        Where it counts the connections that it has no more.
    """

    def __init__(self, channel: Channel, place: int, tally: Tally) -> None:
        self.place = place
        self._channel = channel
        self._tally = tally
        self._closed_before = tally.read(place)
        self._given = 0
        self._pid = 0
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._questions: dict[int, Question] = {}
        self._number = 0
        self._is_over = False
        self._silent_since: float | None = None
        #: What it last told of its metrics.
        self.noted: Any = None

    @property
    def is_ready(self) -> bool:
        """Whether it serves."""
        return self._pid != 0

    @property
    def is_starting(self) -> bool:
        """Whether it may need some more time until it serves."""
        return not self._pid and time.monotonic() - self._begun < _START_SECONDS_MAX

    @property
    def connection_count(self) -> int:
        """How many connections it has."""
        return self._given - (self._tally.read(self.place) - self._closed_before)

    def give(self, descriptor: int) -> bool:
        """Give it a connection; return whether it took that."""
        try:
            self._channel.send("take", None, descriptor=descriptor, is_patient=False)
        except OSError:
            return False
        self._given += 1
        return True

    def ask(self, kind: str, facts: Any = None) -> Question:
        """Tell or ask it something."""
        question = Question()
        with self._lock:
            self._number += 1
            number = self._number
            if self._is_over:
                question.give_up()
                return question
            self._questions[number] = question
        try:
            self._channel.send(kind, [number, facts], is_patient=False)
        except OSError:
            question.give_up()
        return question

    def note_silence(self) -> None:
        """Note that it did not answer in time; one that never does is killed."""
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > _SILENCE_SECONDS_MAX:
            _log.error("An HTTP worker hangs, and is killed")
            self.kill()

    def listen(self) -> Message | None:
        """Wait for a connection that it gives back; return `None` when it is dead."""
        while (message := self._channel.receive()) is not None:
            if message.kind == "back":
                return message
            if message.kind == "ready":
                self._pid = message.facts
                _log.info("Worker %d answers HTTP, too", self.place + 1)
            else:
                number, value = message.facts
                self._silent_since = None
                with self._lock:
                    question = self._questions.pop(number, None)
                if question is not None:
                    question.answer(value)
        self._end()
        return None

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            questions = list(self._questions.values())
            self._questions.clear()
        for question in questions:
            question.give_up()
        self._channel.close()

    def stop(self) -> None:
        """Tell it to end when its requests have ended."""
        with suppress(OSError):
            self._channel.send("stop", is_patient=False)

    def kill(self) -> None:
        """End it at once."""
        with self._lock:
            if self._is_over:
                return
            if self._pid:
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            with suppress(OSError):
                self._channel.sever()
