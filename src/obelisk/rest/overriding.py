"""Requests that name another method than they have, for clients that lack some."""

from obelisk.errors import InvalidInputError
from obelisk.rest.messages import Request


def wanted_method(request: Request) -> str:
    """Return the method that a request is to be handled as.

    It is named by the header ``X-HTTP-Method-Override``, or by the argument
    ``_method`` of a GET; an empty one names none.

    Raises
    ------
    InvalidInputError
        If it is neither PUT nor DELETE.
    """
    named: str | None = request.environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
    if not named and request.method == "GET" and request.query_string:
        named = request.args.get("_method")
    if not named:
        return request.method
    if named.upper() not in ("PUT", "DELETE"):
        raise InvalidInputError("Only PUT and DELETE can stand in for another method")
    return named.upper()
