import io
import json
import logging
import re
import threading

import pytest

from obelisk.telemetry import JSONFormatter, OrthancFormatter
from obelisk.telemetry.context import AddContext, context, new_id
from obelisk.telemetry.files import LogFile
from obelisk.telemetry.privacy import PRIVACY, format_exception


@pytest.fixture(params=[JSONFormatter, OrthancFormatter])
def lines(request):
    """A logger, and the function that returns what it wrote."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(request.param())
    handler.addFilter(AddContext())
    logger = logging.getLogger("obelisk.http.test")
    logger.addHandler(handler)
    yield logger, output.getvalue
    logger.removeHandler(handler)


def make_record(text="hello"):
    """Return a record of a log call."""
    return logging.LogRecord("obelisk.jobs", logging.INFO, "/x/a.py", 7, text, (), None)


def test_each_line_names_what_its_thread_works_for(lines):
    """And no longer than that."""
    logger, written = lines
    with context(association="7"), context(aet="CT 1\nE0101"):
        logger.warning("one")
    logger.warning("two")
    first, second = written().splitlines()

    assert "one" in first
    assert "association" in first
    assert "aet" in first
    assert "aet" not in second


def test_other_threads_name_nothing(lines):
    """A thread knows only what it works for itself."""
    logger, written = lines
    with context(request="7"):
        other = threading.Thread(target=logger.warning, args=("one",))
        other.start()
        other.join()

    assert "request" not in written()


def test_a_line_of_json_has_a_member_for_each_fact():
    """Time in UTC; the names of the context stand beside the others."""
    record = make_record()
    with context(job="7"):
        AddContext().filter(record)
    line = json.loads(JSONFormatter().format(record))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "category": "jobs",
        "thread": "MainThread",
        "place": "a.py:7",
        "message": "hello",
        "job": "7",
    }


def test_an_exception_is_named_but_its_text_is_not_told():
    """It may say what a file says; DeidentifyLogs decides."""
    cause = ValueError("SMITH^JOHN")
    error = KeyError("JOHN")
    error.__cause__ = cause
    text = format_exception((KeyError, error, None))

    assert "builtins.KeyError" in text
    assert "builtins.ValueError" in text
    assert "JOHN" not in text


def test_an_exception_is_told_in_full_if_so_configured(monkeypatch):
    """DeidentifyLogs is false."""
    monkeypatch.setattr(PRIVACY, "is_deidentifying", False)

    assert "SMITH" in format_exception((ValueError, ValueError("SMITH"), None))


def test_ids_differ():
    """Also from those of other runs."""
    assert len({new_id() for _ in range(100)}) == 100


def test_a_file_that_was_renamed_is_begun_anew(tmp_path):
    """As logrotate does."""
    path = tmp_path / "log"
    handler = LogFile(path)
    handler.emit(make_record("one"))
    path.rename(tmp_path / "old")
    handler.emit(make_record("two"))
    handler.close()

    assert (tmp_path / "old").read_text() == "one\n"
    assert path.read_text() == "two\n"


def test_a_large_file_is_rotated(tmp_path):
    """Five old ones are kept; another writer follows, and loses nothing."""
    path = tmp_path / "log"
    handlers = [LogFile(path, 100), LogFile(path, 100)]
    for number in range(200):
        handlers[number % 2].emit(make_record(f"line {number:04}"))
    for handler in handlers:
        handler.close()
    files = [tmp_path / f"log.{number}" for number in range(5, 0, -1)] + [path]
    found = "".join(file.read_text() for file in files if file.exists()).split("\n")

    assert sorted(file.name for file in tmp_path.iterdir() if file != path) == [
        f"log.{number}" for number in range(1, 6)
    ]
    assert found[-2] == "line 0199"
    numbers = [int(line.removeprefix("line ")) for line in found[:-1]]
    assert numbers == list(range(numbers[0], 200))
