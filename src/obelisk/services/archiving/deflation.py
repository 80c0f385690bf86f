"""Archives whose members are deflated while they are sent."""

from collections.abc import Iterator
from dataclasses import replace

from isal import isal_zlib

from obelisk.services.archiving.contents import Contents
from obelisk.services.archiving.layout import gathered
from obelisk.services.archiving.zip_format import (
    DEFLATED,
    Member,
    central_header,
    descriptor,
    end_records,
    local_header,
)

_LEVEL = 1
_RAW_WINDOW_BITS = -15


class Deflation:
    """An archive whose size is known only once it was sent.

    Parameters
    ----------
    contents
        Gives the contents.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._members: list[Member] = []
        #: How many members were packed.
        self.packed_count = 0
        #: See `Layout`.
        self.file_count = self.file_size = 0

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member, key: str) -> None:
        """Add a member; see `Layout.add`."""
        self.file_count += bool(key)
        self.file_size += member.size if key else 0
        self._members.append(replace(member, method=DEFLATED))

    def read(self) -> Iterator[bytes]:
        """Yield the whole archive."""
        return gathered(self._parts())

    def _parts(self) -> Iterator[bytes]:
        position = 0
        central = bytearray()
        for number, announced in enumerate(self._members):
            start = position
            with self._contents.open_member(number, announced) as (member, content):
                yield (header := local_header(member))
                position += len(header)
                packed_size = 0
                for part in _packed(content):
                    packed_size += len(part)
                    yield part
            packed = replace(member, packed_size=packed_size)
            yield (tail := descriptor(packed))
            position += packed_size + len(tail)
            central += central_header(packed, start)
            self.packed_count += 1
        yield bytes(central)
        yield end_records(len(self._members), position, len(central))


def _packed(content: Iterator[bytes]) -> Iterator[bytes]:
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_RAW_WINDOW_BITS)
    for chunk in content:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()
