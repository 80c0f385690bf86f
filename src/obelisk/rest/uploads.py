"""POST /instances: DICOM files, alone, in forms and in ZIP archives."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from obelisk.errors import InvalidDICOMError, ServerError
from obelisk.rest.archives import (
    claims_dicom,
    ensure_dicom,
    is_archive,
    is_dicom,
    iter_members,
    open_archive,
    peek,
)
from obelisk.rest.bodies import open_body
from obelisk.rest.failures import status_of
from obelisk.rest.form_data import split_parts
from obelisk.rest.messages import Request, Response, Services, json_response
from obelisk.services.ingest import Ingest, Origin
from obelisk.storage.base import Buffer

_log = logging.getLogger(__name__)

Answer = dict[str, object]


def origin_of(request: Request) -> Origin:
    """Tell where the instances that a request stores come from."""
    if request.is_of_script:
        return Origin("Lua")
    return Origin("RestApi", request.remote_addr, request.username)


def store(request: Request, services: Services) -> Response:
    """Store the DICOM files of the body.

    The body is a DICOM file, a ZIP archive of DICOM files, or multipart/form-data with
    such files; each may be compressed by ``Content-Encoding: gzip``. For a DICOM file
    the answer is an object, else an array with one object per file. In an array,
    ``Status`` is ``Failure`` for what could not be stored; what is no DICOM file at
    all, and DICOMDIR, is left out.
    """
    with services.admission.receive():
        chunks = open_body(request, services.admission, services.limits)
        reception = Reception(
            services.ingest,
            origin_of(request),
            services.limits.unpacked,
        )
        kind, options = parse_options_header(request.environ.get("CONTENT_TYPE"))
        boundary = options.get("boundary", "").encode("latin-1", "replace")
        if kind.lower() == "multipart/form-data" and boundary:
            return json_response(reception.store_form(chunks, boundary))
        is_packed = "HTTP_CONTENT_ENCODING" in request.environ
        return json_response(reception.store_body(chunks, is_packed=is_packed))


@dataclass(frozen=True, slots=True)
class Reception:
    """Stores what one request brings.

    Attributes
    ----------
    ingest
        Takes the files in.
    origin
        Where they come from.
    unpacked_max
        How many bytes a member of an archive may unpack to, 0 for any number.
    """

    ingest: Ingest
    origin: Origin
    unpacked_max: int

    def store_body(
        self, chunks: Iterator[Buffer], *, is_packed: bool
    ) -> Answer | list[Answer]:
        """Store a DICOM file, which may come unpacked, or those of a ZIP archive."""
        first, whole = peek(chunks)
        if is_archive(first):
            return self.store_archive(whole)
        return self._store_file(ensure_dicom(whole) if is_packed else whole)

    def store_archive(self, chunks: Iterable[Buffer]) -> list[Answer]:
        """Store the members of a ZIP archive; one that fails does not stop the rest."""
        with open_archive(chunks) as archive:
            members = iter_members(archive, self.unpacked_max)
            return [
                answer
                for member in members
                for answer in self._store_member(member.name, member.chunks)
            ]

    def store_form(self, chunks: Iterator[Buffer], boundary: bytes) -> list[Answer]:
        """Store the files of a form.

        Raises
        ------
        InvalidInputError
            If the form is malformed, or no file is DICOM.
        """
        answers: list[Answer] = []
        for part in split_parts(chunks, boundary):
            first, whole = peek(part.chunks)
            if is_archive(first):
                answers += self.store_archive(whole)
            elif part.filename is not None or is_dicom(first):
                answers.append(self._attempt(part.filename or "", whole))
        if answers and all(answer["Status"] == "Failure" for answer in answers):
            raise InvalidDICOMError(str(answers[0]["Details"]))
        return answers

    def _store_member(self, name: str, chunks: Iterator[bytes]) -> Iterator[Answer]:
        """Store one member, unless nothing says that it is DICOM."""
        try:
            first, whole = peek(chunks)
        except InvalidDICOMError as error:
            yield _failure(name, error)
            return
        if claims_dicom(name, first):
            yield self._attempt(name, whole)
        else:
            _log.info("A member of an archive is no DICOM file, and left out")

    def _attempt(self, name: str, chunks: Iterable[Buffer]) -> Answer:
        try:
            return self._store_file(ensure_dicom(chunks))
        except InvalidDICOMError as error:
            return _failure(name, error)

    def _store_file(self, chunks: Iterable[Buffer]) -> Answer:
        result = self.ingest.store(chunks, self.origin)
        ids = result.ids
        return {
            "ID": ids.instance,
            "ParentPatient": ids.patient,
            "ParentSeries": ids.series,
            "ParentStudy": ids.study,
            "Path": f"/instances/{ids.instance}",
            "Status": result.status.value,
        }


def _failure(name: str, error: ServerError) -> Answer:
    """Say which file could not be stored, and why."""
    return {
        "Details": error.message,
        "ID": "",
        "Name": name,
        "OrthancStatus": status_of(error).code,
        "ParentPatient": "",
        "ParentSeries": "",
        "ParentStudy": "",
        "Path": "",
        "Status": "Failure",
    }
