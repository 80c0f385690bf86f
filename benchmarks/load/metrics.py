"""Metrics: what they cost when they are on, in ingest and in small reads.

Usage: ``python benchmarks/load/metrics.py --rounds 200``

One server works with metrics on and off by turns (``PUT /tools/metrics``), in rounds of
a few hundredths of a second, so that both meet the same process, machine, cache and
index. See `pairing` for how the difference is found; `--rounds` counts groups of four.
"""

import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser
from pairing import compare, small_cases, store_one


def switch(subject: Subject, *, is_on: bool) -> None:
    """Switch metrics."""
    url = f"{subject.server.url}/tools/metrics"
    body = b"1" if is_on else b"0"
    urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).close()


def main() -> None:
    """Measure each case, print the overhead, and write the results."""
    arguments = make_parser("metrics").parse_args()
    with contest("metrics", arguments, HttpWorkers=1) as measuring:
        subject = measuring.subjects[0]

        def prepare(is_on: bool) -> Subject:  # noqa: FBT001
            switch(subject, is_on=is_on)
            return subject

        for case in small_cases(store_one(subject), arguments.scale):
            compare(measuring, case, prepare)


if __name__ == "__main__":
    main()
