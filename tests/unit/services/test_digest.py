import hashlib
import threading
import zlib

from obelisk.services.digest import Digest, Helper

_CONTENT = bytes(range(256)) * 1000


def sums(digest):
    """Return all that a digest tells."""
    return digest.size, digest.crc32, digest.md5


def expected(content):
    """Return the same of a content."""
    return len(content), zlib.crc32(content), hashlib.md5(content).hexdigest()


def test_sums_of_chunks_are_those_of_the_whole():
    """It does not matter how the bytes come, or who sums them up."""
    digest, helper = Digest(is_md5_computed=True), Helper()
    digest.update(_CONTENT[:10])
    digest.update(_CONTENT[10:1000])
    digest.conclude(memoryview(_CONTENT)[1000:], helper)

    assert sums(digest) == expected(_CONTENT)


def test_whoever_finds_the_helper_busy_does_it_alone():
    """Nobody waits for somebody else's content."""
    helper, is_asked, may_go_on = Helper(), threading.Event(), threading.Event()

    class Slow(Digest):
        """Takes its time."""

        def update(self, chunk):
            """Wait before anything is summed up."""
            is_asked.set()
            assert may_go_on.wait(10)
            super().update(chunk)

    slow, other = Slow(is_md5_computed=True), Digest(is_md5_computed=True)
    slow.conclude(b"slow", helper)
    assert is_asked.wait(10)
    other.conclude(_CONTENT, helper)

    assert sums(other) == expected(_CONTENT)
    may_go_on.set()
    assert sums(slow) == expected(b"slow")


def test_without_md5_there_is_nothing_to_hand_over():
    """The other sums take less time than to ask for help."""
    digest = Digest(is_md5_computed=False)
    digest.conclude(_CONTENT, Helper())

    assert sums(digest) == (len(_CONTENT), zlib.crc32(_CONTENT), "")
