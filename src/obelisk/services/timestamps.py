"""Points in time as the REST API shows them."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=16)
def utc_text(seconds: int) -> str:
    """Return a POSIX time as ``YYYYMMDDTHHMMSS`` in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%S")
