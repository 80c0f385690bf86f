"""Makes new instances of attributes and of images, documents and models."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from obelisk.dicom.creation import (
    SPECIFIC_CHARACTER_SET,
    Draft,
    GivenValue,
    TagOptions,
    read_tags,
)
from obelisk.dicom.dictionary import is_sequence, name_of
from obelisk.dicom.image_payloads import PIXEL_DATA
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.modules import MODULE_TAGS
from obelisk.dicom.parsing import Dataset
from obelisk.dicom.payloads import INSTANCE_NUMBER, SOP_CLASS_UID, Payload
from obelisk.dicom.text_encoding import (
    TERMS,
    UTF_8,
    TextEncoder,
    UnknownCharacterSetError,
)
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.dicom.values import TEXT_VRS
from obelisk.dicom.writing import TooLongError, iter_file
from obelisk.errors import InvalidInputError, NotFoundError, ServerError
from obelisk.index.base import Index
from obelisk.services.embedding import Embedding, NewContent
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Ingest, Origin, StoreResult
from obelisk.services.resources import Resources
from obelisk.services.samples import Samples

_PATIENT_ID = 0x00100020
_STUDY_UID, _SERIES_UID, _INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
_NUMBER_OF_TEMPORAL_POSITIONS = 0x00200105
_IMAGES_IN_ACQUISITION = 0x00201002
_IMAGE_INDEX = 0x00541330

#: Dates, and the times that belong to them: of the making of the instance, of study,
#: series, acquisition and content.
_MOMENTS = {
    0x00080012: 0x00080013,
    0x00080020: 0x00080030,
    0x00080021: 0x00080031,
    0x00080022: 0x00080032,
    0x00080023: 0x00080033,
}

#: What may differ from the parent.
_FREE = frozenset({_PATIENT_ID, *_MOMENTS, *_MOMENTS.values()})


class InheritedTagError(InvalidInputError):
    """A tag cannot be given, since it comes from the parent or is made anew."""


class PixelDataTagError(InvalidInputError):
    """Pixel Data is given as a tag instead of as the content."""


class UnknownParentError(InvalidInputError):
    """The parent does not exist."""


class InstanceParentError(InvalidInputError):
    """The parent is an instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationOrder:
    """What is to be made.

    Attributes
    ----------
    tags
        The attributes of all instances, as JSON.
    contents
        What the instances embed, one each.
    is_series
        Whether there is an instance for each content, numbered, rather than just one.
    parent
        The patient, study or series to which they are added.
    options
        How `tags` are read.
    is_bare
        Whether dates, times and character set are left out.
    """

    tags: Mapping[str, Any]
    contents: Sequence[NewContent] = ()
    is_series: bool = False
    parent: str | None = None
    options: TagOptions = field(default_factory=TagOptions)
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Creation:
    """Makes instances, and stores them; safe to use from several threads.

    Attributes
    ----------
    index, resources, samples, ingest
        What is stored, and the way in.
    embedding
        Prepares contents.
    default_encoding
        The encoding of instances that name none.
    uids
        Makes new UIDs.
    clock
        The time.
    """

    index: Index
    resources: Resources
    samples: Samples
    ingest: Ingest
    embedding: Embedding
    default_encoding: AssumedEncoding
    uids: UIDGenerator
    clock: Callable[[], float] = time.time

    def create(self, order: CreationOrder, origin: Origin) -> list[StoreResult]:
        """Make and store one instance, or a series of them.

        If one of several cannot be made, none is left.

        Raises
        ------
        InvalidInputError
            If tags or contents are wrong.
        """
        base = self._base(order)
        results: list[StoreResult] = []
        try:
            for draft, payload in self._drafts(order, base):
                results.append(self._store(draft, payload, origin))
        except ServerError:
            for result in results:
                self.resources.delete(Level.INSTANCE, result.ids.instance)
            raise
        return results

    def _drafts(
        self, order: CreationOrder, base: Draft
    ) -> Iterator[tuple[Draft, Payload | None]]:
        if not order.is_series:
            payload = None
            for content in order.contents:
                _add(base, read_tags(content.tags, order.options), order)
                payload = self.embedding.prepare(content)
            yield base, payload
            return
        for number, content in enumerate(order.contents, 1):
            draft = base.copy()
            if number > 1:
                draft.put(_INSTANCE_UID, self.uids.make())
            _add(draft, read_tags(content.tags, order.options), order)
            draft.put(INSTANCE_NUMBER, str(number))
            draft.put(_IMAGE_INDEX, str(number))
            draft.put(_IMAGES_IN_ACQUISITION, str(len(order.contents)))
            draft.put(_NUMBER_OF_TEMPORAL_POSITIONS, "1")
            yield draft, self.embedding.prepare(content)

    def _base(self, order: CreationOrder) -> Draft:
        """Return what all instances of an order have in common."""
        draft = Draft(TERMS.get(self.default_encoding.name, UTF_8))
        if order.is_bare:
            draft.specific_character_set = TERMS["Ascii"]
        draft.fill(
            {tag: self.uids.make() for tag in (_STUDY_UID, _SERIES_UID, _INSTANCE_UID)}
        )
        if order.parent is not None:
            self._inherit(draft, order.parent)
        given = list(read_tags(order.tags, order.options))
        character_set = next(
            (one.content for tag, one in given if tag == SPECIFIC_CHARACTER_SET), None
        )
        if isinstance(character_set, str) and order.parent is None:
            draft.specific_character_set = character_set
            draft.is_character_set_fixed = True
        _add(draft, given, order)
        if not order.is_bare:
            now = datetime.fromtimestamp(self.clock(), UTC).astimezone()
            for date, moment in _MOMENTS.items():
                draft.fill({date: f"{now:%Y%m%d}", moment: f"{now:%H%M%S}.000000"})
        draft.fill({_PATIENT_ID: str(uuid.uuid4())})
        return draft

    def _inherit(self, draft: Draft, parent: str) -> None:
        """Take over what the modules of the parent, and of those above it, say."""
        level = self._level_of(parent)
        with self.samples.open(level, parent) as dataset:
            draft.specific_character_set = _character_set(
                dataset, draft.specific_character_set
            )
            for one in LEVELS[: level.depth + 1]:
                for tag in MODULE_TAGS[one]:
                    _copy(dataset, tag, draft)

    def _level_of(self, parent: str) -> Level:
        with self.index.read() as transaction:
            for level in LEVELS:
                try:
                    transaction.get_pk(level, parent)
                except NotFoundError:
                    continue
                if level is Level.INSTANCE:
                    raise InstanceParentError
                return level
        raise UnknownParentError

    def _store(
        self, draft: Draft, payload: Payload | None, origin: Origin
    ) -> StoreResult:
        syntax = {}
        if payload is not None:
            for tag, content in payload.required.items():
                draft.put(tag, content)
            draft.fill(payload.defaults)
            syntax = {"transfer_syntax_uid": payload.transfer_syntax_uid}
        attributes = draft.encode()
        uids = (draft.text(SOP_CLASS_UID), draft.text(_INSTANCE_UID))
        try:
            return self.ingest.store(iter_file(attributes, *uids, **syntax), origin)
        except TooLongError as error:
            raise InvalidInputError("A value is too long for its VR") from error


def _add(
    draft: Draft, given: Iterable[tuple[int, GivenValue]], order: CreationOrder
) -> None:
    """Add attributes, but none that is there already."""
    for tag, value in given:
        if tag == SPECIFIC_CHARACTER_SET:
            continue
        if tag == PIXEL_DATA:
            raise PixelDataTagError
        is_known = tag in draft.given and tag not in _FREE
        if is_known and draft.given[tag] != value and not order.options.is_forced:
            raise InheritedTagError(name_of(tag))
        draft.given[tag] = value


def _character_set(dataset: Dataset, default: str) -> str:
    element = dataset.lookup(SPECIFIC_CHARACTER_SET)
    named = element.text if element is not None else None
    try:
        return TextEncoder(named).terms if named else default
    except UnknownCharacterSetError:
        return UTF_8


def _copy(dataset: Dataset, tag: int, draft: Draft) -> None:
    element = dataset.lookup(tag)
    if element is None or is_sequence(tag) or tag == SPECIFIC_CHARACTER_SET:
        return
    text = element.text
    if text is not None and element.vr in TEXT_VRS:
        draft.given[tag] = GivenValue(element.vr, text)
