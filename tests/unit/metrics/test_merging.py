from time import monotonic

import orjson
import pytest

from obelisk.metrics.instruments import Counter, Family, Histogram, Level, Peak
from obelisk.metrics.merging import Former, merged_facts, merged_metrics, report
from obelisk.metrics.monitoring import Monitoring
from obelisk.metrics.orthanc import Facts
from obelisk.metrics.registry import Metrics


def begin(requests):
    """Note that a request came; return when."""
    requests.there.append(None)
    return monotonic()


def sent(value):
    """Return a value as another process gets it."""
    return orjson.loads(orjson.dumps(value))


def facts(**changes):
    """Return facts of one process."""
    names = Facts.__dataclass_fields__
    values = dict.fromkeys(names, 1) | {
        "jobs": {},
        "logged": {"error": 2},
        "spans": {"dropped": 3},
    }
    return Facts(**values | changes)


def busy_metrics():
    """Return metrics in which each kind of instrument noted something."""
    metrics = Metrics()
    requests = metrics.requests
    requests.end(begin(requests), "GET", "/statistics", 200)
    begin(requests)
    metrics.end_operation(metrics.begin_operation(), "C-ECHO", 0)
    metrics.associations.of("accepted").add()
    metrics.ingest.receive.observe(0.5)
    metrics.ingest.total.observe(0.75)
    metrics.ingest.stored.of("RestApi", "Success").add(3)
    metrics.write_transactions.observe(0.25)
    metrics.creations.observe(0.125)
    metrics.written_bytes.add(100)
    metrics.read_bytes.add(10)
    metrics.job_runs.of("Archive", "success").observe(2.0)
    metrics.job_waits.of("Archive").observe(1.0)
    return metrics


def test_what_only_grows_is_added():
    """Counters, histograms and families of them, bucket by bucket."""
    merged = Metrics()
    for _ in range(2):
        merged.absorb(sent(busy_metrics().dump()))
    buckets, total = merged.ingest.receive.read()

    assert merged.written_bytes.value == 200
    assert merged.ingest.stored.of("RestApi", "Success").value == 6
    assert total == 1.0
    assert buckets[-1][1] == 2
    durations = dict(merged.requests.durations())
    assert durations["GET", "/statistics", "2xx"].read()[0][-1][1] == 2
    assert (merged.requests.active_count, merged.requests.most()) == (2, 2)
    assert merged.job_runs.of("Archive", "success").read()[1] == 4.0


def test_nothing_that_is_noted_is_left_out():
    """Each instrument of the registry comes back from a copy."""
    original, copy = busy_metrics(), Metrics()
    copy.absorb(sent(original.dump()))

    assert sent(copy.dump()) == sent(original.dump())
    kinds = (Counter, Histogram, Peak, Level, Family)
    known = {id(one) for one in original._instruments()}
    missing = [
        name
        for name, one in vars(original).items()
        if isinstance(one, kinds) and id(one) not in known
    ]
    parts_of_families = {
        *("read_transactions", "write_transactions"),
    }
    assert set(missing) <= parts_of_families


@pytest.mark.parametrize(("one", "other", "merged"), [(3, 5, 5), (5, 3, 5)])
def test_the_greater_peak_counts(one, other, merged):
    """A duration took as long as it took, wherever that was."""
    peak, second = Peak(), Peak()
    peak.update(one)
    second.update(other)
    peak.absorb(second.dump())

    assert peak.read() == merged


def test_what_there_is_just_now_is_added():
    """Requests of all processes are active at the same time."""
    level, other = Level(), Level()
    for number in range(3):
        level.enter(number)
        other.enter(number)
    other.leave()
    level.absorb(other.dump())

    assert level.value == 5
    assert level.peak.read() == 6


def test_facts_are_those_of_all_processes():
    """What the index says is the same for all, and is not added."""
    reports = [sent(report(Metrics(), facts(cache_size=7)))] * 2
    found = merged_facts(facts(instance_count=4), reports)

    assert found.instance_count == 4
    assert found.cache_size == 15
    assert found.cache_hit_count == found.connection_count == 3
    assert found.logged == {"error": 6}
    assert found.spans == {"dropped": 9}


def test_alone_nothing_is_copied():
    """One process is told as it is."""
    metrics = Metrics()

    assert merged_metrics(metrics, []) is metrics
    assert merged_facts(facts(), []) == facts()


def test_what_the_dead_noted_is_kept():
    """But for what they had just then."""
    former = Former()
    for _ in range(2):
        former.add(sent(report(busy_metrics(), facts(connection_count=9))))
    kept = sent(former.report())
    merged = merged_metrics(Metrics(), [kept])
    told = merged_facts(facts(), [kept])

    assert merged.written_bytes.value == 200
    assert merged.requests.active_count == 0
    assert (told.cache_hit_count, told.connection_count) == (3, 1)
    assert told.logged == {"error": 6}


def test_both_texts_tell_of_all_processes():
    """Those for Orthanc's boards, and the others."""
    metrics = busy_metrics()
    monitoring = Monitoring(metrics, facts, lambda _: [])
    monitoring.ask_others = lambda: [sent(report(busy_metrics(), facts()))]

    assert "orthanc_storage_written_bytes 200 " in monitoring.orthanc_text()
    assert "orthanc_dicom_cache_count 2 " in monitoring.orthanc_text()
    assert "obelisk_storage_written_bytes_total 200\n" in monitoring.openmetrics_text()
