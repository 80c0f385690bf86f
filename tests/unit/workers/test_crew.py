"""Crews of which the workers are threads, so that every answer can be chosen."""

import errno
import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from obelisk.http.heads import Head, parse_head
from obelisk.workers import crew as module
from obelisk.workers import link as link_module
from obelisk.workers import member as member_module
from obelisk.workers.channel import Channel
from obelisk.workers.crew import Crew
from obelisk.workers.lane import Lane
from obelisk.workers.member import Duties, Member
from obelisk.workers.tally import Tally

_SECONDS = 20


@dataclass
class Worker:
    """A worker of a test."""

    member: Member
    channel: Channel
    lane: Lane
    adopted: list[socket.socket] = field(default_factory=list)
    settings: list[Any] = field(default_factory=list)
    noted: int = 1
    is_silent: threading.Event = field(default_factory=threading.Event)
    is_held: threading.Event = field(default_factory=threading.Event)
    is_stuck: threading.Event = field(default_factory=threading.Event)
    is_dead: threading.Event = field(default_factory=threading.Event)
    has_ended: list[bool] = field(default_factory=list)

    def run(self) -> None:
        """Do what a worker does."""
        accepting = threading.Thread(target=self._accept)
        accepting.start()
        self.has_ended.append(self.member.run(Duties(self._apply, self._report)))
        accepting.join()
        self.channel.close()

    def _accept(self) -> None:
        pause = threading.Event()
        while not self.has_ended:
            if not self.is_stuck.is_set():
                with suppress(BlockingIOError):
                    self.adopted.append(self.lane.take())
            pause.wait(0.005)

    def _apply(self, settings: Any) -> None:
        if self.is_silent.is_set():
            self.is_held.set()
            self.is_dead.wait(_SECONDS)  # as if it did nothing until it is killed
        self.settings.append(settings)

    def _report(self) -> int:
        return self.noted


class Nursery:
    """Starts threads instead of processes."""

    def __init__(self, lanes: list[Lane], tally: Tally) -> None:
        self.workers: list[Worker] = []
        self.threads: list[threading.Thread] = []
        self._lanes = lanes
        self._tally = tally
        self.is_gone = False
        self.healed_count = 0
        self.has_room = True
        self.is_slow = False
        self.is_open = threading.Event()

    def bear(self, place: int) -> Channel:
        """Start a worker."""
        if self.is_gone:
            raise BrokenPipeError
        if not self.has_room:
            raise OSError(errno.EMFILE, "Too many open files")
        own, given = socket.socketpair(socket.AF_UNIX)
        channel = Channel(given)
        member = Member(channel, place, self._tally, lambda _, path: path == "/own")
        self.workers.append(Worker(member, channel, self._lanes[place]))
        self.threads.append(threading.Thread(target=self._run, args=self.workers[-1:]))
        self.threads[-1].start()
        return Channel(own)

    def _run(self, worker: Worker) -> None:
        if self.is_slow:
            self.is_open.wait(_SECONDS)
        worker.run()

    def heal(self) -> None:
        """Note that somebody looks after it."""
        self.healed_count += 1

    def close(self) -> None:
        """Do nothing."""


@dataclass
class Place:
    """A crew, and what belongs to it."""

    crew: Crew
    nursery: Nursery
    returned: list[tuple[socket.socket, bytes]] = field(default_factory=list)
    settings: dict[str, int] = field(default_factory=lambda: {"a": 1})

    @property
    def connection_count(self) -> int:
        """How many connections the workers have."""
        return sum(link.connection_count for link in self.crew._links)

    def start(self) -> None:
        """Start, and wait until all workers serve."""
        self.crew.start(
            lambda client, data: self.returned.append((client, data)),
            self.settings.copy,
        )
        wait_until(lambda: all(one.is_ready for one in self.crew._links))


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""
    pause = threading.Event()
    for _ in range(_SECONDS * 100):
        if condition():
            return
        pause.wait(0.01)
    raise TimeoutError


