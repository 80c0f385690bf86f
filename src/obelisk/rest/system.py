"""What the server is and how much it holds: /system and /statistics."""

from obelisk.rest.messages import Request, Response, Services, json_response
from obelisk.rest.resources import sizes_json


def get_system(_request: Request, services: Services) -> Response:
    """Describe the server: its name, version, ports and main options."""
    return json_response(services.system)


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
