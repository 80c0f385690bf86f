"""The DICOM files of instances, as they were received or in other transfer syntaxes."""

from contextlib import ExitStack

from obelisk.rest.file_names import disposition
from obelisk.rest.messages import Request, Response, Services
from obelisk.rest.ranges import content_response
from obelisk.rest.transcoding import known_syntax, quality_of_query
from obelisk.services.stored_files import StoredFile
from obelisk.services.transcoding import TranscodedFile


def give_file(request: Request, services: Services, file: StoredFile) -> Response:
    """Give the file of an instance as it was received, or in another transfer syntax.

    Raises
    ------
    InvalidArgumentError
        If there is no such transfer syntax, or the quality is no number.
    NotTranscodableError
        If the instance cannot have it.
    """
    uid, quality = map(request.args.get, ("transcode", "lossy-quality"))
    made = None
    if uid is not None:
        wanted = known_syntax(uid), quality_of_query(quality)
        made = services.transcoding.transcode(file, *wanted)
    headers = [
        ("Content-Type", "application/dicom"),
        ("Content-Disposition", disposition(request, f"{request.id}.dcm")),
    ]
    if made is None:
        etag = file.md5 or file.uuid
        return content_response(request, file.read, file.size, etag, headers)
    return _transcoded_response(request, made, headers)


def _transcoded_response(
    request: Request, made: TranscodedFile, headers: list[tuple[str, str]]
) -> Response:
    with ExitStack() as stack:
        stack.callback(made.close)
        response = content_response(request, made.read, made.size, made.digest, headers)
        if not isinstance(response.body, bytes):
            stack.pop_all()  # whoever sends it closes it
        return response
