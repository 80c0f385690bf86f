from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from obelisk.metrics.requests import RequestMetrics


def begin(requests):
    """Note that a request came; return when."""
    requests.there.append(None)
    return monotonic()


def test_a_request_is_noted_by_method_route_and_class_of_status():
    """And is active in between."""
    requests = RequestMetrics()
    begun = begin(requests)
    active = requests.active_count
    requests.end(begun, "GET", "/{level}/{id}", 404)

    assert active == 1
    assert requests.active_count == 0
    ((labels, histogram),) = requests.durations()
    assert labels == ("GET", "/{level}/{id}", "4xx")
    assert histogram.read()[0][-1][1] == 1


def test_labels_come_from_no_client():
    """A method that nobody knows and a path without a route have fixed words."""
    requests = RequestMetrics()
    requests.end(begin(requests), "SMITH^JOHN", "", 400)

    assert [labels for labels, _ in requests.durations()] == [
        ("other", "unmatched", "4xx")
    ]


def test_requests_are_counted_from_many_threads():
    """None is lost, though they are counted many at once."""
    requests = RequestMetrics()
    with ThreadPoolExecutor(8) as pool:
        for number in range(8000):
            path = f"/{number % 3}"
            pool.submit(lambda p=path: requests.end(begin(requests), "GET", p, 200))

    counts = [histogram.read()[0][-1][1] for _, histogram in requests.durations()]

    assert counts == [2667, 2667, 2666]
    assert requests.active_count == 0


def test_the_most_and_the_slowest_are_told():
    """Two were there at once; one is left, and one took longer than the other."""
    requests = RequestMetrics()
    begun = [begin(requests), begin(requests) - 2, begin(requests)]
    requests.end(begun[0], "GET", "/", 200)
    requests.end(begun[1], "GET", "/", 200)

    assert requests.most() == 3
    assert requests.active_count == 1
    assert 2 <= requests.slowest() < 60


def test_a_peak_counts_from_when_requests_ended():
    """However late they are counted; what came after ten seconds is another peak."""
    times = [100.0]
    requests = RequestMetrics(lambda: times[0])

    def end(now, seconds):
        times[0] = now
        begin(requests)
        requests.end(now - seconds, "GET", "/", 200)

    begin(requests)
    end(100.5, 7)
    end(100.6, 2)
    requests.end(100.5, "GET", "/", 200)
    times[0] = 103.0

    assert requests.slowest() == 7
    assert requests.most() == 2

    end(200.0, 3)

    assert requests.slowest() == 3
    assert requests.most() == 1

    times[0] = 300.0

    assert requests.slowest() == 3
    assert sum(histogram.read()[1] for _, histogram in requests.durations()) > 12


def test_what_nobody_asks_for_takes_no_room():
    """Requests are counted in the end, though no more than one second waits."""
    times = [0.0]
    requests = RequestMetrics(lambda: times[0])
    for number in range(10_000):
        times[0] = number / 1000
        requests.end(begin(requests), "GET", "/", 200)

    waiting = sum(map(len, requests._spent.values()))
    assert waiting <= 1_001
