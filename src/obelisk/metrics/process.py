"""What the operating system knows of this process."""

import resource
import threading
from pathlib import Path

from obelisk.metrics.samples import SampleFamily, gauge, total

_PAGE_BYTES = resource.getpagesize()


def process_families(started: float) -> list[SampleFamily]:
    """Return what other programs tell of themselves under the same names.

    Parameters
    ----------
    started
        When the process started, as POSIX time.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    virtual, resident = Path("/proc/self/statm").read_text("ascii").split()[:2]
    return [
        total(
            "process_cpu_seconds",
            "Time that the processors worked for this process.",
            usage.ru_utime + usage.ru_stime,
            unit="seconds",
        ),
        gauge(
            "process_resident_memory_bytes",
            "Memory that the process has in RAM.",
            int(resident) * _PAGE_BYTES,
            unit="bytes",
        ),
        gauge(
            "process_virtual_memory_bytes",
            "Memory that the process has addressed.",
            int(virtual) * _PAGE_BYTES,
            unit="bytes",
        ),
        gauge(
            "process_start_time_seconds",
            "When the process started, as POSIX time.",
            started,
            unit="seconds",
        ),
        gauge(
            "process_open_fds",
            "File descriptors that are open.",
            len(list(Path("/proc/self/fd").iterdir())),
        ),
        gauge(
            "process_max_fds",
            "File descriptors that may be open.",
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        ),
        gauge("process_threads", "Threads of Python.", threading.active_count()),
    ]
