"""Who is calling, and may they."""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from obelisk.errors import ForbiddenError

REALM = 'Basic realm="Orthanc Secure Area"'


class UnauthorizedError(ForbiddenError):
    """Bad credentials, or none, were given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rules on who may send requests.

    Attributes
    ----------
    is_remote_allowed
        Whether other machines may (RemoteAccessAllowed).
    is_authentication_required
        Whether a request needs a name and a password (AuthenticationEnabled).
    users
        The names and their passwords (RegisteredUsers).
    open_paths
        What everybody may ask for (HealthWithoutAuthentication).
    """

    is_remote_allowed: bool = False
    is_authentication_required: bool = False
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_paths: Collection[str] = ()

    def authorize(self, address: str, authorization: str, path: str = "") -> str:
        """Check one request.

        Parameters
        ----------
        address
            The IP address of the client.
        authorization
            The value of its ``Authorization`` header, empty if there is none.
        path
            What it asks for.

        Returns
        -------
        str
            The name of the user; where none is needed that which the client gives, as
            a proxy in front may have checked it, empty if it gives none.

        Raises
        ------
        UnauthorizedError
            If the request is refused.
        """
        if path in self.open_paths:
            return ""
        if not (self.is_remote_allowed or _is_local(address)):
            raise UnauthorizedError("Remote access is not allowed")
        given = _credentials(authorization)
        if not self.is_authentication_required:
            claimed, colon, _ = given.partition(b":")
            return claimed.decode(errors="replace") if colon else ""
        found = ""
        for name, password in self.users.items():  # all, so that timing tells nothing
            if hmac.compare_digest(f"{name}:{password}".encode(), given):
                found = name
        if not found:
            raise UnauthorizedError
        return found


def _is_local(address: str) -> bool:
    if address == "127.0.0.1":
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def _credentials(authorization: str) -> bytes:
    """Return ``name:password`` of HTTP Basic (RFC 7617), empty if there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
