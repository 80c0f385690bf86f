"""Asks the running server of a configuration whether it can do its work."""

import base64
import http.client
import ipaddress
import ssl

from obelisk.config import Config, HTTPSection
from obelisk.errors import UnavailableError

_TIMEOUT_SECONDS = 10.0


def _host(http: HTTPSection) -> str:
    """Return an address of this machine at which the server listens."""
    for address in http.bind_addresses:
        parsed = ipaddress.ip_address(address)
        if not parsed.is_unspecified:
            return address
        if parsed.version == 6:
            return "::1"
    return "127.0.0.1"


def _connect(section: HTTPSection) -> http.client.HTTPConnection:
    host, port = _host(section), section.port
    if not section.ssl_enabled:
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    # The certificate is for the name of the machine, and the server is our own.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(
        host, port, timeout=_TIMEOUT_SECONDS, context=context
    )


def check_health(config: Config) -> tuple[bool, str]:
    """Return whether the server is ready, and what it says.

    Raises
    ------
    UnavailableError
        If it does not answer.
    """
    section = config.http
    headers = {}
    for name, password in section.registered_users.items():
        token = base64.b64encode(f"{name}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    connection = _connect(section)
    try:
        connection.request("GET", "/health/ready", headers=headers)
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError("The server does not answer") from error
    finally:
        connection.close()
