"""Attributes that a request gives → the elements of a new dataset."""

import binascii
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from obelisk.dicom.dictionary import (
    UNKNOWN_NAME,
    format_tag,
    lookup,
    lookup_known,
    name_of,
)
from obelisk.dicom.model_values import (
    ModelError,
    is_model_value,
    model_values,
    read_model_value,
)
from obelisk.dicom.text_encoding import UTF_8, TextEncoder, UnknownCharacterSetError
from obelisk.dicom.value_encoding import (
    LOCALIZED_VRS,
    VRS,
    ForbiddenValueError,
    encode_text,
    is_allowed,
    pad,
    resolve_vr,
)
from obelisk.dicom.writing import Attributes, Blob, Frames, Value
from obelisk.errors import InvalidInputError

SPECIFIC_CHARACTER_SET = 0x00080005

_DEPTH_MAX = 32
_SHOWN_LENGTH_MAX = 64
_PRIVATE = 0x10000
_BINARY = "data:application/octet-stream;base64,"
_BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "ox"})
_DATA_URI = re.compile(r"data:([^;,]*)(?:;[^,]*)?;base64,", re.ASCII)


class UnknownTagError(InvalidInputError):
    """There is no such tag."""


class WrongTypeError(InvalidInputError):
    """A value of JSON has a type that the attribute cannot have."""


class UnsuitableValueError(InvalidInputError):
    """The VR of an attribute does not allow a value.

    The client is told the value; logs are not.
    """

    def __init__(self, tag: int, vr: str, value: str) -> None:
        place = f"{format_tag(tag)} ({name_of(tag)}) of VR {vr}"
        shown = value[:_SHOWN_LENGTH_MAX] + "…" * (len(value) > _SHOWN_LENGTH_MAX)
        super().__init__(f'The tag {place} cannot have the value "{shown}"')
        self.args = (f"The tag {place} cannot have the value that was given",)


class InvalidCharacterSetError(InvalidInputError):
    """The character set is unknown, or lacks what is to be written."""


class MissingCreatorError(InvalidInputError):
    """A private tag is given without who reserves its block."""


class InvalidDataURIError(InvalidInputError):
    """A text is no data URI in base64."""


@dataclass(frozen=True, slots=True)
class DataURI:
    """The content of a data URI (RFC 2397), in base64."""

    media_type: str
    content: bytes


def parse_data_uri(text: str) -> DataURI:
    """Decode a data URI.

    Raises
    ------
    InvalidDataURIError
        If it is none, or not in base64.
    """
    match = _DATA_URI.match(text)
    if match is None:
        raise InvalidDataURIError("The content is no data URI in base64")
    try:
        content = _decode_base64(memoryview(text.encode("ascii"))[match.end() :])
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidDataURIError("The content of the data URI is no base64") from error
    return DataURI(match[1].strip().lower(), content)


def _decode_base64(encoded: memoryview) -> bytes:
    """Decode base64, in which there may be white space."""
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        dense = bytes(encoded).translate(None, string.whitespace.encode("ascii"))
        return binascii.a2b_base64(dense, strict_mode=True)


