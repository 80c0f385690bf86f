"""Makes new instances of attributes and of images, documents and models."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from obelisk.dicom.creation import (
    SPECIFIC_CHARACTER_SET,
    Draft,
    GivenValue,
    read_tags,
)
from obelisk.dicom.dictionary import format_tag, is_sequence, name_of
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
from obelisk.services.creation_orders import CreationOrder, KeptOrders
from obelisk.services.embedding import Embedding
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


@dataclass(frozen=True, slots=True)
class Identity:
    """What new instances have that no others have, so that they can be made again.

    Attributes
    ----------
    moment
        When they are made, as a POSIX time.
    seed
        What their UIDs come from.
    """

    moment: float
    seed: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True)
class Creation:
    """Makes instances, and stores them; safe to use from several threads.

    Attributes
    ----------
    index, resources, samples, ingest
        What is stored, and the way in.
    embedding
        Prepares contents.
    orders
        Those that wait for their jobs.
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
    orders: KeptOrders
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
        results: list[StoreResult] = []
        try:
            for result in self.create_from(0, order, self.identity(), origin):
                results.append(result)  # noqa: PERF402 -- one by one, lest some stay
        except ServerError:
            self.undo(one.ids.instance for one in results if one.is_new)
            raise
        return results

    def identity(self) -> Identity:
        """Return what the next new instances are known by."""
        return Identity(self.clock())

    def check(self, order: CreationOrder) -> None:
        """Check all of an order but its contents; see `create`."""
        base = self._base(order, self.identity())
        for content in order.contents:
            _add(base.copy(), read_tags(content.tags, order.options), order)

    def create_from(
        self, first: int, order: CreationOrder, identity: Identity, origin: Origin
    ) -> Iterator[StoreResult]:
        """Make and store the instances of an order, one by one, from one of them on.

        What was made with the same identity before is not made once more. See `create`.
        """
        base = self._base(order, identity)
        for draft, payload in self._drafts(first, order, identity, base):
            yield self._store(draft, payload, origin)

    def undo(self, ids: Iterable[str]) -> None:
        """Delete instances that were made, as far as they are there."""
        for id_ in ids:
            with suppress(NotFoundError):
                self.resources.delete(Level.INSTANCE, id_)

    def _drafts(
        self, first: int, order: CreationOrder, identity: Identity, base: Draft
    ) -> Iterator[tuple[Draft, Payload | None]]:
        if not order.is_series:
            payload = None
            for content in order.contents:
                _add(base, read_tags(content.tags, order.options), order)
                payload = self.embedding.prepare(content)
            yield base, payload
            return
        for number, content in enumerate(order.contents[first:], first + 1):
            draft = base.copy()
            if number > 1:
                draft.put(_INSTANCE_UID, self._uid(identity, f"instance {number}"))
            _add(draft, read_tags(content.tags, order.options), order)
            draft.put(INSTANCE_NUMBER, str(number))
            draft.put(_IMAGE_INDEX, str(number))
            draft.put(_IMAGES_IN_ACQUISITION, str(len(order.contents)))
            draft.put(_NUMBER_OF_TEMPORAL_POSITIONS, "1")
            yield draft, self.embedding.prepare(content)

    def _uid(self, identity: Identity, name: str) -> str:
        return self.uids.derive(identity.seed, name)

    def _base(self, order: CreationOrder, identity: Identity) -> Draft:
        """Return what all instances of an order have in common."""
        draft = Draft(TERMS.get(self.default_encoding.name, UTF_8))
        if order.is_bare:
            draft.specific_character_set = TERMS["Ascii"]
        uids = {_STUDY_UID: "study", _SERIES_UID: "series", _INSTANCE_UID: "instance"}
        draft.fill({tag: self._uid(identity, name) for tag, name in uids.items()})
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
            now = datetime.fromtimestamp(identity.moment, UTC).astimezone()
            for date, moment in _MOMENTS.items():
                draft.fill({date: f"{now:%Y%m%d}", moment: f"{now:%H%M%S}.000000"})
        draft.fill({_PATIENT_ID: str(uuid.uuid5(identity.seed, "patient"))})
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
            level = transaction.lookup_level(parent)
        if level is None:
            raise UnknownParentError
        if level is Level.INSTANCE:
            raise InstanceParentError
        return level

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
            raise InvalidInputError(
                f"The tag {format_tag(error.tag)} ({name_of(error.tag)}) of VR "
                f"{error.vr} cannot have a value of {error.length} bytes"
            ) from error


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
