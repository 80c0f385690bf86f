"""Files and environment → `Config`, with every problem at once."""

import difflib
import ipaddress
import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from obelisk.config.catalogue import PLUGIN_SECTIONS, PROTECTIVE, UNSUPPORTED
from obelisk.config.choices import OverwriteMode
from obelisk.config.options import KEY, Option
from obelisk.config.peers import peer_warnings, proxy_problems
from obelisk.config.sections import (
    Config,
    DICOMSection,
    HTTPSection,
)
from obelisk.config.text import parse_object
from obelisk.config.values import (
    CONVERTERS,
    InvalidMembersError,
    InvalidValueError,
    describe,
    is_unicode,
    modality_warnings,
)
from obelisk.errors import ConfigError

ENVIRONMENT_PREFIXES = ("ORTHANC__", "OBELISK__")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredOption:
    """One option, as its field declares it."""

    section: str
    """The field of `Config` that holds the section."""

    field: Field[Any]
    """The field of the section."""

    facts: Option
    """Its name and its limits."""

    type: Any
    """The type of its value, without `None`."""

    optional: bool
    """Whether `None` stands for a default that depends on other things."""


def declared_options() -> Iterator[DeclaredOption]:
    """Yield every option that has an effect, in the order of the sections."""
    for section, section_type in get_type_hints(Config).items():
        hints = get_type_hints(section_type)
        for one in fields(section_type):
            if KEY not in one.metadata:
                continue  # of the command line
            kind = hints[one.name]
            optional = get_origin(kind) in (Union, types.UnionType)
            if optional:
                (kind,) = (arg for arg in get_args(kind) if arg is not type(None))
            yield DeclaredOption(
                section=section,
                field=one,
                facts=one.metadata[KEY],
                type=kind,
                optional=optional,
            )


