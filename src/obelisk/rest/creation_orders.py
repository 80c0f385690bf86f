"""What a request asks to be made: a JSON object, or a form."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, Any

import orjson
from werkzeug.http import parse_options_header

from obelisk.dicom.creation import DataURI, TagOptions, parse_data_uri
from obelisk.dicom.writing import EXPLICIT_VR_LITTLE_ENDIAN, Blob
from obelisk.errors import InvalidInputError, LimitError
from obelisk.rest.bodies import open_body
from obelisk.rest.form_data import Part, split_parts
from obelisk.rest.inline_contents import put_contents, take_contents
from obelisk.rest.json_bodies import Fields, parse_json, receive_body
from obelisk.rest.messages import Request, Services
from obelisk.services.creation_orders import CreationOrder
from obelisk.services.embedding import NewContent, NewFile, bytes_blob
from obelisk.storage.base import Buffer

_PIXEL_DATA = "PixelData"
_CHUNK_BYTES = 1_048_576
_FIELD_BYTES_MAX = 67_108_864
#: The fields of a form that are plain text, not JSON.
_TEXT_FIELDS = frozenset({"Parent", "PrivateCreator", "TransferSyntax"})
_UNSPECIFIC = frozenset({"", "application/octet-stream"})
_TYPES_BY_SUFFIX = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".mtl": "model/mtl",
    ".obj": "model/obj",
    ".pam": "image/x-portable-arbitrarymap",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".stl": "model/stl",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}


class NotTextError(InvalidInputError):
    """A value is no text."""


class NotDataURIError(InvalidInputError):
    """A content is no text."""


class MissingPayloadError(InvalidInputError):
    """A member of the content of a series has no content."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks to be made, and the other fields of its JSON object."""

    order: CreationOrder
    options: Mapping[str, Any]

    @property
    def fields(self) -> Fields:
        """The other fields, such as the options of jobs."""
        return Fields(self.options)


@contextmanager
def open_wish(request: Request, services: Services) -> Iterator[Wish]:
    """Read a request; its files are there for the length of a `with` block.

    Raises
    ------
    InvalidInputError
        If it is malformed.
    """
    creator = services.default_private_creator
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind.lower() != "multipart/form-data":
        yield _wish(_read_object(request, services), creator)
        return
    boundary = options.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise InvalidInputError("The form data has no boundary")
    with ExitStack() as stack:
        with services.admission.receive():
            chunks = open_body(request, services.admission, services.limits)
            values, files = _read_form(split_parts(chunks, boundary), stack)
        yield _form_wish(values, files, creator)


def _wish(values: dict[str, Any], private_creator: str) -> Wish:
    order = read_order(values, private_creator)
    return Wish(order, {} if order.is_bare else _options(values))


def _options(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name != "Tags"}


def _read_object(request: Request, services: Services) -> dict[str, Any]:
    body = receive_body(request, services, services.limits)
    contents = take_contents(body)
    try:
        values = parse_json(body)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise InvalidInputError("The body must contain a JSON object")
    put_contents(values, contents)
    return values


def read_order(values: dict[str, Any], private_creator: str = "") -> CreationOrder:
    """Read a JSON object; its content is taken out of it.

    Without ``Tags``, all of it are tags, and Pixel Data among them is the content.

    Raises
    ------
    InvalidInputError
        If it is malformed.
    """
    if "Tags" not in values:
        return _bare_order(values)
    content = values.pop("Content", None)
    is_listed = isinstance(content, list) and bool(content)
    members = content if isinstance(content, list) else [content]
    given = [one for one in members if is_listed or one is not None]
    pairs = [_member(one if is_listed else {"Content": one}) for one in given]
    return _order(Fields(values), pairs, private_creator, is_listed=is_listed)


def _bare_order(values: dict[str, Any]) -> CreationOrder:
    if not all(isinstance(value, str) for value in values.values()):
        raise NotTextError("All values must be strings")
    content = values.pop(_PIXEL_DATA, None)
    return CreationOrder(
        tags=values,
        contents=[NewContent(files=[_file(content)])] if content else [],
        options=TagOptions(is_forced=True),
        is_bare=True,
    )


