"""Metrics: what they cost when they are on, in ingest and in small reads.

Usage: ``python benchmarks/load/metrics.py``

One server works with metrics on and off by turns, in short rounds, so that both meet
the same machine, cache and index. What counts is the time of the processors for each
request: on a machine with other work it is steadier than requests per second.
"""

import statistics
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

_INGEST_COUNT = 400
_READ_COUNT = 4_000
_CLIENTS = 4


def switch(subject: Subject, *, is_on: bool) -> None:
    """Switch metrics."""
    url = f"{subject.server.url}/tools/metrics"
    body = b"1" if is_on else b"0"
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).close()


def compare(
    subject: Subject, rounds: int, count: int, work: Callable[[int], object]
) -> dict[str, object]:
    """Return the milliseconds of the processors for one request, on and off."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * rounds + 2):
        # on off off on: what grows with time meets both alike
        is_on = number % 4 in (0, 3)
        switch(subject, is_on=is_on)
        before = subject.cpu_seconds()
        work(number)
        if number >= 2:  # the first ones warm up
            spent[is_on].append((subject.cpu_seconds() - before) * 1000 / count)
    on, off = (statistics.median(spent[is_on]) for is_on in (True, False))
    return {"on": spent[True], "off": spent[False], "overhead": on / off - 1}


def main() -> None:
    """Measure both, print the overhead, and write the results."""
    arguments = make_parser("metrics").parse_args()
    ingest = max(20, int(_INGEST_COUNT * arguments.scale))
    reads = max(100, int(_READ_COUNT * arguments.scale))
    with contest("metrics", arguments) as measuring:
        subject = measuring.subjects[0]

        def store(number: int) -> None:
            load = {"kind": "sr", "clients": _CLIENTS, "count": ingest}
            put_load(subject, first=number * ingest, **load)

        def read(_: int) -> None:
            load = {"kind": "get", "clients": _CLIENTS, "count": reads}
            put_load(subject, paths=["/tools/now", "/statistics"], **load)

        for name, count, work in (("ingest", ingest, store), ("reads", reads, read)):
            found = compare(subject, arguments.rounds, count, work)
            measuring.cases[name] = found
            print(f"{name}: {found['overhead']:+.1%}")


if __name__ == "__main__":
    main()
