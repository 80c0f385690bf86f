"""Archives of a study of 500 CT slices: first byte, whole, processor time, memory.

Usage: ``python benchmarks/load/archive.py --peer COMMAND``

Orthanc deflates and knows no other way. Obelisk stores unless asked to deflate; the
cases say what each did.
"""

import json
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

_MB = 1_000_000
_SLICE_COUNT = 500
_BUFFER_BYTES = 1_048_576
_LARGE_FILE_BYTES = 50 * _MB
_LARGE_FILE_COUNT = 100
_CLIENT_COUNT = 16


def study_path(subject: Subject) -> str:
    """Return the path of the study that was stored last."""
    url = f"{subject.server.url}/changes?last"
    with urllib.request.urlopen(url) as response:
        change = json.load(response)["Changes"][0]
    url = f"{subject.server.url}{change['Path']}/study"
    with urllib.request.urlopen(url) as response:
        return f"/studies/{json.load(response)['ID']}"


def download(subject: Subject, path: str) -> tuple[float, float, int]:
    """Fetch a path; return the seconds to the first byte and in all, and the size."""
    connection = HTTPConnection("127.0.0.1", subject.server.http_port, timeout=600)
    buffer = bytearray(_BUFFER_BYTES)
    start = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200, response.status
    size = response.readinto(buffer)
    first = time.perf_counter() - start
    while count := response.readinto(buffer):
        size += count
    connection.close()
    return first, time.perf_counter() - start, size


def main() -> None:
    """Fill both servers alike, then measure downloads."""
    arguments = make_parser("archives").parse_args()
    scale = arguments.scale
    slices = max(2, int(_SLICE_COUNT * scale))
    paths: dict[str, str] = {}
    with contest("archive", arguments) as measuring:
        for subject in measuring.subjects:
            put_load(subject, kind="ct", clients=4, count=slices, series_size=slices)
            paths[subject.name] = study_path(subject)

        def fetch(query: str, figure: int) -> Callable[[Subject, int], float]:
            def run(subject: Subject, _: int) -> float:
                path = f"{paths[subject.name]}/archive"
                if subject.name == "obelisk":
                    path += query
                return download(subject, path)[figure] * 1000

            return run

        for name, query, goal in (
            ("stored", "", 50),
            ("deflated", "?compression=deflate", 5),
        ):
            for figure, what in ((0, "first byte"), (1, "whole")):
                measuring.measure(
                    f"{slices} slices {name}, {what}",
                    "ms",
                    fetch(query, figure),
                    is_more_better=False,
                    goal=goal if figure else None,
                )

        def grow(count: int, path: str = "") -> Callable[[Subject, int], float]:
            def run(subject: Subject, _: int) -> float:
                wanted = path or f"{paths[subject.name]}/archive"
                idle_bytes = subject.memory_bytes()
                subject.forget_peak()
                with ThreadPoolExecutor(count) as pool:
                    list(pool.map(lambda _: download(subject, wanted), range(count)))
                return (subject.peak_memory_bytes() - idle_bytes) / _MB

            return run

        name = f"{slices} slices, memory over idle"
        measuring.measure(name, "MB", grow(1), is_more_better=False)

        ours = measuring.subjects[0]
        measuring.subjects = [ours]
        large = max(2, int(_LARGE_FILE_COUNT * scale))
        put_load(
            ours,
            kind="large",
            clients=2,
            count=large,
            first=1_000_000,
            series_size=large,
            size_bytes=_LARGE_FILE_BYTES,
        )
        large_path = f"{study_path(ours)}/archive"
        size_gb = large * _LARGE_FILE_BYTES / 1e9
        for name, count, path in (
            (f"memory over idle, {size_gb:.1f} GB", 1, large_path),
            (
                f"memory over idle, {_CLIENT_COUNT} downloads",
                _CLIENT_COUNT,
                f"{paths[ours.name]}/archive",
            ),
            (
                f"memory over idle, {_CLIENT_COUNT} downloads of {size_gb:.1f} GB",
                _CLIENT_COUNT,
                large_path,
            ),
        ):
            measuring.measure(name, "MB", grow(count, path), is_more_better=False)


if __name__ == "__main__":
    main()
