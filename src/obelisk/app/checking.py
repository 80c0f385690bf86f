"""Finds what is wrong with a configuration by the dictionaries of DICOM."""

from obelisk.app.dictionaries import load_dictionaries
from obelisk.app.main_tags import main_tags_of
from obelisk.config import Config
from obelisk.dicom.dictionary import on_trial
from obelisk.errors import ConfigError


def check_config(config: Config) -> None:
    """Try what depends on the dictionaries, without a lasting effect.

    Raises
    ------
    ConfigError
        If dictionaries cannot be loaded, or attributes are unknown; it lists all.
    """
    problems = []
    with on_trial():
        try:
            load_dictionaries(config.dictionaries)
        except ConfigError as error:
            problems += error.problems
        try:
            main_tags_of(config)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
