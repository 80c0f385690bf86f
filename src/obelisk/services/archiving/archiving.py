"""Makes archives and media of what is stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.services.archiving.contents import Archive, Contents
from obelisk.services.archiving.deflation import Deflation
from obelisk.services.archiving.folders import Folders, add_archive
from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.media import MediaDirectory, add_media
from obelisk.services.archiving.selection import Resource, choose
from obelisk.services.encoding import AssumedEncoding
from obelisk.storage.base import Storage


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
    root
        What it is about: patients, as Orthanc names their folders where resources are
        listed; one study, which may know its patient by another name; or one series,
        without the folders around its own.
    """

    is_media: bool = False
    is_extended: bool = False
    is_utf8: bool = False
    root: Level = Level.PATIENT


class Archiving:
    """Makes ZIP archives; the methods raise `NotFoundError` for unknown resources.

    Parameters
    ----------
    index, storage
        Where everything is.
    default_encoding
        The encoding of text without Specific Character Set.
    """

    def __init__(
        self, index: Index, storage: Storage, default_encoding: AssumedEncoding
    ) -> None:
        self._index = index
        self._storage = storage
        self._default_encoding = default_encoding

    def find(self, ids: Iterable[str]) -> list[Resource]:
        """Return resources by their ids, of whatever level."""
        found: list[Resource] = []
        with self._index.read() as transaction:
            for id_ in ids:
                pks = ((level, transaction.lookup_pk(level, id_)) for level in LEVELS)
                levels = [level for level, pk in pks if pk is not None]
                if not levels:
                    raise NotFoundError("resource", id_)
                found.append((levels[0], id_))
        return found

    def lay_out(self, resources: Sequence[Resource], form: ArchiveForm) -> Layout:
        """Return an archive of resources, whose members are stored as they are.

        The same resources give the same bytes, as long as nothing in them changes.
        """
        contents = Contents(self._storage)
        layout = Layout(contents.read)
        self._fill(layout, contents, resources, form)
        layout.finish()
        return layout

    def deflate(
        self, resources: Sequence[Resource], form: ArchiveForm
    ) -> Iterator[bytes]:
        """Return the bytes of an archive of resources, whose members are deflated."""
        contents = Contents(self._storage)
        deflation = Deflation(contents.read)
        self._fill(deflation, contents, resources, form)
        return deflation.read()

    def _fill(
        self,
        archive: Archive,
        contents: Contents,
        resources: Sequence[Resource],
        form: ArchiveForm,
    ) -> None:
        with self._index.read() as transaction:
            chosen = choose(transaction, resources, form.root)
            if form.is_media:
                directory = MediaDirectory(
                    contents.new_file(),
                    self._default_encoding,
                    is_extended=form.is_extended,
                )
                add_media(archive, contents, chosen, directory)
            else:
                folders = Folders(form.root, is_utf8=form.is_utf8)
                add_archive(archive, contents, chosen, folders)