@pytest.fixture
def place(monkeypatch):
    """A crew of two workers, which are never killed as processes."""
    monkeypatch.setattr(link_module.os, "kill", lambda *_: None)
    monkeypatch.setattr(module, "_ANSWER_SECONDS_MAX", _SECONDS)
    monkeypatch.setattr(member_module, "_SETTINGS_SECONDS_MAX", _SECONDS)
    tally, lanes = Tally(2), [Lane(), Lane()]
    nursery = Nursery(lanes, tally)
    made = Place(Crew(lanes, nursery, tally), nursery)
    yield made
    for worker in nursery.workers:
        worker.is_dead.set()
    made.crew.stop()
    made.crew.close()
    assert made.crew.wait(_SECONDS)
    for thread in nursery.threads:
        thread.join()
    adopted = [client for worker in nursery.workers for client in worker.adopted]
    returned = [client for client, _ in made.returned]
    for one in (*lanes, *adopted, *returned):
        one.close()


def test_whoever_has_the_fewest_connections_gets_the_next(place):
    """The main process is the first among equals, and closed ones count no more."""
    pair = socket.socketpair()
    own_count, taken = 0, []

    assert not place.crew.take(pair[0], 5)
    place.start()
    for _ in range(6):
        is_taken = place.crew.take(pair[0], own_count)
        taken.append(is_taken)
        own_count += not is_taken
    first, second = place.nursery.workers
    wait_until(lambda: len(first.adopted) == len(second.adopted) == 2)

    assert taken == [False, True, True, False, True, True]
    assert place.connection_count == 4
    second.member.note_closed(1)
    assert place.connection_count == 3
    assert place.crew.take(pair[0], 2)
    wait_until(lambda: len(second.adopted) == 3)
    assert place.crew.take(pair[0], math.inf)  # a process that is full
    wait_until(lambda: len(first.adopted) == 3 or len(second.adopted) == 4)
    for one in (*first.adopted, *second.adopted, *pair):
        one.close()


def test_a_connection_that_is_given_back(place):
    """It comes with all that was received."""
    place.start()
    ours, theirs = socket.socketpair()
    received = b"GET / HTTP/1.1\r\n\r\n" + bytes(100_000)
    place.nursery.workers[1].member.give_back(ours.fileno(), received)
    ours.close()
    wait_until(lambda: bool(place.returned))
    client, data = place.returned[0]
    client.sendall(b"hello")

    assert data == received
    assert theirs.recv(9) == b"hello"
    client.close()
    theirs.close()


@pytest.mark.parametrize(
    ("request_line", "header", "is_own"),
    [
        (b"GET /own", b"", True),
        (b"GET /own?a=b", b"", True),
        (b"GET /other", b"", False),
        (b"GET /%6fwn", b"", False),
        (b"GET /own?_method=DELETE", b"", False),
        (b"POST /own", b"X-HTTP-Method-Override: DELETE\r\n", False),
    ],
)
def test_what_a_worker_answers_itself(place, request_line, header, is_own):
    """Only what has a stateless route, and could not mean another one."""
    place.start()
    head = parse_head(request_line + b" HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")

    assert place.nursery.workers[0].member.is_own(head) is is_own


def told(worker: Worker) -> list[int]:
    """Return the settings that a worker took over, one after the other."""
    return [settings["a"] for settings in worker.settings]


