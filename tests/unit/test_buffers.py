"""`buffers`: memory for what comes from sockets."""

from pathlib import Path

from obelisk.buffers import new_buffer

_SIZE = 1_048_576


def _resident_bytes() -> int:
    """Return how much memory this process has: what Linux counts, not its estimate."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Rss:")) * 1024


def test_a_buffer_takes_what_is_put_into_it() -> None:
    """It can be written to and read, up to its end."""
    buffer = new_buffer(_SIZE)
    buffer[-3:] = b"abc"

    assert len(buffer) == _SIZE
    assert bytes(buffer[:2]) + bytes(buffer[-3:]) == b"\0\0abc"


def test_what_is_not_filled_takes_no_memory() -> None:
    """As for clients that announce much and send nothing."""
    before = _resident_bytes()
    buffers = [new_buffer(_SIZE) for _ in range(100)]

    assert _resident_bytes() - before < 10 * _SIZE
    assert len(buffers) == 100


def test_what_was_filled_goes_back() -> None:
    """A crowd that has left takes no memory any more."""
    buffers = [new_buffer(_SIZE) for _ in range(50)]
    for buffer in buffers:
        buffer[:] = bytes(_SIZE)
    filled = _resident_bytes()
    del buffer
    buffers.clear()

    assert filled - _resident_bytes() > 40 * _SIZE
