"""Clients that change the same few studies at the same time."""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from exchange import Call, Peer
from factories import make_instance, make_uid
from launching import RunningServer
from obelisk.dicom.identifiers import ResourceIds, resource_ids
from obelisk.dicom.levels import LEVELS, Level

_STUDY_COUNT = 50
_STUDIES_PER_PATIENT = 5
_SERIES_COUNT = 2
_INSTANCE_COUNT = 3
_HOT_COUNT = 4

#: With so many actions of each client, all kinds of answers are sure to come.
_ACTION_COUNT_MIN = 60

#: The paths of the levels, and those of what belongs to resources.
_PLURALS = {
    Level.PATIENT: "patients",
    Level.STUDY: "studies",
    Level.SERIES: "series",
    Level.INSTANCE: "instances",
}
_READS = ("", "/statistics", "/labels", "/metadata?expand", "/attachments?full")
_FILE_READS = (
    *("file", "tags", "simplified-tags", "header", "content/0010-0010"),
    *("attachments/dicom/data", "attachments/dicom/compressed-data"),
)
_SETS = ("/shared-tags", "/instances-tags?simplify", "/module", "/instances")

#: What clients do, and how often beside the other actions.
ACTIONS = {
    "upload": 40,
    "delete": 6,
    "label": 12,
    "annotate": 6,
    "attach": 6,
    "compress": 20,
    "verify": 4,
    "protect": 2,
    "reconstruct": 4,
    "find": 4,
    "read": 10,
    "read_file": 30,
    "read_set": 6,
}

#: So many patients may be protected, so that there are others to be recycled.
_PROTECTABLE_COUNT = 2

#: Answers that such a client has to expect: done, gone, lost a race.
_EXPECTED = frozenset({200, 204, 404, 409})


@dataclass(frozen=True, slots=True)
class Subject:
    """One instance, its bytes, and the ids of its resources."""

    content: bytes
    ids: ResourceIds


def make_subjects() -> list[Subject]:
    """Return the instances of all studies, shared between the clients."""
    return [
        _make_subject(study, series, number)
        for study in range(_STUDY_COUNT)
        for series in range(_SERIES_COUNT)
        for number in range(1, _INSTANCE_COUNT + 1)
    ]


def _make_subject(study: int, series: int, number: int) -> Subject:
    patient = study // _STUDIES_PER_PATIENT
    content = make_instance(patient, study=study, series=series, number=number)
    uids = [
        make_uid(*names)
        for names in (
            (patient, study),
            (patient, study, series),
            (patient, study, series, number),
        )
    ]
    return Subject(content, resource_ids(f"SYN{patient}", *uids))


@dataclass(slots=True)
class Outcome:
    """What the clients were told."""

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)