def _member(value: Any) -> tuple[NewFile, Mapping[str, Any]]:
    """Read one content, and the tags that go with it."""
    if not isinstance(value, dict):
        return _file(value), {}
    if value.get("Content") is None:
        raise MissingPayloadError
    return _file(value["Content"]), _object(value.get("Tags") or {})


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError('Field "Tags" must be an object')
    return value


def _file(value: Any) -> NewFile:
    if not isinstance(value, str | DataURI):
        raise NotDataURIError("The content must be a data URI in base64")
    uri = parse_data_uri(value) if isinstance(value, str) else value
    return NewFile(uri.media_type, bytes_blob(uri.content))


def _order(
    fields: Fields,
    members: Sequence[tuple[NewFile, Mapping[str, Any]]],
    private_creator: str,
    *,
    is_listed: bool,
) -> CreationOrder:
    is_encapsulated = fields.flag("Encapsulate", default=False)
    is_multi_frame = fields.flag("MultiFrame", default=False)
    if is_multi_frame and members:
        frames = [file for file, _ in members]
        groups = [(frames, {k: v for _, tags in members for k, v in tags.items()})]
    else:
        groups = [([file], dict(tags)) for file, tags in members]
    return CreationOrder(
        tags=_object(fields.get("Tags")),
        contents=[
            NewContent(
                files=files,
                tags=tags,
                transfer_syntax_uid=fields.text(
                    "TransferSyntax", EXPLICIT_VR_LITTLE_ENDIAN
                ),
                is_encapsulated=is_encapsulated,
                is_multi_frame=is_multi_frame,
            )
            for files, tags in groups
        ],
        is_series=is_listed and not is_multi_frame,
        parent=str(fields.get("Parent")) if "Parent" in fields else None,
        options=TagOptions(
            private_creator=fields.text("PrivateCreator", private_creator),
            is_binary_interpreted=fields.flag("InterpretBinaryTags", default=True),
            is_forced=fields.flag("Force", default=False),
        ),
    )


def _form_wish(
    values: dict[str, Any], files: Sequence[NewFile], private_creator: str
) -> Wish:
    if not files:
        return _wish({"Tags": {}, **values}, private_creator)
    if "Content" in values:
        raise InvalidInputError("Give the content as a file, or as a field, not both")
    members: list[tuple[NewFile, Mapping[str, Any]]] = [(file, {}) for file in files]
    fields = Fields({"Tags": {}, **values})
    order = _order(fields, members, private_creator, is_listed=len(files) > 1)
    return Wish(order, _options(values))


def _read_form(
    parts: Iterable[Part], stack: ExitStack
) -> tuple[dict[str, Any], list[NewFile]]:
    """Return the fields of a form, and its files, which the stack closes."""
    values: dict[str, Any] = {}
    files = []
    for part in parts:
        if part.filename is None:
            values[part.name] = _read_field(part)
        else:
            spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            for chunk in part.chunks:
                spool.write(chunk)
            files.append(NewFile(_media_type(part), _file_blob(spool)))
    return values, files


def _read_field(part: Part) -> Any:
    content = bytearray()
    for chunk in part.chunks:
        content += chunk
        if len(content) > _FIELD_BYTES_MAX:
            raise LimitError(f'Field "{part.name}" of the form is too long')
    if part.name in _TEXT_FIELDS:
        return content.decode("utf-8", "replace")
    try:
        return parse_json(content)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f'Field "{part.name}" must be JSON') from error


def _media_type(part: Part) -> str:
    if part.media_type not in _UNSPECIFIC:
        return part.media_type
    suffix = PurePath(part.filename or "").suffix.lower()
    return _TYPES_BY_SUFFIX.get(suffix, part.media_type)


def _file_blob(file: IO[bytes]) -> Blob:
    def read() -> Iterator[Buffer]:
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk

    return Blob(file.tell(), read)
