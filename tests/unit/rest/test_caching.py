from obelisk.rest.caching import BytesCache


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
