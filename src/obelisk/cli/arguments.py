"""The command line: Orthanc's options, and some words of our own."""

import argparse
import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from obelisk.telemetry import CATEGORIES, LogSettings

COMMANDS = ("serve", "check-config", "healthcheck")

_DESCRIPTION = """\
A lightweight RESTful DICOM server, drop-in compatible with Orthanc.

  serve         run the server (also without this word)
  check-config  print the effective configuration, without secrets, and exit
  healthcheck   ask the running server whether it can do its work; 0 if it can

A CONFIG is a JSON file, or a folder whose JSON files count together. Without
any, the default options hold."""

_EPILOG = """\
Options for the log are read from left to right: --verbose and --trace reset
what stands before them. --verbose-CATEGORY and --trace-CATEGORY change one
category: generic, plugins, http, sqlite, dicom, jobs or lua. There is nothing
to tell about plugins yet.

exit status: 0 success, 1 failure while running, 2 wrong command line,
3 wrong configuration, 4 something that the server needs is not available."""

_UNSUPPORTED = {
    "--advanced-config": "--config writes all options",
    "--openapi": "",
    "--cheatsheet": "",
    "--logs-thread-names-in-context": "",
}


class UsageError(Exception):
    """The command line is wrong; the message says what to do."""


class CommandLineParser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise the message."""
        raise UsageError(message)

    def option_names(self) -> list[str]:
        """Return every option that is understood."""
        return [name for action in self._actions for name in action.option_strings]


class _LogLevel(argparse.Action):
    """Collects the options for levels in the order in which they stand."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse passes it by this name
        super().__init__(option_strings, dest, nargs=0, default={}, help=help)

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        _values: object,
        option_string: str | None = None,
    ) -> None:
        verbosity, _, category = (option_string or "").lstrip("-").partition("-")
        level = logging.INFO if verbosity == "verbose" else logging.DEBUG
        levels = namespace.levels if category else {}
        changed = dict.fromkeys([category] if category else CATEGORIES, level)
        namespace.levels = {**levels, **changed}


def make_parser() -> CommandLineParser:
    """Return the parser of the command line."""
    parser = CommandLineParser(
        prog="obelisk",
        usage="obelisk [serve | check-config | healthcheck] [OPTION]... [CONFIG]...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
            prog, max_help_position=26, width=80
        ),
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="CONFIG", help=argparse.SUPPRESS)
    add("--help", action="store_true", help="display this help and exit")
    add("--version", action="store_true", help="display the version and exit")
    add("--config", metavar="FILE", help="write a default configuration and exit")
    add("--errors", action="store_true", help="display the error codes and exit")
    add(
        "--upgrade",
        action="store_true",
        help="as in Orthanc; has no effect, as an older index is always upgraded",
    )
    add(
        "--no-jobs",
        action="store_true",
        help="pause the jobs of the last run; POST /jobs/{id}/resume lets one go on",
    )
    _add_log_options(parser)
    return parser


def _add_log_options(parser: CommandLineParser) -> None:
    add = parser.add_argument
    add("--logdir", metavar="DIR", type=Path, help="log to a new file in this folder")
    add("--logfile", metavar="FILE", type=Path, help="append the log to this file")
    add(
        "--logfilesize",
        metavar="MB",
        type=int,
        default=0,
        help="begin a new log file when one is so large; five old ones are kept",
    )
    add(
        "--logformat",
        choices=("text", "json"),
        default="text",
        help="write lines as Orthanc does (text), or as JSON objects (json)",
    )
    add("--logs-no-thread", action="store_true", help="leave thread names out")
    add("--logs-no-context", action="store_true", help="leave categories out")
    add("--verbose", action=_LogLevel, dest="levels", help="tell what happens")
    add("--trace", action=_LogLevel, dest="levels", help="tell even more")
    for category in CATEGORIES:
        for option in (f"--verbose-{category}", f"--trace-{category}"):
            add(option, action=_LogLevel, dest="levels", help=argparse.SUPPRESS)


def _suggest(unknown: str, known: Sequence[str]) -> str:
    name = unknown.partition("=")[0]
    if name in _UNSUPPORTED:
        hint = _UNSUPPORTED[name]
        text = f"Option {name} of Orthanc is not supported yet"
        return f"{text}: {hint}" if hint else text
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "See obelisk --help."
    return f"There is no option {name}. {hint}"


def _check_words(words: Sequence[str]) -> None:
    """Refuse what looks like a mistake: the name of nothing, a command misspelt."""
    if "" in words:
        raise UsageError("The name of a configuration file is empty")
    for word in words[:1]:
        path = Path(word)
        if word in COMMANDS or path.name != word or path.exists():
            continue
        close = difflib.get_close_matches(word, COMMANDS, n=1)
        if close:
            raise UsageError(
                f"There is no command and no file {word}. Did you mean {close[0]}?"
            )


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options, with `command` and `paths` for the words among them.

    Raises
    ------
    UsageError
        If something is wrong; the message says what to do.
    """
    parser = make_parser()
    namespace, unknown = parser.parse_known_intermixed_args(list(arguments))
    if unknown:
        raise UsageError(
            "\n".join(_suggest(one, parser.option_names()) for one in unknown)
        )
    if namespace.logfilesize < 0:
        raise UsageError("--logfilesize must be 0 (no limit) or a number of MB")
    words = list(namespace.words)
    namespace.command = words.pop(0) if words and words[0] in COMMANDS else "serve"
    _check_words(words)
    namespace.paths = [Path(word) for word in words]
    return namespace


def log_settings(namespace: argparse.Namespace) -> LogSettings:
    """Return what the command line says about the log."""
    return LogSettings(
        levels=namespace.levels,
        directory=namespace.logdir,
        file=namespace.logfile,
        with_thread=not namespace.logs_no_thread,
        with_category=not namespace.logs_no_context,
        is_json=namespace.logformat == "json",
        size_max=namespace.logfilesize * 1_048_576,
    )
