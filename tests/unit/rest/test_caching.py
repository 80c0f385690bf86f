import pytest

from obelisk.rest.caching import BytesCache, KeptAnswers


def test_kept_answers_are_found():
    """What was kept comes back, and nothing else."""
    cache = BytesCache(100)
    cache.keep("a", b"1")

    assert cache.lookup("a") == b"1"
    assert cache.lookup("b") is None


def test_the_oldest_answers_go_first():
    """Beyond its size, the cache forgets what was not asked for the longest."""
    cache = BytesCache(10)
    for key in "abc":
        cache.keep(key, bytes(4))
        cache.lookup("a")

    assert [cache.lookup(key) for key in "abc"] == [bytes(4), None, bytes(4)]


def test_small_answers_are_not_kept_without_end():
    """Each takes room beyond its bytes, so that their number is limited, too."""
    cache = BytesCache(1_000_000, count_max=3)
    for number in range(10):
        cache.keep(number, b"")

    assert cache.count == 3
    assert cache.lookup(9) == b""
    assert cache.lookup(6) is None


def test_an_answer_is_counted_once():
    """Keeping another answer under the same key frees the room of the first one."""
    cache = BytesCache(10)
    cache.keep("a", bytes(4))
    cache.keep("b", bytes(4))
    cache.keep("a", bytes(6))

    assert cache.lookup("a") == bytes(6)
    assert cache.lookup("b") == bytes(4)


def test_a_huge_answer_is_not_kept():
    """An answer beyond the size of the cache leaves the others alone."""
    cache = BytesCache(10)
    cache.keep("a", bytes(4))
    cache.keep("b", bytes(11))

    assert cache.lookup("a") == bytes(4)
    assert cache.lookup("b") is None


class Source:
    """What answers are made of: its version changes with it."""

    def __init__(self):
        self.version = 1
        self.made = 0

    def make(self):
        """Make an answer that tells how many were made."""
        self.made += 1
        return b"%d" % self.made


def test_answers_are_kept_while_their_source_stays_the_same():
    """The same answer comes back until the version is another one."""
    source = Source()
    answers = KeptAnswers(lambda: source.version, 100)

    before = [answers.answer("a", source.make) for _ in range(3)]
    other = answers.answer("b", source.make)
    source.version = 2
    after = [answers.answer("a", source.make) for _ in range(2)]

    assert before == [b"1"] * 3
    assert other == b"2"
    assert after == [b"3"] * 2


def test_an_answer_that_became_old_while_it_was_made_is_not_kept():
    """A change after the version was looked up may be in the answer, or not."""
    source = Source()
    answers = KeptAnswers(lambda: source.version, 100)

    def make():
        source.version = 2
        answers.answer("other", source.make)  # another request sees the new version
        return b"old"

    assert answers.answer("a", make) == b"old"
    assert answers.answer("a", source.make) == b"2"


def test_an_answer_that_failed_is_not_kept():
    """The next request tries again."""
    source = Source()
    answers = KeptAnswers(lambda: source.version, 100)

    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        answers.answer("a", fail)

    assert answers.answer("a", source.make) == b"1"
