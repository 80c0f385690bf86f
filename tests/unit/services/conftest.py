"""Fixtures: services on a real index and a real storage area in a temporary folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from obelisk.index.sqlite import SQLiteIndex
from obelisk.services.changes import Changes
from obelisk.services.ingest import Ingest, IngestSettings, Origin
from obelisk.services.resources import Resources
from obelisk.services.stability import Stability
from obelisk.storage.filesystem import FilesystemStorage


@dataclass
class House:
    """All services of one archive, and a clock that only the test moves."""

    root: Path
    settings: IngestSettings
    now: float = 1_700_000_000.0

    def __post_init__(self):
        """Open the archive."""
        tags = self.settings.main_tags
        self.index = SQLiteIndex(self.root / "index.db", main_tags=tags)
        self.storage = FilesystemStorage(self.root / "files")
        clock = lambda: self.now  # noqa: E731 -- it reads the moving clock
        self.ingest = Ingest(self.index, self.storage, self.settings, clock)
        self.resources = Resources(self.index, self.storage)
        self.changes = Changes(self.index)
        self.stability = Stability(self.index, clock)

    def store(self, content, chunk_bytes=65_536):
        """Store one file in chunks whose buffer is used again."""
        return self.ingest.store(reused_chunks(content, chunk_bytes), Origin("RestApi"))

    def files(self):
        """Return the files of the storage area, those of the journal left out."""
        found = (self.root / "files").rglob("*")
        names = ("lock", "1.journal")
        return [path for path in found if path.is_file() and path.name not in names]

    def close(self):
        """Close the archive."""
        self.index.close()
        self.storage.close()


def reused_chunks(content, chunk_bytes):
    """Yield a content in views of one buffer that is overwritten each time."""
    buffer = bytearray(chunk_bytes)
    for start in range(0, len(content), chunk_bytes):
        part = content[start : start + chunk_bytes]
        buffer[: len(part)] = part
        yield memoryview(buffer)[: len(part)]


@pytest.fixture
def open_house(tmp_path):
    """Return a function that opens an archive with some settings."""
    houses = []

    def build(**settings):
        root = tmp_path / str(len(houses))
        root.mkdir()
        houses.append(House(root, IngestSettings(**settings)))
        return houses[-1]

    yield build
    for house in houses:
        house.close()


@pytest.fixture
def house(open_house):
    """An archive with the default settings."""
    return open_house()


@pytest.fixture(scope="session")
def ct():
    """The bytes of a small CT image."""
    return Path(get_testdata_file("CT_small.dcm", download=False)).read_bytes()


@pytest.fixture(scope="session")
def mr():
    """The bytes of a small MR image of another patient."""
    return Path(get_testdata_file("MR_small.dcm", download=False)).read_bytes()