class Client:
    """One client with a connection of its own; it chooses by a seeded generator."""

    def __init__(self, server: RunningServer, subjects: list[Subject], seed: int):
        self._peer = Peer(server.url)
        self._subjects = subjects
        patients = dict.fromkeys(subject.ids.patient for subject in subjects)
        self._protectable = set(list(patients)[:_PROTECTABLE_COUNT])
        self._rng = random.Random(seed)
        self.outcome = Outcome()

    def run(self, deadline: float) -> None:
        """Act until a moment of the monotonic clock, and some times at least."""
        names, weights = list(ACTIONS), list(ACTIONS.values())
        try:
            done = itertools.count()
            while next(done) < _ACTION_COUNT_MIN or time.monotonic() < deadline:
                (name,) = self._rng.choices(names, weights)
                getattr(self, f"_{name}")(self._choose())
        except (OSError, http.client.HTTPException) as error:
            self.outcome.surprises.append(f"connection: {error!r}")
        finally:
            self._peer.close()

    def _choose(self) -> Subject:
        """Choose an instance; half of the time one of the few that all fight for."""
        is_hot = self._rng.random() < 0.5
        return self._rng.choice(
            self._subjects[:_HOT_COUNT] if is_hot else self._subjects
        )

    def _send(self, method: str, path: str, body: bytes | None = None) -> None:
        answer, content = self._peer.send(Call(method, path, path, body=body))
        self.outcome.counts[method, answer.status] += 1
        if answer.status not in _EXPECTED:
            told = f"{method} {path}: {answer.status} {content[:500]!r}"
            self.outcome.surprises.append(told)

    def _path(self, subject: Subject, *levels: Level) -> str:
        level = self._rng.choice(levels or LEVELS)
        return f"/{_PLURALS[level]}/{subject.ids.at(level)}"

    def _upload(self, subject: Subject) -> None:
        self._send("POST", "/instances", subject.content)

    def _delete(self, subject: Subject) -> None:
        (level,) = self._rng.choices(LEVELS, (1, 2, 3, 10))
        self._send("DELETE", self._path(subject, level))

    def _label(self, subject: Subject) -> None:
        method = self._rng.choice(("PUT", "DELETE"))
        name = self._rng.choice("abc")
        self._send(method, f"{self._path(subject)}/labels/{name}")

    def _annotate(self, subject: Subject) -> None:
        method = self._rng.choice(("PUT", "DELETE"))
        self._send(method, f"{self._path(subject)}/metadata/1024", b"x")

    def _attach(self, subject: Subject) -> None:
        path = f"{self._path(subject)}/attachments/1024"
        if self._rng.random() < 0.3:
            self._send("DELETE", path)
        else:
            self._send("PUT", path, bytes(self._rng.randrange(20_000)))

    def _compress(self, subject: Subject) -> None:
        action = self._rng.choice(("compress", "uncompress"))
        name = self._rng.choice(("dicom", "1024"))
        path = self._path(subject, Level.INSTANCE)
        self._send("POST", f"{path}/attachments/{name}/{action}", b"")

    def _verify(self, subject: Subject) -> None:
        path = self._path(subject, Level.INSTANCE)
        answer, _ = self._peer.send(Call("GET", f"{path}/attachments", ""))
        if answer.status == 200 and "1024" in (answer.body or ()):
            self._send("POST", f"{path}/attachments/dicom/verify-md5", b"")

    def _protect(self, subject: Subject) -> None:
        path = self._path(subject, Level.PATIENT)
        may_be = subject.ids.patient in self._protectable
        wanted = self._rng.choice((b"0", b"1")) if may_be else b"0"
        self._send("PUT", f"{path}/protected", wanted)

    def _reconstruct(self, subject: Subject) -> None:
        self._send("POST", f"{self._path(subject)}/reconstruct", b"")

    def _find(self, subject: Subject) -> None:
        level = self._rng.choice(("Study", "Series", "Instance"))
        query = {
            "Level": level,
            "Query": {"KVP": "", "SliceThickness": "1.5"},
            "RequestedTags": ["Rows"],
            "ParentPatient": subject.ids.patient,
            "Expand": True,
        }
        self._send("POST", "/tools/find", json.dumps(query).encode())

    def _read(self, subject: Subject) -> None:
        self._send("GET", self._path(subject) + self._rng.choice(_READS))

    def _read_file(self, subject: Subject) -> None:
        name = self._rng.choice(_FILE_READS)
        self._send("GET", f"{self._path(subject, Level.INSTANCE)}/{name}")

    def _read_set(self, subject: Subject) -> None:
        path = self._path(subject, Level.STUDY, Level.SERIES)
        self._send("GET", path + self._rng.choice(_SETS))


def churn(server: RunningServer, client_count: int, seconds: float) -> Outcome:
    """Let clients act for some time; return what all of them were told."""
    subjects = make_subjects()
    clients = [Client(server, subjects, seed) for seed in range(client_count)]
    deadline = time.monotonic() + seconds
    threads = [threading.Thread(target=one.run, args=(deadline,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Outcome()
    for client in clients:
        total.counts += client.outcome.counts
        total.surprises += client.outcome.surprises
    return total
