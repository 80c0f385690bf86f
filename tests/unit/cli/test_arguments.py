import logging
from pathlib import Path

import pytest

from obelisk.cli.arguments import UsageError, log_settings, parse_arguments
from obelisk.telemetry import CATEGORIES

ALL_VERBOSE = dict.fromkeys(CATEGORIES, logging.INFO)


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        ([], {}),
        (["--verbose"], ALL_VERBOSE),
        (["--trace"], dict.fromkeys(CATEGORIES, logging.DEBUG)),
        (["--verbose-http"], {"http": logging.INFO}),
        (["--verbose", "--trace-dicom"], {**ALL_VERBOSE, "dicom": logging.DEBUG}),
        (["--trace-dicom", "--verbose"], ALL_VERBOSE),
        (
            ["--trace-dicom", "--verbose-sqlite"],
            {"dicom": logging.DEBUG, "sqlite": logging.INFO},
        ),
    ],
)
def test_levels_are_read_from_left_to_right(words, levels):
    """As in Orthanc, `--verbose` resets what stands before it."""
    assert log_settings(parse_arguments(words)).levels == levels


def test_the_places_of_the_log_are_read():
    """Folder, file, and what a line has."""
    settings = log_settings(
        parse_arguments(["--logdir=a", "--logfile=b", "--logs-no-thread"])
    )

    assert (settings.directory, settings.file) == (Path("a"), Path("b"))
    assert (settings.with_thread, settings.with_category) == (False, True)


@pytest.mark.parametrize(
    ("words", "command", "paths"),
    [
        ([], "serve", []),
        (["a.json", "b"], "serve", [Path("a.json"), Path("b")]),
        (["serve", "a.json"], "serve", [Path("a.json")]),
        (["check-config", "a.json"], "check-config", [Path("a.json")]),
        (["./serve"], "serve", [Path("serve")]),
        (["a.json", "serve"], "serve", [Path("a.json"), Path("serve")]),
    ],
)
def test_the_first_word_may_be_a_command(words, command, paths):
    """A file of that name needs `./` in front."""
    namespace = parse_arguments(words)

    assert (namespace.command, namespace.paths) == (command, paths)


def test_every_wrong_option_is_named():
    """Not only the first one."""
    with pytest.raises(UsageError, match=r"--verbosee.*\n.*--upgrad"):
        parse_arguments(["--verbosee", "--upgrad"])
