"""C-STORE from dcmtk's storescu as it comes: one association, one instance at a time.

Usage: ``python benchmarks/load/ingest_cstore.py --peer COMMAND [--no-delay]``

dcmtk leaves Nagle's algorithm on, which costs a peer that does nothing about it 40 ms
an instance: run it with ``--no-delay`` too, and quote both.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import Template, ct_template, sr_template
from measuring import Subject, contest, make_parser

#: The system's, since the one of a Python environment may be pynetdicom's.
STORESCU = "/usr/bin/storescu"

_CASES = (
    ("10 KB SR", sr_template, 200, 5),
    ("527 KB CT", ct_template, 100, 100),
)


def store(
    subject: Subject,
    template: Template,
    first: int,
    instances: int,
    series_size: int,
) -> float:
    """Send new instances; return how many a second were stored."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + instances):
            content = b"".join(template.fill(number, number // series_size))
            Path(folder, f"{number}.dcm").write_bytes(content)
        command = [STORESCU, "127.0.0.1", str(subject.server.dicom_port)]
        start = time.perf_counter()
        subprocess.run([*command, "+sd", folder], check=True, capture_output=True)
        return instances / (time.perf_counter() - start)


def main() -> None:
    """Measure stored instances per second."""
    parser = make_parser("C-STORE from storescu")
    parser.add_argument(
        "--no-delay",
        action="store_true",
        help="switch Nagle's algorithm off in dcmtk, at both ends",
    )
    arguments = parser.parse_args()
    if arguments.no_delay:
        os.environ["TCP_NODELAY"] = "1"
    version = subprocess.run(
        [STORESCU, "--version"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert version.startswith("$dcmtk"), "storescu is not dcmtk's"
    numbers = count(1)
    with contest("ingest_cstore", arguments) as measuring:
        for name, make_template, wanted, series_size in _CASES:
            template = make_template()
            instances = max(2, int(wanted * arguments.scale))

            def run(
                subject: Subject,
                _: int,
                *,
                template: Template = template,
                instances: int = instances,
                series_size: int = series_size,
            ) -> float:
                first = next(numbers) * 100_000
                return store(subject, template, first, instances, series_size)

            ending = ", TCP_NODELAY" if arguments.no_delay else ""
            case = f"C-STORE {name}{ending}"
            measuring.measure(case, "/s", run, requests=instances, goal=2)


if __name__ == "__main__":
    main()
