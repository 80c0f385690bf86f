"""Which routes any process of the server may answer, as only the database matters."""

from obelisk.errors import ServerError
from obelisk.rest.routing import Router

#: They depend on the index, the storage area, the configuration and `LiveSettings`.
#: All others are answered by the main process, which has the jobs, the archives that
#: are being sent, the processes for images, the metrics and the DICOM server.
STATELESS = frozenset(
    {
        ("POST", "/instances"),
        ("POST", "/tools/find"),
        ("POST", "/tools/lookup"),
        ("POST", "/tools/count-resources"),
        ("POST", "/tools/bulk-content"),
        ("GET", "/statistics"),
        ("GET", "/changes"),
        ("GET", "/tools/labels"),
        ("GET", "/tools/default-encoding"),
        ("GET", "/tools/log-level"),
        ("GET", "/{level}"),
        ("GET", "/{level}/{id}"),
        ("GET", "/{level}/{id}/statistics"),
        ("GET", "/{level}/{id}/{descendants}"),
        ("GET", "/{level}/{id}/{ancestor}"),
        ("GET", "/{level}/{id}/module"),
        ("GET", "/studies/{id}/module-patient"),
        ("GET", "/{group}/{id}/shared-tags"),
        ("GET", "/{group}/{id}/instances-tags"),
        ("GET", "/series/{id}/ordered-slices"),
        ("GET", "/instances/{id}/file"),
        ("GET", "/instances/{id}/tags"),
        ("GET", "/instances/{id}/simplified-tags"),
        ("GET", "/instances/{id}/header"),
        ("GET", "/instances/{id}/content/{path}"),
        ("GET", "/instances/{id}/pdf"),
        ("GET", "/instances/{id}/stl"),
        ("GET", "/patients/{id}/protected"),
        ("GET", "/{level}/{id}/labels"),
        ("GET", "/{level}/{id}/labels/{name}"),
        ("GET", "/{level}/{id}/metadata"),
        ("GET", "/{level}/{id}/metadata/{name}"),
        ("GET", "/{level}/{id}/attachments"),
        ("GET", "/{level}/{id}/attachments/{name}"),
        ("GET", "/{level}/{id}/attachments/{name}/data"),
        ("GET", "/{level}/{id}/attachments/{name}/compressed-data"),
        ("GET", "/{level}/{id}/attachments/{name}/info"),
        ("GET", "/{level}/{id}/attachments/{name}/size"),
        ("GET", "/{level}/{id}/attachments/{name}/md5"),
        ("GET", "/{level}/{id}/attachments/{name}/compressed-size"),
        ("GET", "/{level}/{id}/attachments/{name}/compressed-md5"),
        ("GET", "/{level}/{id}/attachments/{name}/is-compressed"),
    }
)


class Statelessness:
    """Tells the requests that any process may answer.

    Parameters
    ----------
    router
        The routes that are offered.
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    def covers(self, method: str, path: str) -> bool:
        """Return whether any process may answer a request."""
        if method == "HEAD":
            method = "GET"
        try:
            route = self._router.match(method, path).route
        except ServerError:
            return False
        return (method, route) in STATELESS
