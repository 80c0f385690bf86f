import logging

import pytest

from obelisk import telemetry
from obelisk.metrics.registry import Metrics
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.live_settings import LiveSettings
from obelisk.telemetry import CATEGORIES


@pytest.fixture(autouse=True)
def _levels():
    """Leave the levels of the log as they were."""
    before = {name: telemetry.level_of(name) for name in CATEGORIES}
    yield
    for name, level in before.items():
        telemetry.set_level(name, level)


def test_a_process_takes_over_what_another_one_has():
    """The encoding, each category of the log, and whether metrics are noted."""
    for name in CATEGORIES:
        telemetry.set_level(name, logging.WARNING)
    telemetry.set_level("jobs", logging.DEBUG)
    source = LiveSettings(AssumedEncoding("Utf8"), Metrics(is_enabled=False), int)
    state = source.state()
    telemetry.set_level("jobs", logging.ERROR)
    telemetry.set_level("http", logging.INFO)
    encoding, metrics, forgotten = AssumedEncoding(), Metrics(), []
    other = LiveSettings(encoding, metrics, lambda: forgotten.append(None))
    other.take_over(state)

    assert encoding.name == "Utf8"
    assert not metrics.is_enabled
    assert telemetry.level_of("jobs") == logging.DEBUG
    assert telemetry.level_of("http") == logging.WARNING
    assert forgotten == [None]
    assert other.state() == state


def test_alone_there_is_nobody_to_tell():
    """Nothing happens."""
    LiveSettings(AssumedEncoding(), Metrics(), int).tell()