def request(path: str = "/own") -> Head:
    """Return the head of a request."""
    return parse_head(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def test_settings_are_told_at_the_start_and_when_they_change(place):
    """No request is answered before they are taken over."""
    place.start()
    for number in range(2, 40):
        place.settings["a"] = number
        place.crew.tell_settings()
        for one in place.nursery.workers:
            assert one.member.is_own(request())
            assert told(one)[-1] == number


def test_a_worker_without_the_settings_answers_nothing(place, monkeypatch):
    """Though nobody waits for it, and it gives connections back."""
    monkeypatch.setattr(member_module, "_SETTINGS_SECONDS_MAX", 0.05)
    place.start()
    lazy, other = place.nursery.workers
    lazy.is_silent.set()
    place.settings["a"] = 2
    place.crew.tell_settings()

    assert not lazy.member.is_own(request())
    wait_until(lambda: other.member.is_own(request()))
    assert [told(lazy), told(other)] == [[1], [1, 2]]
    lazy.is_dead.set()
    wait_until(lambda: lazy.member.is_own(request()))
    assert told(lazy) == [1, 2]


def test_a_worker_that_dies_is_replaced(place):
    """What it noted is not lost, and its connections count no more."""
    lost = []
    place.crew.on_loss = lost.append
    place.start()
    pair = socket.socketpair()
    for one in place.nursery.workers:
        one.noted = 7

    assert place.crew.take(pair[0], 1)
    assert place.crew.ask() == [7, 7]
    place.nursery.workers[0].channel.sever()
    wait_until(lambda: len(place.nursery.workers) == 3)
    wait_until(lambda: len(place.crew._links) == 2 and place.crew.check() == "")
    assert lost == [7]
    assert place.connection_count == 0
    for one in (*pair, *place.nursery.workers[0].adopted):
        one.close()


def test_workers_that_keep_dying_are_replaced_later(place, caplog, monkeypatch):
    """After ten deaths in a minute; the main process does their work until then."""
    place.start()
    for born_count in range(3, 12):
        place.nursery.workers[-1].channel.sever()
        wait_until(lambda count=born_count: len(place.nursery.workers) == count)
        wait_until(lambda: sum(one.is_ready for one in place.crew._links) == 2)
    place.nursery.workers[-1].channel.sever()
    wait_until(lambda: bool(place.crew._unborn))
    reclaim(place)

    assert "HTTP workers keep dying" in caplog.text
    assert len(place.nursery.workers) == 11
    assert place.crew.check() == ""
    monkeypatch.setattr(place.crew, "_next_birth", time.monotonic())
    reclaim(place)
    wait_until(lambda: sum(one.is_ready for one in place.crew._links) == 2)
    assert len(place.nursery.workers) == 12


def test_a_nursery_that_is_gone(place, caplog):
    """The main process serves alone, and says so; that is no reason for another one."""
    place.start()
    place.nursery.is_gone = True
    for one in place.nursery.workers:
        one.channel.sever()
    wait_until(lambda: not place.crew._links and place.crew._count == 0)
    pair = socket.socketpair()

    assert place.crew.check() == ""
    assert "this process serves alone" in caplog.text
    assert not place.crew.take(pair[0], 3)
    for one in pair:
        one.close()


def test_a_worker_that_cannot_be_started_now(place, monkeypatch):
    """It is tried again, as this process may have too many files open for a moment."""
    monkeypatch.setattr(module, "_BIRTH_SECONDS", 0.05)
    place.start()
    place.nursery.has_room = False
    place.nursery.workers[0].channel.sever()
    wait_until(lambda: len(place.crew._links) == 1)
    reclaim(place)
    is_missing = len(place.nursery.workers) == 2
    place.nursery.has_room = True
    wait_until(lambda: bool(reclaim(place) or len(place.nursery.workers) == 3))
    wait_until(lambda: place.crew.check() == "")

    assert is_missing


def test_a_stop_waits_for_no_worker_that_hangs(place, monkeypatch):
    """It would not hear that it is to end."""
    monkeypatch.setattr(module, "_ANSWER_SECONDS_MAX", 0.1)
    monkeypatch.setattr(link_module, "_MARK_SECONDS", 0.1)
    place.start()
    stuck = place.nursery.workers[0]
    stuck.is_stuck.set()
    links = {link.place: link for link in place.crew._links}

    def is_seen() -> bool:
        reclaim(place)
        return links[0].silence_seconds > 0.1 and links[1].silence_seconds == 0

    wait_until(is_seen)
    place.crew.stop()

    assert place.crew.wait(_SECONDS)
    wait_until(lambda: len(stuck.has_ended) == 1)
    assert [one.has_ended for one in place.nursery.workers] == [[False], [True]]


class Unanswered(link_module.Question):
    """A question that everybody has waited for long enough."""

    def wait(self, timeout_seconds: float) -> bool:
        """See `Question.wait`."""
        del timeout_seconds
        return False


def test_a_worker_that_is_silent_is_noticed(place, monkeypatch):
    """Of the metrics, what it told before is told again."""
    place.start()

    assert place.crew.ask() == [1, 1]
    for one in place.nursery.workers:
        one.noted = 5
    link = next(one for one in place.crew._links if one.place == 0)
    monkeypatch.setattr(link, "ask", lambda *_: Unanswered())
    assert place.crew.ask() == [1, 5]
    assert place.crew.check() == "1 of 2 workers do not answer"


def test_a_worker_that_answers_nothing_is_replaced(place, monkeypatch):
    """Though it takes connections; its successor has the settings."""
    monkeypatch.setattr(link_module, "_ANSWER_SECONDS_MAX", 0.2)
    place.start()
    lazy, other = place.crew._links
    place.nursery.workers[0].is_silent.set()
    place.settings["a"] = 2
    place.crew.tell_settings()
    wait_until(lambda: len(lazy._questions) == 1 and not other._questions)
    wait_until(lambda: bool(reclaim(place) or len(place.nursery.workers) == 3))
    wait_until(lambda: bool(place.nursery.workers[2].settings))

    assert [told(one) for one in place.nursery.workers] == [[1], [1, 2], [2]]


def test_many_questions_are_no_silence(place, monkeypatch):
    """As long as each of them is answered."""
    monkeypatch.setattr(link_module, "_ANSWER_SECONDS_MAX", 0.2)
    place.start()
    for _ in range(40):
        for link in place.crew._links:
            link.ask("report")
        reclaim(place)
        for link in place.crew._links:
            link.ask("report").wait(_SECONDS)
        link = place.crew._links[0]
        link.look(link._looked_at + 0.1)

    assert len(place.nursery.workers) == 2


@pytest.fixture
def client():
    """A connection."""
    pair = socket.socketpair()
    yield pair[0]
    for one in pair:
        one.close()


def reclaim(place: Place) -> list[socket.socket]:
    """Look after the workers; return what is taken back."""
    place.crew._next_look = 0.0
    return place.crew.reclaim()


def test_what_a_worker_does_not_take_is_taken_back(place, client):
    """It is given no more until it takes the mark that is left for it."""
    place.start()
    stuck, other = place.nursery.workers
    stuck.is_stuck.set()
    taken = [place.crew.take(client, 3) for _ in range(2)]
    wait_until(lambda: len(other.adopted) == 1)
    found: list[socket.socket] = []

    def is_taken_back() -> bool:
        found.extend(reclaim(place))
        return bool(found)

    wait_until(is_taken_back)
    link = next(one for one in place.crew._links if one.place == 1)
    wait_until(lambda: bool(found.extend(reclaim(place)) or not link.silence_seconds))
    counts = [place.connection_count]
    taken += [place.crew.take(client, 3) for _ in range(3)]
    wait_until(lambda: len(other.adopted) == 3)
    stuck.is_stuck.clear()
    wait_until(lambda: not reclaim(place) and place.crew._links[0].silence_seconds == 0)
    taken += [place.crew.take(client, 3)]
    wait_until(lambda: len(stuck.adopted) == 1)

    assert taken == [True, True, True, True, False, True]
    assert len(found) == 1
    assert [*counts, place.connection_count] == [1, 4]
    for one in (*found, *stuck.adopted, *other.adopted):
        one.close()


def test_a_worker_that_takes_nothing_is_replaced(place, client, monkeypatch):
    """Also when nobody connects; those that wait for it are served by others."""
    monkeypatch.setattr(link_module, "_HANG_SECONDS_MAX", 0.5)
    monkeypatch.setattr(link_module, "_MARK_SECONDS", 0.1)
    place.start()
    stuck = place.nursery.workers[0]
    stuck.is_stuck.set()

    assert place.crew.check() == ""
    wait_until(lambda: bool(reclaim(place) or len(place.nursery.workers) >= 3))
    wait_until(lambda: all(one.is_ready for one in place.crew._links))
    assert stuck.has_ended == [False]
    assert not stuck.adopted
    assert place.nursery.healed_count > 1


def test_the_health_tells_of_a_worker_that_takes_nothing(place, monkeypatch):
    """Though it answers."""
    monkeypatch.setattr(module, "_ANSWER_SECONDS_MAX", 0.3)
    monkeypatch.setattr(link_module, "_MARK_SECONDS", 0.1)
    place.start()
    place.nursery.workers[0].is_stuck.set()

    def is_told() -> bool:
        reclaim(place)
        return place.crew.check() == "1 of 2 workers do not answer"

    wait_until(is_told)


def test_a_pause_of_the_main_process_is_no_fault_of_its_workers(place, client):
    """However long nobody looked, what counts is for how long somebody did."""
    place.start()
    stuck = place.nursery.workers[0]
    stuck.is_stuck.set()
    place.crew.take(client, 3)
    link = next(one for one in place.crew._links if one.place == 0)
    link.look(time.monotonic() + 3600)

    assert link.silence_seconds <= 0.5


def test_a_worker_that_dies_loses_no_connection_that_it_did_not_take(place, client):
    """The main process serves them."""
    place.start()
    first = place.nursery.workers[0]
    first.is_stuck.set()
    for _ in range(4):
        place.crew.take(client, 9)
    first.channel.sever()
    wait_until(lambda: len(place.returned) == 2)
    wait_until(lambda: all(one.is_ready for one in place.crew._links))

    assert [data for _, data in place.returned] == [b"", b""]
    assert place.connection_count == 2
    for one in place.nursery.workers[1].adopted:
        one.close()


def test_a_connection_for_a_worker_that_just_died(place, client):
    """It stays here."""
    place.start()
    link = place.crew._links[0]
    place.nursery.workers[0].channel.sever()
    wait_until(lambda: link not in place.crew._links)

    assert not link.give(client.fileno())
    assert link.connection_count == 0


def test_a_worker_that_starts_holds_no_setting_up(place, client):
    """It is given no connection before it has taken them all over."""
    place.nursery.is_slow = True
    place.crew.start(lambda *_: None, place.settings.copy)
    place.settings["a"] = 2
    place.crew.tell_settings()
    is_taken = place.crew.take(client, 9)
    place.nursery.is_open.set()
    wait_until(lambda: all(one.is_ready for one in place.crew._links))

    assert not is_taken
    assert [told(one) for one in place.nursery.workers] == [[1, 2]] * 2


def test_a_worker_that_takes_in_no_settings_is_replaced(place):
    """Its channel is full."""
    place.start()
    lazy = place.nursery.workers[0]
    link = place.crew._links[0]
    lazy.is_silent.set()
    link.ask("set", [0, {}])
    assert lazy.is_held.wait(_SECONDS)  # from now on it takes nothing in
    assert any(link.ask("report").wait(0.0) for _ in range(1_000_000))
    place.settings["a"] = 2
    place.crew.tell_settings()
    wait_until(lambda: len(place.nursery.workers) == 3)
    wait_until(lambda: bool(place.nursery.workers[2].settings))

    assert told(place.nursery.workers[2]) == [2]


def test_workers_end_when_they_are_told_to(place):
    """Others than those whose main process is gone, they know it."""
    place.start()
    place.crew.stop()

    assert place.crew.wait(_SECONDS)
    assert [one.has_ended for one in place.nursery.workers] == [[True], [True]]
