"""Calls to a server and their answers, in a form that compares.

A `Call` knows how it appears in a report: which route, which argument. An `Answer`
keeps what a client can see of a response, with JSON parsed and long contents hashed.
"""

import hashlib
import http.client
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from launching import wait_until

#: Response headers that clients of Orthanc act upon.
COMPARED_HEADERS = ("Allow", "Content-Disposition", "Content-Type", "Location")

_TEXT_BYTES_MAX = 2000
_DIRECTORY = "DICOMDIR"


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, and its place in a report."""

    method: str
    path: str
    route: str
    argument: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What identifies the call among those of one run."""
        headers = "".join(f" {k}:{v}" for k, v in sorted(self.headers.items()))
        path = self.path.partition("?")[0]
        return f"{self.method} {path}{headers} [{self.argument}]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client can see of one response."""

    status: int
    headers: dict[str, str]
    body: Any

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        return {"status": self.status, "headers": self.headers, "body": self.body}


class Peer:
    """A server at the other end of one keep-alive connection; for one thread.

    `headers` are those of its answers that are kept.
    """

    def __init__(
        self,
        url: str,
        timeout_seconds: float = 60,
        headers: tuple[str, ...] = COMPARED_HEADERS,
    ) -> None:
        self._headers = headers
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            parts.hostname or "localhost",
            parts.port or 80,
            timeout=timeout_seconds,
        )

    def send(self, call: Call) -> tuple[Answer, bytes]:
        """Send a call; return its answer and the bytes of the body."""
        try:
            return self._send(call)
        except (http.client.RemoteDisconnected, ConnectionError):
            # Orthanc closes an idle connection after a second.
            self._connection.close()
            return self._send(call)

    def get_json(self, path: str) -> Any:
        """Return the JSON of a path that must answer 200."""
        answer, content = self.send(Call("GET", path, path))
        assert answer.status == 200, (path, answer.status)
        return json.loads(content)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _send(self, call: Call) -> tuple[Answer, bytes]:
        self._connection.request(
            call.method,
            call.path,
            body=call.body,
            headers=call.headers,
        )
        response = self._connection.getresponse()
        content = response.read()
        headers = {
            name: value
            for name in self._headers
            if (value := response.getheader(name)) is not None
        }
        return Answer(response.status, headers, describe(content)), content


def settled_jobs(url: str) -> list[str]:
    """Wait until all jobs of a server have ended; return their ids.

    Those that send archives end a moment after their clients have all.
    """
    peer = Peer(url)
    wait_until(lambda: not peer.get_json("/jobs?state=Pending;Running;Retry"))
    ids: list[str] = peer.get_json("/jobs")
    peer.close()
    return ids


def describe(content: bytes) -> Any:
    """Return a body as JSON values, short text, or size and SHA-256."""
    if not content:
        return None
    if content[:1] in b'{["':
        try:
            return json.loads(content)
        except ValueError:
            pass
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    if text and len(content) <= _TEXT_BYTES_MAX and text.isprintable():
        return {"text": text}
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def archive_members(content: bytes) -> list[list[str]] | None:
    """Return the names of the members of an archive, and sums of their contents.

    A DICOMDIR, in which everybody writes other things, has none. What breaks off has
    no members: `None`.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [
            [name, "" if name == _DIRECTORY else _sum(archive.read(name))]
            for name in archive.namelist()
        ]


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
