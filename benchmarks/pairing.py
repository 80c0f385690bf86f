"""Small differences on a machine with other work: short rounds in turns, in pairs.

Rounds with a thing on and off follow each other as on, off, off, on, so that what
grows with time, and most of what disturbs, meets both alike. Each four of them give one
ratio; the figure is the median of the ratios, with the interval that holds it with
95 % confidence (by resampling the ratios).
"""

import gc
import json
import math
import random
import statistics
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from corpus import sr_template
from load.client import Connection, Load, requests
from measuring import Contest, Subject

_RESAMPLES = 2_000

#: The first number of instances of the other kind; both kinds share an archive.
_SECOND_KIND = 5_000_000

#: Opens a connection, outside of what is measured.
_OPENING = (b"GET /tools/now HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",)


@dataclass(frozen=True, slots=True)
class Case:
    """What a round asks for.

    Parameters
    ----------
    name
        Of the case.
    count
        How many requests a round has.
    load
        Makes them, from the number of the round; see `load.client.Load`.
    """

    name: str
    count: int
    load: Callable[[int], Load]


def small_cases(instance_id: str, scale: float) -> list[Case]:
    """Return small reads, and uploads of 10 KB and of 527 KB.

    Parameters
    ----------
    instance_id
        The instance of which tags are read.
    scale
        Of the counts.
    """

    def count_of(count: int) -> int:
        return max(4, int(count * scale))

    def reading(path: str, count: int) -> Case:
        wanted = Load(port=0, kind="get", count=count, paths=[path])
        name = path.replace(instance_id, "{id}")
        return Case(f"GET {name}", count, lambda _: wanted)

    def storing(kind: str, name: str, count: int, first: int) -> Case:
        def load(number: int) -> Load:
            return Load(port=0, kind=kind, count=count, first=first + number * count)

        return Case(name, count, load)

    return [
        reading("/system", count_of(150)),
        reading(f"/instances/{instance_id}/tags", count_of(100)),
        storing("sr", "POST 10 KB", count_of(15), 0),
        storing("ct", "POST 527 KB", count_of(5), _SECOND_KIND),
    ]


def store_one(subject: Subject) -> str:
    """Store an instance that no round stores; return its id."""
    content = b"".join(sr_template().fill(9_999_999, 9_999_999))
    url = f"{subject.server.url}/instances"
    with urllib.request.urlopen(url, content) as answer:
        stored: str = json.load(answer)["ID"]
    return stored


def compare(
    measuring: Contest,
    case: Case,
    prepare: Callable[[bool], Subject],
) -> None:
    """Measure a case on and off, print the difference, and keep the figures.

    Parameters
    ----------
    measuring
        Says how many times four rounds there are, and keeps the figures.
    case
        What to ask for.
    prepare
        Returns the server to ask, after it was switched on or off.
    """
    spent: dict[str, dict[bool, list[float]]] = {
        "cpu_ms": defaultdict(list),
        "wall_ms": defaultdict(list),
    }
    for number in range(4 * (measuring.rounds + 1)):
        is_on = number % 4 in (0, 3)
        subject = prepare(is_on)
        cpu, wall = _round(subject, case, number)
        if number >= 4:  # the first ones warm up
            spent["cpu_ms"][is_on].append(cpu * 1000 / case.count)
            spent["wall_ms"][is_on].append(wall * 1000 / case.count)
    found = {unit: _figures(both) for unit, both in spent.items()}
    measuring.cases[case.name] = found
    for unit, figures in found.items():
        low, high = figures["interval"]
        print(
            f"{case.name:22} {unit:8} off {figures['median_off']:.4f} "
            f"on {figures['median_on']:.4f} {figures['overhead']:+.2%} "
            f"(95 %: {low:+.2%} to {high:+.2%})",
            flush=True,
        )


def _round(subject: Subject, case: Case, number: int) -> tuple[float, float]:
    """Return the seconds of the server's processors and of the clock."""
    prepared = list(requests(case.load(number), 0))
    connection = Connection(subject.server.http_port)
    connection.request(_OPENING)
    gc.collect()
    cpu, wall = subject.cpu_seconds(), time.perf_counter()
    for parts in prepared:
        status, _ = connection.request(parts)
        assert status == 200, status
    wall = time.perf_counter() - wall
    cpu = subject.cpu_seconds() - cpu
    connection.close()
    return cpu, wall


def _figures(both: dict[bool, list[float]]) -> dict[str, Any]:
    ratios = list(_ratios(both[True], both[False]))
    draw = random.Random(1)
    medians = sorted(
        statistics.median(draw.choices(ratios, k=len(ratios)))
        for _ in range(_RESAMPLES)
    )
    low, high = medians[int(_RESAMPLES * 0.025)], medians[int(_RESAMPLES * 0.975)]
    return {
        "ratios": [round(ratio, 4) for ratio in ratios],
        "median_off": statistics.median(both[False]),
        "median_on": statistics.median(both[True]),
        "overhead": statistics.median(ratios) - 1,
        "interval": [low - 1, high - 1],
    }


def _ratios(on: Sequence[float], off: Sequence[float]) -> Iterator[float]:
    """Yield the ratio of each four rounds: on, off, off, on."""
    for first in range(0, len(on), 2):
        yield math.fsum(on[first : first + 2]) / math.fsum(off[first : first + 2])
