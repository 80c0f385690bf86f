"""The data dictionaries: VR and name of each tag (PS3.6, and private ones).

Names are those that Orthanc prints. They are the standard's keywords, but for
retired attributes, which start with ``RETIRED_``. Of the tables beside this module,
``standard.json`` is made by ``make standard``, and ``dictionary.json`` lists where
it is behind, and the private attributes.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

_NUMBERS = re.compile("([0-9a-fA-F]{4})[,-]?([0-9a-fA-F]{4})")

UNKNOWN_NAME = "Unknown Tag & Data"

_UNKNOWN = ("UN", UNKNOWN_NAME)


Entry: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An attribute that a site adds to the dictionaries.

    Attributes
    ----------
    tag
        Group << 16 | element; of private tags only the last two digits of the element
        count, wherever their block is.
    vr, name
        What `lookup` gives.
    creator
        Who reserves the block of a private tag; "" for any.
    """

    tag: int
    vr: str
    name: str
    creator: str = ""


@dataclass(frozen=True, slots=True)
class KnownTag:
    """A tag that was found by its name, in the first block if it is private."""

    tag: int
    creator: str = ""


def _read(name: str) -> Any:
    return json.loads(files("obelisk.dicom").joinpath(name).read_text("ascii"))


def _attributes(
    entries: dict[str, list[str]], changes: dict[str, list[str] | None]
) -> dict[int, Entry]:
    """Get the attributes of the standard."""
    merged = {**entries, **changes}
    return {int(key, 16): (one[0], one[1]) for key, one in merged.items() if one}


def _repeating(entries: dict[str, list[str]]) -> dict[tuple[int, int], Entry]:
    """Get the attributes of groups 50xx and 60xx, by high byte and element."""
    return {
        (int(mask[:2], 16), int(mask[4:], 16)): (vr, name)
        for mask, (vr, name) in entries.items()
        if mask[2:4] == "xx"
    }


def _private(entries: dict[str, list[str]]) -> dict[tuple[str, int], Entry]:
    """Get the attributes of one creator, by group and lower byte of the element."""
    return {
        (group, int(element, 16) & 0xFF): (vr, name)
        for key, (vr, name) in entries.items()
        for group, element in [key.split(",")]
    }


_standard, _changes = _read("standard.json"), _read("dictionary.json")
_STANDARD = _attributes(_standard["attributes"], _changes["standard"])
_REPEATING = _repeating(_standard["repeating"])
_PRIVATE = {
    creator: _private(entries) for creator, entries in _changes["private"].items()
}
_TAGS = {name: tag for tag, (_, name) in _STANDARD.items()}
_PRIVATE_TAGS: dict[str, KnownTag] = {}

#: The tags of the standard's sequences.
SEQUENCES = frozenset(tag for tag, (vr, _) in _STANDARD.items() if vr == "SQ")

#: The names of the standard's transfer syntaxes, retired ones included, by UID.
TRANSFER_SYNTAXES: dict[str, str] = {
    **_standard["transfer_syntaxes"],
    **_changes["transfer_syntaxes"],
}

#: The names of the standard's SOP classes, retired ones included, by UID.
SOP_CLASSES: dict[str, str] = {**_standard["sop_classes"], **_changes["sop_classes"]}


def lookup(tag: int, private_creator: str | None = None) -> tuple[str, str]:
    """Get the VR and the name of a tag.

    Parameters
    ----------
    tag
        Group << 16 | element.
    private_creator
        Who reserved the block of a private tag.

    Returns
    -------
    tuple[str, str]
        ``UN`` and ``Unknown Tag & Data`` for a tag that is in no dictionary. VRs
        that depend on other attributes are ``xs`` (US or SS), ``ox`` (OB or OW),
        ``lt`` (US, SS or OW) and ``na`` (none).
    """
    return _STANDARD.get(tag) or _lookup_others(tag, private_creator)


def _lookup_others(tag: int, private_creator: str | None) -> tuple[str, str]:
    group, element = tag >> 16, tag & 0xFFFF
    if group & 1:
        return _lookup_private(group, element, private_creator)
    if element == 0:
        return "UL", "GenericGroupLength"
    if group == 0x0020 and 0x3100 <= element <= 0x31FF and not element & 1:
        return "CS", "RETIRED_SourceImageIDs"
    return _REPEATING.get((group >> 8, element), _UNKNOWN)


