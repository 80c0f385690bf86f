"""Looks for patient data in what servers tell while tests run.

When `SCAN` names a folder, the servers of `launching` work at trace level, and their
logs, metrics, traces and the errors that they answer are put into that folder. ``make
scan`` runs the suite so, and then this module, which fails if it finds a name, an id or
a date of a patient in any file of the folder, whatever put it there.
"""

import functools
import http.client
import io
import re
import shutil
import sys
import urllib.request
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pydicom

from corpora import pydicom_files

#: The variable of the environment that names the folder.
SCAN = "OBELISK_SCAN"

_TESTS = Path(__file__).resolve().parent
_METRICS = ("/metrics", "/tools/metrics-prometheus")
_LEAST_LENGTH = 4

_KEYWORDS = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientAddress"),
    *("OtherPatientIDs", "ReferringPhysicianName", "AccessionNumber"),
)

#: What `factories` gives to its patients.
_MADE = (
    *(r"Synthetic\^Person\d*", r"SYN\d+", r"ACC\d+-\d+"),
    *(r"Referrer\^Synthetic", "19700101", "20200102"),
)

#: Literals in tests, such as ``PatientName="Doe^Jane"``.
_LITERAL = re.compile(
    rf"""(?:{"|".join(_KEYWORDS)})["']?\s*[=:,]\s*["']([^"'\\\n]+)["']"""
)

#: A name of several parts, a name in other letters, an id with a number, or a date.
_TELLING = re.compile(r"\S\^\S|[^\x00-\x7F]{3}|[A-Z]{3,}-?\d|^(?:19|20)\d{6}$")


@functools.cache
def known_values() -> frozenset[str]:
    """Return the names, ids and dates of patients in tests and in files of pydicom."""
    found = set(_of_tests()) | set(_of_pydicom())
    bare = {value.strip("*?^ ") for value in found}
    return frozenset(value for value in bare if len(value) >= _LEAST_LENGTH)


def _of_tests() -> Iterator[str]:
    for path in _TESTS.rglob("*.py"):
        for literal in _LITERAL.findall(path.read_text("utf-8")):
            if _TELLING.search(literal):
                yield literal


def _of_pydicom() -> Iterator[str]:
    for content in pydicom_files().values():
        if content[128:132] != b"DICM":
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = list(_values_of(content))
        yield from filter(_TELLING.search, values)


def _values_of(content: bytes) -> Iterator[str]:
    dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
    for keyword in _KEYWORDS:
        with suppress(ValueError, LookupError, AttributeError):
            yield str(dataset.get(keyword, ""))


@functools.cache
def _pattern() -> re.Pattern[str]:
    words = [*_MADE, *map(re.escape, sorted(known_values(), key=len, reverse=True))]
    any_word = rf"(?<![0-9A-Za-z])(?:{'|'.join(words)})(?![0-9A-Za-z])"
    return re.compile(any_word, re.IGNORECASE)


def findings(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the numbers of lines that tell of patients, and what they tell."""
    for number, line in enumerate(lines, 1):
        for text in {line, unquote(line)}:
            found = _pattern().search(text)
            if found:
                yield number, f"{found[0]!r} in {line.strip()[:300]}"
                break


def collect(url: str, folder: Path, target: Path) -> None:
    """Keep what a server told: its logs, and its metrics if it still answers."""
    target.mkdir(parents=True, exist_ok=True)
    name = uuid.uuid4().hex
    for path in _METRICS:
        kept = target / f"{name}{path.replace('/', '-')}.txt"
        with (
            suppress(OSError, http.client.HTTPException),
            urllib.request.urlopen(url + path, timeout=5) as answer,
        ):
            kept.write_bytes(answer.read())
    for number, log in enumerate(sorted(folder.glob("*.log*"))):
        shutil.copyfile(log, target / f"{name}-{number}.log")


def keep_spans(body: bytes, target: Path) -> None:
    """Keep what a server told a collector of traces."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / "spans.txt").open("ab") as kept:
        kept.write(body + b"\n")


def without_echo(answer: bytes, request: str) -> str:
    """Return an answer without what the request said itself, unless in a file."""
    said = unquote(request).casefold()
    return _pattern().sub(
        lambda found: "(echo)" if found[0].casefold() in said else found[0],
        answer.decode(errors="replace"),
    )


def keep_errors(target: Path) -> None:
    """Keep the errors that servers answer to the clients of this process."""
    target.mkdir(parents=True, exist_ok=True)
    connection, response = http.client.HTTPConnection, http.client.HTTPResponse
    begin, send, answer, read = (
        *(connection.putrequest, connection.send, connection.getresponse),
        response.read,
    )

    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        self.said = url
        begin(self, method, url, *args, **kwargs)

    def sending(self: Any, data: Any) -> None:
        if isinstance(data, bytes) and b"DICM" not in data[:200]:
            self.said = f"{getattr(self, 'said', '')}\n{data.decode(errors='replace')}"
        send(self, data)

    def getresponse(self: Any) -> http.client.HTTPResponse:
        answered = answer(self)
        answered.said = self.said  # type: ignore[attr-defined]
        return answered

    def reading(self: Any, *args: Any) -> bytes:
        status, content = self.status, read(self, *args)
        if status >= http.HTTPStatus.BAD_REQUEST and content:
            with (target / "errors.txt").open("a", encoding="utf-8") as kept:
                kept.write(without_echo(content, getattr(self, "said", "")) + "\n")
        return content

    connection.putrequest = putrequest  # type: ignore[assignment]
    connection.send = sending  # type: ignore[method-assign]
    connection.getresponse = getresponse  # type: ignore[assignment]
    response.read = reading  # type: ignore[method-assign]


def scan(folder: Path) -> list[str]:
    """Return the lines of all files of a folder that tell of patients."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open(encoding="utf-8", errors="replace") as lines:
            told = findings(lines)
            found += [f"{path.name}:{number}: {text}" for number, text in told]
    return found


def main(folder: Path) -> int:
    """Tell what is found in a folder; return the exit status."""
    found = scan(folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(
        f"{len(files)} files, {size:,} bytes, {len(known_values())} values looked for, "
        f"{len(found)} lines found\n"
    )
    return 1 if found or not size else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
