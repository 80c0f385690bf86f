from concurrent.futures import ThreadPoolExecutor

from obelisk.metrics.requests import RequestMetrics


def test_a_request_is_noted_by_method_route_and_class_of_status():
    """And is active in between."""
    requests = RequestMetrics()
    begun = requests.begin()
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
    requests.end(requests.begin(), "SMITH^JOHN", "", 400)

    assert [labels for labels, _ in requests.durations()] == [
        ("other", "unmatched", "4xx")
    ]


def test_requests_are_counted_from_many_threads():
    """None is lost, though they are counted many at once."""
    requests = RequestMetrics()
    with ThreadPoolExecutor(8) as pool:
        for number in range(8000):
            path = f"/{number % 3}"
            pool.submit(lambda p=path: requests.end(requests.begin(), "GET", p, 200))

    counts = [histogram.read()[0][-1][1] for _, histogram in requests.durations()]

    assert counts == [2667, 2667, 2666]
    assert requests.active_count == 0


def test_the_most_and_the_slowest_are_told():
    """Two were there at once; one is left, and one took longer than the other."""
    requests = RequestMetrics()
    begun = [requests.begin(), requests.begin() - 2, requests.begin()]
    requests.end(begun[0], "GET", "/", 200)
    requests.end(begun[1], "GET", "/", 200)

    assert requests.most() == 3
    assert requests.active_count == 1
    assert 2 <= requests.slowest() < 60
