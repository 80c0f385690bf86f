"""Files that belong to resources: the DICOM file, and those of users."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from obelisk.dicom.levels import Level
from obelisk.errors import CorruptedFileError, NotFoundError
from obelisk.index.annotation_writing import revision_of
from obelisk.index.base import Index
from obelisk.index.records import Attachment, Compression
from obelisk.index.revisions import Revision, RevisionCheck
from obelisk.index.writing import WriteTransaction
from obelisk.services.compression import compress
from obelisk.services.content_names import CONTENT_NUMBERS, ContentNames
from obelisk.services.digest import Digest
from obelisk.services.quota import UNLIMITED, Quota
from obelisk.services.removal import Removal
from obelisk.services.stored_files import StoredFile
from obelisk.services.timestamps import utc_text
from obelisk.storage.base import Buffer, PendingContent, Storage

#: What is none of the user's, and can be deleted nevertheless.
_REMOVABLE = CONTENT_NUMBERS["dicom-as-json"]


@dataclass(frozen=True, slots=True)
class AttachmentSettings:
    """How attachments are kept; the names of the options stand in brackets.

    Attributes
    ----------
    is_compressed
        Whether new files are compressed with zlib (StorageCompression).
    is_md5_computed
        Whether MD5 sums are kept (StoreMD5ForAttachments).
    is_revision_required
        Whether a change has to name the revision that it replaces (CheckRevisions).
    quota
        How much may be stored.
    """

    is_compressed: bool = False
    is_md5_computed: bool = True
    is_revision_required: bool = False
    quota: Quota = UNLIMITED


class OpenAttachment:
    """An attachment that can be read: its content, and its bytes as they are stored."""

    def __init__(self, file: StoredFile) -> None:
        #: Its content.
        self.file = file

    @property
    def attachment(self) -> Attachment:
        """What the index knows of it."""
        return self.file.attachment

    @property
    def revision(self) -> Revision:
        """Its revision."""
        return revision_of(self.attachment)

    @property
    def is_compressed(self) -> bool:
        """Whether its bytes are compressed."""
        return self.attachment.compression is Compression.ZLIB_WITH_SIZE

    def read_stored(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield its bytes as they are stored; see `StoredFile.read_stored`."""
        return self.file.read_stored(start, stop)


