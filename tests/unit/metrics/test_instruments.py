from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from obelisk.metrics.instruments import Counter, Family, Histogram, Level, Peak


def test_a_counter_loses_nothing_between_threads():
    """Eight threads count to 1,000 each."""
    counter = Counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counter.add(), range(8000)))

    assert counter.value == 8000


def test_a_histogram_counts_up_to_each_bound():
    """A value that equals a bound belongs to it; the last bucket has none."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 7.0):
        histogram.observe(value)

    assert histogram.read() == ([(1.0, 2), (2.0, 3), (float("inf"), 4)], 10.0)


def test_a_histogram_takes_many_values_at_once():
    """Beside those that wait, in any order; more wait than are kept back."""
    histogram = Histogram((1.0, 2.0))
    for number in range(600):
        histogram.observe(number % 3 + 0.5)
    histogram.observe_all([2.0, 0.25, 9.0])

    counts, total = histogram.read()

    assert counts == [(1.0, 201), (2.0, 402), (float("inf"), 603)]
    assert total == 911.25


def test_a_peak_is_the_greatest_value_of_ten_seconds():
    """Then the last value is left, though it is older."""
    times = [0.0]
    peak = Peak(lambda: times[0])
    peak.update(11)
    times[0] = 5.0
    peak.update(8)

    assert peak.read() == 11

    times[0] = 10.5

    assert peak.read() == 8


def test_a_peak_that_is_over_gives_way_to_a_smaller_value():
    """Which then counts for ten seconds."""
    times = [0.0]
    peak = Peak(lambda: times[0])
    peak.update(11)
    times[0] = 11.0
    peak.update(3)
    peak.update(1)

    assert peak.read() == 3


def test_a_peak_takes_many_values_at_once():
    """As if they had come one by one."""
    noted = [(1.0, 0.0), (9.0, 2.0), (3.0, 11.0), (2.0, 12.5), (1.0, 13.0), (1.5, 30.0)]
    for count in range(len(noted) + 1):
        times = [0.0]
        single, many = (Peak(lambda times=times: times[0]) for _ in range(2))
        for value, now in noted[:count]:
            single.update(value, now)
        many.update_all(noted[:count])
        for now in (0.0, 9.0, 12.0, 13.0, 25.0, 50.0):
            times[0] = now
            assert many.read() == single.read()


def test_a_level_remembers_its_peak():
    """Two came, one went."""
    level = Level()
    level.enter(monotonic())
    level.enter(monotonic())
    level.leave()

    assert (level.value, level.peak.read()) == (1, 2)


def test_a_family_has_an_instrument_for_each_labels():
    """The same one each time."""
    family = Family(Counter)
    family.of("b").add()
    family.of("a").add(5)
    family.of("b").add()

    assert [(labels, one.value) for labels, one in family.items()] == [
        (("a",), 5),
        (("b",), 2),
    ]


def test_a_family_does_not_grow_without_bound():
    """What comes too late is counted together."""
    family = Family(Counter, count_max=2)
    for number in range(100):
        family.of(str(number), "x").add()

    assert [labels for labels, _ in family.items()] == [
        ("0", "x"),
        ("1", "x"),
        ("other", "other"),
    ]
    assert family.of("other", "other").value == 98
