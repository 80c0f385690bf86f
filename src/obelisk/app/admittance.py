"""Who may send requests, and which routes there are."""

from obelisk.config import Config
from obelisk.rest.auth import Access
from obelisk.rest.health import PATHS
from obelisk.rest.offering import offered_routes
from obelisk.rest.routing import Router


def access_of(config: Config) -> Access:
    """Return the rules on who may send requests."""
    http = config.http
    return Access(
        is_remote_allowed=http.remote_access_allowed,
        is_authentication_required=http.authentication_required,
        users=http.registered_users,
        open_paths=PATHS if config.monitoring.health_open else (),
    )


def router_of(config: Config) -> Router:
    """Return the routes that are offered."""
    service = config.service
    return offered_routes(
        is_read_only=service.read_only,
        is_patient_level_enabled=service.patient_level_enabled,
    )
