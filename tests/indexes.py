"""Empty indexes for tests that need many: all are copies of one that was migrated."""

import functools
import tempfile
from pathlib import Path

from obelisk.index.sqlite import SQLiteIndex

_NAME = "index.db"


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _NAME
        SQLiteIndex(path, is_synchronous=False).close()
        return path.read_bytes()


def empty_index(folder: Path) -> SQLiteIndex:
    """Return an index that has nothing in it, in a folder that has none."""
    path = folder / _NAME
    path.write_bytes(_empty())
    return SQLiteIndex(path, is_synchronous=False)
