"""Memory for what comes from sockets."""

import mmap


def new_buffer(size: int) -> memoryview:
    """Return memory that counts only as far as it is filled, and goes back in the end.

    Hundreds of clients may announce much and send nothing; memory of the heap would be
    taken for each at once, and stay with the process.
    """
    return memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
