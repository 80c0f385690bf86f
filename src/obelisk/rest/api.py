"""The description of this API: for programs, and as a page for people."""

from importlib import resources

from obelisk.rest.messages import Request, Response, Services, json_response

_PAGE = resources.files("obelisk.rest").joinpath("openapi/page.html").read_bytes()


def get_description(_request: Request, services: Services) -> Response:
    """Describe all routes as OpenAPI 3.1."""
    return json_response(services.openapi)


def get_page(_request: Request, _services: Services) -> Response:
    """Show all routes on a page, where those that only read can be tried."""
    return Response(_PAGE, [("Content-Type", "text/html; charset=utf-8")])
