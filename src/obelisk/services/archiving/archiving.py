"""Makes archives and media of what is stored."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from obelisk.dicom.levels import Level
from obelisk.errors import (
    NotFoundError,
    StorageFullError,
    UnknownNameError,
)
from obelisk.index.archive_reading import InstanceLine
from obelisk.index.base import Index
from obelisk.services.archiving.contents import Archive, Contents
from obelisk.services.archiving.conversion import ConvertedContents
from obelisk.services.archiving.deflation import Deflation
from obelisk.services.archiving.folders import Folders, add_archive
from obelisk.services.archiving.latest import Latest
from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.manifest import Manifest, read_manifest
from obelisk.services.archiving.media import MediaDirectory, add_media
from obelisk.services.archiving.preparation import Preparation, Preparations
from obelisk.services.archiving.selection import ChosenSeries, Resource, choose
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.stored_files import StoredFile
from obelisk.services.transcoding import TranscodedFile, Transcoding, check_target
from obelisk.storage.base import Storage
from obelisk.temporary_files import temporary_file_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveForm:
    """What an archive looks like.

    Attributes
    ----------
    is_media
        Whether it is a DICOM File-set with a DICOMDIR, or else has folders.
    is_extended
        Whether a DICOMDIR has more than it must.
    is_utf8
        Whether letters beyond ASCII stay in the names of folders (ZipUseUtf8).
    is_deflated
        Whether its members are deflated where it is kept.
    transfer_syntax
        The UID of the transfer syntax that the files shall have; empty for any. The
        members are deflated then. What cannot have it stays as it is.
    lossy_quality
        The quality, from 1 to 100, if they are compressed with loss.
    root
        What it is about: patients, as Orthanc names their folders where resources are
        listed; one study, which may know its patient by another name; or one series,
        without the folders around its own.
    """

    is_media: bool = False
    is_extended: bool = False
    is_utf8: bool = False
    is_deflated: bool = False
    transfer_syntax: str = ""
    lossy_quality: int = 90
    root: Level = Level.PATIENT


#: How many members the archives in memory have together: some 30 MB.
_LATEST_MEMBERS_MAX = 100_000


class Archiving:
    """Makes ZIP archives; the methods raise `NotFoundError` for unknown resources.

    Parameters
    ----------
    index, storage
        Where everything is.
    default_encoding
        The encoding of text without Specific Character Set.
    transcoding
        Writes instances in other transfer syntaxes.
    kept_count_max
        How many archives that jobs made are kept (MediaArchiveSize).
    """

    def __init__(
        self,
        index: Index,
        storage: Storage,
        default_encoding: AssumedEncoding,
        transcoding: Transcoding,
        kept_count_max: int = 1,
    ) -> None:
        #: How many archives that jobs made are kept.
        self.kept_count_max = kept_count_max
        #: The archives that jobs are at.
        self.preparations = Preparations()
        self._latest = Latest(_LATEST_MEMBERS_MAX)
        self._index = index
        self._storage = storage
        self._default_encoding = default_encoding
        self._transcoding = transcoding

    def find(self, ids: Iterable[str]) -> list[Resource]:
        """Return resources by their ids, of whatever level."""
        found: list[Resource] = []
        with self._index.read() as transaction:
            for id_ in ids:
                level = transaction.lookup_level(id_)
                if level is None:
                    raise NotFoundError("resource", id_)
                found.append((level, id_))
        return found

    def lay_out(self, resources: Sequence[Resource], form: ArchiveForm) -> Layout:
        """Return an archive of resources, whose members are stored as they are.

        The same resources give the same bytes, as long as nothing in them changes.
        """
        with self._index.read() as transaction:
            key = self._fingerprint(choose(transaction, resources, form.root), form)

            def make() -> Layout:
                contents = Contents(self._storage)
                layout = Layout(contents.read)
                chosen = choose(transaction, resources, form.root)
                for _ in self._filling(layout, contents, chosen, form):
                    pass
                layout.finish()
                return layout

            return self._latest.get(key, make)

    def _fingerprint(self, chosen: Iterable[ChosenSeries], form: ArchiveForm) -> str:
        """Return what changes whenever anything does that an archive is made of."""
        digest = hashlib.sha256(repr((form, self._default_encoding.name)).encode())
        for series in chosen:
            digest.update(repr((series.line, series.is_numbered)).encode())
            for line in series.instances:
                digest.update(repr(line).encode())
        return digest.hexdigest()

    def prepare(self, resources: Sequence[Resource], form: ArchiveForm) -> Preparation:
        """Decide upon an archive of resources as they are now, which is to be kept.

        Its files must be kept as well, unless its members are deflated, which makes a
        ZIP file of it; otherwise, what is kept is for `open`.
        """
        contents = self._contents(form)
        with self._index.read() as transaction:
            chosen = [
                replace(series, instances=list(series.instances))
                for series in choose(transaction, resources, form.root)
            ]
        lines = [line for series in chosen for line in series.instances]
        self._check_room(lines, form)
        archive: Manifest | Deflation = (
            Deflation(contents) if form.is_deflated else Manifest(contents)
        )
        return Preparation(
            archive,
            self._filling(archive, contents, chosen, form),
            [(line.pk, line.key) for line in lines],
            sum(line.size for line in lines),
            self._storage.create(),
        )

    def open(self, key: str) -> Layout:
        """Return an archive that was kept; the same bytes whatever came since.

        Raises
        ------
        StorageError
            If it is not kept any more.
        """

        def make() -> Layout:
            content = b"".join(self._storage.read(key))
            return read_manifest(content, Contents(self._storage))

        return self._latest.get(key, make)

    def check(self, resources: Sequence[Resource], form: ArchiveForm) -> None:
        """Check that there can be such an archive.

        Raises
        ------
        UnknownNameError
            If there is no such resource.
        NotTranscodableError
            If nothing can be written in the transfer syntax.
        StorageFullError
            If it is to be a file, for which there is no room.
        """
        self._contents(form)
        with self._index.read() as transaction:
            for level, id_ in resources:
                if transaction.lookup_pk(level, id_) is None:
                    raise UnknownNameError(level.name.lower(), id_)
            if form.is_deflated:
                seriess = choose(transaction, resources, form.root)
                lines = chain.from_iterable(series.instances for series in seriess)
                self._check_room(lines, form)

    def _check_room(self, lines: Iterable[InstanceLine], form: ArchiveForm) -> None:
        """Raise `StorageFullError` if an archive that is a file may not fit."""
        size = sum(line.size for line in lines)
        if form.is_deflated and size > self._storage.free_size():
            raise StorageFullError

    def deflate(self, resources: Sequence[Resource], form: ArchiveForm) -> Deflation:
        """Return an archive of resources, whose members are deflated."""
        contents = self._contents(form)
        deflation = Deflation(contents)
        with self._index.read() as transaction:
            chosen = choose(transaction, resources, form.root)
            for _ in self._filling(deflation, contents, chosen, form):
                pass
        return deflation

    def _contents(self, form: ArchiveForm) -> Contents:
        uid, quality = form.transfer_syntax, form.lossy_quality

        def transcode(file: StoredFile) -> TranscodedFile | None:
            return self._transcoding.transcode(file, uid, quality)

        if uid:
            check_target(uid)
            return ConvertedContents(self._storage, uid, transcode)
        return Contents(self._storage)

    def _filling(
        self,
        archive: Archive,
        contents: Contents,
        chosen: Iterable[ChosenSeries],
        form: ArchiveForm,
    ) -> Iterator[None]:
        """Add the members; yield after each."""
        if form.is_media:
            return self._filling_media(archive, contents, chosen, form)
        folders = Folders(form.root, is_utf8=form.is_utf8)
        return add_archive(archive, contents, chosen, folders)

    def _filling_media(
        self,
        archive: Archive,
        contents: Contents,
        chosen: Iterable[ChosenSeries],
        form: ArchiveForm,
    ) -> Iterator[None]:
        with temporary_file_errors():  # a large DICOMDIR is in one
            directory = MediaDirectory(
                contents.new_file(),
                self._default_encoding,
                is_extended=form.is_extended,
            )
            described = contents.described_by(directory)
            yield from add_media(archive, contents, chosen, described)
