"""Archives that were decided upon: a list of their members, kept as a file.

The list takes the place of the archive itself. It is some 200 bytes for each member, in
lines of JSON; the content of a file that was made for the archive stands behind it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from obelisk.errors import CorruptedFileError
from obelisk.services.archiving.contents import Contents
from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.zip_format import Member

_GATHERED_LINES = 1000


class Manifest:
    """A layout that remembers how it was made.

    Parameters
    ----------
    contents
        What it is made of.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._lines: list[bytes] = []
        #: The archive.
        self.layout = Layout(contents.read)

    def add(self, member: Member, key: str) -> None:
        """Add a member."""
        is_compressed = bool(key) and self._contents.is_compressed(len(self._lines))
        facts = (member.name, member.time, member.crc32, member.size)
        self._lines.append(orjson.dumps([*facts, key, is_compressed]))
        self.layout.add(member, key)

    def read(self) -> Iterator[bytes]:
        """Yield the bytes that `read_manifest` understands; nothing is added then."""
        self.layout.finish()
        for start in range(0, len(self._lines), _GATHERED_LINES):
            yield b"\n".join([*self._lines[start : start + _GATHERED_LINES], b""])
        yield b"\n"
        yield from self._contents.read_made()


def read_manifest(content: bytes, contents: Contents) -> Layout:
    """Return the layout of an archive.

    Parameters
    ----------
    content
        What `Manifest.read` gave.
    contents
        The contents of the members, empty.

    Raises
    ------
    CorruptedFileError
        If it cannot be read.
    """
    layout = Layout(contents.read)
    start = 0
    try:
        while (stop := content.index(b"\n", start)) > start:
            _add(layout, contents, orjson.loads(content[start:stop]))
            start = stop + 1
    except (ValueError, TypeError) as error:
        raise CorruptedFileError from error
    made = content[stop + 1 :]
    if made:
        contents.new_file().write(made)
    layout.finish()
    return layout


def _add(layout: Layout, contents: Contents, facts: Iterable[Any]) -> None:
    name, time, crc32, size, key, is_compressed = facts
    if key:
        contents.add_file(key, size, is_compressed=is_compressed)
    layout.add(Member(name, tuple(time), crc32, size), key)
