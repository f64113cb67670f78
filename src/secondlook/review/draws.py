"""Chance that nobody can foresee, and that can be drawn again by whoever has the seed.

Whoever knew the order of the faces or the fall of the coin would know the candidate, so nothing here comes from a
generator whose state shows in what it gives out: the stream is HMAC-SHA256 in counter mode, as in NIST SP 800-108.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SEED_BYTES = 32
"""What ``secrets.token_bytes`` is to be asked for."""
_LEAST_SEED = 16
_WORD = 8


class Draws:
    """One stream of chance. seed: at least 16 secret bytes, used for one thing only. what: names the stream; streams of
    one seed and different names are independent. Raises ValueError where the seed could be guessed."""

    def __init__(self, seed: bytes, what: str) -> None:
        if len(seed) < _LEAST_SEED:
            raise ValueError(f"a seed of {len(seed)} bytes can be guessed: take secrets.token_bytes({SEED_BYTES})")
        self._key = hmac.digest(seed, what.encode(), hashlib.sha256)
        self._count = 0
        self._left = b""

    def bytes(self, n: int) -> bytes:
        while len(self._left) < n:
            self._left += hmac.digest(self._key, self._count.to_bytes(8, "big"), hashlib.sha256)
            self._count += 1
        taken, self._left = self._left[:n], self._left[n:]
        return taken

    def below(self, n: int) -> int:
        """0 to n - 1, each as likely; n from 1."""
        if n < 1:
            raise ValueError("there is nothing to choose from")
        fair = 2 ** (8 * _WORD) // n * n  # numbers from here on would favour the small ones
        while True:
            word = int.from_bytes(self.bytes(_WORD), "big")
            if word < fair:
                return word % n

    def one_of(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def shuffled(self, values: Sequence[T]) -> tuple[T, ...]:
        """Every order as likely (Fisher and Yates)."""
        order = list(values)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return tuple(order)

    def token(self) -> str:
        """32 hexadecimal digits that say nothing."""
        return self.bytes(16).hex()
