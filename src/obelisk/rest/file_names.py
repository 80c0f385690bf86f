"""Names of files that clients may save (RFC 6266)."""

import re
from unicodedata import combining, normalize
from urllib.parse import quote

from obelisk.rest.messages import Request

_UNSAFE = re.compile(r"[^ !#-:<-\[\]-~]")


def disposition(request: Request, default: str) -> str:
    """Return Content-Disposition, with the ``filename`` of the request if given."""
    return named(request.args.get("filename", ""), default)


def named(wanted: str, default: str) -> str:
    """Return Content-Disposition with a name, or a default if that is empty.

    Many clients read the plain name only, which has no character beyond ASCII: letters
    lose their accents, others become underscores, and the default takes the place of a
    name of which no letter or digit is left.
    """
    plain = _UNSAFE.sub("", wanted) if wanted.isascii() else _plain(wanted)
    header = f'filename="{plain or default}"'
    if wanted.isascii():
        return header
    return f"{header}; filename*=UTF-8''{quote(wanted, safe='')}"


def _plain(wanted: str) -> str:
    """Return what is left of a name in ASCII; nothing if that tells nothing."""
    letters = (one for one in normalize("NFKD", wanted) if not combining(one))
    plain = "".join(one if one.isascii() else "_" for one in letters)
    stem = plain.rpartition(".")[0] or plain
    is_telling = any(map(str.isalnum, stem))
    return _UNSAFE.sub("", plain) if is_telling else ""
