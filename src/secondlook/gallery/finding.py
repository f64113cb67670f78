"""Which number stands under a key, for millions of keys: sorted arrays of 16 bytes a key instead of a dict of 100."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
"""No number stands under that key."""

_FEW = 1024
"""So many new keys are kept in a dict before they are sorted in, and an eighth of all of them where that is more."""

Numbers = NDArray[np.int64]


class Finder:
    """64-bit keys to numbers from 0 up. Not for several threads at once."""

    def __init__(self) -> None:
        self._keys: Numbers = np.zeros(0, np.int64)
        self._numbers: Numbers = np.zeros(0, np.int64)  # NOWHERE where a key was dropped
        self._recent: dict[int, int] = {}
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._keys) - self._dropped + len(self._recent)

    def __contains__(self, key: int) -> bool:
        return self.find(key) != NOWHERE

    def find(self, key: int) -> int:
        """The number, or NOWHERE."""
        recent = self._recent.get(key)
        if recent is not None:
            return recent
        at = int(np.searchsorted(self._keys, key))
        return int(self._numbers[at]) if at < len(self._keys) and self._keys[at] == key else NOWHERE

    def find_all(self, keys: Numbers) -> Numbers:
        """(n,) numbers, NOWHERE among them."""
        at = np.searchsorted(self._keys, keys)
        found = np.full(len(keys), NOWHERE, np.int64)
        if len(self._keys):
            at[at == len(self._keys)] = 0
            there = self._keys[at] == keys
            found[there] = self._numbers[at[there]]
        if self._recent:
            for row in np.flatnonzero(found == NOWHERE).tolist():
                found[row] = self._recent.get(int(keys[row]), NOWHERE)
        return found

    def put(self, keys: Numbers, numbers: Numbers) -> None:
        """Under each key, all of them different, its number, whether or not one stands there already."""
        old = np.searchsorted(self._keys, keys)
        old[old == len(self._keys)] = 0
        there = self._keys[old] == keys if len(self._keys) else np.zeros(len(keys), bool)
        self._dropped -= int((self._numbers[old[there]] == NOWHERE).sum())
        self._numbers[old[there]] = numbers[there]
        keys, numbers = keys[~there], numbers[~there]
        if len(keys) + len(self._recent) > max(_FEW, len(self._keys) // 8):
            self._sort_in(keys, numbers)
        else:
            self._recent.update(zip(keys.tolist(), numbers.tolist(), strict=True))

    def drop(self, keys: Numbers) -> None:
        """Those which are not there are no error."""
        for key in keys.tolist():
            if self._recent.pop(key, None) is not None:
                continue
            at = int(np.searchsorted(self._keys, key))
            if at < len(self._keys) and self._keys[at] == key and self._numbers[at] != NOWHERE:
                self._numbers[at] = NOWHERE
                self._dropped += 1

    def _sort_in(self, new: Numbers, numbers: Numbers) -> None:
        """With what is recent, some of which may be new again."""
        for key in new.tolist() if self._recent else ():
            self._recent.pop(key, None)
        kept = self._numbers != NOWHERE
        recent = np.fromiter(self._recent.keys(), np.int64, len(self._recent))
        values = np.fromiter(self._recent.values(), np.int64, len(self._recent))
        keys = np.concatenate([self._keys[kept], recent, new])
        order = np.argsort(keys)
        self._keys = keys[order]
        self._numbers = np.concatenate([self._numbers[kept], values, numbers])[order]
        self._recent, self._dropped = {}, 0
