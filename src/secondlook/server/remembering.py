"""Answers that are asked for many times a second and change hardly ever, kept for a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST = 1000
"""Kept at once; then all are looked up anew."""


class Remembered(Generic[K, V]):
    """What changes an answer in this process says ``forget`` once the change counts, and takes effect at once; what is
    changed by another process is seen after ``seconds``. Safe from several threads."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: dict[K, tuple[V, float]] = {}
        self._changes = 0

    def get(self, key: K, look_up: Callable[[], V]) -> V:
        """What was looked up a moment ago, or is now. What ``look_up`` raises is raised, and not kept."""
        now = time.monotonic()
        with self._lock:
            found, changes = self._held.get(key), self._changes
        if found is not None and found[1] > now:
            return found[0]
        value = look_up()
        with self._lock:
            if changes == self._changes:  # else it may be from before the change
                if len(self._held) >= MOST:
                    self._held.clear()
                self._held[key] = (value, now + self._seconds)
        return value

    def held(self, key: K) -> V | None:
        """What was looked up a moment ago, if it was."""
        with self._lock:
            found = self._held.get(key)
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def forget(self) -> None:
        with self._lock:
            self._changes += 1
            self._held.clear()
