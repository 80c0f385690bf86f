"""Compares two servers: the same files in, the same calls, which answers differ.

Usage: ``python tests/parity/compare.py --left WHERE --right WHERE [--files DIR]...``

WHERE is the URL of a running server, or a command that starts one when the path of a
configuration file follows it. A running server is emptied: **every instance that it
holds is deleted**; it wants a long ``StableAge``, so that no timer fires meanwhile.

Where both are commands, random walks come last, under several options: `--steps` steps
each, the same ones again for the same `--seed`. `--only random` runs nothing else.

The left server is taken for right; what the right one may do otherwise is listed in
`differences`. The exit status is 1 if anything differs that is not explained there.
"""

import argparse
import contextlib
import json
import random
import shlex
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpora import folder_files, pydicom_files
from crafted import crafted_files, refused_bodies
from exchange import Call
from launching import running_server
from parity.coverage import not_called
from parity.differences import explain, iter_differences, mend
from parity.driving import Scenario, drive, empty, is_read
from parity.route_calls import (
    ROUTE_OPTIONS,
    annotation_calls,
    ending_calls,
    read_calls,
    route_calls,
    route_files,
)
from parity.transcoding import transcoding_calls
from parity.walk_steps import is_overview
from parity.walks import COURSES, STEPS_DEFAULT, Course, Walk

WAYS = ("post", "gzip", "zip", "multipart", "store")
_BUNDLES = ("zip", "multipart")
_EXAMPLES_MAX = 5
_OUTCOMES = ("equal", "explained", "different")

#: How to reach a server: its URL, and host and port of its DICOM server.
Side: TypeAlias = tuple[str, tuple[str, int] | None]

#: Calls and their answers, by the key of the call and how often it was made.
Answers: TypeAlias = dict[tuple[str, int], tuple[Call, Any]]


class Report:
    """Counts outcomes by route and argument, and keeps a few examples."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.examples: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.reasons: dict[tuple[str, str], str] = {}
        self.calls: list[Call] = []

    def add(self, call: Call, left: Any, right: Any, where: str = "") -> bool:
        """Compare the answers to one call; an answer is `None` if it was not made.

        The return value is whether they may be as they are.
        """
        self.calls.append(call)
        row = (f"{call.method} {call.route}", _told(call))
        difference = next(iter_differences(mend(left, right), right), None)
        if difference is None:
            self.counts[row]["equal"] += 1
            return True
        reason = explain(call, left, right)
        self.counts[row]["explained" if reason else "different"] += 1
        if reason:
            self.reasons[row] = reason
        elif len(self.examples[row]) < _EXAMPLES_MAX:
            self.examples[row].append(f"{where}{call.key}: {difference}")
        return bool(reason)

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """Yield the report: rows that differ, or all if `verbose`, then the sums."""
        for row, counts in sorted(self.counts.items()):
            if verbose or counts["different"] or counts["explained"]:
                numbers = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
                yield f"{row[0]} [{row[1]}]: {numbers}"
            if row in self.reasons:
                yield f"    why: {self.reasons[row]}"
            for example in self.examples.get(row, ()):
                yield f"    {example}"
        total: Counter[str] = sum(self.counts.values(), Counter())
        yield ", ".join(f"{total[what]} {what}" for what in _OUTCOMES)

    @property
    def different_count(self) -> int:
        """How many answers differ without a reason."""
        return sum(counts["different"] for counts in self.counts.values())


def _told(call: Call) -> str:
    """Return the argument of a call as rows have it: one for all files, or searches."""
    if call.argument.startswith("random "):
        return "random"
    return "file" if call.method == "POST" and "." in call.argument else call.argument


def scenarios(folders: list[Path], ways: list[str]) -> Iterator[Scenario]:
    """Yield what to run: pydicom's files, the crafted ones, then each folder."""
    crafted = crafted_files()
    corpora: dict[str, dict[str, bytes]] = {
        "crafted": crafted,
        "pydicom": pydicom_files(),
        **{folder.name: folder_files(folder) for folder in folders},
    }
    revisions = {**ROUTE_OPTIONS, "CheckRevisions": True}
    for name, asks, options in (
        ("routes", route_calls, ROUTE_OPTIONS),
        ("revisions", annotation_calls, revisions),
        ("ending", ending_calls, {"SaveJobs": False}),
    ):
        yield Scenario(name, route_files(), asks=asks, options=options)
    for name, files in corpora.items():
        yield Scenario(f"{name} read", files, asks=read_calls)
        if name != "crafted":  # pydicom has to read what comes back
            yield Scenario(f"{name} transcoded", files, asks=transcoding_calls)
        for way in ways:
            yield Scenario(
                f"{name} by {way}",
                _readable(files) if way in _BUNDLES else files,
                way,
                brief=way not in {"post", "store"},
                refused=refused_bodies()
                if (name, way) == ("crafted", "post")
                else None,
                deletes=way == "post",
            )


