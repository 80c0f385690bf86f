"""The options about ZIP archives and media."""

from dataclasses import dataclass
from enum import Enum

from obelisk.config.options import option


class ZipCompression(Enum):
    """How the files in a ZIP archive are packed."""

    STORE = "Store"
    DEFLATE = "Deflate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSection:
    """The ZIP archives and media that clients download."""

    utf8: bool = option("ZipUseUtf8", default=False)
    """Whether letters beyond ASCII stay in the names of the folders of an archive; if
    not, they are left out, for the sake of old programs."""

    compression: ZipCompression = option("ZipCompression", ZipCompression.STORE)
    """How the files in an archive are packed, unless a request says so by its argument
    `compression`. Those of an archive that stores them (`Store`) are sent as fast as
    the disk reads, and a download that broke off can be resumed; those of the other one
    (`Deflate`) take less room."""

    is_streamed: bool = option("SynchronousZipStream", default=True)
    """Whether an archive is sent while its files are deflated; if not, it is made in a
    temporary file first, so that its size is known and what cannot be made is answered
    by an error. Archives that store their files need neither: they are always sent at
    once, with their size."""

    kept_count_max: int = option("MediaArchiveSize", 1, minimum=1, unit="archives")
    """How many archives that jobs made are kept; those go first that were not fetched
    for the longest time. They are lists of what is in an archive, and take hardly any
    room, unless their members are deflated; but the files in them stay on the disk
    as long as they do, even if their instances are deleted. `MaximumStorageSize` does
    not count these files, nor archives that are deflated."""
