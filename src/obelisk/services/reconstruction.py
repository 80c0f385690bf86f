"""What the index knows of resources is made anew from their files."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, STANDARD, MainTags
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import (
    CorruptedFileError,
    DamagedFilesError,
    InvalidDICOMError,
    NotFoundError,
    StorageError,
    StorageFullError,
)
from obelisk.index.attribute_writing import FileDescription
from obelisk.index.base import Index
from obelisk.services.attachments import Attachments
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import attributes_by_level, file_metadata
from obelisk.services.numbering import index_in_series
from obelisk.services.resources import Resources
from obelisk.services.stored_files import StoredFile

_PAGE_SIZE = 1000
_GROUP_SIZE = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionSettings:
    """How the index describes instances; the names of the options stand in brackets.

    Attributes
    ----------
    default_encoding
        Assumed where Specific Character Set is absent (DefaultEncoding).
    main_tags
        The attributes that are indexed (ExtraMainDicomTags).
    is_compressed
        Whether files are compressed with zlib (StorageCompression).
    """

    default_encoding: AssumedEncoding = field(default_factory=AssumedEncoding)
    main_tags: MainTags = STANDARD
    is_compressed: bool = False


class Reconstruction:
    """Reads files again; safe to use from several threads.

    The unit of work is one instance, or a group of them: one transaction, and harmless
    when repeated. So whoever goes through `instance_ids` in order can stop after any of
    them and go on from there later. A value that differs between files ends up as the
    last one says. Labels, attachments, metadata of users and the time of reception
    stay, and nothing is written to the change log.
    """

    def __init__(
        self,
        index: Index,
        resources: Resources,
        attachments: Attachments,
        settings: ReconstructionSettings,
    ) -> None:
        self._index = index
        self._resources = resources
        self._attachments = attachments
        self._settings = settings

    def outdated_levels(self) -> list[Level]:
        """Return the levels whose attributes are not those of the configuration.

        The oldest and the newest resource speak for all.
        """
        with self._index.read() as transaction:
            kept = {one: transaction.find_edge_metadata(one) for one in LEVELS}
        known = {
            level: {
                one.get(SIGNATURE_NAME, STANDARD.signatures[level]) for one in found
            }
            for level, found in kept.items()
        }
        wanted = self._settings.main_tags.signatures
        return [level for level in LEVELS if known[level] - {wanted[level]}]

    def warn_if_outdated(self) -> None:
        """Log which levels lack attributes until they are reconstructed, if so."""
        levels = [level.value for level in self.outdated_levels()]
        if levels:
            _log.warning(
                "ExtraMainDicomTags changed since resources were stored (%s): their"
                " attributes are the old ones until POST /tools/reconstruct",
                ", ".join(levels),
            )

    def instance_ids(self, level: Level, id_: str) -> list[str]:
        """Return the instances below a resource, or itself, in the order of the ids.

        Raises
        ------
        NotFoundError
            If there is no such resource.
        """
        with self._index.read() as transaction:
            pk = transaction.get_pk(level, id_)
            if level is Level.INSTANCE:
                return [id_]
            return transaction.find_descendant_ids(level, pk, Level.INSTANCE)

    def reconstruct_all(self, *, with_files: bool = False) -> None:
        """Reconstruct every study, in the order of the ids.

        Raises
        ------
        NotFoundError
            If no file was kept.
        DamagedFilesError
            If some files cannot be read; all others were.
        """
        self._expect_file(self._ids_by_study())
        self._reconstruct_all(self._ids_by_study(), with_files=with_files)

    def _ids_by_study(self) -> Iterator[str]:
        for study_id in self._ids_after(Level.STUDY, ""):
            with suppress(NotFoundError):  # deleted meanwhile
                yield from self.instance_ids(Level.STUDY, study_id)

    def instances_after(self, last: str) -> Iterator[str]:
        """Yield the instances behind an id, in the order of the ids."""
        return self._ids_after(Level.INSTANCE, last)

    def _ids_after(self, level: Level, last: str) -> Iterator[str]:
        while True:
            with self._index.read() as transaction:
                ids = transaction.find_ids_after(level, last, _PAGE_SIZE)
            if not ids:
                return
            yield from ids
            last = ids[-1]

    def reconstruct(self, level: Level, id_: str, *, with_files: bool = False) -> None:
        """Reconstruct a resource from all its instances, and what is above it.

        Parameters
        ----------
        level, id_
            The resource.
        with_files
            Whether files are written anew if they are not compressed as configured.

        Raises
        ------
        NotFoundError
            If there is no such resource, or no file of it was kept.
        DamagedFilesError
            If some files cannot be read; all others were.
        """
        ids = self.instance_ids(level, id_)
        self._expect_file(ids)
        self._reconstruct_all(ids, with_files=with_files)

    def _expect_file(self, ids: Iterable[str]) -> None:
        """Raise `NotFoundError` if there are instances, but not a file of them."""
        id_ = None
        for id_ in ids:
            with suppress(NotFoundError):  # deleted meanwhile
                if self._resources.open_file(id_).is_kept:
                    return
        if id_ is not None:
            raise NotFoundError("file", id_)

    def _reconstruct_all(self, ids: Iterable[str], *, with_files: bool) -> None:
        damaged: list[str] = []
        for group in groups(ids):
            for id_, error in self.reconstruct_group(group, with_files=with_files):
                _log.error("Instance %s cannot be reconstructed: %s", id_, error)
                damaged.append(id_)
        if damaged:
            raise DamagedFilesError(damaged)

    def reconstruct_group(
        self, ids: Iterable[str], *, with_files: bool = False
    ) -> list[tuple[str, StorageError]]:
        """Reconstruct a few instances in one transaction.

        Returns
        -------
        list
            Those of which the file cannot be read, and why; they stay as they were.

        Raises
        ------
        StorageFullError
            If there is no room to write one anew.
        """
        damaged: list[tuple[str, StorageError]] = []
        while ids:
            files: list[FileDescription] = []
            for id_ in ids:
                try:
                    files.append(self._described(id_, with_files=with_files))
                except NotFoundError:
                    continue  # deleted meanwhile
                except StorageFullError:
                    raise  # that is no fault of the file
                except StorageError as error:
                    damaged.append((id_, error))
            ids = self._take_over(files)
        return damaged

    def _take_over(self, files: Sequence[FileDescription]) -> list[str]:
        """Write what files say; return the instances that have another one by now."""
        if not files:
            return []
        return self._index.write(lambda writer: writer.describe_all(files))

    def reconstruct_instance(
        self, instance_id: str, *, with_files: bool = False
    ) -> None:
        """Take over what the file of an instance says, for it and all above it.

        Raises
        ------
        NotFoundError
            If there is no such instance.
        """
        self._renew(instance_id, None, with_files=with_files)

    def reconstruct_level(self, level: Level, id_: str) -> None:
        """Make only the attributes of one resource anew, from one of its instances.

        Those of a study include its copy of the attributes of the patient.

        Raises
        ------
        NotFoundError
            If there is no such resource, or the file of that instance was not kept.
        """
        is_done, absent = False, ""
        while not is_done:
            with self._index.read() as transaction:
                pk = transaction.get_pk(level, id_)
                instance_id = transaction.find_lowest_instance_id(level, pk)
            try:
                self._renew(instance_id, level, with_files=False)
                is_done = True
            except NotFoundError:
                if instance_id == absent:
                    raise
                absent = instance_id  # deleted meanwhile, maybe with the resource

    def _renew(self, instance_id: str, only: Level | None, *, with_files: bool) -> None:
        """Read the file of an instance, again if it is replaced at this moment."""
        is_done = False
        while not is_done:
            file = self._described(instance_id, with_files=with_files)
            is_done = self._describe(file, only)

    def _describe(self, file: FileDescription, only: Level | None) -> bool:
        return self._index.write(lambda writer: writer.describe(file, only))

    def _described(self, instance_id: str, *, with_files: bool) -> FileDescription:
        """Return what the file of an instance says; see `_renew`."""
        while True:
            file = self._resources.open_file(instance_id)
            try:
                if with_files:
                    compressed = self._settings.is_compressed
                    self._attachments.rewrite(
                        Level.INSTANCE, instance_id, "dicom", is_compressed=compressed
                    )
                return self._read(instance_id, file)
            except StorageError:
                if self._resources.open_file(instance_id).uuid == file.uuid:
                    raise

    def _read(self, instance_id: str, file: StoredFile) -> FileDescription:
        settings = self._settings
        with file.view() as content:
            try:
                parsed = parse_instance(
                    content,
                    default_encoding=settings.default_encoding.name,
                    main_tags=settings.main_tags,
                )
            except InvalidDICOMError as error:
                raise CorruptedFileError from error
            return FileDescription(
                instance_id=instance_id,
                key=file.uuid,
                attributes=attributes_by_level(parsed, settings.main_tags),
                metadata=file_metadata(parsed),
                index_in_series=index_in_series(parsed.attributes),
            )


def groups(ids: Iterable[str]) -> Iterator[list[str]]:
    """Yield ids, as many at a time as are reconstructed in one transaction."""
    every = iter(ids)
    while group := list(islice(every, _GROUP_SIZE)):
        yield group
