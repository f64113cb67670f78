"""How often somebody may ask: a bucket of tokens each (in memory; a restart fills them)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from secondlook.errors import TooMany

_MOST_KNOWN = 10_000


class Pace:
    """a_minute: tokens that come back each minute; at_once: how many a bucket holds."""

    def __init__(self, a_minute: float, at_once: float | None = None) -> None:
        self._rate, self._most = a_minute / 60, at_once or a_minute
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def step(self, who: str) -> None:
        """Raises TooMany."""
        now = time.monotonic()
        with self._lock:
            left, at = self._buckets.pop(who, (self._most, now))
            left = min(self._most, left + (now - at) * self._rate)
            self._buckets[who] = (max(0.0, left - 1), now)
            while len(self._buckets) > _MOST_KNOWN:
                self._buckets.popitem(last=False)
        if left < 1:
            wait = (1 - left) / self._rate
            raise TooMany(f"Too many requests: wait {wait:.0f} seconds.", wait)
