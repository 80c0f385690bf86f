"""Traces: what they cost when they are on, in ingest and in small reads.

Usage: ``python benchmarks/load/traces.py --rounds 50``

Two servers work by turns, in short rounds: one without traces, and one that sends all
of them to a collector that throws them away. See `pairing` for how the difference is
found; `--rounds` counts groups of four. What two processes differ by anyway, such as
where their memory lies, is part of it.
"""

import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import OPTIONS, Contest, Subject, make_parser, write_results
from pairing import compare, small_cases, store_one

from launching import OBELISK, running_server

_ALL_OPTIONS = {**OPTIONS, "HttpWorkers": 1}


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
        running_server(OBELISK, folder / "off", **_ALL_OPTIONS) as off,
        running_server(
            OBELISK, folder / "on", OpenTelemetryEndpoint=url, **_ALL_OPTIONS
        ) as on,
    ):
        yield [Subject("off", off), Subject("on", on)]
    collector.shutdown()


def main() -> None:
    """Measure, and write the results."""
    arguments = make_parser("traces").parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.folder) as folder,
        subjects(Path(folder)) as both,
    ):
        measuring = Contest(both, arguments.rounds)
        id_ = {store_one(subject) for subject in both}.pop()
        for case in small_cases(id_, arguments.scale):
            compare(measuring, case, lambda is_on: both[is_on])
    if not arguments.no_results:
        write_results("traces", arguments, measuring)


if __name__ == "__main__":
    main()
