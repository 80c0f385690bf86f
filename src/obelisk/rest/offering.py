"""Which routes there are: options take some away."""

from obelisk.dicom.levels import Level
from obelisk.rest.routes import ROUTES
from obelisk.rest.routing import Route, Router

#: What Orthanc takes away where it may not write. Other requests that would write
#: fail when they try to.
_WRITING = frozenset(
    {
        ("POST", "/instances"),
        ("DELETE", "/{level}/{id}"),
        ("PUT", "/patients/{id}/protected"),
        ("PUT", "/{level}/{id}/attachments/{name}"),
        ("DELETE", "/{level}/{id}/attachments/{name}"),
        ("POST", "/{level}/{id}/attachments/{name}/compress"),
        ("POST", "/{level}/{id}/attachments/{name}/uncompress"),
        ("PUT", "/{level}/{id}/labels/{name}"),
        ("DELETE", "/{level}/{id}/labels/{name}"),
        ("POST", "/{level}/{id}/reconstruct"),
        ("POST", "/tools/reconstruct"),
        ("POST", "/tools/invalidate-tags"),
        ("POST", "/tools/bulk-delete"),
        ("POST", "/{level}/{id}/verify"),
        ("POST", "/peers/{id}/store"),
    }
)


def offered_routes(
    *, is_read_only: bool = False, is_patient_level_enabled: bool = True
) -> Router:
    """Return the routes that are left under some options.

    Parameters
    ----------
    is_read_only
        Whether nothing may be written (ReadOnly).
    is_patient_level_enabled
        Whether there are routes below ``/patients`` (PatientLevelEnabled).
    """
    left_out = _WRITING if is_read_only else frozenset()
    return Router(
        [route for route in ROUTES if left_out.isdisjoint(_calls(route))],
        absent=() if is_patient_level_enabled else (Level.PATIENT.plural,),
    )


def _calls(route: Route) -> list[tuple[str, str]]:
    return [(method, route.path) for method in route.methods]
