"""What files say about resources, and how the index keeps it to be searched."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import orjson

from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import SIGNATURE_NAME, MainTags
from obelisk.dicom.matching import fold
from obelisk.errors import NotFoundError
from obelisk.index.annotation_writing import AnnotationWriting

#: The attributes that have a column of their own, in the order of the columns.
_SEARCHED = {
    Level.PATIENT: ("PatientID", "PatientName"),
    Level.STUDY: ("StudyInstanceUID", "StudyDate", "AccessionNumber"),
    Level.SERIES: ("SeriesInstanceUID", "Modality"),
    Level.INSTANCE: ("SOPInstanceUID",),
}

#: The metadata of an instance that follow from its file.
_FROM_FILE = ("TransferSyntax", "SopClassUid", "PixelDataOffset", "PixelDataVR")

AttributesByLevel = Mapping[Level, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class FileDescription:
    """What the file of one instance says.

    Parameters
    ----------
    instance_id
        The instance.
    key
        The name of the file in the storage area.
    attributes
        Keywords and values for each level.
    metadata
        The metadata of the instance that follow from the file.
    index_in_series
        Its position.
    """

    instance_id: str
    key: str
    attributes: AttributesByLevel
    metadata: Mapping[str, str]
    index_in_series: int | None


def to_json(value: object) -> str:
    """Encode what is kept as JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def searched_values(level: Level, attributes: AttributesByLevel) -> tuple[str, ...]:
    """Return the values of the columns of a level that are searched.

    Those of a study end with its copy of the attributes of the patient.
    """
    own = _folded(attributes[level], _SEARCHED[level])
    if level is not Level.STUDY:
        return own
    patient = attributes[Level.PATIENT]
    return (*own, *_folded(patient, _SEARCHED[Level.PATIENT]), to_json(patient))


def _folded(values: Mapping[str, object], names: tuple[str, ...]) -> tuple[str, ...]:
    found = (values.get(name) for name in names)
    return tuple(fold(value) if isinstance(value, str) else "" for value in found)


class AttributeWriting(AnnotationWriting):
    """The part of a `WriteTransaction` that renews what is known from files."""

    def describe(
        self,
        file: FileDescription,
        only: Level | None = None,
        said: dict[tuple[Level, int], object] | None = None,
    ) -> bool:
        """Take over what the file of an instance says, for it and all above it.

        Parameters
        ----------
        file
            What it says.
        only
            The one level that changes; all of them unless given.
        said
            What was last said of resources in this transaction, by row: it need not be
            taken over again.

        Returns
        -------
        bool
            Whether that file is still the one of the instance; if not, nothing was
            changed.

        Raises
        ------
        NotFoundError
            If there is no such instance.
        """
        pk, level = self.get_pk(Level.INSTANCE, file.instance_id), Level.INSTANCE
        present = self.lookup_attachment(level, pk)
        if present is None or present.key != file.key:
            return False
        for above in reversed(LEVELS):
            pk = self.find_ancestor_pk(level, pk, above)
            level = above
            says = _says(level, file)
            if only not in (None, level) or (said and said.get((level, pk)) == says):
                continue
            self._describe(level, pk, file)
            if said is not None:
                said[level, pk] = says
        return True

    def describe_all(self, files: Iterable[FileDescription]) -> list[str]:
        """Take over what some files say, one after the other; see `describe`.

        Returns
        -------
        list
            The instances that have another file by now. Those that are gone are not
            among them.
        """
        replaced: list[str] = []
        said: dict[tuple[Level, int], object] = {}
        for file in files:
            with suppress(NotFoundError):
                if not self.describe(file, said=said):
                    replaced.append(file.instance_id)
        return replaced

    def _describe(self, level: Level, pk: int, file: FileDescription) -> None:
        """Renew the row of a resource, unless it says the same already."""
        kind = "study" if level is Level.STUDY else "resource"
        known = self._run_at(f"find_{kind}_description", level, pk).fetchone()
        metadata = _renewed(level, known[-1], file, self._main_tags)
        new: tuple[str, ...] = (to_json(file.attributes[level]), metadata)
        if level is Level.STUDY:
            new = (to_json(file.attributes[Level.PATIENT]), *new)
        if new == known:
            return
        values = (*searched_values(level, file.attributes), *new[-2:])
        index = (file.index_in_series,) if level is Level.INSTANCE else ()
        self._run(f"describe_{level.name.lower()}", *index, *values, pk)


def _says(level: Level, file: FileDescription) -> object:
    """Return what a file says of the resource of a level."""
    if level is Level.STUDY:
        return file.attributes[level], file.attributes[Level.PATIENT]
    return file.attributes[level]


def _renewed(
    level: Level, metadata: str, file: FileDescription, main_tags: MainTags
) -> str:
    """Return metadata as JSON, in which those that follow from files are new."""
    renewed = orjson.loads(metadata)
    renewed.pop(SIGNATURE_NAME, None)
    renewed |= main_tags.kept_metadata[level]
    if level is Level.INSTANCE:
        for name in _FROM_FILE:
            renewed.pop(name, None)
        renewed |= file.metadata
    return to_json(renewed)
