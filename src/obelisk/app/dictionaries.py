"""Loads the dictionaries that the configuration asks for."""

import logging
from pathlib import Path

from obelisk.config import DictionarySection
from obelisk.dicom.dictionary import (
    NewEntry,
    forget_private,
    format_tag,
    lookup,
    register,
)
from obelisk.dicom.dictionary_files import read_dictionary
from obelisk.errors import ConfigError

_log = logging.getLogger(__name__)


def load_dictionaries(section: DictionarySection) -> None:
    """Add to the dictionaries of this process what a configuration gives.

    Raises
    ------
    ConfigError
        If files cannot be read, or attributes are described already; it lists all.
    """
    if not section.private_dictionary_loaded:
        forget_private()
    problems = []
    for name in section.external_dictionaries:
        problems += _load_file(Path(name))
    entries = [
        NewEntry(one.tag, one.vr, one.name, one.creator)
        for one in section.dictionary.values()
    ]
    problems += [_collision(one) for one in register(entries)]
    if problems:
        raise ConfigError(problems)


def _load_file(path: Path) -> list[str]:
    """Add what a file describes; return why not, if so."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            kept = register(read_dictionary(file))
    except OSError as error:
        return [f'"ExternalDictionaries": {path} cannot be read: {error.strerror}']
    _log.info("%s: %d attributes are known by other names, and kept", path, len(kept))
    return []


def _collision(one: NewEntry) -> str:
    vr, name = lookup(one.tag, one.creator)
    return (
        f'"Dictionary" calls {format_tag(one.tag)} "{one.name}" of VR {one.vr}, but it '
        f'is "{name}" of VR {vr} already'
    )
