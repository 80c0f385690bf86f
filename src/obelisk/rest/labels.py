"""Labels of resources, and the protection of patients."""

from obelisk.rest.json_bodies import read_boolean
from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    bare_response,
    json_response,
    text_response,
)


def list_all_labels(_request: Request, services: Services) -> Response:
    """List every label that is in use."""
    return json_response(services.labels.everywhere())


def list_labels(request: Request, services: Services) -> Response:
    """List the labels of a resource."""
    return json_response(services.labels.of(request.level, request.id))


def get_label(request: Request, services: Services) -> Response:
    """Tell whether a resource has a label: 200 or 404."""
    if request.name not in services.labels.of(request.level, request.id):
        return bare_response(404)
    return text_response()


def add_label(request: Request, services: Services) -> Response:
    """Give a label to a resource."""
    services.labels.add(request.level, request.id, request.name)
    return text_response()


def remove_label(request: Request, services: Services) -> Response:
    """Take a label from a resource."""
    services.labels.remove(request.level, request.id, request.name)
    return text_response()


def get_protection(request: Request, services: Services) -> Response:
    """Tell whether a patient is protected against recycling, as 1 or 0."""
    return text_response(str(int(services.protection.is_on(request.id))))


def set_protection(request: Request, services: Services) -> Response:
    """Protect a patient against recycling by 1, end that by 0."""
    is_on = read_boolean(request, services)
    services.protection.switch(request.id, is_on=is_on)
    return text_response()
