"""Compresses answers (RFC 9110 Section 8.4)."""

import gzip
import zlib

from obelisk.rest.messages import Request, Response

#: What is smaller fits into a packet or two anyway.
_MIN_BYTES = 2048
_LEVEL = 5
_KINDS = ("application/json", "application/xml", "text/")


def compress(request: Request, response: Response) -> None:
    """Compress an answer that is JSON, XML or text, if the client agrees."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < _MIN_BYTES:
        return
    headers = dict(response.headers)
    kind = headers.get("Content-Type", "")
    if not kind.startswith(_KINDS) or "Content-Encoding" in headers:
        return
    response.headers.append(("Vary", "Accept-Encoding"))
    accepted = request.accept_encodings
    encoding = accepted.best_match(("gzip", "deflate"))
    if encoding is None:
        return
    if encoding == "gzip":
        response.body = gzip.compress(body, _LEVEL, mtime=0)
    else:
        response.body = zlib.compress(body, _LEVEL)
    response.headers.append(("Content-Encoding", encoding))
    response.headers[:] = [
        (name, str(len(response.body)) if name == "Content-Length" else value)
        for name, value in response.headers
    ]
