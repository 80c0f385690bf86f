"""Archives with a folder for each patient, study and series."""

from collections.abc import Iterable, Iterator

import orjson

from obelisk.dicom.levels import Level
from obelisk.index.archive_reading import SeriesLine
from obelisk.services.archiving.contents import Archive, Contents, member_of
from obelisk.services.archiving.naming import Names, file_name, folder_name
from obelisk.services.archiving.selection import ChosenSeries


class Folders:
    """Names the folders; those of one patient, and of one study, come together.

    Parameters
    ----------
    root
        A series has no folders around its own.
    is_utf8
        Whether letters beyond ASCII stay in the names (ZipUseUtf8).
    """

    def __init__(self, root: Level, *, is_utf8: bool) -> None:
        self._first = 2 if root is Level.SERIES else 0
        #: Whether letters beyond ASCII stay.
        self.is_utf8 = is_utf8
        self._path = [("", "")] * 3
        self._names = [Names(), Names(), Names()]

    def enter(self, line: SeriesLine) -> str:
        """Return the path of the folder of a series."""
        steps = (
            (Level.PATIENT, line.patient_id, line.patient_attributes),
            (Level.STUDY, line.study_id, line.study_attributes),
            (Level.SERIES, line.id, line.attributes),
        )
        for depth, (level, id_, encoded) in enumerate(steps):
            if self._path[depth][0] != id_:
                attributes = orjson.loads(encoded)
                name = folder_name(level, attributes, is_utf8=self.is_utf8)
                self._path[depth] = id_, self._names[depth].claim(name)
                self._names[depth + 1 :] = [Names() for _ in steps[depth + 1 :]]
        return "/".join(name for _, name in self._path[self._first :])


def add_archive(
    archive: Archive,
    contents: Contents,
    chosen: Iterable[ChosenSeries],
    folders: Folders,
) -> Iterator[None]:
    """Add instances in a folder for each patient, study and series; yield after each.

    Parameters
    ----------
    archive, contents
        What they are added to.
    chosen
        The series.
    folders
        Names the folders.
    """
    for series in chosen:
        folder = folders.enter(series.line)
        attributes = orjson.loads(series.line.attributes)
        for position, line in enumerate(series.instances):
            number = line.number if series.is_numbered else position
            name = file_name(attributes, number, is_utf8=folders.is_utf8)
            contents.add(line)
            archive.add(member_of(f"{folder}/{name}", line), line.key)
            yield
