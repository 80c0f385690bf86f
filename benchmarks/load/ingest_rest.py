"""Uploads by POST /instances: CT slices of 527 KB and reports of 10 KB.

Usage: ``python benchmarks/load/ingest_rest.py --peer COMMAND``
"""

import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

#: Kind, clients, uploads a round, instances a series, the ratio that we promise.
CASES = (
    ("ct", 1, 200, 100, 1.8),
    ("ct", 4, 400, 100, 1.8),
    ("ct", 16, 400, 100, 1.8),
    ("sr", 1, 300, 5, 5),
    ("sr", 4, 600, 5, 5),
    ("sr", 16, 600, 5, 5),
)
_NAMES = {"ct": "527 KB CT", "sr": "10 KB SR"}


def main() -> None:
    """Measure uploads per second."""
    arguments = make_parser("uploads by REST").parse_args()
    numbers = count(1)
    with contest("ingest_rest", arguments) as measuring:
        for kind, clients, wanted, series_size, goal in CASES:
            uploads = max(clients, int(wanted * arguments.scale))

            def run(
                subject: Subject,
                _: int,
                *,
                kind: str = kind,
                clients: int = clients,
                uploads: int = uploads,
                series_size: int = series_size,
            ) -> float:
                measured = put_load(
                    subject,
                    kind=kind,
                    clients=clients,
                    count=uploads,
                    first=next(numbers) * 100_000,
                    series_size=series_size,
                )
                return float(measured["per_second"])

            case = f"POST {_NAMES[kind]}, {clients} clients"
            measuring.measure(case, "/s", run, requests=uploads, goal=goal)


if __name__ == "__main__":
    main()
