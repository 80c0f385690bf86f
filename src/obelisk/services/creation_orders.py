"""Orders to make instances, and how they wait for their jobs."""

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from obelisk.dicom.creation import TagOptions
from obelisk.dicom.writing import Blob
from obelisk.services.embedding import NewContent, NewFile
from obelisk.storage.base import Buffer, PendingContent, Storage

_LENGTH = struct.Struct("<Q")


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

    @property
    def instance_count(self) -> int:
        """How many instances are to be made."""
        return len(self.contents) if self.is_series else 1


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """An order in the storage area, which the index does not know yet.

    `digest` is the same for the same order.
    """

    pending: PendingContent
    digest: str

    def close(self) -> None:
        """Remove the file, unless a job has it."""
        self.pending.discard()


class KeptOrders:
    """Keeps orders in the storage area, with all that they embed.

    Such a file has the contents one after the other, then everything else as JSON, and
    the length of that in 8 bytes.

    Parameters
    ----------
    storage
        The storage area.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def keep(self, order: CreationOrder) -> KeptOrder:
        """Write an order to a new file.

        Raises
        ------
        StorageFullError, StorageError
            If the storage area fails; nothing stays behind then.
        """
        pending, digest = self._storage.create(), hashlib.sha256()
        with ExitStack() as stack:
            stack.callback(pending.discard)
            for chunk in _chunks(order):
                digest.update(chunk)
                pending.write(chunk)
            pending.finish()
            stack.pop_all()
        return KeptOrder(pending, digest.hexdigest())

    def open(self, key: str) -> CreationOrder:
        """Return an order; its contents are read when they are needed.

        Raises
        ------
        StorageError
            If it cannot be read.
        """
        end = self._storage.size(key) - _LENGTH.size
        (length,) = _LENGTH.unpack(self._read(key, end, end + _LENGTH.size))
        fields = orjson.loads(self._read(key, end - length, end))
        position, contents = 0, []
        for one in fields.pop("contents"):
            files = []
            for media_type, size in one.pop("files"):
                blob = self._blob(key, position, size)
                files.append(NewFile(media_type, blob))
                position += size
            contents.append(NewContent(files=files, **one))
        options = TagOptions(**fields.pop("options"))
        return CreationOrder(contents=contents, options=options, **fields)

    def _read(self, key: str, start: int, stop: int) -> bytes:
        return b"".join(self._storage.read(key, start, stop))

    def _blob(self, key: str, start: int, size: int) -> Blob:
        return Blob(size, lambda: self._storage.read(key, start, start + size))


def _chunks(order: CreationOrder) -> Iterator[Buffer]:
    for content in order.contents:
        for file in content.files:
            yield from file.content.read()
    fields = orjson.dumps(
        {
            "tags": order.tags,
            "contents": [_content_json(one) for one in order.contents],
            "is_series": order.is_series,
            "parent": order.parent,
            "options": asdict(order.options),
            "is_bare": order.is_bare,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    yield fields + _LENGTH.pack(len(fields))


def _content_json(content: NewContent) -> dict[str, Any]:
    return {
        "files": [[one.media_type, one.content.size] for one in content.files],
        "tags": content.tags,
        "transfer_syntax_uid": content.transfer_syntax_uid,
        "is_encapsulated": content.is_encapsulated,
        "is_multi_frame": content.is_multi_frame,
    }
