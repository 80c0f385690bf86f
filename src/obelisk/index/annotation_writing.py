"""What users attach to resources, and take away again."""

import hashlib
from dataclasses import replace

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError
from obelisk.index.reading import ReadTransaction
from obelisk.index.records import (
    Attachment,
    ChangeType,
    ContentType,
    UserMetadatum,
)
from obelisk.index.revisions import Revision, RevisionCheck


def revision_of(found: UserMetadatum | Attachment) -> Revision:
    """Return the revision of metadata or of an attachment."""
    if isinstance(found, Attachment):
        return Revision(found.revision, found.md5)
    digest = hashlib.md5(found.content, usedforsecurity=False)
    return Revision(found.revision, digest.hexdigest())


class AnnotationWriting(ReadTransaction):
    """The part of a `WriteTransaction` that is about annotations.

    Methods that take the id of a resource raise `NotFoundError` if there is none.
    """

    def _log(
        self, type_: ChangeType, level: Level, pk: int, id_: str, date: str
    ) -> None:
        self._log_all([(type_, level, pk, id_)], date)

    def _log_all(
        self, changes: list[tuple[ChangeType, Level, int, str]], date: str
    ) -> None:
        last = self._run("number_changes", len(changes)).fetchone()[0]
        for seq, (type_, level, pk, id_) in enumerate(changes, last - len(changes) + 1):
            self._run("insert_change", seq, type_.value, level.depth, pk, id_, date)

    def set_user_metadatum(
        self,
        level: Level,
        id_: str,
        number: int,
        content: bytes,
        check: RevisionCheck,
        date: str,
    ) -> Revision:
        """Set one of the user-defined metadata of a resource; return its revision."""
        pk = self.get_pk(level, id_)
        found = self.lookup_user_metadatum(level, pk, number)
        if found is not None:
            check.check(revision_of(found))
        revision = 0 if found is None else found.revision + 1
        new = UserMetadatum(number, _text_or_bytes(content), revision)
        self._run(
            "replace_user_metadatum", level.depth, pk, number, new.value, revision
        )
        self._log(ChangeType.UPDATED_METADATA, level, pk, id_, date)
        return revision_of(new)

    def delete_user_metadatum(
        self, level: Level, id_: str, number: int, check: RevisionCheck, date: str
    ) -> None:
        """Delete one of the user-defined metadata of a resource.

        Raises
        ------
        NotFoundError
            If it is not set.
        """
        pk = self.get_pk(level, id_)
        found = self.lookup_user_metadatum(level, pk, number)
        if found is None:
            raise NotFoundError("metadata", str(number))
        check.check(revision_of(found))
        self._run("delete_user_metadatum", level.depth, pk, number)
        self._log(ChangeType.UPDATED_METADATA, level, pk, id_, date)

    def put_attachment(
        self, level: Level, id_: str, new: Attachment, check: RevisionCheck, date: str
    ) -> tuple[Revision, list[str]]:
        """Attach a file to a resource, or replace the one of the same content type.

        Returns
        -------
        tuple
            The revision, and the keys of files to be removed.
        """
        pk = self.get_pk(level, id_)
        old = self.lookup_attachment(level, pk, new.content_type)
        if old is not None:
            check.check(revision_of(old))
            new = replace(new, revision=old.revision + 1)
        keys = self._replace(level, pk, old, new)
        self._log(ChangeType.UPDATED_ATTACHMENT, level, pk, id_, date)
        return revision_of(new), keys

    def rewrite_attachment(
        self, level: Level, id_: str, old: Attachment, new: Attachment, date: str
    ) -> list[str] | None:
        """Replace the file of an attachment by another one with the same content.

        Returns
        -------
        list or None
            The keys of files to be removed; `None` if the attachment is not as it
            was any more, and nothing was changed.
        """
        pk = self.get_pk(level, id_)
        present = self.lookup_attachment(level, pk, new.content_type)
        if present is None or present.key != old.key:
            return None
        new = replace(new, revision=present.revision + 1)
        keys = self._replace(level, pk, present, new)
        if new.content_type != ContentType.DICOM:
            self._log(ChangeType.UPDATED_ATTACHMENT, level, pk, id_, date)
        return keys

    def delete_attachment(
        self, level: Level, id_: str, content_type: int, check: RevisionCheck, date: str
    ) -> list[str]:
        """Delete an attachment; return the keys of files to be removed.

        Raises
        ------
        NotFoundError
            If there is none of that content type.
        """
        pk = self.get_pk(level, id_)
        old = self.lookup_attachment(level, pk, content_type)
        if old is None:
            raise NotFoundError("attachment", str(content_type))
        check.check(revision_of(old))
        keys = self._replace(level, pk, old, None)
        self._log(ChangeType.UPDATED_ATTACHMENT, level, pk, id_, date)
        return keys

    def _replace(
        self, level: Level, pk: int, old: Attachment | None, new: Attachment | None
    ) -> list[str]:
        if new is not None:
            self._run(
                "replace_attachment",
                level.depth,
                pk,
                new.content_type,
                new.key,
                new.compression,
                new.size,
                new.md5,
                new.crc32,
                new.stored_size,
                new.stored_md5,
                new.revision,
            )
        elif old is not None:
            self._run("delete_attachment", level.depth, pk, old.content_type)
        self._resize(level, pk, old, new)
        if old is None:
            return []
        self._run("insert_removal", old.key)
        return [old.key]

    def _resize(
        self, level: Level, pk: int, old: Attachment | None, new: Attachment | None
    ) -> None:
        """Count the difference between two attachments for all that contains them."""
        disk = (new.stored_size if new else 0) - (old.stored_size if old else 0)
        plain = (new.size if new else 0) - (old.size if old else 0)
        is_dicom = ContentType.DICOM in [one.content_type for one in (old, new) if one]
        other = (0, 0) if is_dicom else (disk, plain)
        for ancestor in reversed(LEVELS[: level.depth + 1]):
            pk = self.find_ancestor_pk(level, pk, ancestor)
            level = ancestor
            self._run_at("resize", level, disk, plain, *other, pk)
        self._run("grow_total", 0, 0, 0, 0, disk, plain)

    def add_label(self, level: Level, id_: str, label: str) -> None:
        """Give a label to a resource, if it does not have it."""
        self._run("insert_label", level.depth, self.get_pk(level, id_), label)

    def remove_label(self, level: Level, id_: str, label: str) -> None:
        """Take a label from a resource, if it has it."""
        self._run("delete_label", level.depth, self.get_pk(level, id_), label)

    def protect(self, patient_id: str, *, is_protected: bool) -> None:
        """Protect a patient against recycling, or end that."""
        pk = self.get_pk(Level.PATIENT, patient_id)
        self._run("set_protection", is_protected, pk)


def _text_or_bytes(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