class Attachments:
    """Reads attachments, and changes those that are for users.

    Methods that take the id of a resource raise `NotFoundError` if there is none, and
    `UnknownNameError` if the name of a content type stands for nothing.
    """

    def __init__(
        self,
        index: Index,
        storage: Storage,
        names: ContentNames,
        settings: AttachmentSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._storage = storage
        self._settings = settings
        self._clock = clock
        self._removal = Removal(index, storage)
        #: The names of content types.
        self.names = names

    def content_types(self, level: Level, id_: str) -> list[int]:
        """Return the content types of the attachments of a resource, ascending."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            return transaction.find_content_types(level, pk)

    def open(self, level: Level, id_: str, name: str) -> OpenAttachment:
        """Return an attachment of a resource, or raise `NotFoundError`."""
        return self._opened(level, id_, name, self._get(level, id_, name))

    def _opened(
        self, level: Level, id_: str, name: str, attachment: Attachment
    ) -> OpenAttachment:
        look_up = partial(self._get, level, id_, name)
        return OpenAttachment(StoredFile(self._storage, attachment, look_up))

    def _get(self, level: Level, id_: str, name: str) -> Attachment:
        found = self._lookup(level, id_, name)
        if found is None:
            raise NotFoundError("attachment", name)
        return found

    def _lookup(self, level: Level, id_: str, name: str) -> Attachment | None:
        number = self.names.number(name)
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            return transaction.lookup_attachment(level, pk, number)

    def put(
        self,
        level: Level,
        id_: str,
        name: str,
        chunks: Iterable[Buffer],
        expected: Revision | None = None,
    ) -> Revision:
        """Attach a file, or replace the one of this content type.

        Raises
        ------
        ReadOnlyContentError
            If the content type belongs to the server.
        RevisionConflictError
            If the revision of the present file is not the expected one.
        StorageFullError
            If there is no room for it.
        """
        number, settings = self.names.user_number(name), self._settings
        check, date = self._check(expected), utc_text(int(self._clock()))
        is_packed = settings.is_compressed
        with self._written(chunks, is_compressed=is_packed) as (pending, written):
            new = replace(written, content_type=number)

            def attach(writer: WriteTransaction) -> tuple[Revision, list[str]]:
                revision, keys = writer.put_attachment(level, id_, new, check, date)
                return revision, keys + settings.quota.make_room(writer, level, id_)

            revision, keys = self._index.write(attach)
            pending.confirm()
        self._removal.remove(keys)
        return revision

    def delete(
        self, level: Level, id_: str, name: str, expected: Revision | None = None
    ) -> None:
        """Delete an attachment.

        Raises
        ------
        NotFoundError
            If there is none.
        ReadOnlyContentError, RevisionConflictError
            As `put`.
        """
        number = self.names.number(name)
        if number != _REMOVABLE:
            number = self.names.user_number(name)
        check, date = self._check(expected), utc_text(int(self._clock()))
        keys = self._index.write(
            lambda writer: writer.delete_attachment(level, id_, number, check, date)
        )
        self._removal.remove(keys)

    def rewrite(
        self, level: Level, id_: str, name: str, *, is_compressed: bool
    ) -> None:
        """Compress the file of an attachment, or expand it, if it is not so already."""
        is_done = False
        while not is_done:
            found = self.open(level, id_, name)
            is_done = found.is_compressed is is_compressed
            is_done = is_done or self._rewritten(level, id_, found)

    def _rewritten(self, level: Level, id_: str, found: OpenAttachment) -> bool:
        """Change the compression of a file unless it was replaced meanwhile."""
        old = found.attachment
        date = utc_text(int(self._clock()))
        pack = old.compression is Compression.NONE
        content = found.file.read()
        with self._written(content, is_compressed=pack) as (pending, written):
            new = replace(
                old,
                key=written.key,
                compression=written.compression,
                stored_size=written.stored_size,
                stored_md5=written.stored_md5,
            )
            keys = self._index.write(
                lambda writer: self._exchange(writer, level, id_, (old, new), date)
            )
            if keys is None:
                return False
            pending.confirm()
        self._removal.remove(keys)
        return True

    def _exchange(
        self,
        writer: WriteTransaction,
        level: Level,
        id_: str,
        pair: tuple[Attachment, Attachment],
        date: str,
    ) -> list[str] | None:
        old, new = pair
        keys = writer.rewrite_attachment(level, id_, old, new, date)
        if keys is not None and new.stored_size > old.stored_size:
            keys += self._settings.quota.make_room(writer, level, id_)
        return keys

    def verify(self, level: Level, id_: str, name: str) -> bool:
        """Compare a file with the sums that were kept.

        Returns
        -------
        bool
            Whether it could be done: there is such a file, and sums of it.

        Raises
        ------
        CorruptedFileError
            If the file is not what was written.
        """
        known = self._lookup(level, id_, name)
        if known is None or not known.md5 or not known.stored_md5:
            return False
        found = self._opened(level, id_, name, known)
        stored_md5, md5 = known.stored_md5, known.md5
        if _md5(found.read_stored()) != stored_md5 or _md5(found.file.read()) != md5:
            raise CorruptedFileError
        return True

    def _check(self, expected: Revision | None) -> RevisionCheck:
        return RevisionCheck(expected, self._settings.is_revision_required)

    @contextmanager
    def _written(
        self, chunks: Iterable[Buffer], *, is_compressed: bool
    ) -> Iterator[tuple[PendingContent, Attachment]]:
        """Write a content; it goes away at the end of the block unless confirmed."""
        with self._pending(chunks) as (plain, content):
            if not is_compressed:
                plain.finish()
                yield plain, _described(plain, content, content)
                return
            with (
                plain.view() as whole,
                self._pending(compress(whole)) as (packed, stored),
            ):
                packed.finish()
                yield packed, _described(packed, content, stored)

    @contextmanager
    def _pending(
        self, chunks: Iterable[Buffer]
    ) -> Iterator[tuple[PendingContent, Digest]]:
        digest = Digest(is_md5_computed=self._settings.is_md5_computed)
        pending = self._storage.create()
        try:
            for chunk in chunks:
                digest.update(chunk)
                pending.write(chunk)
            yield pending, digest
        finally:
            pending.discard()


def _described(pending: PendingContent, content: Digest, stored: Digest) -> Attachment:
    is_plain = content is stored
    return Attachment(
        pending.key,
        Compression.NONE if is_plain else Compression.ZLIB_WITH_SIZE,
        content.size,
        content.md5,
        content.crc32,
        stored.size,
        stored.md5,
    )


def _md5(chunks: Iterable[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
