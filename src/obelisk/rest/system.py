"""What the server is and how much it holds: /system and /statistics."""

from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    bare_response,
    json_response,
)
from obelisk.rest.resources import sizes_json


def get_system(_request: Request, services: Services) -> Response:
    """Describe the server: its name, version, ports and main options."""
    return json_response(services.system)


def redirect_to_page(request: Request, _services: Services) -> Response:
    """Send browsers to the page that describes the REST API."""
    up = "../" * (request.path.count("/") - 1)  # there may be a proxy with a prefix
    return Response(b"", [("Location", f"{up}api/")], 307)


def redirect_to_icon(_request: Request, _services: Services) -> Response:
    """Send browsers to the icon."""
    return Response(b"", [("Location", "api/icon.svg")], 307)


def list_plugins(_request: Request, _services: Services) -> Response:
    """List what is below /plugins: no plugin, but the file that they extend."""
    return json_response(["explorer.js"])


def get_plugin(_request: Request, _services: Services) -> Response:
    """Tell that there is no such plugin."""
    return bare_response(404)


def get_extensions(_request: Request, _services: Services) -> Response:
    """Give the JavaScript with which plugins extend a user interface: none."""
    text = b"// No plugin extends the user interface\n"
    return Response(text, [("Content-Type", "application/javascript")])


def get_statistics(_request: Request, services: Services) -> Response:
    """Count what is stored, and tell how much room it takes."""
    counts = services.resources.statistics()
    sizes = {
        "TotalDiskSize": counts.disk_size,
        "TotalUncompressedSize": counts.uncompressed_size,
    }
    shown = {
        "CountInstances": counts.instance_count,
        "CountPatients": counts.patient_count,
        "CountSeries": counts.series_count,
        "CountStudies": counts.study_count,
    }
    return json_response(shown | sizes_json(sizes))
