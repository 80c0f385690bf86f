"""Archives and media that are made in the background."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

from obelisk.dicom.levels import Level
from obelisk.errors import ServerError, UnknownNameError
from obelisk.index.job_records import JobOutput
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.base import JSON, Change, Continue, Done, JobServices, Problem
from obelisk.services.archiving.archiving import ArchiveForm
from obelisk.services.archiving.preparation import Preparation
from obelisk.services.archiving.selection import Resource

OUTPUT = "archive"
"""The name of the output."""

LAYOUT_TYPE = "application/vnd.obelisk.zip-layout"
"""The media type of an output that is no ZIP file but the list of what is in it."""

_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Decides what is in an archive, which is then read as often as somebody asks.

    Attributes
    ----------
    resources
        What is to be in it.
    form
        What it looks like.
    file_name
        How it is called where it is saved.
    """

    name: ClassVar[str] = "Archive"

    resources: tuple[Resource, ...]
    form: ArchiveForm
    file_name: str

    @property
    def destination(self) -> str:
        """See `Job.destination`."""
        return ""

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        return {
            "resources": [[level.name, id_] for level, id_ in self.resources],
            "form": {**asdict(self.form), "root": self.form.root.name},
            "file_name": self.file_name,
        }

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        form = dict(arguments["form"])
        form["root"] = Level[form["root"]]
        resources = [(Level[level], id_) for level, id_ in arguments["resources"]]
        return cls(
            resources=tuple(resources),
            form=ArchiveForm(**form),
            file_name=arguments["file_name"],
        )

    def content(self) -> Mapping[str, JSON]:
        """See `Job.content`; in the words of Orthanc."""
        return self.content_of(0, 0, 0)

    def content_of(
        self, count: int, size: int, archive_size: int
    ) -> Mapping[str, JSON]:
        """Return what to tell of an archive.

        Parameters
        ----------
        count, size
            How many files are in it, and how many bytes they have together.
        archive_size
            How many bytes the archive has, as far as it is made.
        """
        syntax = self.form.transfer_syntax
        quality = self.form.lossy_quality
        encoding = {"LossyQuality": quality, "Transcode": syntax} if syntax else {}
        return {
            **_sizes("Archive", archive_size),
            "Description": "REST API",
            "InstancesCount": count,
            **encoding,
            **_sizes("Uncompressed", size),
            "Utf8": self.form.is_utf8,
        }

    def step(self, services: JobServices, cursor: JSON) -> Change:
        """See `Job.step`.

        The first step decides what is in the archive, and sees to it that the files
        stay. What follows is in memory: if it is lost, the job begins anew.
        """
        key, skipped = cursor or ("", [])
        preparation = services.archiving.preparations.take(key)
        if preparation is None:
            return self._begin(services, skipped)
        try:
            is_unfinished = preparation.advance()
        except ServerError:
            _drop(services, preparation)
            raise
        if is_unfinished:
            going_on = Continue([key, skipped], preparation.progress)
            return _waiting(services, preparation, lambda _writer: going_on)
        return self._end(services, preparation)

    def _begin(self, services: JobServices, skipped: Sequence[str]) -> Change:
        resources = [one for one in self.resources if one[1] not in skipped]
        preparation = services.archiving.prepare(resources, self.form)
        key, count, size = (
            preparation.pending.key,
            len(preparation.files),
            preparation.size,
        )
        content = {"InstancesCount": count, **_sizes("Uncompressed", size)}

        def keep(writer: WriteTransaction) -> Continue:
            # If something was deleted since it was looked up, then once again.
            is_kept = writer.keep_files(key, preparation.files)
            return Continue([key if is_kept else "", skipped], 0.0, content=content)

        return _waiting(services, preparation, keep)

    def _end(self, services: JobServices, preparation: Preparation) -> Change:
        archiving, pending = services.archiving, preparation.pending
        size, media_type = preparation.archive_size, "application/zip"
        if not self.form.is_deflated:
            media_type = LAYOUT_TYPE
        output = JobOutput(OUTPUT, pending.key, size, media_type, self.file_name)
        keys: list[str] = []

        def settle(writer: WriteTransaction) -> Done:
            keys[:] = writer.delete_old_outputs(OUTPUT, archiving.kept_count_max - 1)
            if self.form.is_deflated:
                keys.extend(writer.release_files(pending.key))
            return Done(content=_sizes("Archive", size), outputs=(output,))

        def confirm() -> None:
            pending.confirm()
            services.removal.remove(keys)

        return Change(settle, confirm)

    def skip(self, cursor: JSON, error: ServerError) -> Continue | None:
        """See `Job.skip`; only a whole resource that is gone can be left out."""
        _, skipped = cursor or ("", [])
        gone = error.details.get("identifier")
        if not isinstance(error, UnknownNameError) or gone in skipped:
            return None
        return Continue(["", [*skipped, gone]], 0.0, [Problem(str(gone), error)])

    def only(self, _ids: Sequence[str]) -> None:
        """See `Job.only`."""


def _sizes(name: str, size: int) -> dict[str, JSON]:
    return {f"{name}Size": str(size), f"{name}SizeMB": size // _MEGABYTE}


def _waiting(
    services: JobServices,
    preparation: Preparation,
    action: Callable[[WriteTransaction], Continue],
) -> Change:
    """Return the outcome of a step that more will follow, unless the job is halted."""

    def wait() -> None:
        services.archiving.preparations.put(preparation)

    return Change(action, wait, lambda: _drop(services, preparation))


def _drop(services: JobServices, preparation: Preparation) -> None:
    """Give up an archive that is not to be finished."""
    key = preparation.pending.key
    services.archiving.preparations.take(key)
    preparation.pending.discard()
    index = services.index
    services.removal.remove(index.write(lambda writer: writer.release_files(key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(Archive):
    """The same for media."""

    name: ClassVar[str] = "Media"
