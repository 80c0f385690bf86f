"""Reads the command line and the configuration, checks both, and runs the server."""

import argparse
import ctypes
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace

from obelisk import __version__, app
from obelisk.app.checking import check_config
from obelisk.cli.arguments import UsageError, log_settings, make_parser, parse_arguments
from obelisk.cli.healthcheck import check_health
from obelisk.cli.preflight import find_obstacles
from obelisk.config import Config, HTTPSection, default_file, effective, load_config
from obelisk.errors import ConfigError, ServerError, UnavailableError
from obelisk.rest.error_codes import ERROR_CODES
from obelisk.telemetry import start_logging
from obelisk.telemetry.privacy import PRIVACY

SUCCESS = 0
FAILURE = 1
WRONG_COMMAND_LINE = 2
WRONG_CONFIGURATION = 3
UNAVAILABLE = 4

_M_ARENA_MAX = -8

_log = logging.getLogger(__name__)


def _say(text: str) -> None:
    """Write to the standard output, or raise `UnavailableError`."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        # What is left would be written again, and fail again, at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UnavailableError(
            f"The output cannot be written: {error.strerror}."
        ) from error


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        _complain(f"Warning: {warning}")


def _write_default_configuration(name: str) -> int:
    if name == "-":
        _say(default_file().removesuffix("\n"))
        return SUCCESS
    try:
        with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(default_file())
    except OSError as error:
        _complain(f"The file {name} cannot be written: {error.strerror}.")
        return UNAVAILABLE
    return SUCCESS


def _say_error_codes() -> None:
    lines = (f"{code:>16}   {text}" for code, text in sorted(ERROR_CODES.items()))
    _say("\n".join(lines))


def _limit_malloc_arenas(count: int) -> None:
    """Let this process, and those it forks, have `count` memory pools.

    With one pool per thread, memory that large requests freed stays in dozens of
    pools. It has an effect with the GNU C library only.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if count and mallopt is not None:
        mallopt(_M_ARENA_MAX, count)


def _urls(http: HTTPSection) -> Iterator[str]:
    scheme = "https" if http.ssl_enabled else "http"
    for address in http.bind_addresses or ("localhost",):
        host = f"[{address}]" if ":" in address else address
        yield f"{scheme}://{host}:{http.port}/"


def _announce(config: Config) -> None:
    storage, http, dicom = config.storage, config.http, config.dicom
    _log.warning("Obelisk %s is starting", __version__)
    _log.warning("Storage directory: %s", storage.storage_directory.resolve())
    _log.warning("Index directory: %s", storage.effective_index_directory.resolve())
    if http.enabled:
        _log.warning(
            "HTTP server: %s (remote access %s, authentication %s)",
            ", ".join(_urls(http)),
            "allowed" if http.remote_access_allowed else "not allowed",
            "required" if http.authentication_required else "not required",
        )
    if dicom.enabled:
        _log.warning("DICOM server: AET %s on port %d", dicom.ae_title, dicom.port)


def _serve(config: Config, warnings: Sequence[str], options: argparse.Namespace) -> int:
    start_logging(log_settings(options))
    for warning in warnings:
        _log.warning("Configuration: %s", warning)
    obstacles = find_obstacles(config)
    for obstacle in obstacles:
        _log.error("%s", obstacle)
    if obstacles:
        return UNAVAILABLE
    _prepare(config)
    return app.run(config, lambda: _read_again(options), _prepare)


def _prepare(config: Config) -> None:
    """Set up this process, and those it forks, for a configuration."""
    _limit_malloc_arenas(config.system.malloc_arena_max)
    temporary = config.system.temporary_directory
    tempfile.tempdir = None if temporary is None else str(temporary)
    PRIVACY.is_deidentifying = config.monitoring.deidentify_logs
    _announce(config)


def _read_again(options: argparse.Namespace) -> Config:
    """Return the configuration as it is now, or raise `ConfigError`."""
    config, warnings = load_config(options.paths, os.environ, check_config)
    for warning in warnings:
        _log.warning("Configuration: %s", warning)
    return config


def _check_config(config: Config, warnings: Sequence[str]) -> int:
    _warn(warnings)
    _say(effective(config))
    return SUCCESS


def _check_health(config: Config) -> int:
    is_ready, answer = check_health(config)
    _say(answer)
    return SUCCESS if is_ready else FAILURE


def _tells(options: argparse.Namespace) -> bool:
    """Tell what needs no configuration; return whether that was wanted."""
    if options.help:
        _say(make_parser().format_help().removesuffix("\n"))
    elif options.version:
        _say(f"obelisk {__version__}, compatible with Orthanc 1.13.0")
    elif options.errors:
        _say_error_codes()
    else:
        return False
    return True


def _run(options: argparse.Namespace) -> int:
    if _tells(options):
        return SUCCESS
    if options.config is not None:
        return _write_default_configuration(options.config)
    config, warnings = load_config(options.paths, os.environ, check_config)
    if options.command == "check-config":
        return _check_config(config, warnings)
    if options.command == "healthcheck":
        return _check_health(config)
    if options.no_jobs:
        config = replace(config, jobs=replace(config.jobs, is_resuming=False))
    return _serve(config, warnings, options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command `obelisk` and return its exit status.

    Parameters
    ----------
    arguments
        The words after the command; those of this process unless given.
    """
    try:
        return _run(parse_arguments(sys.argv[1:] if arguments is None else arguments))
    except UsageError as error:
        _complain(f"{error}")
        return WRONG_COMMAND_LINE
    except ConfigError as error:
        _complain("The server does not start, as its configuration is wrong:")
        for problem in error.problems:
            _complain(f"- {problem}")
        _warn(error.warnings)
        return WRONG_CONFIGURATION
    except UnavailableError as error:
        _complain(error.message)
        return UNAVAILABLE
    except ServerError as error:
        _complain(error.message)
        return FAILURE
