"""Values of a JSON configuration → values of fields, or the reason why not."""

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from obelisk.config.annotations import UserContent
from obelisk.config.archives import ZipCompression
from obelisk.config.catalogue import MODALITY_OPTIONS
from obelisk.config.choices import (
    DefaultEncoding,
    OverwriteMode,
    StorageAccess,
    StorageMode,
)
from obelisk.config.dictionaries import DictionaryEntry
from obelisk.config.options import Option
from obelisk.config.peers import NAME, Peer, read_peers
from obelisk.config.sections import Modality

# PS3.5 Section 6.2: the character repertoire of an application entity title
_NAME = re.compile(r"[ -\[\]-~]+")

INTEGER_MAX = 2**31 - 1
"""The greatest number that an option without a limit of its own may have."""

_USER_NUMBER = Option(name="number", minimum=1024, maximum=65535)
_COUNT = Option(name="number of values", minimum=0)
_DICTIONARY_TAG = re.compile("([0-9a-fA-F]{4})[,-]?([0-9a-fA-F]{1,4})")
_VR_NAMES = """
AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL
UN UR US UT UV
"""

#: The VRs of PS3.5 Section 6.2.
VRS = frozenset(_VR_NAMES.split())
_MEDIA_TYPE = Option(name="media type", length_max=255)


class InvalidValueError(ValueError):
    """A value does not fit its option; the message completes "must be"."""


class InvalidMembersError(ValueError):
    """Some members of a value are wrong; each argument is one sentence about one."""


def describe(value: object) -> str:
    """Return a value as JSON on one short line, for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def is_unicode(value: object) -> bool:
    """Return whether all texts of a JSON value can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def to_boolean(value: object, _facts: Option) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise InvalidValueError("true or false")
    return value


def to_integer(value: object, facts: Option) -> int:
    """Return a whole number inside the limits of the option."""
    low = -INTEGER_MAX if facts.minimum is None else facts.minimum
    high = INTEGER_MAX if facts.maximum is None else facts.maximum
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, int) or not is_number or not low <= value <= high:
        unit = f" ({facts.unit})" if facts.unit else ""
        raise InvalidValueError(f"a whole number from {low} to {high}{unit}")
    return value


def to_text(value: object, facts: Option) -> str:
    """Return a text."""
    length_max = facts.length_max
    if not isinstance(value, str):
        raise InvalidValueError("a text in quotes")
    if length_max is not None and not (
        value.strip() and len(value) <= length_max and _NAME.fullmatch(value)
    ):
        raise InvalidValueError(
            f"a text of 1 to {length_max} ASCII characters without backslash"
        )
    return value


def to_path(value: object, _facts: Option) -> Path:
    """Return a path."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidValueError("a path in quotes")
    return Path(value)


def to_texts(value: object, _facts: Option) -> tuple[str, ...]:
    """Return a list of texts; Orthanc takes one text for a list of one."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidValueError("a list of texts in quotes")
    return tuple(value)


def to_overwrite_mode(value: object, _facts: Option) -> OverwriteMode:
    """Return the mode that a name or a truth value stands for."""
    if isinstance(value, bool):
        return OverwriteMode.ALWAYS if value else OverwriteMode.NEVER
    if value not in [mode.value for mode in OverwriteMode]:
        raise InvalidValueError('"Never", "Always" or "IfChanged"')
    return OverwriteMode(value)


def to_storage_access(value: object, _facts: Option) -> StorageAccess:
    """Return what a name stands for."""
    if value not in [one.value for one in StorageAccess]:
        raise InvalidValueError('"Always", "Answers" or "Never"')
    return StorageAccess(value)


def to_storage_mode(value: object, _facts: Option) -> StorageMode:
    """Return what a name stands for."""
    if value not in [one.value for one in StorageMode]:
        raise InvalidValueError('"Recycle" or "Reject"')
    return StorageMode(value)


def to_zip_compression(value: object, _facts: Option) -> ZipCompression:
    """Return what a name stands for."""
    if value not in [one.value for one in ZipCompression]:
        raise InvalidValueError('"Store" or "Deflate"')
    return ZipCompression(value)


def to_encoding(value: object, _facts: Option) -> DefaultEncoding:
    """Return the encoding of a name, whose case does not matter."""
    by_name = {one.value.lower(): one for one in DefaultEncoding}
    if not isinstance(value, str) or value.lower() not in by_name:
        names = ", ".join(f'"{one.value}"' for one in DefaultEncoding)
        raise InvalidValueError(f"one of {names}")
    return by_name[value.lower()]


