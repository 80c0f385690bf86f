from obelisk.metrics.instruments import Counter, Family, Histogram
from obelisk.metrics.samples import (
    counters,
    durations,
    gauge,
    openmetrics_text,
    orthanc_text,
    prometheus_text,
    total,
)


def test_openmetrics_tells_type_unit_and_end():
    """The family of a counter is named without its suffix."""
    families = [
        gauge("free_bytes", "Bytes.", 12, unit="bytes"),
        total("lines", "Lines.", {"error": 1}, "level"),
    ]

    assert openmetrics_text(families) == (
        "# HELP free_bytes Bytes.\n"
        "# TYPE free_bytes gauge\n"
        "# UNIT free_bytes bytes\n"
        "free_bytes 12\n"
        "# HELP lines Lines.\n"
        "# TYPE lines counter\n"
        'lines_total{level="error"} 1\n'
        "# EOF\n"
    )


def test_the_older_format_names_counters_in_full():
    """And has neither units nor an end."""
    family = Family(Counter)
    family.of('a"b\\c\nd').add()

    assert prometheus_text([counters("things", "Things.", ("kind",), family)]) == (
        "# HELP things_total Things.\n"
        "# TYPE things_total counter\n"
        'things_total{kind="a\\"b\\\\c\\nd"} 1\n'
    )


def test_a_histogram_has_buckets_sum_and_count():
    """The last bucket is that of everything."""
    histogram = Histogram((0.5, 1.0))
    histogram.observe(0.75)

    assert prometheus_text(
        [durations("time_seconds", "Time.", ("part",), [(("x",), histogram)])]
    ) == (
        "# HELP time_seconds Time.\n"
        "# TYPE time_seconds histogram\n"
        'time_seconds_bucket{part="x",le="0.5"} 0\n'
        'time_seconds_bucket{part="x",le="1.0"} 1\n'
        'time_seconds_bucket{part="x",le="+Inf"} 1\n'
        'time_seconds_sum{part="x"} 0.75\n'
        'time_seconds_count{part="x"} 1\n'
    )


def test_orthanc_writes_name_value_and_time():
    """By name, with nine digits at most."""
    values = {"orthanc_b": 0.6194171905517578, "orthanc_a": 123456789012}

    assert orthanc_text(values, 1795332777674) == (
        "orthanc_a 123456789012 1795332777674\northanc_b 0.619417191 1795332777674\n"
    )
