"""Recorded answers of Orthanc: what is recorded, and how it is kept.

Usage: ``python tests/golden/recording.py --peer COMMAND`` records all of it again, with
a command that starts Orthanc 1.13 when the path of a configuration file follows it. The
change is to be reviewed: `main` prints which answers differ from the recorded ones.
"""

import argparse
import gzip
import json
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpora import pydicom_files
from crafted import crafted_files, refused_bodies
from exchange import Call
from launching import running_server
from parity.differences import iter_differences
from parity.driving import Scenario, drive

_CHANGES_MAX = 50

ANSWERS = Path(__file__).parent / "answers"

#: Names of the recorded scenarios; see `make_scenario`.
NAMES = ("crafted", "crafted-gzip", "crafted-multipart", "crafted-zip", "pydicom")


def make_scenario(name: str) -> Scenario:
    """Return the scenario that was recorded under a name."""
    if name == "pydicom":
        return Scenario(name, pydicom_files(), deletes=True)
    _, _, way = name.partition("-")
    if way:
        return Scenario(name, crafted_files(), way, brief=True)
    return Scenario(name, crafted_files(), refused=refused_bodies(), deletes=True)


def save(name: str, answers: Iterable[tuple[str, Any]]) -> None:
    """Keep the answers of a scenario by their keys, equal bodies once."""
    table: dict[str, int] = {}

    def reference(value: Any) -> Any:
        if isinstance(value, list):
            return [reference(item) for item in value]
        return table.setdefault(json.dumps(value, sort_keys=True), len(table))

    rows = {
        key: [
            value["status"],
            reference(value.get("headers")),
            reference(value["body"]),
        ]
        for key, value in answers
    }
    values = [json.loads(text) for text in table]
    content = json.dumps({"rows": rows, "values": values}, separators=(",", ":"))
    path = ANSWERS / f"{name}.json.gz"
    path.write_bytes(gzip.compress(content.encode(), 9, mtime=0))


def load(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the recorded answers of a scenario by their keys, in order."""
    content = json.loads(gzip.decompress((ANSWERS / f"{name}.json.gz").read_bytes()))
    values = content["values"]

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(item) for item in node]
        return values[node]

    for key, (status, headers, body) in content["rows"].items():
        answer = {"status": status, "headers": resolve(headers), "body": resolve(body)}
        yield key, answer


def play(name: str, url: str) -> Iterator[tuple[Call, Any]]:
    """Yield the calls of a scenario with the answers of an empty server."""
    yield from drive(make_scenario(name), url)


def main() -> int:
    """Record every scenario again; print what changed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    parser.add_argument("names", nargs="*", default=NAMES)
    arguments = parser.parse_args()
    ANSWERS.mkdir(exist_ok=True)
    for name in arguments.names:
        path = ANSWERS / f"{name}.json.gz"
        before = dict(load(name)) if path.exists() else {}
        with (
            tempfile.TemporaryDirectory() as folder,
            running_server(shlex.split(arguments.peer), Path(folder)) as server,
        ):
            after = {call.key: value for call, value in play(name, server.url)}
        save(name, after.items())
        changed = [
            f"{key}: {line}\n"
            for key in before
            if (line := next(iter_differences(before[key], after.get(key)), None))
        ]
        sys.stdout.writelines(changed[:_CHANGES_MAX])
        sys.stdout.write(f"{name}: {len(after)} answers, {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
