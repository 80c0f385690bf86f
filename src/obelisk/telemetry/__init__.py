"""What the server says about itself: log lines in Orthanc's shape, by category."""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from obelisk.errors import UnavailableError
from obelisk.telemetry.context import AddContext, context_of
from obelisk.telemetry.files import LogFile
from obelisk.telemetry.privacy import format_exception

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "generic": ("obelisk",),
    "plugins": ("obelisk.plugins", "obelisk.hooks"),
    "http": ("obelisk.rest", "obelisk.http"),
    "sqlite": ("obelisk.index",),
    "dicom": ("obelisk.scp", "obelisk.dimse"),
    "jobs": ("obelisk.jobs", "obelisk.job_types"),
    "lua": ("obelisk.lua",),
}
"""The categories of Orthanc's command line, and the loggers in each."""

_LETTERS = {
    logging.CRITICAL: "E",
    logging.ERROR: "E",
    logging.WARNING: "W",
    logging.INFO: "I",
    logging.DEBUG: "T",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Where log lines go, and which ones."""

    levels: Mapping[str, int] = field(default_factory=dict)
    """The least `logging` level per category; warnings unless given."""

    directory: Path | None = None
    """A folder in which a log file with a new name is opened; `file` wins."""

    file: Path | None = None
    """A file to which lines are appended."""

    with_thread: bool = True
    """Whether a line tells the name of the thread."""

    with_category: bool = True
    """Whether a line tells its category."""

    is_json: bool = False
    """Whether a line is a JSON object."""

    size_max: int = 0
    """How large a file may be, in bytes, before a new one is begun; 0 for no limit."""


class LineCounter(logging.Filter):
    """Counts the lines by how grave they are, and lets all through."""

    def __init__(self) -> None:
        super().__init__()
        #: How many lines there were, by the name of their level.
        self.counts = dict.fromkeys(("error", "warning", "info", "debug"), 0)

    def filter(self, record: logging.LogRecord) -> bool:
        """Count a line; the handler that calls this holds its lock."""
        level = record.levelname.lower()
        self.counts["error" if level == "critical" else level] += 1
        return True


#: The lines of this process.
LINES = LineCounter()


class OrthancFormatter(logging.Formatter):
    """Makes lines such as ``I0704 10:15:22.123456 MAIN file.py:7] (http) message``."""

    def __init__(self, *, with_thread: bool = True, with_category: bool = True) -> None:
        super().__init__()
        self._with_thread = with_thread
        self._with_category = with_category

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of one record, the stack of an exception included."""
        moment = datetime.fromtimestamp(record.created).astimezone()
        head = f"{_LETTERS.get(record.levelno, 'I')}{moment:%m%d %H:%M:%S.%f}"
        if self._with_thread:
            thread = (record.threadName or "").upper()
            head += f" {'MAIN' if thread == 'MAINTHREAD' else thread:>16}"
        category = category_of(record.name)
        mark = "" if category == "generic" or not self._with_category else category
        text = f"({mark}) {record.getMessage()}" if mark else record.getMessage()
        line = f"{head} {record.filename}:{record.lineno}] {text}{_suffix(record)}"
        if record.exc_info:
            line += f"\n{format_exception(record.exc_info)}"
        return line


def _suffix(record: logging.LogRecord) -> str:
    """Return what the thread works for, so that it cannot look like another line."""
    words = [f"{key}={_plain(value)}" for key, value in context_of(record).items()]
    return f" [{' '.join(words)}]" if words else ""


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() and one != " " else "_" for one in text)


class JSONFormatter(logging.Formatter):
    """Makes one JSON object of each record, with the time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of one record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "category": category_of(record.name),
            "thread": record.threadName,
            "place": f"{record.filename}:{record.lineno}",
            "message": record.getMessage(),
            **context_of(record),
        }
        if record.exc_info:
            line["exception"] = format_exception(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def category_of(logger_name: str) -> str:
    """Return the category of a logger: that of its closest ancestor."""
    fitting = [
        (len(prefix), category)
        for category, prefixes in CATEGORIES.items()
        for prefix in prefixes
        if logger_name == prefix or logger_name.startswith(f"{prefix}.")
    ]
    return max(fitting, default=(0, "generic"))[1]


def set_level(category: str, level: int) -> None:
    """Let a category say what is at least as grave as `level`."""
    for name in CATEGORIES[category]:
        logging.getLogger(name).setLevel(level)


def level_of(category: str) -> int:
    """Return the least `logging` level that a category says."""
    return logging.getLogger(CATEGORIES[category][0]).getEffectiveLevel()


def _open_handler(settings: LogSettings) -> logging.Handler:
    path = settings.file
    try:
        if path is None and settings.directory is not None:
            settings.directory.mkdir(parents=True, exist_ok=True)
            moment = time.strftime("%Y%m%d-%H%M%S")
            path = settings.directory / f"Obelisk.log.{moment}.{os.getpid()}"
            latest = settings.directory / "Obelisk.log"
            latest.unlink(missing_ok=True)
            latest.symlink_to(path.name)
        if path is not None:
            return LogFile(path, settings.size_max)
    except OSError as error:
        raise UnavailableError(
            f"The log file {path or settings.directory} cannot be opened: "
            f"{error.strerror}"
        ) from error
    return logging.StreamHandler(sys.stderr)


def start_logging(settings: LogSettings) -> None:
    """Send the log lines of this process, and of those it forks, where they belong.

    Raises
    ------
    UnavailableError
        If the log file cannot be opened.
    """
    handler = _open_handler(settings)
    text = OrthancFormatter(
        with_thread=settings.with_thread, with_category=settings.with_category
    )
    handler.setFormatter(JSONFormatter() if settings.is_json else text)
    handler.addFilter(LINES)
    handler.addFilter(AddContext())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    for category in CATEGORIES:
        set_level(category, settings.levels.get(category, logging.WARNING))