def _readable(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out the files that are refused: in a bundle they spoil the rest.

    That both servers refuse the same ones is seen where each comes alone.
    """
    return {name: content for name, content in files.items() if is_read(content)}


def run(scenario: Scenario, sides: list[Side]) -> Report:
    """Drive both servers through a scenario, and compare what they answered."""
    answers: list[Answers] = []
    for url, dicom in sides:
        empty(url)
        driven = drive(scenario, url, dicom)
        answers.append(_by_key(driven))
    left, right = answers
    report = Report()
    for key in left | right:
        call = (left.get(key) or right[key])[0]
        report.add(
            call,
            left[key][1] if key in left else None,
            right[key][1] if key in right else None,
        )
    return report


def _by_key(driven: Iterator[tuple[Call, Any]]) -> Answers:
    """Return answers by the keys of their calls; those made again have a number."""
    counts: Counter[str] = Counter()
    answers: Answers = {}
    for call, value in driven:
        counts[call.key] += 1
        answers[call.key, counts[call.key]] = (call, value)
    return answers


def walk(
    course: Course, commands: list[list[str]], seed: int, step_count: int, folder: Path
) -> Report:
    """Take both servers for a random walk, until they show that they have parted."""
    report = Report()
    with Walk(course, commands, folder, seed) as way:
        for step, call, left, right in way.answers(step_count):
            is_fine = report.add(call, left, right, f"step {step}: ")
            if is_overview(call) and not is_fine:
                break
    return report


def walks(arguments: argparse.Namespace) -> Iterator[tuple[str, Report]]:
    """Take the random walks that the command line asks for, if it can start servers."""
    if any(where.startswith("http") for where in (arguments.left, arguments.right)):
        return
    commands = [shlex.split(arguments.left), shlex.split(arguments.right)]
    for course in COURSES:
        if not arguments.only or arguments.only in course.name:
            seed, count = arguments.seed, arguments.steps
            name = f"{course.name} (--seed {seed} --steps {count})"
            with tempfile.TemporaryDirectory() as folder:
                yield name, walk(course, commands, seed, count, Path(folder))


def main() -> int:
    """Run the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for side in ("left", "right"):
        parser.add_argument(f"--{side}", required=True, metavar="WHERE")
        parser.add_argument(f"--{side}-dicom", metavar="HOST:PORT")
    parser.add_argument("--files", action="append", default=[], type=Path)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only", metavar="TEXT", help="scenarios with it in the name")
    seed = random.SystemRandom().randrange(10**6)
    parser.add_argument("--seed", type=int, default=seed, help="of random walks")
    parser.add_argument("--steps", type=int, default=STEPS_DEFAULT, help="of each walk")
    parser.add_argument("--verbose", action="store_true", help="list equal rows too")
    parser.add_argument("--json", type=Path, help="write the counts there")
    parser.add_argument(
        "--openapi", type=Path, help="list what of this description was not called"
    )
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        sides = _reach_both(stack, arguments, {})
        has_dicom = all(dicom is not None for _, dicom in sides)
        ways = [way for way in arguments.ways if way != "store" or has_dicom]
        return compare(sides, ways, arguments)


def compare(sides: list[Side], ways: list[str], arguments: argparse.Namespace) -> int:
    """Run every scenario on both sides, print the report, return the exit status."""
    total = Report()
    for scenario in scenarios(arguments.files, ways):
        if arguments.only and arguments.only not in scenario.name:
            continue
        with contextlib.ExitStack() as stack:
            options = scenario.options
            own = _reach_both(stack, arguments, options) if options else sides
            report = run(scenario, own)
        _add(total, report, scenario.name, arguments)
    for name, report in walks(arguments):
        _add(total, report, name, arguments)
    _print("== all", list(total.lines(verbose=False))[-1])
    if arguments.openapi:
        described = json.loads(arguments.openapi.read_text())
        _print("== not called", *not_called(described, total.calls))
    if arguments.json:
        rows = {" ".join(row): counts for row, counts in sorted(total.counts.items())}
        arguments.json.write_text(json.dumps(rows, indent=1))
    return 1 if total.different_count else 0


def _add(
    total: Report, report: Report, name: str, arguments: argparse.Namespace
) -> None:
    """Print a report, and add it to the sums."""
    _print(f"== {name}", *report.lines(verbose=arguments.verbose))
    for row, counts in report.counts.items():
        total.counts[row] += counts
    total.calls += report.calls


def _reach_both(
    stack: contextlib.ExitStack,
    arguments: argparse.Namespace,
    options: Mapping[str, Any],
) -> list[Side]:
    left, right = arguments.left, arguments.right
    return [
        _reach(stack, left, arguments.left_dicom, options),
        _reach(stack, right, arguments.right_dicom, options),
    ]


def _reach(
    stack: contextlib.ExitStack,
    where: str,
    dicom: str | None,
    options: Mapping[str, Any],
) -> Side:
    """Return how to reach a server, which is started first if it is a command.

    One that runs already should run with the same options.
    """
    if where.startswith("http"):
        host, _, port = (dicom or "").rpartition(":")
        return where.rstrip("/"), (host, int(port)) if port else None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = stack.enter_context(running_server(shlex.split(where), folder, **options))
    return server.url, ("127.0.0.1", server.dicom_port)


def _print(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
