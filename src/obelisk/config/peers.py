"""Other servers with Orthanc's REST API, and the options of requests to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from obelisk.config.options import option

NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What the name of a peer may be."""

HIDDEN = "********"
"""What stands for something secret."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_TIMEOUT_MAX = 86_400
_PROXY_PORT = 1080  # as for Orthanc
_FORMS = (
    'A peer must be ["url"], ["url", "username", "password"] or {"Url": "…", …}, '
    "with texts in quotes"
)
_TEXTS = (
    "Username",
    "Password",
    "CertificateFile",
    "CertificateKeyFile",
    "CertificateKeyPassword",
)
_KNOWN = frozenset({"Url", "URL", "HttpHeaders", "Timeout", "Pkcs11", *_TEXTS})


class InvalidPeerError(ValueError):
    """What is said about a peer is wrong; the message is a sentence."""


class MissingFileError(InvalidPeerError):
    """A file that a peer needs is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server with Orthanc's REST API.

    Attributes
    ----------
    url
        The root of its REST API, with a slash at the end.
    username, password
        What it is to be told (HTTP Basic); none where the name is empty.
    headers
        More headers of each request.
    certificate_file, certificate_key_file, certificate_key_password
        The certificate of this server, in PEM, if the peer asks for one.
    timeout_seconds
        How long it may be silent; 0 means that `HttpTimeout` counts.
    properties
        What else users note about it.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate_file: str = ""
    certificate_key_file: str = ""
    certificate_key_password: str = field(default="", repr=False)
    timeout_seconds: int = 0
    properties: Mapping[str, str] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return what users are told about it, in the words of Orthanc."""
        found: dict[str, Any] = {
            "HttpHeaders": sorted(self.headers),
            "Pkcs11": False,
            "Timeout": self.timeout_seconds,
            "Url": self.url,
            **self.properties,
        }
        if self.username:
            found |= {"Username": self.username, "Password": None}
        if self.certificate_file:
            found["CertificateFile"] = self.certificate_file
            found |= {"CertificateKeyFile": None, "CertificateKeyPassword": None}
        return dict(sorted(found.items()))

    def to_json(self) -> dict[str, Any]:
        """Return what `read_peer` makes the same peer from, passwords included."""
        values = {
            "Username": self.username,
            "Password": self.password,
            "CertificateFile": self.certificate_file,
            "CertificateKeyFile": self.certificate_key_file,
            "CertificateKeyPassword": self.certificate_key_password,
        }
        return {
            **self.properties,
            "Url": self.url,
            "HttpHeaders": dict(self.headers),
            "Timeout": self.timeout_seconds,
            **{name: value for name, value in values.items() if value},
        }

    def masked(self) -> dict[str, Any]:
        """Return what `to_json` does, with stars for what is secret."""
        values = self.to_json()
        values["HttpHeaders"] = dict.fromkeys(self.headers, HIDDEN)
        secret = {"Password", "CertificateKeyPassword"} & values.keys()
        return values | dict.fromkeys(secret, HIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSection:
    """Other servers that instances are sent to by HTTP."""

    peers: Mapping[str, Peer] = option("OrthancPeers", {})
    """Servers with the REST API of Orthanc, by their names under `/peers`:
    `["http://localhost:8043/"]`, `["http://localhost:8043/", "alice", "password"]`, or
    an object with `Url`, `Username`, `Password`, `HttpHeaders`, `CertificateFile`,
    `CertificateKeyFile`, `CertificateKeyPassword`, `Timeout` (seconds) and any other
    texts. `Pkcs11` has no effect."""

    is_in_database: bool = option("OrthancPeersInDatabase", default=False)
    """Whether peers are kept in the index, with their passwords, so that changes by
    REST outlive the server; `OrthancPeers` has no effect then."""

    timeout: int = option(
        "HttpTimeout", 60, minimum=0, maximum=_TIMEOUT_MAX, unit="seconds"
    )
    """How long a peer may be silent while it is asked something, unless it has a
    `Timeout` of its own; 0 means for ever. Orthanc means the whole request, however
    large it is."""

    is_verified: bool = option("HttpsVerifyPeers", default=True)
    """Whether the certificates of peers are checked; without it, anybody between the
    servers can read what is sent."""

    authorities: Path | None = option("HttpsCACertificates", None)
    """A file of the certificate authorities to trust, in PEM; those of the operating
    system unless given."""

    proxy: str = option("HttpProxy", "", secret=True)
    """The HTTP proxy through which all peers are reached, such as `proxy:3128` or
    `user:password@proxy:3128`; empty for none. Without a port it is 1080."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A server that hands requests on; `user` is ``name:password``, or empty."""

    host: str
    port: int
    user: str = field(default="", repr=False)


def read_proxy(text: str) -> Proxy | None:
    """Return the proxy that `HttpProxy` describes, `None` if it is empty.

    Raises
    ------
    InvalidPeerError
        If it describes none.
    """
    if not text:
        return None
    parts = _split(text if "://" in text else f"http://{text}")
    is_right = parts is not None and parts.scheme == "http" and parts.path in ("", "/")
    if parts is None or not is_right:
        raise InvalidPeerError('"HttpProxy" must be such as "user:password@host:3128"')
    user = unquote(parts.netloc.rpartition("@")[0])
    return Proxy(parts.hostname or "", parts.port or _PROXY_PORT, user)