@dataclass(slots=True)
class _Reading:
    """What was read so far, and what was wrong with it."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, name: str, value: object, origin: str) -> None:
        self.values[name] = value
        self.origins[name] = origin


def configuration_files(path: Path) -> list[Path]:
    """Return the files that a path stands for: itself, or the JSON files in it."""
    if not path.is_dir():
        return [path]
    return sorted(
        one for one in path.iterdir() if one.suffix.lower() == ".json" and one.is_file()
    )


def _read_files(
    paths: Iterable[Path], environ: Mapping[str, str], reading: _Reading
) -> None:
    files = [file for path in paths for file in configuration_files(path)]
    for path in files:
        try:
            content = parse_object(path.read_text(encoding="utf-8-sig"), environ)
        except OSError as error:
            reading.problems.append(f"{path}: cannot be read: {error.strerror}")
            continue
        except UnicodeDecodeError as error:
            reading.problems.append(f"{path}: not UTF-8 at byte {error.start}")
            continue
        except ConfigError as error:
            reading.problems += [f"{path}: {problem}" for problem in error.problems]
            continue
        for name, value in content.items():
            if name in reading.values:
                reading.problems.append(
                    f'"{name}" is set in two files: {reading.origins[name]} and {path}'
                )
            reading.take(name, value, str(path))


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _environment_value(text: str, kind: object) -> object:
    if kind in (str, Path, OverwriteMode) and text not in ("true", "false"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_environment(environ: Mapping[str, str], reading: _Reading) -> None:
    kinds = {one.facts.name: one.type for one in declared_options()}
    names = {_folded(name): name for name in (*kinds, *UNSUPPORTED, *PLUGIN_SECTIONS)}
    for variable, text in sorted(environ.items()):
        prefix = next(
            (one for one in ENVIRONMENT_PREFIXES if variable.startswith(one)), ""
        )
        if not prefix:
            continue
        first, *rest = variable.removeprefix(prefix).split("__")
        name = names.get(_folded(first)) or "".join(
            word.capitalize() for word in first.split("_")
        )
        if not rest:
            reading.take(name, _environment_value(text, kinds.get(name)), variable)
        elif name in kinds:
            reading.problems.append(
                f'{variable}: give all of "{name}" as JSON in {prefix}{first}'
            )
        else:
            reading.take(name, {}, variable)


def _given_value(one: DeclaredOption, reading: _Reading) -> Any:
    facts = one.facts
    given = [name for name in (facts.name, facts.alias) if name in reading.values]
    if not given:
        return MISSING
    name = given[0]
    raw, origin = reading.values[name], reading.origins[name]
    if len(given) == 2:
        reading.problems.append(f'"{given[1]}" is another name of "{name}": give one')
    if one.optional and (raw is None or (raw == "" and one.type is Path)):
        return None
    if not is_unicode(raw):
        reading.problems.append(f'{origin}: "{name}" must be valid Unicode')
        return MISSING
    try:
        return CONVERTERS[one.type](raw, facts)
    except InvalidMembersError as error:
        reading.problems += [f"{origin}: {sentence}" for sentence in error.args]
    except InvalidValueError as error:
        shown = "" if facts.secret else f", not {describe(raw)}"
        reading.problems.append(f'{origin}: "{name}" must be {error}{shown}')
    return MISSING


def _convert(
    declared: Sequence[DeclaredOption], reading: _Reading, base: Path
) -> dict[str, dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {one.section: {} for one in declared}
    for one in declared:
        value = _given_value(one, reading)
        if value is MISSING:
            value = one.field.default
        if isinstance(value, Path):
            value = base / value
        if value is not MISSING:
            sections[one.section][one.field.name] = value
    return sections


def _notice_the_rest(declared: Sequence[DeclaredOption], reading: _Reading) -> None:
    names = {one.facts.name for one in declared}
    names |= {one.facts.alias for one in declared if one.facts.alias}
    at_default = []
    for name, value in reading.values.items():
        if name in names:
            continue
        origin = reading.origins[name]
        if name in PROTECTIVE and value is not False:
            reading.problems.append(
                f'{origin}: "{name}" is not supported yet, and starting without its '
                "protection would be wrong; remove it if you can do without"
            )
        elif name in UNSUPPORTED and value == UNSUPPORTED[name]:
            at_default.append(name)
        elif name in UNSUPPORTED:
            reading.warnings.append(
                f'{origin}: option "{name}" of Orthanc is not supported yet and has no '
                "effect"
            )
        elif name in PLUGIN_SECTIONS:
            reading.warnings.append(
                f'{origin}: "{name}" belongs to a plugin of Orthanc and has no effect'
            )
        else:
            reading.warnings.append(f"{origin}: {_unknown(name, names)}")
    if at_default:
        reading.warnings.append(
            "options of Orthanc that are not supported yet, all at Orthanc's default: "
            + ", ".join(sorted(at_default))
        )
    reading.warnings.extend(modality_warnings(reading.values.get("DicomModalities")))
    reading.warnings.extend(peer_warnings(reading.values))


def _unknown(name: str, names: Iterable[str]) -> str:
    known = {_folded(one): one for one in (*names, *UNSUPPORTED, *PLUGIN_SECTIONS)}
    close = difflib.get_close_matches(_folded(name), known, n=1)
    hint = f'; did you mean "{known[close[0]]}"?' if close else ""
    return f'unknown option "{name}" has no effect{hint}'


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _check_access(http: HTTPSection, reading: _Reading) -> None:
    if http.authentication_required and "RegisteredUsers" not in reading.values:
        if http.remote_access_allowed:
            reading.problems.append(
                '"RemoteAccessAllowed" asks for authentication, but no user is '
                'declared: give "RegisteredUsers", or set "AuthenticationEnabled" to '
                "false"
            )
        else:
            reading.warnings.append(
                '"AuthenticationEnabled" is true, but "RegisteredUsers" is not given: '
                "nobody can log in"
            )
    if http.remote_access_allowed and not http.authentication_required:
        reading.warnings.append(
            '"RemoteAccessAllowed" is true without authentication: everybody who '
            "reaches the HTTP port can read and delete all data"
        )
    if http.has_well_known_user:
        reading.warnings.append(
            '"RegisteredUsers" holds a user whose password everybody may know: '
            "choose another one"
        )


def _check_listening(http: HTTPSection, dicom: DICOMSection, reading: _Reading) -> None:
    for address in http.bind_addresses:
        if not _is_ip_address(address):
            reading.problems.append(
                f'"HttpBindAddresses" must hold IP addresses, not {describe(address)}'
            )
    if http.ssl_enabled and http.ssl_minimum_protocol_version < 4:
        reading.warnings.append(
            '"SslMinimumProtocolVersion" below 4 means 4: TLS 1.2 is the oldest '
            "protocol on offer"
        )
    if http.enabled and dicom.enabled and http.port == dicom.port:
        reading.problems.append(
            f'"HttpPort" and "DicomPort" are both {http.port}; they must differ'
        )


def _check_tracing(endpoint: str | None, reading: _Reading) -> None:
    if endpoint is None:
        return
    try:
        parts = urlsplit(endpoint)
        is_right = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.username or parts.password or parts.query or parts.fragment)
            and endpoint.isascii()
            and endpoint.isprintable()
            and " " not in endpoint
        )
    except ValueError:
        is_right = False
    if not is_right:
        reading.problems.append(
            '"OpenTelemetryEndpoint" must be a URL such as "http://localhost:4318", '
            "without user and query"
        )


def _check_together(config: Config, reading: _Reading) -> None:
    if config.scripts.execution_enabled:
        reading.warnings.append(
            '"ExecuteLuaEnabled" is true: clients can read and write files and start '
            "programs on this machine"
        )
    reading.problems += proxy_problems(config.peers.proxy)
    _check_tracing(config.monitoring.trace_endpoint, reading)
    _check_access(config.http, reading)
    _check_listening(config.http, config.dicom, reading)
    storage = config.storage
    is_conditional = storage.overwrite_instances is OverwriteMode.IF_CHANGED
    if is_conditional and not storage.store_md5:
        reading.problems.append(
            '"OverwriteInstances" "IfChanged" needs "StoreMD5ForAttachments"'
        )
    if config.annotations.check_revisions and not storage.store_md5:
        reading.problems.append('"CheckRevisions" needs "StoreMD5ForAttachments"')


def load_config(
    paths: Sequence[Path],
    environ: Mapping[str, str],
    check: Callable[[Config], object] | None = None,
) -> tuple[Config, list[str]]:
    """Return the configuration that files and environment describe.

    Parameters
    ----------
    paths
        Files, and folders whose `*.json` files count (not those deeper inside). Each
        option may stand in one file only.
    environ
        Values for `${NAME}` in the files, and options as `ORTHANC__DICOM_AET` or
        `OBELISK__DICOM_AET`, which win over the files.
    check
        Raises `ConfigError` if it finds more problems.

    Returns
    -------
    Config
        Relative paths in it start at the folder of the first of `paths`, or at the
        current folder if there is none.
    list of str
        What was said and has no effect, one sentence each.

    Raises
    ------
    ConfigError
        If anything is wrong; it lists every problem, and what has no effect.
    """
    reading = _Reading()
    declared = list(declared_options())
    base = Path()
    if paths:
        base = paths[0] if paths[0].is_dir() else paths[0].parent
    _read_files(paths, environ, reading)
    _read_environment(environ, reading)
    _notice_the_rest(declared, reading)
    sections = _convert(declared, reading, base)
    if sections["scripts"]["execution_enabled"]:
        sections["scripts"]["configuration"] = dict(reading.values)
    types_by_section = get_type_hints(Config)
    config = Config(
        **{name: types_by_section[name](**values) for name, values in sections.items()}
    )
    _check_together(config, reading)
    if check is not None:
        try:
            check(config)
        except ConfigError as error:
            reading.problems += error.problems
    if reading.problems:
        raise ConfigError(reading.problems, reading.warnings)
    return config, reading.warnings
