import logging
import re
import sys

import pytest

from obelisk.errors import UnavailableError
from obelisk.telemetry import (
    CATEGORIES,
    LogSettings,
    OrthancFormatter,
    category_of,
    level_of,
    set_level,
    start_logging,
)


@pytest.fixture(autouse=True)
def _own_logging(monkeypatch):
    """Give each test a root logger without handlers, and restore levels after it."""
    root = logging.getLogger()
    levels = {
        name: logging.getLogger(name).level
        for name in [None, *logging.root.manager.loggerDict]
    }
    monkeypatch.setattr(root, "handlers", [])
    yield
    for handler in root.handlers:
        handler.close()
    logging.captureWarnings(capture=False)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def make_record(name="obelisk.app", level=logging.WARNING, thread="MainThread"):
    """Return a record of a log call."""
    record = logging.LogRecord(name, level, "/x/server.py", 7, "Hi %s", ("you",), None)
    record.threadName = thread
    return record


def test_a_line_has_the_shape_of_orthanc():
    """Letter, date, time, thread, place and text, in columns."""
    line = OrthancFormatter().format(make_record())

    assert re.fullmatch(
        r"W\d{4} \d\d:\d\d:\d\d\.\d{6}             MAIN server\.py:7\] Hi you", line
    )


@pytest.mark.parametrize(
    ("level", "letter"),
    [
        (logging.CRITICAL, "E"),
        (logging.ERROR, "E"),
        (logging.WARNING, "W"),
        (logging.INFO, "I"),
        (logging.DEBUG, "T"),
    ],
)
def test_the_first_letter_is_the_level(level, letter):
    """Trace is Orthanc's word for debugging."""
    assert OrthancFormatter().format(make_record(level=level))[0] == letter


def test_a_line_tells_thread_and_category():
    """The category stands in front of the text unless it is the generic one."""
    record = make_record("obelisk.scp.server", thread="dicom-3")

    assert "          DICOM-3 server.py:7] (dicom) Hi" in OrthancFormatter().format(
        record
    )


def test_thread_and_category_can_be_left_out():
    """As `--logs-no-thread` and `--logs-no-context` ask."""
    formatter = OrthancFormatter(with_thread=False, with_category=False)

    line = formatter.format(make_record("obelisk.scp.server"))

    assert re.fullmatch(r"W\d{4} \S+ server\.py:7\] Hi you", line)


def test_an_exception_is_told_with_its_stack():
    """Below the line."""
    record = make_record()
    try:
        int("SMITH")
    except ValueError:
        record.exc_info = sys.exc_info()

    lines = OrthancFormatter().format(record).splitlines()

    assert lines[1].startswith("Traceback")
    assert lines[-1] == "builtins.ValueError"


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("obelisk.rest.system", "http"),
        ("obelisk.index.sqlite", "sqlite"),
        ("obelisk.dimse", "dicom"),
        ("obelisk.services.ingest", "generic"),
        ("obelisk.http.server", "http"),
        ("pydicom", "generic"),
        ("obelisk.restaurant", "generic"),
    ],
)
def test_a_logger_belongs_to_a_category(name, category):
    """By the package that it is in."""
    assert category_of(name) == category


def test_only_warnings_are_logged_unless_told_otherwise(capsys):
    """They go to the standard error."""
    start_logging(LogSettings())

    logging.getLogger("obelisk.services").info("quiet")
    logging.getLogger("obelisk.services").warning("loud")

    error = capsys.readouterr().err
    assert "quiet" not in error
    assert "] loud\n" in error


def test_one_category_can_tell_more_than_the_others(capsys):
    """The generic level does not overrule it."""
    start_logging(LogSettings(levels={"dicom": logging.DEBUG}))

    logging.getLogger("obelisk.dimse.acceptor").debug("told")
    logging.getLogger("obelisk.rest").info("not told")

    error = capsys.readouterr().err
    assert "(dicom) told" in error
    assert "not told" not in error


def test_a_log_file_is_appended_to(tmp_path):
    """A second start does not lose the lines of the first."""
    for text in ("first", "second"):
        start_logging(LogSettings(file=tmp_path / "a.log"))
        logging.getLogger("obelisk").warning("%s", text)

    assert re.findall(r"\] (.*)", (tmp_path / "a.log").read_text()) == [
        "first",
        "second",
    ]


def test_a_log_folder_gets_a_new_file_and_a_link_to_it(tmp_path):
    """The folder is made when absent."""
    folder = tmp_path / "a" / "b"
    start_logging(LogSettings(directory=folder))

    logging.getLogger("obelisk").warning("here")

    (file,) = (one for one in folder.iterdir() if not one.is_symlink())
    assert re.fullmatch(r"Obelisk\.log\.\d{8}-\d{6}\.\d+", file.name)
    assert (folder / "Obelisk.log").read_text().endswith("] here\n")


def test_a_log_file_wins_over_a_log_folder(tmp_path):
    """The folder is left alone."""
    folder, file = tmp_path / "folder", tmp_path / "file"
    start_logging(LogSettings(directory=folder, file=file))

    logging.getLogger("obelisk").warning("here")

    assert file.read_text().endswith("] here\n")
    assert not folder.exists()


def test_a_log_file_that_cannot_be_opened_is_named(tmp_path):
    """The server must not start without its log."""
    with pytest.raises(UnavailableError, match="no/file"):
        start_logging(LogSettings(file=tmp_path / "no" / "file"))


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_level_that_is_set_can_be_told(category):
    """Also that of a category without a line to say."""
    set_level(category, logging.DEBUG)

    assert level_of(category) == logging.DEBUG
