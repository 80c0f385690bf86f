"""Traces: what they cost when they are on, in ingest and in small reads.

Usage: ``python benchmarks/load/traces.py``

Two servers work by turns, in short rounds: one without traces, and one that sends all
of them to a collector that throws them away. What counts is the time of the processors
for each request: on a machine with other work it is steadier than requests per second.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import (
    OPTIONS,
    Contest,
    Subject,
    make_parser,
    put_load,
    write_results,
)

from launching import OBELISK, running_server

_INGEST_COUNT = 400
_READ_COUNT = 4_000
_CLIENTS = 4


class _Bin(BaseHTTPRequestHandler):
    """Throws spans away."""

    def do_POST(self) -> None:
        """Answer that all is well."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def subjects(folder: Path) -> Iterator[list[Subject]]:
    """Start both servers and the collector."""
    collector = ThreadingHTTPServer(("127.0.0.1", 0), _Bin)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{collector.server_port}"
    with (
        running_server(OBELISK, folder / "off", **OPTIONS) as off,
        running_server(
            OBELISK, folder / "on", OpenTelemetryEndpoint=url, **OPTIONS
        ) as on,
    ):
        yield [Subject("off", off), Subject("on", on)]
    collector.shutdown()


def compare(
    both: list[Subject], rounds: int, count: int, work: Callable[[Subject, int], object]
) -> dict[str, object]:
    """Return the milliseconds of the processors for one request, off and on."""
    spent: dict[str, list[float]] = {subject.name: [] for subject in both}
    for number in range(rounds + 1):
        for subject in both[:: 1 if number % 2 else -1]:
            before = subject.cpu_seconds()
            work(subject, number)
            if number:  # the first one warms up
                took = (subject.cpu_seconds() - before) * 1000 / count
                spent[subject.name].append(took)
    off, on = (statistics.median(values) for values in spent.values())
    return {**spent, "overhead": on / off - 1}


def measure(measuring: Contest, arguments: argparse.Namespace) -> None:
    """Measure ingest and reads, and print the overhead."""
    ingest = max(20, int(_INGEST_COUNT * arguments.scale))
    reads = max(100, int(_READ_COUNT * arguments.scale))

    def store(subject: Subject, number: int) -> None:
        load = {"kind": "sr", "clients": _CLIENTS, "count": ingest}
        put_load(subject, first=number * ingest, **load)

    def read(subject: Subject, _: int) -> None:
        load = {"kind": "get", "clients": _CLIENTS, "count": reads}
        put_load(subject, paths=["/tools/now", "/statistics"], **load)

    both = list(measuring.subjects)
    for name, count, work in (("ingest", ingest, store), ("reads", reads, read)):
        found = compare(both, arguments.rounds, count, work)
        measuring.cases[name] = found
        print(f"{name}: {found['overhead']:+.1%}")


def main() -> None:
    """Measure, and write the results."""
    arguments = make_parser("traces").parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
        subjects(Path(folder)) as both,
    ):
        measuring = Contest(both, arguments.rounds)
        measure(measuring, arguments)
    if not arguments.no_results:
        write_results("traces", arguments, measuring)


if __name__ == "__main__":
    main()
