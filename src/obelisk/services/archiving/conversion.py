"""Members that get another transfer syntax when their turn comes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from obelisk.index.archive_reading import InstanceLine, SeriesLine
from obelisk.services.archiving.contents import Contents, Directory, OpenedMember
from obelisk.services.archiving.zip_format import Member
from obelisk.services.stored_files import StoredFile
from obelisk.services.transcoding import NotTranscodableError, TranscodedFile
from obelisk.storage.base import Storage


class ConvertedContents(Contents):
    """The contents of the members in a transfer syntax; one thread opens them in turn.

    What cannot have it stays as it is. A DICOMDIR is written while the members are
    opened, as only then it is known what they are.

    Parameters
    ----------
    storage
        Has the files.
    transfer_syntax_uid
        What they shall have.
    transcode
        Writes a file so; `None` if it is so already.
    """

    def __init__(
        self,
        storage: Storage,
        transfer_syntax_uid: str,
        transcode: Callable[[StoredFile], TranscodedFile | None],
    ) -> None:
        super().__init__(storage)
        self._uid = transfer_syntax_uid
        self._transcode = transcode
        self._directory: Directory | None = None
        self._entries: list[tuple[SeriesLine, InstanceLine, str]] = []
        self._series: SeriesLine | None = None

    def described_by(self, directory: Directory) -> Directory:
        """Return what notes the records, which are written later."""
        self._directory = directory
        return _Notes(self._entries)

    @contextmanager
    def open_member(self, number: int, member: Member) -> Iterator[OpenedMember]:
        """See `Contents.open_member`."""
        if self._directory is not None and number == len(self._entries):
            crc32, size = self._directory.finish()
            yield replace(member, crc32=crc32, size=size), self.read(number, 0, size)
            return
        with ExitStack() as stack:
            made = self._made_of(number, member)
            if made is not None:
                stack.callback(made.close)
            if self._directory is not None:
                self._describe(self._directory, number, made)
            if made is None:
                yield member, self.read(number, 0, member.size)
            else:
                changed = replace(member, crc32=made.crc32, size=made.size)
                yield changed, made.chunks()

    def _made_of(self, number: int, member: Member) -> TranscodedFile | None:
        try:
            return self._transcode(self.file(number, member.size))
        except NotTranscodableError:
            return None

    def _describe(
        self, directory: Directory, number: int, made: TranscodedFile | None
    ) -> None:
        series, line, name = self._entries[number]
        if series is not self._series:
            directory.enter(series)
            self._series = series
        file = self.open(line)
        if made is not None:
            line = line._replace(
                transfer_syntax_uid=self._uid, sop_instance_uid=made.sop_instance_uid
            )
        directory.add(line, file, name)


class _Notes:
    """Takes the place of a directory until the members are known."""

    def __init__(self, entries: list[tuple[SeriesLine, InstanceLine, str]]) -> None:
        self._entries = entries
        self._series: list[SeriesLine] = []

    def enter(self, line: SeriesLine) -> None:
        """See `MediaDirectory.enter`."""
        self._series.append(line)

    def add(self, line: InstanceLine, _file: StoredFile, name: str) -> None:
        """See `MediaDirectory.add`."""
        self._entries.append((self._series[-1], line, name))

    def finish(self) -> tuple[int, int]:
        """See `MediaDirectory.finish`; nothing is known yet."""
        return 0, 0
