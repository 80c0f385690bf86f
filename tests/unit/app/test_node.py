import json
import shutil
from types import SimpleNamespace

import pytest

from launching import free_port
from obelisk.app.node import INDEX_NAME, Node
from obelisk.config import load_config


@pytest.mark.parametrize("free", [0, 100_000_000])
def test_a_start_on_a_full_disk(tmp_path, monkeypatch, free):
    """The reserve makes room for it, so that clients can delete."""
    path = tmp_path / "configuration.json"
    path.write_text(
        json.dumps({"StorageDirectory": str(tmp_path), "DicomPort": free_port()})
    )
    reserve = tmp_path / f"{INDEX_NAME}-reserve"
    reserve.touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    node = Node(load_config([path], {})[0])
    node.close()

    assert reserve.exists() is (free > 0)
