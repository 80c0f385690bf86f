"""Which attributes are indexed: those of Orthanc, and those of the configuration."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

import orjson

from obelisk.dicom.dictionary import format_tag, lookup_tag, name_of
from obelisk.dicom.levels import LEVELS, MAIN_TAGS, Level

#: The name of the metadata that tell which attributes were indexed at a level.
SIGNATURE_NAME = "MainDicomTagsSignature"

#: Attributes that follow from what is stored, and are in no file (PS3.4 C.3.4).
COMPUTED_TAGS = frozenset(
    {
        0x00080056,
        0x00080061,
        0x00080062,
        0x00201200,
        0x00201202,
        0x00201204,
        0x00201206,
        0x00201208,
        0x00201209,
    }
)


#: What cannot be added to a level; a study has a copy of what the patient has.
_KNOWN = {
    Level.PATIENT: COMPUTED_TAGS.union(MAIN_TAGS[Level.PATIENT]),
    Level.STUDY: COMPUTED_TAGS.union(MAIN_TAGS[Level.PATIENT], MAIN_TAGS[Level.STUDY]),
    Level.SERIES: COMPUTED_TAGS.union(MAIN_TAGS[Level.SERIES]),
    Level.INSTANCE: COMPUTED_TAGS.union(MAIN_TAGS[Level.INSTANCE]),
}


class MainTags:
    """The attributes that are indexed; there is one such object in a server.

    Parameters
    ----------
    extra
        The tags that are indexed beside Orthanc's standard ones (ExtraMainDicomTags).
    """

    def __init__(self, extra: Mapping[Level, Iterable[int]] | None = None) -> None:
        added = {
            level: set((extra or {}).get(level, ())) - _KNOWN[level] for level in LEVELS
        }
        added[Level.STUDY] -= added[Level.PATIENT]  # of which a study has a copy
        #: The tags by level, in their order.
        self.by_level: Mapping[Level, tuple[int, ...]] = MappingProxyType(
            {
                level: tuple(sorted({*MAIN_TAGS[level], *added[level]}))
                for level in LEVELS
            }
        )
        #: The tags of all levels.
        self.all = frozenset(tag for tags in self.by_level.values() for tag in tags)
        #: By level, each tag and the key of its value in the index.
        self.keys: Mapping[Level, tuple[tuple[int, str], ...]] = MappingProxyType(
            {
                level: tuple((tag, key_of(tag)) for tag in tags)
                for level, tags in self.by_level.items()
            }
        )
        #: By level, the tags as one text, as Orthanc notes them with each resource.
        self.signatures: Mapping[Level, str] = MappingProxyType(
            {
                level: ";".join(map(format_tag, tags))
                for level, tags in self.by_level.items()
            }
        )
        #: The metadata to keep with a resource of each level: nothing means that
        #: exactly the standard tags are indexed, also in the copy that a study has.
        self.kept_metadata: Mapping[Level, Mapping[str, str]] = MappingProxyType(
            {
                level: {SIGNATURE_NAME: self.signatures[level]}
                if added[level] or (level is Level.STUDY and added[Level.PATIENT])
                else {}
                for level in LEVELS
            }
        )
        self._names = {
            level: frozenset(key for _, key in keys)
            for level, keys in self.keys.items()
        }

    def current(self, level: Level, encoded: str) -> str:
        """Return attributes of the index, which are JSON, without those that left it.

        They stay there until the resource is reconstructed.
        """
        attributes = orjson.loads(encoded)
        if attributes.keys() <= self._names[level]:
            return encoded
        names = self._names[level]
        kept = {key: attributes[key] for key in attributes if key in names}
        return orjson.dumps(kept).decode()

    def current_at(self, depth: int, encoded: str) -> str:
        """Return `current` for the level of a depth: an SQL function."""
        return self.current(LEVELS[depth], encoded)


@lru_cache(maxsize=4096)
def key_of(tag: int) -> str:
    """Return the key of an attribute in the index.

    It is the name, or ``gggg,eeee`` where the name stands for several tags.
    """
    name = name_of(tag)
    return name if lookup_tag(name) == tag else format_tag(tag)


STANDARD = MainTags()
"""Orthanc's own main attributes, and no more."""