def to_users(value: object, _facts: Option) -> dict[str, str]:
    """Return passwords by user."""
    if not isinstance(value, dict) or not all(
        isinstance(password, str) for password in value.values()
    ):
        raise InvalidValueError(
            'an object of names and passwords in quotes: {"a": "b"}'
        )
    if any(not name or ":" in name for name in value):
        raise InvalidValueError("names without colon, since HTTP Basic divides there")
    return dict(value)


def to_text_lists(value: object, _facts: Option) -> dict[str, tuple[str, ...]]:
    """Return lists of texts by name."""
    if not isinstance(value, dict):
        raise InvalidValueError('an object of names and lists: {"a": ["b"]}')
    for name, texts in value.items():
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise InvalidValueError(
                f'an object, whose "{name}" is a list of texts in quotes'
            )
    return {name: tuple(texts) for name, texts in value.items()}


def to_numbers(value: object, _facts: Option) -> dict[str, int]:
    """Return user-defined numbers by name."""
    return {name: one.number for name, one in _user_contents(value).items()}


def to_user_contents(value: object, _facts: Option) -> dict[str, UserContent]:
    """Return user-defined content types by name."""
    return _user_contents(value, allows_media_type=True)


def _user_contents(
    value: object, *, allows_media_type: bool = False
) -> dict[str, UserContent]:
    if not isinstance(value, dict):
        raise InvalidValueError('an object of names and numbers: {"a": 1024}')
    made = {}
    for name, one in value.items():
        if not name or "/" in name or name.lstrip("-").isdigit():
            raise InvalidValueError("names without slash that are no numbers")
        number, media_type = one, UserContent(number=0).media_type
        if allows_media_type and isinstance(one, list) and len(one) == 2:
            number, media_type = one
        try:
            made[name] = UserContent(
                number=to_integer(number, _USER_NUMBER),
                media_type=to_text(media_type, _MEDIA_TYPE),
            )
        except InvalidValueError as error:
            raise InvalidValueError(f'an object, whose "{name}" is {error}') from error
    return made


def _modality_members(value: object) -> dict[str, Any] | None:
    if isinstance(value, list) and len(value) in (3, 4):
        value = dict(zip(("AET", "Host", "Port"), value, strict=False))
    if isinstance(value, dict) and value.keys() >= {"AET", "Host", "Port"}:
        port = value["Port"]
        if isinstance(port, str) and port.isascii() and port.isdigit():
            return value | {"Port": int(port)}
        return value
    return None


def _modality_fields(name: str, value: object, problems: list[str]) -> dict[str, Any]:
    prefix = f'modality "{name}" of "DicomModalities"'
    if not NAME.fullmatch(name):
        problems.append(f"{prefix}: a name has letters, digits, - and _ only")
    members = _modality_members(value)
    if members is None:
        problems.append(
            f'{prefix} must be ["AET", "host", port] or '
            '{"AET": "…", "Host": "…", "Port": …}'
        )
        return {}
    made = {}
    for member, (field_name, convert, facts) in _MODALITY_FIELDS.items():
        if member not in members:
            continue
        try:
            made[field_name] = convert(members[member], facts)
        except InvalidValueError as error:
            shown = describe(members[member])
            problems.append(f'{prefix}: "{member}" must be {error}, not {shown}')
    return made


_MODALITY_FIELDS: Mapping[str, tuple[str, Callable[[object, Option], Any], Option]] = {
    "AET": ("ae_title", to_text, Option(name="AET", length_max=16)),
    "Host": ("host", to_text, Option(name="Host", length_max=255)),
    "Port": ("port", to_integer, Option(name="Port", minimum=1, maximum=65534)),
    "AllowEcho": ("allow_echo", to_boolean, Option(name="AllowEcho")),
    "AllowStore": ("allow_store", to_boolean, Option(name="AllowStore")),
}


def to_modalities(value: object, _facts: Option) -> dict[str, Modality]:
    """Return the modalities by their name in the REST API."""
    if not isinstance(value, dict):
        raise InvalidValueError('an object: {"name": ["AET", "host", port]}')
    problems: list[str] = []
    made = {name: _modality_fields(name, one, problems) for name, one in value.items()}
    if problems:
        raise InvalidMembersError(*problems)
    return {name: Modality(**members) for name, members in made.items()}


