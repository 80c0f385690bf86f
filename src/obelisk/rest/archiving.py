"""ZIP archives and media of resources, which are sent while they are made."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http import HTTPStatus

from obelisk.dicom.levels import Level
from obelisk.errors import ContentGoneError
from obelisk.index.job_records import JobOutput
from obelisk.job_types.archive import Archive, Media
from obelisk.jobs.streams import Stream
from obelisk.rest.archive_wishes import Wishes, wishes_of_body, wishes_of_query
from obelisk.rest.file_names import named
from obelisk.rest.job_requests import submission_of, submit
from obelisk.rest.messages import Request, Response, Services
from obelisk.rest.ranges import content_response
from obelisk.services.archiving.archiving import ArchiveForm
from obelisk.services.archiving.deflation import Deflation
from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.selection import Resource
from obelisk.services.archiving.spooling import Spool

_FILE_NAME = "Archive.zip"
_ARCHIVE = ArchiveForm()
_MEDIA = ArchiveForm(is_media=True)
_EXTENDED_MEDIA = ArchiveForm(is_media=True, is_extended=True)


def get_archive(request: Request, services: Services) -> Response:
    """Give a ZIP archive of a resource; ``filename`` names it for the client.

    A part of it can be asked for by ``Range``, unless ``compression=deflate`` makes it
    smaller.
    """
    form = replace(_ARCHIVE, root=_root(request))
    return _send_own(request, services, wishes_of_query(request, services, form))


def post_archive(request: Request, services: Services) -> Response:
    """Give a ZIP archive of a resource, as the body of the request wants it.

    That of a series has no folders for its patient and its study.
    """
    form = replace(_ARCHIVE, root=request.level)
    return _send_own(request, services, wishes_of_body(request, services, form))


def get_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive of a resource that has a DICOMDIR; see the other archive.

    ``extended`` asks for descriptions in the DICOMDIR.
    """
    form = replace(_MEDIA, root=_root(request))
    return _send_own(request, services, wishes_of_query(request, services, form))


def post_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive with a DICOMDIR, as the body of the request wants it."""
    form = replace(_MEDIA, root=_root(request))
    return _send_own(request, services, wishes_of_body(request, services, form))


def get_created_archive(request: Request, services: Services) -> Response:
    """Give a ZIP archive of ``resources``, which are ids with commas between."""
    return _send_given(request, services, _ARCHIVE)


def create_archive(request: Request, services: Services) -> Response:
    """Give a ZIP archive of the resources that the body of the request lists."""
    return _send_listed(request, services, _ARCHIVE)


def get_created_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive of ``resources`` that has a DICOMDIR."""
    return _send_given(request, services, _MEDIA)


def create_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive with a DICOMDIR of the resources that the body lists."""
    return _send_listed(request, services, _MEDIA)


def get_created_extended_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive of ``resources`` that has a DICOMDIR with descriptions."""
    return _send_given(request, services, _EXTENDED_MEDIA)


def create_extended_media(request: Request, services: Services) -> Response:
    """Give a ZIP archive with a described DICOMDIR of the resources in the body."""
    return _send_listed(request, services, _EXTENDED_MEDIA)


def _root(request: Request) -> Level:
    """Return what the folders of an archive start from."""
    return Level.PATIENT if request.level is Level.PATIENT else Level.STUDY


def _send_own(request: Request, services: Services, wishes: Wishes) -> Response:
    """Send an archive of the resource that the path names."""
    wishes = replace(wishes, file_name=wishes.file_name or f"{request.id}.zip")
    return _send(request, services, wishes, [(request.level, request.id)])


def _send_given(request: Request, services: Services, form: ArchiveForm) -> Response:
    wishes = wishes_of_query(request, services, form, lists_resources=True)
    return _send_any(request, services, wishes)


def _send_listed(request: Request, services: Services, form: ArchiveForm) -> Response:
    wishes = wishes_of_body(request, services, form, lists_resources=True)
    return _send_any(request, services, wishes)


def _send_any(request: Request, services: Services, wishes: Wishes) -> Response:
    """Send an archive of the resources that the request lists."""
    found = services.archiving.find(wishes.ids or ())
    return _send(request, services, wishes, found)


def _send(
    request: Request, services: Services, wishes: Wishes, resources: list[Resource]
) -> Response:
    job_type = Media if wishes.form.is_media else Archive
    name = wishes.file_name or _FILE_NAME
    form = replace(wishes.form, is_deflated=wishes.is_deflated)
    job = job_type(resources=tuple(resources), form=form, file_name=name)
    if wishes.is_awaited:
        return _stream(request, services, wishes, job)
    services.archiving.check(resources, form)
    return submit(request, services, job, wishes.fields)


def _stream(
    request: Request, services: Services, wishes: Wishes, job: Archive
) -> Response:
    """Send an archive at once; if it is sent as a whole, a job shows that."""
    if wishes.is_deflated:
        return _deflate(request, services, wishes, job)
    try:
        layout, answer = _lay_out(request, services, job)
    except ContentGoneError:  # deleted or replaced since the index was asked
        layout, answer = _lay_out(request, services, job)
    if request.method != "HEAD" and answer.status == HTTPStatus.OK:
        stream = _stream_of(request, wishes, job, layout)
        answer.body = services.streams.watch(stream, _chunks(answer.body))
    return answer


def _lay_out(
    request: Request, services: Services, job: Archive
) -> tuple[Layout, Response]:
    """Return an archive, and the answer that sends it."""
    layout = services.archiving.lay_out(job.resources, job.form)
    headers = _headers(job.file_name)
    answer = content_response(request, layout.read, layout.size, layout.etag, headers)
    return layout, answer


def _deflate(
    request: Request, services: Services, wishes: Wishes, job: Archive
) -> Response:
    """Send an archive whose members are deflated, while that is done or afterwards."""
    headers = _headers(job.file_name)
    deflation = services.archiving.deflate(job.resources, job.form)
    if request.method == "HEAD":
        return Response(iter(()), headers)
    stream = _stream_of(request, wishes, job, deflation)
    if services.archive_defaults.is_streamed:
        return Response(services.streams.watch(stream, deflation.read()), headers)
    spool = Spool(deflation.file_size)
    for _ in services.streams.watch(stream, spool.fill(deflation.read())):
        pass
    return Response(spool.read(), [*headers, ("Content-Length", str(spool.size))])


def _chunks(body: bytes | Iterator[bytes]) -> Iterator[bytes]:
    return iter((body,)) if isinstance(body, bytes) else body


def _stream_of(
    request: Request, wishes: Wishes, job: Archive, archive: Layout | Deflation
) -> Stream:
    def progress(sent: int) -> float:
        if isinstance(archive, Layout):
            return sent / archive.size
        return archive.packed_count / max(1, len(archive))

    content = partial(job.content_of, archive.file_count, archive.file_size)
    submission = submission_of(job, wishes.fields, request, is_awaited=False)
    return Stream(submission=submission, content=content, progress=progress)


def get_kept_archive(
    request: Request, services: Services, output: JobOutput
) -> Response:
    """Give an archive that a job made, or a part of it."""
    layout = services.archiving.open(output.key)
    headers = _headers(output.file_name)
    return content_response(request, layout.read, layout.size, layout.etag, headers)


def _headers(file_name: str) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/zip"),
        ("Content-Disposition", named(file_name, _FILE_NAME)),
    ]
