"""Presentation times that a tracker can trust: from the first frame, in seconds, never backwards."""

from __future__ import annotations

from typing import Final

import av

_JUMP_S: Final = 1.0
"""A stamp this far behind the last is a new recording appended to the old; less is a damaged or disordered stamp."""


class Clock:
    """Turns the stamps of one pass through a video into times.

    Stamps are kept as they are, so a variable frame rate comes out right. A frame without a stamp comes one step after
    the one before it. A stamp a little behind the last is held at the last; one far behind starts the clock
    anew, one step on, which is how joined recordings look.
    """

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._zero_s: float | None = None
        self._last_s: float | None = None

    def at(self, stamp_s: float | None) -> float:
        """The time of the next frame. stamp_s: what the file says, on its own scale; None where it says nothing."""
        expected = 0.0 if self._last_s is None else self._last_s + self._step_s
        now = expected
        if stamp_s is not None:
            if self._zero_s is None:
                self._zero_s = stamp_s - expected
            now = stamp_s - self._zero_s
            if self._last_s is not None and now < self._last_s - _JUMP_S:
                self._zero_s = stamp_s - expected
                now = expected
        self._last_s = now if self._last_s is None else max(now, self._last_s)
        return self._last_s


def stamp_of(picture: av.VideoFrame) -> float | None:
    """The presentation time that a decoded frame carries, in seconds on its file's own scale."""
    if picture.pts is None or not picture.time_base:
        return None
    return float(picture.pts * picture.time_base)
