"""What all benchmarks share: two servers side by side, rounds, ratios, results."""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from load.client import Load

from launching import OBELISK, RunningServer, start_server

_BENCHMARKS = Path(__file__).resolve().parent
RESULTS = _BENCHMARKS / "results"

#: How Orthanc is by default, said aloud: every file reaches the disk before the answer.
OPTIONS = {"SyncStorageArea": True, "StorageCompression": False}

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Subject:
    """A server under measurement."""

    name: str
    server: RunningServer

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far."""
        # The clock of another process, as clock_getcpuclockid(3) makes its id: /proc
        # counts in hundredths of a second, which are too coarse for short rounds.
        return sum(time.clock_gettime(~pid << 3 | 2) for pid, _ in self._processes())

    def memory_bytes(self) -> int:
        """Return the resident memory of all its processes now."""
        return sum(int(fields[21]) for _, fields in self._processes()) * _PAGE_BYTES

    def forget_peak(self) -> None:
        """Let `peak_memory_bytes` start again from now."""
        for pid, _ in self._processes():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_memory_bytes(self) -> int:
        """Return the sum of the peaks of all its processes."""
        total = 0
        for pid, _ in self._processes():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1]) * 1024
        return total

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        """Yield pid and statistics (from the state on) of its session's processes."""
        for path in Path("/proc").iterdir():
            if not path.name.isdigit():
                continue
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (path / "stat").read_text().rpartition(") ")[2].split()
                if int(fields[3]) == self.server.process.pid:
                    yield int(path.name), fields


class Contest:
    """Measures subjects in turns, and keeps every number.

    Parameters
    ----------
    subjects
        Ours first.
    rounds
        How often each is measured; the figures are medians.
    """

    def __init__(self, subjects: Sequence[Subject], rounds: int) -> None:
        self.subjects = subjects
        self.rounds = rounds
        self.cases: dict[str, dict[str, Any]] = {}

    def measure(
        self,
        case: str,
        unit: str,
        run: Callable[[Subject, int], float],
        *,
        requests: int | list[int] = 1,
        is_more_better: bool = True,
        goal: float | None = None,
    ) -> None:
        """Measure a case on every subject, in turns, and print the outcome.

        Parameters
        ----------
        case
            Its name.
        unit
            Of the figure that `run` returns.
        run
            Takes a subject and the number of the round.
        requests
            How many requests a round makes, to tell the processor time of each; a
            list if `run` counts them, which it then appends to.
        is_more_better
            Whether a higher figure is the better one.
        goal
            The ratio that we promise.
        """
        figures: dict[str, list[float]] = defaultdict(list)
        cpu_ms: dict[str, list[float]] = defaultdict(list)
        for number in range(self.rounds):
            for subject in self.subjects[:: 1 if number % 2 == 0 else -1]:
                before = subject.cpu_seconds()
                figures[subject.name].append(run(subject, number))
                count = requests if isinstance(requests, int) else requests[-1]
                spent = (subject.cpu_seconds() - before) * 1000 / count
                cpu_ms[subject.name].append(spent)
        medians = {name: statistics.median(values) for name, values in figures.items()}
        ratio = _ratio([medians[s.name] for s in self.subjects], is_more_better)
        self.cases[case] = {
            "unit": unit,
            "figures": figures,
            "medians": medians,
            "cpu_ms": cpu_ms,
            "ratio": ratio,
            "goal": goal,
        }
        shown = "   ".join(f"{name} {value:,.1f}" for name, value in medians.items())
        ending = "" if ratio is None else f"   = {ratio:.2f} x"
        ending += f" (goal {goal} x)" if goal and ratio is not None else ""
        spent_each = " / ".join(
            f"{statistics.median(values):.2f}" for values in cpu_ms.values()
        )
        ending += f"   CPU {spent_each} ms"
        sys.stdout.write(f"{case:44} {unit:10} {shown}{ending}\n")
        sys.stdout.flush()


def _ratio(medians: Sequence[float], is_more_better: bool) -> float | None:  # noqa: FBT001
    if len(medians) < 2 or not all(medians):
        return None
    ours, theirs = medians[:2]
    return ours / theirs if is_more_better else theirs / ours


def put_load(subject: Subject, **wanted: Any) -> dict[str, Any]:
    """Run the load generator against a subject; see `load.client.Load`."""
    load = Load(port=subject.server.http_port, **wanted)
    result = subprocess.run(
        [sys.executable, str(_BENCHMARKS / "load" / "client.py")],
        input=json.dumps(dataclasses.asdict(load)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    measured: dict[str, Any] = json.loads(result.stdout)
    assert set(measured["statuses"]) == {"200"}, measured["statuses"]
    return measured


def make_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments that all benchmarks share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--peer",
        metavar="COMMAND",
        help="starts Orthanc when the path of a configuration file follows it",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of all the counts")
    parser.add_argument("--folder", type=Path, help="where the servers keep their data")
    parser.add_argument("--no-results", action="store_true", help="only print")
    return parser


@contextlib.contextmanager
def contest(
    name: str, arguments: argparse.Namespace, **options: Any
) -> Iterator[Contest]:
    """Start the servers, let the block measure, and write the results.

    Parameters
    ----------
    name
        Of the benchmark, and of its file in ``results``.
    arguments
        From `make_parser`.
    **options
        Beside `OPTIONS`.
    """
    commands: dict[str, Sequence[str]] = {"obelisk": OBELISK}
    if arguments.peer:
        commands["orthanc"] = shlex.split(arguments.peer)
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder)),
        )
        subjects = []
        for subject_name, command in commands.items():
            server = start_server(command, folder / subject_name, **OPTIONS, **options)
            stack.callback(server.kill)
            subjects.append(Subject(subject_name, server))
        measuring = Contest(subjects, arguments.rounds)
        yield measuring
    if not arguments.no_results:
        write_results(name, arguments, measuring)


def write_results(
    name: str,
    arguments: argparse.Namespace,
    measured: Contest,
) -> None:
    """Write what was measured, and on what kind of machine."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    content = {
        "benchmark": name,
        "date": now.strftime("%Y-%m-%d"),
        "rounds": arguments.rounds,
        "scale": arguments.scale,
        "machine": machine(),
        "cases": measured.cases,
    }
    path = RESULTS / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")


def machine() -> dict[str, object]:
    """Return what the figures depend on, and nothing that names the machine."""
    processor = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.partition(": ")[2]
            break
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_gb": round(memory_kb / 1_048_576),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }
