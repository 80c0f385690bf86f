"""Reads: attributes and files of instances, and a list of 1,000 studies.

Usage: ``python benchmarks/load/reads.py --peer COMMAND``

The load comes from wrk (Debian's package of that name): a generator in Python would be
what is measured.
"""

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

_STUDY_COUNT = 1000

#: More slices than Orthanc's caches hold (128 MB of files, 256 MB of parsed ones): a
#: round that asks for each of them once finds none in a cache.
_SLICE_COUNT = 600
_SLICE_FIRST = 5_000_000

#: How long each measurement takes.
_SECONDS = 5.0

#: So few that all of them are in its caches.
_CACHED_COUNT = 20


def identifiers(subject: Subject, path: str) -> list[str]:
    """Return the ids of a list."""
    with urllib.request.urlopen(subject.server.url + path) as response:
        found: list[str] = json.load(response)
    return found


def ask(
    subject: Subject, paths: list[str], clients: int, seconds: float
) -> tuple[float, int]:
    """Ask for paths in turns; return requests per second, and how many there were."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(paths) + "\n")
        file.flush()
        script = str(Path(__file__).with_name("paths.lua"))
        load = ["-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-s", script]
        command = ["wrk", *load, subject.server.url, "--", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Non-2xx" not in done.stdout, done.stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    assert rate, done.stdout
    assert count, done.stdout
    return float(rate[1]), int(count[1])


def main() -> None:
    """Fill both servers alike, then measure requests per second."""
    arguments = make_parser("reads").parse_args()
    scale = arguments.scale
    studies = max(2, int(_STUDY_COUNT * scale))
    slices = max(2, int(_SLICE_COUNT * scale))
    paths: dict[str, list[str]] = {}
    with contest("reads", arguments) as measuring:
        for subject in measuring.subjects:
            series = {"clients": 4, "series_size": slices, "first": _SLICE_FIRST}
            put_load(subject, kind="ct", count=slices, **series)
            paths[subject.name] = identifiers(subject, "/instances")
            put_load(subject, kind="sr", clients=4, count=studies, series_size=1)

        def read(leaf: str, clients: int, *, is_cached: bool) -> None:
            counts: list[int] = []

            def run(subject: Subject, _: int) -> float:
                wanted = [f"/instances/{x}/{leaf}" for x in paths[subject.name]]
                chosen = wanted[:_CACHED_COUNT] if is_cached else wanted
                rate, count = ask(subject, chosen, clients, _SECONDS * scale)
                counts.append(count)
                return rate

            case = f"GET {leaf}, {clients} clients{', the same' * is_cached}"
            goal = None if is_cached else {"tags": 4.0, "file": 2.0}[leaf]
            measuring.measure(case, "/s", run, requests=counts, goal=goal)

        for leaf in ("tags", "file"):
            for clients in (1, 4, 16):
                read(leaf, clients, is_cached=False)
            read(leaf, 4, is_cached=True)

        def expand(case: str, path: str) -> None:
            """Measure a list: `{}` makes a path that was not asked for before."""
            requests = max(2, int(10 * scale))

            def run(subject: Subject, turn: int) -> float:
                numbers = range(turn * requests, (turn + 1) * requests)
                wanted = [path.format(number) for number in numbers]
                measured = put_load(subject, kind="get", count=requests, paths=wanted)
                return float(measured["median_ms"])

            name = f"GET /studies?expand of {studies + 1:,}, {case}"
            measuring.measure(
                name, "ms", run, requests=requests, is_more_better=False, goal=10
            )

        expand("again", "/studies?expand")
        expand("made anew", "/studies?expand&number={}")


if __name__ == "__main__":
    main()
