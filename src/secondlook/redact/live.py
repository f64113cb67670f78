"""What is covered in every frame of a live picture: by the rules of a video, with only so long to look ahead.

Frames come as the machine can look at them, seldom at a steady rate, so what the rules say in seconds is counted out
anew in frames with every one. A gap longer than the look ahead cannot be bridged any more once somebody is seen again,
so there the place where a face was last seen stays covered until its track is given up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final

from secondlook.redact.moments import SETTLED, Looked, Moment, Rules, Way
from secondlook.types import Detections, Frame

GAP_S: Final = 2.0
"""How long a track outlives its last face."""
BEYOND_S: Final = 2 / 3
"""How long is covered before the first face of a track and after the last."""
_SLOWEST: Final = Rules.at_rate(5.0)
"""However few frames come, so many are covered."""


@dataclass(frozen=True, eq=False, slots=True)
class Settled:
    """A frame of which nothing more will be learnt. known: False where it could not be looked at."""

    frame: Frame
    moment: Moment
    known: bool = True


class Hold:
    """Holds frames back until it is known what is covered in them.

    delay_s: how far behind the newest a frame is let go, and so how far back a face that is found can be followed; five
    frames are added, after which a track's speed is known. alone: detector score from which a face is covered by
    itself. Frames need times. Memory: the pictures of ``delay_s`` and six frames more.
    """

    def __init__(self, delay_s: float, alone: float) -> None:
        if delay_s < 0:
            raise ValueError(f"a delay of {delay_s} s would be needed before the picture")
        self._delay_s, self._alone = delay_s, alone
        self._way: Way | None = None
        self._held: deque[tuple[Frame, bool]] = deque()
        self._times: deque[float] = deque()

    def see(self, frame: Frame, faces: Detections | None) -> list[Settled]:
        """Takes in the newest frame, and lets go of those that are old enough. faces: None where it is not known."""
        now = _time(frame)
        let_go = self._turned(frame)
        while self._times and self._times[0] < now - GAP_S:
            self._times.popleft()
        rules = self._rules(now)
        self._times.append(now)
        self._way = self._way or _way(frame, rules)
        self._way.keep_to(rules)
        self._held.append((frame, faces is not None))
        self._way.see(Looked(frame.index, frame.shot, Detections.none() if faces is None else faces))
        return [*let_go, *self._old_enough()]

    def rest(self) -> list[Settled]:
        """The picture has ended: everything that is held."""
        if self._way is None:
            return []
        self._way.cut()
        return self._let_go(len(self._held))

    def _turned(self, frame: Frame) -> list[Settled]:
        """Places are in px, so a picture of another size begins anew."""
        if not self._held or self._held[-1][0].pixels.shape == frame.pixels.shape:
            return []
        let_go, tracks = self.rest(), self._way.tracks if self._way is not None else 0
        self._way = _way(frame, _SLOWEST, tracks)
        return let_go

    def _rules(self, now: float) -> Rules:
        """In frames, for the frame that comes now."""
        beyond = max(self._within(now, BEYOND_S), _SLOWEST.trail)
        gap = max(self._within(now, GAP_S), _SLOWEST.gap)
        return Rules(alone=self._alone, gap=gap, lead=beyond, trail=beyond if self._delay_s >= GAP_S else gap)

    def _within(self, now: float, seconds: float) -> int:
        """Frames that reach at least so far back."""
        return 1 + sum(time_s >= now - seconds for time_s in self._times)

    def _old_enough(self) -> list[Settled]:
        last = len(self._held) - 1 - (SETTLED + 1)
        if last < 0:
            return []
        limit = _time(self._held[last][0]) - self._delay_s
        return self._let_go(sum(_time(frame) <= limit for frame, _ in islice(self._held, last + 1)))

    def _let_go(self, count: int) -> list[Settled]:
        if self._way is None:
            return []
        let_go = []
        for moment in self._way.ready(len(self._held) - count):
            frame, known = self._held.popleft()
            let_go.append(Settled(frame, moment, known))
        return let_go


def _way(frame: Frame, rules: Rules, tracks_before: int = 0) -> Way:
    height, width = frame.pixels.shape[:2]
    return Way(rules, height, width, tracks_before)


def _time(frame: Frame) -> float:
    if frame.time_s is None:
        raise ValueError(f"frame {frame.index} of {frame.source} has no time")
    return frame.time_s
