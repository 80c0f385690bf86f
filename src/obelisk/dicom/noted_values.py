"""The values that were noted in a file, decoded as they are asked for."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from obelisk.dicom.dictionary import vr_of
from obelisk.dicom.main_tags import MainTags
from obelisk.dicom.reading.dataset import Dataset, Source
from obelisk.dicom.reading.places import RawItem
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.dicom.reading.transfer_syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, Buffer
from obelisk.dicom.tag_json import MAXIMUM_TEXT_SIZE, TagForm, tags_json, text_value
from obelisk.dicom.values import ENCODED_TEXT_VRS, plain_text

SOP_CLASS_UID = 0x00080016
BITS_ALLOCATED = 0x00280100
_SPECIFIC_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103

#: Needed to understand others, whether they are indexed or not.
_CONTEXT = frozenset({_SPECIFIC_CHARACTER_SET, _PIXEL_REPRESENTATION})

#: A value of that many bytes is not too long, whatever its encoding.
_CERTAIN_SIZE = MAXIMUM_TEXT_SIZE // 4


class Plan(NamedTuple):
    """What to look for in files of one byte order.

    `wanted` holds the words of the tags to note. `descriptions` gives, by tag, the
    words, and the VRs where the encoding is implicit, of the values that are needed as
    such: those of the main attributes, of SOP Class UID and of Bits Allocated.
    """

    wanted: frozenset[int]
    descriptions: Mapping[int, tuple[int, bytes]]


@cache
def plans(main_tags: MainTags) -> Mapping[bool, Plan]:
    """Return the plans by whether the encoding is little endian."""
    values = (main_tags.all | {SOP_CLASS_UID, BITS_ALLOCATED}) - {PIXEL_DATA}
    return MappingProxyType(
        {
            encoding.is_little_endian: Plan(
                frozenset(map(encoding.word, values | _CONTEXT)),
                {
                    tag: (encoding.word(tag), vr_of(tag).encode("ascii"))
                    for tag in values
                },
            )
            for encoding in (EXPLICIT_LITTLE, EXPLICIT_BIG)
        }
    )


class NotedValues(Mapping[int, object]):
    """The main attributes of a file by tag, each decoded when it is asked for.

    A value is text, or a list of items (name → value) for sequences. Binary and
    overlong values are left out.

    Parameters
    ----------
    content
        Holds the values; it must be there as long as they are asked for.
    root
        Where they lie.
    default_encoding
        Orthanc's name of the encoding of text without Specific Character Set.
    main_tags
        Which attributes are the main ones.
    """

    __slots__ = ("_codec", "_dataset", "_descriptions", "_known", "_tags")

    def __init__(
        self,
        content: Buffer,
        root: RawItem,
        default_encoding: str,
        main_tags: MainTags,
    ) -> None:
        self._dataset = Dataset(root, Source(content, root, default_encoding))
        self._codec = self._dataset.source.character_set.plain_codec
        plan = plans(main_tags)[root.encoding.is_little_endian]
        self._descriptions = plan.descriptions
        self._tags = main_tags.all
        self._known: dict[int, object | None] = {}

    def is_noted(self, tag: int) -> bool:
        """Tell whether the file has an attribute, though its value may be left out."""
        return self._descriptions[tag][0] in self._dataset.raw.places

    def lookup(self, tag: int) -> object | None:
        """Return the value of a main attribute, SOP Class UID or Bits Allocated."""
        known = self._known
        if tag not in known:
            known[tag] = self._decode(tag)
        return known[tag]

    def _decode(self, tag: int) -> object | None:
        dataset = self._dataset
        word, dictionary_vr = self._descriptions.get(tag, (-1, b""))
        place = dataset.raw.places.get(word)
        if place is None:
            return None
        encoded_vr, _, start, stop = place
        vr, codec = encoded_vr or dictionary_vr, self._codec
        if codec and vr in ENCODED_TEXT_VRS and stop - start <= _CERTAIN_SIZE:
            text = plain_text(vr, dataset.source.buffer[start:stop], codec)
            if text is not None:
                return text
        element = dataset.element(tag, place)
        if element.items is not None:
            return [tags_json(item, TagForm.SIMPLE) for item in element.items]
        return text_value(element, MAXIMUM_TEXT_SIZE)[1]

    def get(self, tag: int, default: object = None, /) -> object:
        """Return the value of a main attribute, or else the default."""
        value = self.lookup(tag) if tag in self._tags else None
        return default if value is None else value

    def __getitem__(self, tag: int) -> object:
        value = self.lookup(tag)
        if value is None or tag not in self._tags:
            raise KeyError(tag)
        return value

    def __iter__(self) -> Iterator[int]:
        return (tag for tag in self._tags if self.lookup(tag) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
