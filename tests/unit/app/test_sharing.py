from dataclasses import replace

import pytest

from obelisk.app import sharing
from obelisk.app.sharing import WHOLE, Share, main_share
from obelisk.config import Config, HTTPSection


@pytest.mark.parametrize(
    ("options", "cpu_count", "process_count"),
    [
        ({}, 1, 1),
        ({}, 2, 2),
        ({}, 16, 4),
        ({"worker_count": 1}, 16, 1),
        ({"worker_count": 6}, 2, 6),
        ({"worker_count": 6, "thread_count": 3}, 2, 3),
        ({"ssl_enabled": True}, 16, 1),
        ({"ssl_enabled": True, "worker_count": 3}, 16, 1),
    ],
)
def test_how_many_processes_there_are(monkeypatch, options, cpu_count, process_count):
    """As many as told, else one for each processor up to four."""
    monkeypatch.setattr(sharing, "processor_count", lambda: cpu_count)
    share = main_share(Config(http=HTTPSection(**options)))

    assert share == Share(process_count)
    assert share.is_shared is (process_count > 1)


@pytest.mark.parametrize("process_count", [1, 2, 3, 4])
def test_together_they_serve_what_the_option_says(process_count):
    """What is left over is for the main process."""
    http = HTTPSection(thread_count=50)
    main = Share(process_count)
    workers = [replace(main, is_main=False)] * (process_count - 1)
    parts = [one._part(http.thread_count) for one in (main, *workers)]

    assert sum(parts) == 50
    assert max(parts) == parts[0]
    assert main.thread_count_max(http) * process_count >= 50
    assert WHOLE.thread_count_max(http) == 1330
