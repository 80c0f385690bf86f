"""Reads: attributes and files of instances, and a list of 1,000 studies.

Usage: ``python benchmarks/load/reads.py --peer COMMAND``
"""

import json
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

_STUDY_COUNT = 1000

#: More slices than Orthanc's caches hold (128 MB of files, 256 MB of parsed ones): a
#: round that asks for each of them once finds none in a cache.
_SLICE_COUNT = 600
_SLICE_FIRST = 5_000_000

#: So few that all of them are in its caches.
_CACHED_COUNT = 20


def identifiers(subject: Subject, path: str) -> list[str]:
    """Return the ids of a list."""
    with urllib.request.urlopen(subject.server.url + path) as response:
        found: list[str] = json.load(response)
    return found


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
            requests = max(clients, slices)

            def run(subject: Subject, _: int) -> float:
                wanted = [f"/instances/{x}/{leaf}" for x in paths[subject.name]]
                measured = put_load(
                    subject,
                    kind="get",
                    clients=clients,
                    count=requests,
                    paths=wanted[:_CACHED_COUNT] if is_cached else wanted,
                )
                return float(measured["per_second"])

            case = f"GET {leaf}, {clients} clients{', the same' * is_cached}"
            goal = None if is_cached else {"tags": 4.0, "file": 2.0}[leaf]
            measuring.measure(case, "/s", run, requests=requests, goal=goal)

        for leaf in ("tags", "file"):
            for clients in (1, 4, 16):
                read(leaf, clients, is_cached=False)
            read(leaf, 4, is_cached=True)

        def expand(subject: Subject, _: int) -> float:
            requests = max(2, int(10 * scale))
            paths = ["/studies?expand"]
            measured = put_load(subject, kind="get", count=requests, paths=paths)
            return float(measured["median_ms"])

        case = f"GET /studies?expand of {studies + 1:,}"
        measuring.measure(
            case,
            "ms",
            expand,
            requests=max(2, int(10 * scale)),
            is_more_better=False,
            goal=10,
        )


if __name__ == "__main__":
    main()