Items: TypeAlias = "Sequence[Given]"
Content: TypeAlias = "str | bytes | Blob | Frames | Items"


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value before its character set is known."""

    vr: str
    content: Content


Given: TypeAlias = dict[int, GivenValue]


@dataclass(frozen=True, slots=True)
class TagOptions:
    """How attributes of a request are read.

    Attributes
    ----------
    private_creator
        Who reserves the blocks of private tags that do not tell; "" if nobody.
    is_binary_interpreted
        Whether data URIs of type application/octet-stream stand for their bytes.
    is_forced
        Whether values that their VRs forbid, and private tags without creator, are
        taken.
    """

    private_creator: str = ""
    is_binary_interpreted: bool = True
    is_forced: bool = False


def read_tags(
    tags: Mapping[str, Any], options: TagOptions
) -> Iterator[tuple[int, GivenValue]]:
    """Yield the attributes of a JSON object, in its order.

    Creators of private blocks come with them. Groups up to 0002, and lengths of
    groups, are left out.

    Raises
    ------
    UnknownTagError, WrongTypeError, UnsuitableValueError, MissingCreatorError
        If one of them is wrong.
    """
    return _read_tags(tags, options, 0)


def _read_tags(
    tags: Mapping[str, Any], options: TagOptions, depth: int
) -> Iterator[tuple[int, GivenValue]]:
    if depth > _DEPTH_MAX:
        raise WrongTypeError("The sequences are nested too deeply")
    known = {key: lookup_known(key) for key in tags}
    for key, found in known.items():
        if found is None:
            raise UnknownTagError(key)
    given_creators = {
        found.tag: _plain_text(tags[key]) for key, found in known.items() if found
    }
    creators: dict[int, str] = {}
    for key, found in known.items():
        assert found is not None
        tag, creator = found.tag, ""
        if tag >> 16 <= 2 or tag & 0xFFFF == 0:
            continue
        if tag & _PRIVATE and tag & 0xFFFF >= 0x1000:
            block = tag & 0xFFFF0000 | tag >> 8 & 0xFF
            creator = given_creators.get(block) or creators.get(block, "")
            if not creator:
                creator = found.creator or options.private_creator
                if not creator:
                    _check_creatorless(tag, tags[key], options)
                if creator:
                    creators[block] = creator
                    yield block, GivenValue("LO", creator)
        yield tag, _read_value(tag, creator, tags[key], options, depth)


def _plain_text(value: Any) -> str:
    """Return a text that is given as such, or as the DICOM JSON Model has it."""
    if isinstance(value, dict):
        values = value.get("Value")
        value = values[0] if isinstance(values, list) and values else ""
    return value if isinstance(value, str) else ""


def _check_creatorless(tag: int, value: Any, options: TagOptions) -> None:
    """Refuse a private tag of nobody, unless its value needs nobody to explain it."""
    is_binary = isinstance(value, str) and value.startswith(_BINARY)
    if is_binary or options.is_forced or name_of(tag) != UNKNOWN_NAME:
        return
    raise MissingCreatorError(
        f"The private tag {format_tag(tag)} needs a private creator: give "
        '"PrivateCreator", or the tag that reserves its block'
    )


def _read_value(
    tag: int, creator: str, value: Any, options: TagOptions, depth: int
) -> GivenValue:
    if is_model_value(value):
        return _read_model(tag, value, options, depth)
    vr = lookup(tag, creator or None)[0]
    if vr == "SQ" and isinstance(value, list):
        return GivenValue("SQ", [_read_item(one, options, depth) for one in value])
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise WrongTypeError(f"Bad Parameter type for tag {format_tag(tag)}")
    if options.is_binary_interpreted and _is_binary(vr, value):
        resolved = "OB" if vr in {"na", "SQ"} else resolve_vr(vr, "")
        return GivenValue(resolved, pad(resolved, parse_data_uri(value).content))
    if vr in {"SQ", "na"}:
        raise UnsuitableValueError(tag, vr, value)
    resolved = resolve_vr(vr, value)
    is_free = options.is_forced or tag == SPECIFIC_CHARACTER_SET
    if not is_free and not is_allowed(resolved, value):
        raise UnsuitableValueError(tag, resolved, value)
    return GivenValue(resolved, value)


def _read_model(
    tag: int, attribute: Mapping[str, Any], options: TagOptions, depth: int
) -> GivenValue:
    """Read a value of the DICOM JSON Model, which tells its VR."""
    vr = attribute["vr"]
    try:
        if vr == "SQ":
            items = model_values(attribute)
            return GivenValue(vr, [_read_item(one, options, depth) for one in items])
        content = read_model_value(attribute)
    except ModelError as error:
        raise WrongTypeError(f"Bad Parameter type for tag {format_tag(tag)}") from error
    if vr not in VRS:
        raise UnsuitableValueError(tag, vr, "")
    if isinstance(content, bytes):
        return GivenValue(vr, pad(vr, content))
    if not options.is_forced and not is_allowed(vr, content):
        raise UnsuitableValueError(tag, vr, content)
    return GivenValue(vr, content)


def _is_binary(vr: str, value: str) -> bool:
    """Tell whether a value stands for bytes: any data URI does, but not as text."""
    is_named = value.startswith(_BINARY)
    return is_named or (vr in _BINARY_VRS and _DATA_URI.match(value) is not None)


def _read_item(value: Any, options: TagOptions, depth: int) -> Given:
    if not isinstance(value, dict):
        raise WrongTypeError("An item of a sequence must be an object")
    return dict(_read_tags(value, options, depth + 1))


@dataclass(slots=True)
class Draft:
    """A dataset that is being put together.

    Attributes
    ----------
    given
        Its attributes.
    specific_character_set
        The character set to use; UTF-8 stands in where it does not suffice and
        `is_character_set_fixed` does not forbid it.
    """

    specific_character_set: str
    is_character_set_fixed: bool = False
    given: Given = field(default_factory=dict)

    def copy(self) -> "Draft":
        """Return a draft that can be changed without changing this one."""
        return replace(self, given=dict(self.given))

    def text(self, tag: int) -> str:
        """Return the text of an attribute, "" if it has none."""
        one = self.given.get(tag)
        return one.content if one and isinstance(one.content, str) else ""

    def put(self, tag: int, content: Content) -> None:
        """Set an attribute; its VR is that of the dictionary."""
        vr = resolve_vr(lookup(tag)[0], "0")
        self.given[tag] = GivenValue(
            "OB" if isinstance(content, Frames) else vr, content
        )

    def fill(self, attributes: Mapping[int, Content]) -> None:
        """Set those attributes that are absent."""
        for tag, content in attributes.items():
            if tag not in self.given:
                self.put(tag, content)

    def encode(self) -> Attributes:
        """Return the elements.

        Raises
        ------
        InvalidCharacterSetError
            If the character set is unknown, or lacks what is to be written.
        UnsuitableValueError
            If a value is forbidden by its VR.
        """
        encoder = self._encoder()
        if encoder.terms != "ISO_IR 6" and self.given:
            self.put(SPECIFIC_CHARACTER_SET, encoder.terms)
        return {tag: self._encode(tag, one, encoder) for tag, one in self.given.items()}

    def _encoder(self) -> TextEncoder:
        try:
            encoder = TextEncoder(self.specific_character_set)
        except UnknownCharacterSetError as error:
            raise InvalidCharacterSetError(
                f"Unknown specific character set: {self.specific_character_set}"
            ) from error
        if encoder.can_encode(_texts(self.given)):
            return encoder
        if self.is_character_set_fixed:
            raise InvalidCharacterSetError(
                f"The character set {self.specific_character_set} lacks characters of "
                "the values"
            )
        return TextEncoder(UTF_8)

    def _encode(self, tag: int, one: GivenValue, encoder: TextEncoder) -> Value:
        content = one.content
        if isinstance(content, bytes | Blob | Frames):
            return Value(one.vr, content)
        if isinstance(content, str):
            try:
                encoded = encode_text(one.vr, content, encoder)
            except ForbiddenValueError as error:
                raise UnsuitableValueError(tag, one.vr, content) from error
            return Value(one.vr, encoded)
        return Value(
            one.vr,
            [
                {key: self._encode(key, value, encoder) for key, value in item.items()}
                for item in content
            ],
        )


def _texts(given: Given) -> Iterator[str]:
    for one in given.values():
        if isinstance(one.content, str):
            if one.vr in LOCALIZED_VRS:
                yield one.content
        elif not isinstance(one.content, bytes | Blob | Frames):
            for item in one.content:
                yield from _texts(item)
