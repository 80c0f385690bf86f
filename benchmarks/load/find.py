"""Searches in archives of 1,000, 100,000 and 1,000,000 instances, and deletions.

Usage: ``python benchmarks/load/find.py --peer COMMAND``

The index of each server is filled with synthetic rows (see `archive`); there are no
files. Orthanc gets no archive of 1,000,000. All servers run at once and are asked in
turns, by one client; a search is for something else each time. Each is measured twice:
with answers that are made anew, and with those that may have been kept.
"""

import json
import shlex
import statistics
import sys
import tempfile
import time
import urllib.request
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive import (
    INSTANCES_PER_STUDY,
    RARE_MODALITY,
    fill_obelisk,
    instances,
    put,
    study,
)
from load.client import Connection
from measuring import OPTIONS, Contest, Subject, make_parser, write_results
from orthanc_index import fill_orthanc

from launching import OBELISK, start_server
from obelisk.app.node import INDEX_NAME
from obelisk.dicom.levels import Level
from obelisk.index.sqlite import SQLiteIndex
from obelisk.services.resources import Resources
from obelisk.storage.filesystem import FilesystemStorage

_SIZES = (1_000, 100_000, 1_000_000)
_PEER_SIZES = 2
_SECONDS = 0.5
_REQUESTS_MIN = 5
#: How many different things a search is for, in turns.
_VARIANTS = 100
_DELETED_STUDIES = (500, 5_000, 20_000)
_DELETED_FIRST = 200_000
_DELETED_BATCH = 500
#: What we promise: times Orthanc's speed, and our slowdown from the smallest archive.
_RATIO_GOAL, _GROWTH_GOAL = 5.0, 3.0
#: What no request had yet.
_NUMBERS = count(1)
_COUNTS = (
    "NumberOfStudyRelatedInstances",
    "NumberOfStudyRelatedSeries",
    "ModalitiesInStudy",
)


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for, in turns: the body of a find, or a path."""

    name: str
    wanted: Sequence[dict[str, Any] | str]
    #: How much each finds; `None` if that depends.
    found_count: int | None = None


def searches(study_count: int) -> Iterator[Search]:
    """Yield the searches in an archive of some size."""
    chosen = range(0, study_count, max(1, study_count // _VARIANTS))
    studies = [study(number) for number in chosen]

    def by(name: str, found: int | None, **patterns: str) -> Search:
        bodies = []
        for one in studies:
            words = {**one.patient, **one.attributes}
            words |= {"family": one.family, "code": one.code}
            query = {key: text.format(**words) for key, text in patterns.items()}
            bodies.append({"Level": "Study", "Query": query})
        return Search(name, bodies, found)

    day = "{StudyDate}-{StudyDate}"
    yield by("PatientID", 1, PatientID="{PatientID}")
    yield by("AccessionNumber", 1, AccessionNumber="{AccessionNumber}")
    yield by("PatientName, prefix", 10, PatientName="{family}*")
    yield by("PatientName, infix", 10, PatientName="*{code}^*")
    yield by("StudyDescription, infix", 10, StudyDescription="*{code}*")
    yield by("StudyDate, range", 10, StudyDate=day)
    yield by("ModalitiesInStudy", 10, ModalitiesInStudy=RARE_MODALITY)
    yield by(
        "ModalitiesInStudy, StudyDate", None, ModalitiesInStudy="CT", StudyDate=day
    )
    newest = {
        "Level": "Study",
        "Query": {},
        "Expand": True,
        "Limit": 100,
        "OrderBy": [{"Type": "DicomTag", "Key": "StudyDate", "Direction": "DESC"}],
        "RequestedTags": _COUNTS,
    }
    yield Search("100 newest studies with counts", [newest], min(100, study_count))
    yield Search("/statistics", ["/statistics"])


def request_of(wanted: dict[str, Any] | str, number: int = 0) -> bytes:
    """Return the bytes of a request; a number makes it another one than all before."""
    if isinstance(wanted, str):
        return f"GET {wanted}?number={number} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    content = json.dumps({**wanted, "Number": number}).encode()
    head = f"POST /tools/find HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


class Archives:
    """Servers by name of the product and number of instances.

    Parameters
    ----------
    arguments
        From the command line.
    folder
        Where they keep their data.
    """

    def __init__(self, arguments: Namespace, folder: Path) -> None:
        self.sizes = [max(1_000, int(size * arguments.scale)) for size in _SIZES]
        self.subjects: dict[tuple[str, int], Subject] = {}
        self._folder = folder
        self._peer = shlex.split(arguments.peer) if arguments.peer else []

    def index_of(self, size: int) -> Path:
        """Return where our index of an archive is."""
        return self._folder / f"obelisk-{size}" / "storage" / INDEX_NAME

    def start(self) -> None:
        """Fill and start all servers."""
        for size in self.sizes:
            path = self.index_of(size)
            path.parent.mkdir(parents=True)
            with _told(f"Obelisk's index filled with {size:,} instances"):
                fill_obelisk(path, size // INSTANCES_PER_STUDY)
            self._run("obelisk", OBELISK, size)
        for size in self.sizes[:_PEER_SIZES] if self._peer else []:
            server = start_server(self._peer, self._folder / f"orthanc-{size}")
            server.terminate()
            with _told(f"Orthanc's index filled with {size:,} instances"):
                fill_orthanc(server.storage / "index", size // INSTANCES_PER_STUDY)
            self._run("orthanc", self._peer, size)

    def _run(self, name: str, command: Sequence[str], size: int) -> None:
        server = start_server(command, self._folder / f"{name}-{size}", **OPTIONS)
        self.subjects[name, size] = Subject(name, server)

    def stop(self) -> None:
        """Stop all servers; our indexes stay."""
        for subject in self.subjects.values():
            subject.server.kill()
        self.subjects = {}

    def check(self, number: int) -> None:
        """Assert that both servers find the same in each archive, and enough."""
        for size in self.sizes:
            search = list(searches(size // INSTANCES_PER_STUDY))[number]
            answers = [
                _answer(subject, search.wanted[-1])
                for (_, its_size), subject in self.subjects.items()
                if its_size == size
            ]
            assert all(answer == answers[0] for answer in answers), search.name
            if search.found_count is not None:
                assert len(answers[0]) == search.found_count, search.name

    def measure(self, number: int, rounds: int) -> dict[str, dict[str, list[float]]]:
        """Return percentiles and processor time in ms of a search, by server."""
        figures: dict[str, dict[str, list[float]]] = defaultdict(
            lambda: {"p50": [], "p99": [], "cpu": [], "again": []}
        )
        for turn in range(rounds):
            for key in list(self.subjects)[:: 1 if turn % 2 == 0 else -1]:
                search = list(searches(key[1] // INSTANCES_PER_STUDY))[number]
                before = self.subjects[key].cpu_seconds()
                times = _times(self.subjects[key], search, is_new=True)
                spent = self.subjects[key].cpu_seconds() - before
                measured = figures[f"{key[0]} {key[1]}"]
                measured["p50"].append(statistics.median(times))
                measured["p99"].append(statistics.quantiles(times, n=100)[98])
                measured["cpu"].append(spent * 1000 / len(times))
                kept = _times(self.subjects[key], search, is_new=False)
                measured["again"].append(statistics.median(kept))
        return figures


def _answer(subject: Subject, wanted: dict[str, Any] | str) -> object:
    if isinstance(wanted, str):
        request = urllib.request.Request(subject.server.url + wanted)
    else:
        url = f"{subject.server.url}/tools/find"
        request = urllib.request.Request(url, json.dumps(wanted).encode())
    with urllib.request.urlopen(request) as response:
        found = json.load(response)
    if isinstance(found, dict):
        return found["CountInstances"]
    return sorted(one if isinstance(one, str) else one["ID"] for one in found)


def _times(subject: Subject, search: Search, *, is_new: bool) -> list[float]:
    """Ask for some time; return how long each request took, in ms."""
    connection = Connection(subject.server.http_port)
    requests = [request_of(wanted) for wanted in search.wanted]
    for request in requests:
        connection.request((request,))
    times: list[float] = []
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or len(times) < _REQUESTS_MIN:
        number = len(times)
        request = requests[number % len(requests)]
        if is_new:
            wanted = search.wanted[number % len(requests)]
            request = request_of(wanted, next(_NUMBERS))
        start = time.perf_counter()
        status, _ = connection.request((request,))
        times.append((time.perf_counter() - start) * 1000)
        assert status == 200, (search.name, status)
    connection.close()
    return times


def compare(archives: Archives, rounds: int) -> dict[str, Any]:
    """Measure all searches, and print ratio and growth of each."""
    cases = {}
    smallest, middle, largest = archives.sizes
    for number, search in enumerate(searches(smallest // INSTANCES_PER_STUDY)):
        archives.check(number)
        figures = archives.measure(number, rounds)
        medians = {
            server: {key: statistics.median(values) for key, values in one.items()}
            for server, one in figures.items()
        }
        p50 = {server: one["p50"] for server, one in medians.items()}
        ratios = {
            str(size): p50[f"orthanc {size}"] / p50[f"obelisk {size}"]
            for size in archives.sizes
            if f"orthanc {size}" in p50
        }
        again = {
            str(size): medians[f"orthanc {size}"]["again"]
            / medians[f"obelisk {size}"]["again"]
            for size in archives.sizes
            if f"orthanc {size}" in p50
        }
        growth = p50[f"obelisk {largest}"] / p50[f"obelisk {smallest}"]
        cases[search.name] = {
            "unit": "ms",
            "figures": figures,
            "medians": medians,
            "ratio": ratios.get(str(middle)),
            "ratios": ratios,
            "ratios_again": again,
            "goal": _RATIO_GOAL,
            "growth": growth,
            "growth_goal": _GROWTH_GOAL,
        }
        shown = "  ".join(
            f"{server} {one['p50']:.2f}/{one['p99']:.2f}"
            for server, one in medians.items()
        )
        ending = "".join(f"  = {value:.1f} x" for value in ratios.values())
        ending += "".join(f"  again {value:.1f} x" for value in again.values())
        spent = " / ".join(f"{one['cpu']:.2f}" for one in medians.values())
        _tell(f"{search.name:31} {shown}{ending}  growth {growth:.2f} x  CPU {spent}")
    return cases


class TimedIndex:
    """An index that notes how long each of its write transactions took."""

    def __init__(self, index: SQLiteIndex) -> None:
        self.read = index.read
        self.version = index.version
        self.reserve = index.reserve
        self._index = index
        self.seconds: list[float] = []

    def write(self, action: Callable[[Any], Any]) -> Any:
        """See `Index.write`."""
        start = time.perf_counter()
        result = self._index.write(action)
        self.seconds.append(time.perf_counter() - start)
        return result

    def close(self) -> None:
        """See `Index.close`."""
        self._index.close()


def delete(archives: Archives, rounds: int, folder: Path) -> dict[str, Any]:
    """Delete large studies from each archive, and print what the index spent on it."""
    cases = {}
    with closing(FilesystemStorage(folder)) as storage:
        for number, count_ in enumerate(_DELETED_STUDIES):
            figures: dict[str, list[float]] = defaultdict(list)
            turns: dict[str, list[float]] = defaultdict(list)
            for turn in range(rounds):
                what = study(_DELETED_FIRST + number * rounds + turn)
                every = list(instances(what, count_))
                for size in archives.sizes:
                    seconds = _delete(archives.index_of(size), storage, every)
                    figures[f"obelisk {size}"].append(sum(seconds) / count_ * 1e6)
                    turns[f"obelisk {size}"].append(max(seconds) * 1000)
            medians = {name: statistics.median(one) for name, one in figures.items()}
            longest = {name: statistics.median(one) for name, one in turns.items()}
            shown = "  ".join(f"{name} {value:.1f}" for name, value in medians.items())
            _tell(f"deletion of {count_:,}, us an instance: {shown}")
            shown = "  ".join(f"{name} {value:.0f}" for name, value in longest.items())
            _tell(f"deletion of {count_:,}, ms of the longest transaction: {shown}")
            cases[f"index time to delete a study of {count_:,}"] = {
                "unit": "us an instance",
                "figures": figures,
                "medians": medians,
                "longest_transaction_ms": turns,
            }
    return cases


def _delete(path: Path, storage: FilesystemStorage, every: list[Any]) -> list[float]:
    """Put a study into an archive and delete it; return the seconds of the index."""
    with closing(SQLiteIndex(path, is_synchronous=False)) as index:
        for start in range(0, len(every), _DELETED_BATCH):
            put(index, every[start : start + _DELETED_BATCH])
        timed = TimedIndex(index)
        Resources(timed, storage).delete(Level.STUDY, every[0].ids.study)
        return timed.seconds


@contextmanager
def _told(text: str) -> Iterator[None]:
    """Print what was done, and how long it took."""
    start = time.perf_counter()
    yield
    _tell(f"{text} in {time.perf_counter() - start:.0f} s")


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Fill, search, delete."""
    arguments = make_parser("find").parse_args()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder))
        )
        archives = Archives(arguments, folder)
        stack.callback(archives.stop)
        archives.start()
        contest = Contest(list(archives.subjects.values()), arguments.rounds)
        with _told("searches measured"):
            contest.cases |= compare(archives, arguments.rounds)
        archives.stop()
        with _told("deletions measured"):
            contest.cases |= delete(archives, arguments.rounds, folder / "files")
    if not arguments.no_results:
        write_results("find", arguments, contest)


if __name__ == "__main__":
    main()
