"""Whether the server lives, and whether it can do its work."""

from obelisk.rest.messages import Request, Response, Services, json_response
from obelisk.services.health import OK

#: The paths for which nobody needs a name, if so configured, nor waits for a turn.
PATHS = frozenset({"/health/live", "/health/ready"})


def get_live(_request: Request, _services: Services) -> Response:
    """Tell that the server answers."""
    return json_response({"Status": "live"})


def get_ready(_request: Request, services: Services) -> Response:
    """Tell whether the server can do its work, and what hinders it; 503 if it cannot.

    The answer comes within five seconds, whatever hangs.
    """
    checks = services.health.check()
    is_ready = all(found == OK for found in checks.values())
    status = "ready" if is_ready else "not ready"
    response = json_response({"Status": status, "Checks": checks})
    response.status = 200 if is_ready else 503
    return response
