"""Peak memory over idle while large files are uploaded, summed over all processes.

Usage: ``python benchmarks/load/memory.py --peer COMMAND``
"""

import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser, put_load

_MB = 1_000_000

#: Name, clients, size of each upload in MB.
_CASES = (("one upload of 1.5 GB", 1, 1500), ("ten uploads of 300 MB at once", 10, 300))


def main() -> None:
    """Measure the megabytes that uploads take while they last."""
    arguments = make_parser("memory of large uploads").parse_args()
    numbers = count(1)
    with contest("memory", arguments) as measuring:
        for subject in measuring.subjects:
            put_load(subject, kind="ct", count=5, series_size=5)
        for name, clients, size_mb in _CASES:

            def run(
                subject: Subject,
                _: int,
                *,
                clients: int = clients,
                size_mb: int = size_mb,
            ) -> float:
                idle_bytes = subject.memory_bytes()
                subject.forget_peak()
                put_load(
                    subject,
                    kind="large",
                    clients=clients,
                    count=clients,
                    first=next(numbers) * 100_000,
                    size_bytes=int(size_mb * arguments.scale * _MB) // 2 * 2,
                )
                return (subject.peak_memory_bytes() - idle_bytes) / _MB

            measuring.measure(name, "MB", run, is_more_better=False)


if __name__ == "__main__":
    main()
