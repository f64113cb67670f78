"""Which frames of a video are looked at: told from their places and times alone, so that every reader takes the same."""

from __future__ import annotations

import math
from typing import Final

_SLACK_S: Final = 0.0005
"""Containers round their stamps to a millisecond."""


class Thinning:
    """Every ``stride``-th frame, and of those only such as come ``every_s`` or more after the last that was given."""

    def __init__(self, stride: int, every_s: float) -> None:
        self._stride, self._every_s = stride, every_s
        self._due_s = -math.inf

    def takes(self, index: int, time_s: float) -> bool:
        """Whether the frame is one of them; it only counts as given once ``gave`` was called."""
        return not index % self._stride and time_s >= self._due_s

    def gave(self, time_s: float) -> None:
        self._due_s = time_s + self._every_s - _SLACK_S
