"""What is in one instance: its file, its tags, its header."""

import re

from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.reading.file_meta import read_file_meta
from obelisk.dicom.tag_json import TagForm, header_json, tags_json
from obelisk.errors import InvalidArgumentError
from obelisk.rest.dataset_models import model_response, wanted_model
from obelisk.rest.instance_files import give_file
from obelisk.rest.messages import (
    JSONResponse,
    Request,
    Response,
    Services,
    json_bytes,
    json_response,
)

_TAG = re.compile(r"([0-9a-fA-F]{4})-?([0-9a-fA-F]{4})")


def get_file(request: Request, services: Services) -> Response:
    """Give the DICOM file as it was received; ``filename`` names it for the client.

    ``transcode`` asks for a transfer syntax, and ``lossy-quality`` says how well it is
    to be compressed, if that loses something. If ``Accept`` prefers that, the dataset
    is given as ``application/dicom+json`` or ``application/dicom+xml`` instead.
    """
    model = wanted_model(request)
    if model is not None:
        return model_response(request, services, model)
    file = services.resources.open_file(request.id)
    return give_file(request, services, file)


def get_tags(request: Request, services: Services) -> Response:
    """Give the dataset as JSON; ``simplify`` and ``short`` choose another form.

    ``ignore-length`` names tags whose value is given however long it is, and ``whole``
    asks for those after Pixel Data too.
    """
    return _tags_response(request, services, tag_form(request))


def get_simplified_tags(request: Request, services: Services) -> Response:
    """Give the dataset as JSON, with names of attributes and plain values."""
    return _tags_response(request, services, TagForm.SIMPLE)


def get_header(request: Request, services: Services) -> Response:
    """Give the File Meta Information as JSON; the forms are those of the tags."""
    file = services.resources.open_file(request.id)
    with file.view() as content:
        return json_response(header_json(read_file_meta(content), tag_form(request)))


def _tags_response(request: Request, services: Services, form: TagForm) -> Response:
    ignored, whole = ignored_lengths(request), "whole" in request.args
    file = services.resources.open_file(request.id)
    encoding = services.default_encoding.name
    key = (file.uuid, form, ignored, whole, encoding)
    answer = services.tags_cache.lookup(key)
    if answer is None:
        with file.dataset(encoding, whole=whole) as dataset:
            answer = json_bytes(tags_json(dataset, form, ignored))
        services.tags_cache.keep(key, answer)
    return JSONResponse(answer)


def tag_form(request: Request) -> TagForm:
    """Return how tags are to be written; ``simplify`` wins over ``short``."""
    if "simplify" in request.args:
        return TagForm.SIMPLE
    return TagForm.SHORT if "short" in request.args else TagForm.FULL


def ignored_lengths(request: Request) -> frozenset[int]:
    """Return the tags whose text is given however long it is.

    They are names or numbers, separated by commas.

    Raises
    ------
    InvalidArgumentError
        If one is unknown.
    """
    found = set()
    for item in filter(None, request.args.get("ignore-length", "").split(",")):
        match = _TAG.fullmatch(item)
        tag = int(match[1] + match[2], 16) if match else lookup_tag(item)
        if tag is None:
            raise InvalidArgumentError(f"Unknown DICOM tag: {item}")
        found.add(tag)
    return frozenset(found)