def _lookup_private(
    group: int, element: int, private_creator: str | None
) -> tuple[str, str]:
    kind = "Illegal" if group <= 7 else "Private"
    if element == 0:
        return "UL", f"{kind}GroupLength"
    if 0x10 <= element <= 0xFF:
        return "LO", "PrivateCreator" if group > 7 else "IllegalPrivateCreator"
    if element < 0x1000:
        return _UNKNOWN
    keys = [f"{group:04x}"]
    # The overlays and annotations of a few creators repeat over odd groups.
    keys += [f"{high}01-{high}ff" for high in ("60", "70") if f"{group >> 8:x}" == high]
    tables = (_PRIVATE.get(creator, {}) for creator in (private_creator or "", ""))
    found = (table.get((key, element & 0xFF)) for table in tables for key in keys)
    return next(filter(None, found), _UNKNOWN)


@contextmanager
def on_trial() -> Iterator[None]:
    """Undo in the end what is registered and forgotten inside; for one thread only."""
    tables: tuple[dict[Any, Any], ...] = (_STANDARD, _TAGS, _PRIVATE, _PRIVATE_TAGS)
    before: list[dict[Any, Any]] = [deepcopy(table) for table in tables]
    try:
        yield
    finally:
        for table, kept in zip(tables, before, strict=True):
            table.clear()
            table.update(kept)


def forget_private() -> None:
    """Forget the private attributes that come with the server."""
    _PRIVATE.clear()


def register(entries: Iterable[NewEntry]) -> list[NewEntry]:
    """Add attributes to the dictionaries, before anything is looked up.

    Returns
    -------
    list of NewEntry
        Those that are described already, but otherwise; they stay as they were.
    """
    return [one for one in entries if not _register(one)]


def _register(one: NewEntry) -> bool:
    """Add an attribute; tell whether it is as given."""
    group, element = one.tag >> 16, one.tag & 0xFFFF
    entry = (one.vr, one.name)
    if group & 1:
        table = _PRIVATE.setdefault(one.creator, {})
        known = table.setdefault((f"{group:04x}", element & 0xFF), entry)
        if known == entry:
            block = element & 0xFF00 or 0x1000
            tag = group << 16 | block | element & 0xFF
            _PRIVATE_TAGS.setdefault(one.name, KnownTag(tag, one.creator))
        return known == entry
    known = lookup(one.tag)
    if known == _UNKNOWN:
        known = _STANDARD[one.tag] = entry
        _TAGS.setdefault(one.name, one.tag)
    return known == entry


def name_of(tag: int, private_creator: str | None = None) -> str:
    """Get the name of a tag, ``Unknown Tag & Data`` if it has none."""
    return lookup(tag, private_creator)[1]


def vr_of(tag: int, private_creator: str | None = None) -> str:
    """Get the VR of a tag, ``UN`` if unknown; see `lookup` for ambiguous ones."""
    return lookup(tag, private_creator)[0]


def lookup_tag(text: str) -> int | None:
    """Find a tag by its name, or any as ``gggg,eeee`` or the like.

    The separator may be a comma, a dash or nothing.
    """
    match = _NUMBERS.fullmatch(text)
    if match:
        return int(match[1] + match[2], 16)
    tag = _TAGS.get(text)
    private = _PRIVATE_TAGS.get(text) if tag is None else None
    return private.tag if private else tag


def lookup_known(text: str) -> KnownTag | None:
    """Find a tag as `lookup_tag`, and who reserves its block if its name tells."""
    match = _NUMBERS.fullmatch(text)
    if match:
        return KnownTag(int(match[1] + match[2], 16))
    tag = _TAGS.get(text)
    return _PRIVATE_TAGS.get(text) if tag is None else KnownTag(tag)


def is_sequence(tag: int) -> bool:
    """Tell whether a tag of the standard is a sequence."""
    return tag in SEQUENCES


@lru_cache(maxsize=8192)
def format_tag(tag: int) -> str:
    """Write a tag as ``gggg,eeee``."""
    return f"{tag >> 16:04x},{tag & 0xFFFF:04x}"
