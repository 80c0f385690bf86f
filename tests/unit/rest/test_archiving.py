from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.test import EnvironBuilder

from obelisk.errors import ContentGoneError
from obelisk.rest.archiving import get_archive
from obelisk.rest.messages import ArchiveDefaults, Request, Response, Services


class Archiving:
    """Lays out archives, the first of which name a file that is gone."""

    def __init__(self, gone_count: int) -> None:
        self.gone_count = gone_count
        self.count = 0

    def lay_out(self, *_form: object) -> Any:
        """Return an archive of ten bytes."""
        self.count += 1
        return SimpleNamespace(size=10, etag="x", read=self._read)

    def _read(self, start: int, stop: int) -> Iterator[bytes]:
        if self.count <= self.gone_count:
            raise ContentGoneError
        yield b"0123456789"[start:stop]


def _part(archiving: Archiving) -> Response:
    services = SimpleNamespace(archiving=archiving, archive_defaults=ArchiveDefaults())
    builder = EnvironBuilder(path="/studies/x/archive", headers={"Range": "bytes=2-4"})
    return get_archive(Request(builder.get_environ()), cast("Services", services))


@pytest.mark.parametrize("gone_count", [0, 1])
def test_an_archive_is_laid_out_anew(gone_count: int) -> None:
    """Once, if a file was deleted or replaced before it was opened."""
    archiving = Archiving(gone_count)
    answer = _part(archiving)

    assert (answer.status, answer.body) == (206, b"234")
    assert archiving.count == gone_count + 1


def test_a_file_that_stays_gone_is_an_error() -> None:
    """The client can be told, as nothing was sent yet."""
    with pytest.raises(ContentGoneError):
        _part(Archiving(2))
