"""The description of this API: for programs, and as a page for people."""

from importlib import resources

from obelisk.rest.messages import Request, Response, Services, json_response

_FILES = resources.files("obelisk.rest").joinpath("openapi")
_PAGE = _FILES.joinpath("page.html").read_bytes()
_ICON = _FILES.joinpath("icon.svg").read_bytes()


def get_description(_request: Request, services: Services) -> Response:
    """Describe all routes as OpenAPI 3.1."""
    return json_response(services.openapi)


def get_page(_request: Request, _services: Services) -> Response:
    """Show all routes on a page, where those that only read can be tried."""
    return Response(_PAGE, [("Content-Type", "text/html; charset=utf-8")])


def get_icon(_request: Request, _services: Services) -> Response:
    """Show the sign of this server."""
    return Response(_ICON, [("Content-Type", "image/svg+xml")])
