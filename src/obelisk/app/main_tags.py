"""The option ExtraMainDicomTags → the attributes that are indexed."""

from obelisk.config import Config
from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import MainTags
from obelisk.errors import ConfigError

_OPTION = "ExtraMainDicomTags"

_LEVELS = {
    name: level for level in LEVELS for name in (level.value.lower(), level.plural)
}


def main_tags_of(config: Config) -> MainTags:
    """Return the attributes that are indexed.

    Raises
    ------
    ConfigError
        If a name stands for no level, or for no attribute.
    """
    problems: list[str] = []
    extra: dict[Level, set[int]] = {}
    for name, texts in config.find.extra_main_tags.items():
        level = _LEVELS.get(name.lower())
        if level is None:
            problems.append(f'"{name}" of "{_OPTION}" must be a level, such as Study')
            continue
        tags = {text: lookup_tag(text) for text in texts}
        problems += [
            f'"{text}" in "{name}" of "{_OPTION}" must be the name or number of a tag'
            for text, tag in tags.items()
            if tag is None
        ]
        found = {tag for tag in tags.values() if tag is not None}
        extra[level] = extra.get(level, set()) | found
    if problems:
        raise ConfigError(problems)
    return MainTags(extra)
