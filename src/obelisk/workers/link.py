"""One worker as the main process sees it."""

import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from obelisk.workers.channel import Channel, Message
from obelisk.workers.lane import Lane
from obelisk.workers.tally import Tally

#: How long a worker may take until it serves.
_START_SECONDS_MAX = 20.0

#: For how long it may leave something unanswered.
_ANSWER_SECONDS_MAX = 30.0

#: For how long a worker may leave what it was given untouched until others get that.
_LATE_SECONDS = 0.25

#: For how long it may do so until it is clear that it hangs.
_HANG_SECONDS_MAX = 10.0

#: How often an idle worker is given a mark, which it takes if it does not hang.
_MARK_SECONDS = 1.0

#: What counts at most between two looks: this process may have been held up as well.
_LOOK_SECONDS_MAX = 0.5

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
    lane
        Where it takes connections from.
    tally
        Where it counts the connections that it has no more.
    """

    def __init__(self, channel: Channel, place: int, lane: Lane, tally: Tally) -> None:
        self.place = place
        self._channel = channel
        self._lane = lane
        self._tally = tally
        self._closed_before = tally.read(place)
        self._given = 0
        self._pid = 0
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._questions: dict[int, Question] = {}
        self._number = 0
        self._is_over = self._is_killed = False
        self._oldest_question = 0
        self._unanswered_seconds = 0.0
        self._looked_at = self._marked_at = self._begun
        #: Whether it serves, and has all settings.
        self.is_ready = False
        #: For how long it has taken nothing of what is there.
        self.silence_seconds = 0.0
        #: What it last told of its metrics.
        self.noted: Any = None

    @property
    def is_starting(self) -> bool:
        """Whether it may need some more time until it serves."""
        age_seconds = time.monotonic() - self._begun
        return not self.is_ready and age_seconds < _START_SECONDS_MAX

    @property
    def is_late(self) -> bool:
        """Whether it does not take what it was given; others should get that."""
        return self.silence_seconds > _LATE_SECONDS

    @property
    def is_hanging(self) -> bool:
        """Whether it takes or answers nothing for so long that it never will."""
        return (
            self.silence_seconds > _HANG_SECONDS_MAX
            or self._unanswered_seconds > _ANSWER_SECONDS_MAX
        )

    @property
    def connection_count(self) -> int:
        """How many connections it has."""
        return self._given - (self._tally.read(self.place) - self._closed_before)

    def give(self, descriptor: int) -> bool:
        """Put a connection where it takes it; return whether that is possible."""
        with self._lock:
            if self._is_over:
                return False
            try:
                self._lane.put(time.monotonic(), descriptor)
            except OSError:
                return False
        self._given += 1
        return True

    def look(self, now: float) -> None:
        """See whether it takes what it was given, and answers what it was asked."""
        passed = min(now - self._looked_at, _LOOK_SECONDS_MAX)
        with self._lock:
            oldest = next(iter(self._questions), 0)
        is_same = oldest == self._oldest_question != 0
        self._unanswered_seconds = is_same * (self._unanswered_seconds + passed)
        self._oldest_question = oldest
        stamp = self._lane.oldest()
        if stamp is not None:
            self.silence_seconds = min(now - stamp, self.silence_seconds + passed)
        else:
            self.silence_seconds = 0.0
            if now - self._marked_at > _MARK_SECONDS:
                self._mark(now)
        self._looked_at = now

    def _mark(self, stamp: float) -> None:
        self._marked_at = stamp
        with suppress(OSError):  # what is there will do as well
            self._lane.put(stamp)

    def reclaim(self) -> list[socket.socket]:
        """Take back what it did not take; a mark stays, which it takes if it wakes."""
        stamp = self._lane.oldest()
        found = self.empty()
        if stamp is not None:
            self._mark(stamp)
        return found

    def empty(self) -> list[socket.socket]:
        """Take back what it did not take."""
        found: list[socket.socket] = []
        with suppress(OSError):
            while True:
                found.append(self._lane.take())
        self._given -= len(found)
        return found

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
            with self._lock:
                self._questions.pop(number, None)
            question.give_up()
        return question

    def listen(self) -> Message | None:
        """Wait for a connection that it gives back; return `None` when it is dead."""
        while (message := self._channel.receive()) is not None:
            if message.kind == "back":
                return message
            if message.kind == "ready":
                self._pid = message.facts
            else:
                self._hear(*message.facts)
        self._end()
        return None

    def _hear(self, number: int, answer: Any) -> None:
        with self._lock:
            question = self._questions.pop(number, None)
            # It is given nothing before it has what it was told meanwhile.
            is_first = not self.is_ready and not self._questions
            self.is_ready |= is_first
        if question is not None:
            question.answer(answer)
        if is_first:
            _log.info("Worker %d answers HTTP, too", self.place + 1)

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

    def kill(self) -> bool:
        """End it at once; return whether that was still to be done."""
        with self._lock:
            if self._is_over or self._is_killed:
                return False
            self._is_killed = True
            if self._pid:
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            with suppress(OSError):
                self._channel.sever()
        return True
