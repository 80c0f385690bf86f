"""Names of files that clients may save (RFC 6266)."""

import re
from urllib.parse import quote

from obelisk.rest.messages import Request

_UNSAFE = re.compile(r"[^ !#-:<-\[\]-~]")


def disposition(request: Request, default: str) -> str:
    """Return Content-Disposition, with the ``filename`` of the request if given."""
    return named(request.args.get("filename", ""), default)


def named(wanted: str, default: str) -> str:
    """Return Content-Disposition with a name, or a default if that is empty."""
    header = f'filename="{_UNSAFE.sub("", wanted) or default}"'
    if wanted.isascii():
        return header
    return f"{header}; filename*=UTF-8''{quote(wanted, safe='')}"
