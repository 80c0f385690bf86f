"""New DICOM UIDs (PS3.5 Chapter 9 and Section B.2)."""

import uuid

_LENGTH_MAX = 64
_UUID_ROOT = "2.25"


class UIDGenerator:
    """Makes UIDs that nobody else makes; safe to use from several threads.

    Parameters
    ----------
    root
        What they start with, without a dot at its end: a root that belongs to the
        organisation, at most 44 characters. Without any, they are made from a UUID,
        as everybody may (PS3.5 Section B.2).
    """

    def __init__(self, root: str = "") -> None:
        self._root = root or _UUID_ROOT
        self._number_stop = 10 ** (_LENGTH_MAX - len(self._root) - 1)

    def make(self) -> str:
        """Return a new UID of 64 characters at most."""
        return self._of(uuid.uuid4())

    def derive(self, seed: uuid.UUID, name: str) -> str:
        """Return the UID that a name has under a seed; always the same one."""
        return self._of(uuid.uuid5(seed, name))

    def _of(self, number: uuid.UUID) -> str:
        return f"{self._root}.{number.int % self._number_stop}"