def proxy_problems(text: str) -> list[str]:
    """Return what is wrong with `HttpProxy`."""
    try:
        read_proxy(text)
    except InvalidPeerError as error:
        return [str(error)]
    return []


def read_peer(value: object) -> Peer:
    """Return the peer that a value in one of Orthanc's forms describes.

    Raises
    ------
    InvalidPeerError
        If something about it is wrong.
    """
    if isinstance(value, list):
        if len(value) not in (1, 3):
            raise InvalidPeerError(_FORMS)
        value = dict(zip(("Url", "Username", "Password"), value, strict=False))
    if not isinstance(value, dict):
        raise InvalidPeerError(_FORMS)
    texts = {name: _text(value, name) for name in _TEXTS}
    if "Password" in value and "Username" not in value:
        raise InvalidPeerError('"Password" needs "Username"')
    url, username, password = _address(value.get("Url", value.get("URL", "")))
    if not isinstance(value.get("Pkcs11", False), bool):
        raise InvalidPeerError('"Pkcs11" must be true or false')
    certificate, key = _files(texts["CertificateFile"], texts["CertificateKeyFile"])
    return Peer(
        url=url,
        username=texts["Username"] or username,
        password=texts["Password"] if texts["Username"] else password,
        headers=_headers(value.get("HttpHeaders", {})),
        certificate_file=certificate,
        certificate_key_file=key,
        certificate_key_password=texts["CertificateKeyPassword"],
        timeout_seconds=_timeout(value.get("Timeout", 0)),
        properties=_properties(value),
    )


def read_peers(value: object) -> tuple[dict[str, Peer], list[str]]:
    """Return the peers that `OrthancPeers` describes, and what is wrong with it."""
    if not isinstance(value, dict):
        return {}, ['"OrthancPeers" must be an object: {"name": ["url"]}']
    made, problems = {}, []
    for name, one in value.items():
        prefix = f'peer "{name}" of "OrthancPeers"'
        if not NAME.fullmatch(name):
            problems.append(f"{prefix}: a name has letters, digits, - and _ only")
        try:
            made[name] = read_peer(one)
        except InvalidPeerError as error:
            problems.append(f"{prefix}: {error}")
    return made, problems


def peer_warnings(values: Mapping[str, Any]) -> list[str]:
    """Return what all options together say of peers that has no effect."""
    peers = values.get("OrthancPeers")
    if not isinstance(peers, dict) or not peers:
        return []
    if values.get("OrthancPeersInDatabase") is True:
        return ['"OrthancPeers" has no effect with "OrthancPeersInDatabase"']
    return [
        f'Pkcs11 of peer "{name}": an option of Orthanc that is not supported yet and '
        "has no effect"
        for name, one in peers.items()
        if uses_token(one)
    ]


def uses_token(value: object) -> bool:
    """Return whether a value describes a peer that is to be reached by PKCS #11."""
    return isinstance(value, dict) and value.get("Pkcs11") is True


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name, "")
    if not isinstance(text, str):
        raise InvalidPeerError(f'"{name}" must be a text in quotes')
    return text


def _address(url: object) -> tuple[str, str, str]:
    """Return a URL without user and with a slash at the end, and that user."""
    if not isinstance(url, str):
        raise InvalidPeerError('"Url" must be a text in quotes')
    if not url:
        raise InvalidPeerError("Empty URL")
    full = url if "://" in url else f"http://{url}"
    parts = _split(full)
    if parts is None or not all("!" <= letter <= "~" for letter in full):
        raise InvalidPeerError('"Url" must be such as "http://localhost:8042/"')
    place = parts.netloc.rpartition("@")[2]
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    user = (unquote(parts.username or ""), unquote(parts.password or ""))
    return f"{parts.scheme}://{place}{path}", *user


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, `None` if it is none for peers."""
    try:
        parts = urlsplit(url)
        is_right = parts.port != 0 and bool(parts.hostname)
    except ValueError:
        return None
    is_right = is_right and parts.scheme in ("http", "https")
    return parts if is_right and not parts.query and not parts.fragment else None


def _headers(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise InvalidPeerError('"HttpHeaders" must be an object: {"name": "value"}')
    for name, text in value.items():
        is_right = isinstance(text, str) and _HEADER_VALUE.fullmatch(text)
        if not _HEADER_NAME.fullmatch(name) or not is_right:
            raise InvalidPeerError('"HttpHeaders" has a name or a value that is none')
        if name.lower() in _OWN_HEADERS:
            raise InvalidPeerError(f'"HttpHeaders" cannot have "{name}"')
    return value


def _timeout(value: object) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, int) or not is_number or not 0 <= value <= _TIMEOUT_MAX:
        raise InvalidPeerError(
            f'"Timeout" must be a whole number from 0 to {_TIMEOUT_MAX} (seconds)'
        )
    return value


def _files(certificate: str, key: str) -> tuple[str, str]:
    if not certificate:
        return "", ""
    for path in filter(None, (certificate, key)):
        if not Path(path).is_file():
            raise MissingFileError(f"There is no certificate or key at {path}")
    return certificate, key


def _properties(value: Mapping[str, Any]) -> dict[str, str]:
    """Return what users note; numbers and truth values become texts."""
    found = {}
    for name, noted in value.items():
        if name in _KNOWN:
            continue
        if not isinstance(noted, str | int):
            raise InvalidPeerError(f'"{name}" of a peer must be a text')
        found[name] = str(int(noted)) if isinstance(noted, bool) else str(noted)
    return found
