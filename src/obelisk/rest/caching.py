"""Answers that are kept for as long as what they were made from stays as it is."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class BytesCache:
    """The answers that were asked for last; safe to use from several threads.

    Parameters
    ----------
    size_max
        How many bytes to keep; a larger answer is not kept at all.
    count_max
        How many answers to keep, as the smallest one takes room, too.
    """

    def __init__(self, size_max: int, count_max: int = 20_000) -> None:
        self._size_max = size_max
        self._count_max = count_max
        self._size = 0
        #: How often an answer was there, and how often not.
        self.hit_count = self.miss_count = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, key: Hashable) -> bytes | None:
        """Return the answer that was kept under a key, if it still is."""
        with self._lock:
            if key not in self._kept:
                self.miss_count += 1
                return None
            self.hit_count += 1
            self._kept.move_to_end(key)
            return self._kept[key]

    @property
    def count(self) -> int:
        """The number of answers that are kept."""
        return len(self._kept)

    @property
    def size(self) -> int:
        """The number of bytes that are kept."""
        return self._size

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def keep(self, key: Hashable, answer: bytes) -> None:
        """Keep an answer, and let those go that were not asked for the longest."""
        if len(answer) > self._size_max:
            return
        with self._lock:
            self._size += len(answer) - len(self._kept.pop(key, b""))
            self._kept[key] = answer
            while self._size > self._size_max or len(self._kept) > self._count_max:
                self._size -= len(self._kept.popitem(last=False)[1])


class KeptAnswers:
    """Answers made of the index alone, kept until anything is written to it.

    Safe to use from several threads.

    Parameters
    ----------
    find_version
        Tells the version of the index: another one after each transaction.
    size_max
        How many bytes to keep.
    """

    def __init__(self, find_version: Callable[[], int], size_max: int) -> None:
        self._find_version = find_version
        self._answers = BytesCache(size_max)
        self._version = -1
        self._lock = threading.Lock()

    def answer(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return the answer to a request, made anew if the index has changed.

        Parameters
        ----------
        key
            All of the request and of the settings that the answer depends on.
        make
            Makes the answer; reads nothing before it is called.
        """
        version = self._present_version()
        kept = self._answers.lookup(key)
        if kept is not None:
            return kept
        made = make()
        with self._lock:
            if version == self._version:
                self._answers.keep(key, made)
        return made

    def _present_version(self) -> int:
        """Return the version of the index, and forget what was made of others."""
        with self._lock:
            version = self._find_version()
            if version != self._version:
                self._answers.clear()
                self._version = version
            return version
