"""JSON that is too large to be in memory as a whole."""

from collections.abc import Iterator
from typing import Self

import orjson


class JSONMembers(Iterator[bytes]):
    """A JSON object, or a list, that is written member by member.

    Parameters
    ----------
    members
        Names and values; the names of those of a list do not count.
    is_list
        Whether it is a list.
    """

    def __init__(
        self, members: Iterator[tuple[str, object]], *, is_list: bool = False
    ) -> None:
        self.members = members
        self.is_list = is_list
        self._written = self._write()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._written)

    def _write(self) -> Iterator[bytes]:
        opening, closing = (b"[\n", b"\n]") if self.is_list else (b"{\n", b"\n}")
        between = opening
        for name, value in self.members:
            one = [value] if self.is_list else {name: value}
            text = orjson.dumps(one, option=orjson.OPT_INDENT_2)
            yield between + text.removeprefix(opening).removesuffix(closing)
            between = b",\n"
        yield closing if between != opening else opening[:1] + closing[1:]
