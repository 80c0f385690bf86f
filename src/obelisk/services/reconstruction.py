"""What the index knows of resources is made anew from their files."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, STANDARD, MainTags
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import (
    CorruptedFileError,
    InvalidDICOMError,
    NotFoundError,
    StorageError,
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

    The unit of work is one instance: one transaction, and harmless when repeated. So
    whoever goes through `instance_ids` in order can stop after any of them and go on
    from there later. A value that differs between files ends up as the last one says.
    Labels, attachments, metadata of users and the time of reception stay, and nothing
    is written to the change log.
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
        """Reconstruct every study, in the order of the ids."""
        for study_id in self._ids_after(Level.STUDY, ""):
            try:
                self.reconstruct(Level.STUDY, study_id, with_files=with_files)
            except NotFoundError:
                continue  # deleted meanwhile

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
            If there is no such resource.
        """
        for instance_id in self.instance_ids(level, id_):
            self.reconstruct_if_there(instance_id, with_files=with_files)

    def reconstruct_if_there(
        self, instance_id: str, *, with_files: bool = False
    ) -> None:
        """Do the same as `reconstruct_instance`, but for one that was deleted."""
        with suppress(NotFoundError):
            self.reconstruct_instance(instance_id, with_files=with_files)

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
            If there is no such resource.
        """
        is_done = False
        while not is_done:
            with self._index.read() as transaction:
                pk = transaction.get_pk(level, id_)
                instance_id = transaction.find_lowest_instance_id(level, pk)
            with suppress(NotFoundError):  # deleted meanwhile, maybe with the resource
                self._renew(instance_id, level, with_files=False)
                is_done = True

    def _renew(self, instance_id: str, only: Level | None, *, with_files: bool) -> None:
        """Read the file of an instance, again if it is replaced at this moment."""
        is_done = False
        while not is_done:
            file = self._resources.open_file(instance_id)
            try:
                if with_files:
                    compressed = self._settings.is_compressed
                    self._attachments.rewrite(
                        Level.INSTANCE, instance_id, "dicom", is_compressed=compressed
                    )
                is_done = self._describe(self._read(instance_id, file), only)
            except StorageError:
                if self._resources.open_file(instance_id).uuid == file.uuid:
                    raise

    def _describe(self, file: FileDescription, only: Level | None) -> bool:
        return self._index.write(lambda writer: writer.describe(file, only))

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
