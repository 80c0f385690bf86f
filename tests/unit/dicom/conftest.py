"""Fixtures: dictionaries that a test may change."""

import pytest

from obelisk.dicom import dictionary


@pytest.fixture
def own_tables(monkeypatch):
    """Let a test change the dictionaries."""
    for name in ("_STANDARD", "_PRIVATE", "_TAGS", "_PRIVATE_TAGS"):
        table = getattr(dictionary, name)
        monkeypatch.setattr(
            dictionary,
            name,
            {k: dict(v) if isinstance(v, dict) else v for k, v in table.items()},
        )
