"""The environment of a request for its application (PEP 3333)."""

import io
import sys
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from obelisk.http.files import FileBody
from obelisk.http.heads import Head

Environ = dict[str, Any]

_BARE = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def common_environ(
    server: tuple[str, int], client: tuple[str, int], *, is_secure: bool
) -> Environ:
    """Return what all requests of a connection have in common."""
    return {
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SCRIPT_NAME": "",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": FileBody,
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "https" if is_secure else "http",
        "wsgi.version": (1, 0),
    }


def request_environ(common: Environ, head: Head, body: io.RawIOBase | None) -> Environ:
    """Return the environment of one request; without body its stream is empty."""
    path, _, query = head.target.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    environ = common.copy()
    environ["REQUEST_METHOD"] = head.method
    environ["PATH_INFO"] = path.decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["SERVER_PROTOCOL"] = "HTTP/1.1" if head.version == (1, 1) else "HTTP/1.0"
    environ["wsgi.input"] = io.BytesIO() if body is None else body
    for name, value in head.fields:
        key = _key(name)
        text = value.decode("latin-1").strip()
        if not key:
            continue
        if key in environ:
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{text}"
        environ[key] = text
    return environ


@lru_cache(maxsize=1024)
def _key(name: bytes) -> str:
    """Return the key of a header, empty for a name that could pass for another."""
    if b"_" in name:
        return ""
    bare = _BARE.get(name.lower())
    return bare or "HTTP_" + name.decode("ascii").upper().replace("-", "_")
