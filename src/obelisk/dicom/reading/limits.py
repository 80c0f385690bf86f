"""How much a file may ask of the reader."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the work that one file can cause.

    Parameters
    ----------
    element_count
        Data elements, items and fragments, at all depths together.
    depth
        Sequences within sequences.
    inflated_size
        Bytes of the dataset of a deflated file, once inflated.
    inflated_ratio
        The same as a multiple of its bytes while deflated, beyond 64 MiB.
    """

    element_count: int = 1_000_000
    depth: int = 64
    inflated_size: int = 1 << 30
    inflated_ratio: int = 100


DEFAULT_LIMITS = Limits()
