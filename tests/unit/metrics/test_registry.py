from obelisk.metrics.registry import Metrics


def test_an_operation_is_noted_by_service_and_status():
    """One whose association broke has none."""
    metrics = Metrics()
    metrics.end_operation(metrics.begin_operation(), "C-STORE", 0xA700)
    metrics.end_operation(metrics.begin_operation(), "C-STORE", None)

    assert [labels for labels, _ in metrics.operations.items()] == [
        ("C-STORE", "A700"),
        ("C-STORE", "none"),
    ]
    assert metrics.active_operations.value == 0


def test_laps_add_up():
    """Each goes to its own instrument; the total spans them."""
    metrics = Metrics()
    laps = metrics.laps()
    laps.lap(metrics.ingest.receive)
    laps.lap(metrics.ingest.parse)
    laps.total(metrics.ingest.total)

    sums = [
        one.read()[1]
        for one in (
            metrics.ingest.receive,
            metrics.ingest.parse,
            metrics.ingest.total.histogram,
        )
    ]
    assert 0 < sums[0] + sums[1] <= sums[2]


def test_nothing_is_timed_when_metrics_are_off():
    """The stopwatch stands still."""
    metrics = Metrics(is_enabled=False)
    laps = metrics.laps()
    laps.lap(metrics.ingest.receive)
    laps.total(metrics.ingest.total)

    assert metrics.ingest.receive.read()[0][-1][1] == 0
    assert metrics.ingest.total.histogram.read()[0][-1][1] == 0