def _without_effect(name: str, value: object) -> list[str]:
    if isinstance(value, list):
        generic = len(value) < 4 or value[3] == "Generic"
        members = set() if generic else {"Manufacturer"}
    else:
        members = set(value) if isinstance(value, dict) else set()
    unsupported = sorted(members & MODALITY_OPTIONS)
    unknown = sorted(members - MODALITY_OPTIONS - _MODALITY_FIELDS.keys())
    warnings = []
    if unsupported:
        warnings.append(
            f'{", ".join(unsupported)} of modality "{name}": options of Orthanc that '
            "are not supported yet and have no effect"
        )
    if unknown:
        warnings.append(
            f'{", ".join(unknown)} of modality "{name}": unknown options that have no '
            "effect"
        )
    return warnings


def modality_warnings(value: object) -> list[str]:
    """Return what `DicomModalities` says that has no effect."""
    items = value.items() if isinstance(value, dict) else ()
    return [text for name, one in items for text in _without_effect(name, one)]


def _dictionary_entry(key: str, value: object) -> DictionaryEntry:
    match = _DICTIONARY_TAG.fullmatch(key)
    if match is None:
        raise InvalidValueError(f'"{key}" is no tag, such as "4321,1012"')
    if not isinstance(value, list) or not 2 <= len(value) <= 5:
        raise InvalidValueError(
            f'"{key}" must be ["VR", "name", minimum, maximum, "private creator"]'
        )
    defaults: list[object] = [1, 1, ""]
    vr, name, minimum, maximum, creator = value + defaults[len(value) - 2 :]
    if vr not in VRS:
        raise InvalidValueError(f'"{key}" has no VR of the standard: {describe(vr)}')
    if not isinstance(name, str) or not name or not isinstance(creator, str):
        raise InvalidValueError(f'"{key}" needs a name in quotes')
    try:
        least, most = (to_integer(n, _COUNT) for n in (minimum, maximum))
    except InvalidValueError as error:
        raise InvalidValueError(
            f'a number of values of "{key}" is not {error}'
        ) from error
    if least < 1 or 0 < most < least:
        raise InvalidValueError(f'"{key}" cannot have {least} to {most} values')
    tag = int(match[1] + match[2].rjust(4, "0"), 16)
    return DictionaryEntry(tag, str(vr), name, least, most, creator)


def to_dictionary(value: object, _facts: Option) -> dict[str, DictionaryEntry]:
    """Return attributes by their tags as they are written."""
    if not isinstance(value, dict):
        raise InvalidValueError('an object: {"gggg,eeee": ["VR", "name"]}')
    made, problems = {}, []
    for key, one in value.items():
        try:
            made[key] = _dictionary_entry(key, one)
        except InvalidValueError as error:
            problems.append(f'"Dictionary": {error}')
    if problems:
        raise InvalidMembersError(*problems)
    return made


def to_peers(value: object, _facts: Option) -> dict[str, Peer]:
    """Return the peers by their name in the REST API."""
    made, problems = read_peers(value)
    if problems:
        raise InvalidMembersError(*problems)
    return made


CONVERTERS: Mapping[object, Callable[[object, Option], Any]] = {
    bool: to_boolean,
    int: to_integer,
    str: to_text,
    Path: to_path,
    tuple[str, ...]: to_texts,
    OverwriteMode: to_overwrite_mode,
    DefaultEncoding: to_encoding,
    StorageAccess: to_storage_access,
    StorageMode: to_storage_mode,
    ZipCompression: to_zip_compression,
    Mapping[str, str]: to_users,
    Mapping[str, tuple[str, ...]]: to_text_lists,
    Mapping[str, Modality]: to_modalities,
    Mapping[str, int]: to_numbers,
    Mapping[str, UserContent]: to_user_contents,
    Mapping[str, DictionaryEntry]: to_dictionary,
    Mapping[str, Peer]: to_peers,
}
"""How to read a value for each type of field."""


def to_json(value: object) -> Any:
    """Return the value of a field as it stands in a configuration file."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, UserContent):
        value = (value.number, value.media_type)
    if isinstance(value, DictionaryEntry):
        value = (value.vr, value.name, value.minimum, value.maximum, value.creator)
    if isinstance(value, Peer):
        value = value.masked()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Modality):
        return {
            "AET": value.ae_title,
            "Host": value.host,
            "Port": value.port,
            "AllowEcho": value.allow_echo,
            "AllowStore": value.allow_store,
        }
    if isinstance(value, Mapping):
        return {key: to_json(one) for key, one in value.items()}
    return value
