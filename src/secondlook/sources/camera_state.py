"""How a camera is doing, and how long to wait before it is asked again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Link(StrEnum):
    """CONNECTING: being asked for the first time, or again. LIVE: frames come. WAITING: it failed and is asked again
    after a while. CLOSED: nobody asks any more, or nobody has begun to."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CameraState:
    """since: when ``connected`` became what it is. received: frames that came and were decoded. given: frames that were
    handed on. dropped: frames that were wanted and had to give way to newer ones, or grew too old. reconnects: how
    often a picture came again after it had stopped. newest_age_s: seconds since the last frame came, None where none
    did. sentence: the last trouble, in one sentence, or empty."""

    connected: Link
    since: datetime
    received: int = 0
    given: int = 0
    dropped: int = 0
    reconnects: int = 0
    newest_age_s: float | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """When a frame came. at: by the clock on the wall, with its zone. monotonic_s: on the scale of ``time.monotonic``."""

    at: datetime
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the first failure, after each further one ``factor`` times as long, at most ``most_s``."""

    first_s: float = 0.5
    most_s: float = 30.0
    factor: float = 2.0

    def __post_init__(self) -> None:
        if not (0 < self.first_s <= self.most_s and self.factor >= 1):
            raise ValueError(f"{self} must have 0 < first_s <= most_s and a factor of at least 1")

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row, 1 or more."""
        wait_s = self.first_s
        for _ in range(failures - 1):
            wait_s = min(self.most_s, wait_s * self.factor)
            if wait_s >= self.most_s:
                break
        return wait_s


class Ending:
    """Two ways to be told to end: by whoever holds this, and by an event that others share."""

    def __init__(self, shared: threading.Event | None = None) -> None:
        self._own, self._shared = threading.Event(), shared

    def set(self) -> None:
        self._own.set()

    @property
    def now(self) -> bool:
        return self._own.is_set() or (self._shared is not None and self._shared.is_set())

    def within(self, seconds: float) -> bool:
        """Waits as long, or until it is time to end; gives whether it is."""
        until = time.monotonic() + seconds
        while not self.now:
            left = until - time.monotonic()
            if left <= 0:
                return False
            # the shared event cannot wake this one
            self._own.wait(left if self._shared is None else min(left, 0.05))
        return True
