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
        If a file cannot be read, or an attribute is described already.
    """
    if not section.private_dictionary_loaded:
        forget_private()
    for name in section.external_dictionaries:
        _load_file(Path(name))
    entries = [
        NewEntry(one.tag, one.vr, one.name, one.creator)
        for one in section.dictionary.values()
    ]
    collisions = register(entries)
    if collisions:
        raise ConfigError([_collision(one) for one in collisions])


def _load_file(path: Path) -> None:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            kept = register(read_dictionary(file))
    except OSError as error:
        raise ConfigError(
            [f'"ExternalDictionaries": {path} cannot be read: {error.strerror}']
        ) from error
    _log.info("%s: %d attributes are known by other names, and kept", path, len(kept))


def _collision(one: NewEntry) -> str:
    vr, name = lookup(one.tag, one.creator)
    return (
        f'"Dictionary" calls {format_tag(one.tag)} "{one.name}" of VR {one.vr}, but it '
        f'is "{name}" of VR {vr} already'
    )
