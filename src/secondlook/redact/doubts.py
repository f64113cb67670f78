"""Where a person should look again: a face that appeared or vanished inside the picture, a long gap, a faint track."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from secondlook.redact.following import Followed
from secondlook.redact.moments import Moment, Passage, Rules
from secondlook.redact.record import Why
from secondlook.redact.rulings import Box
from secondlook.types import Floats

_EDGE = 0.04
"""Share of the picture's size: a box so near its edge came in or went out there."""
_LEAST_SEEN = 4
_LONG_GAP = 0.25
"""Bridged gaps are shown from this share of the longest that is bridged."""


class Doubt(StrEnum):
    """APPEARED, VANISHED: a track begins or ends inside the picture, so the face may have been there before or after.
    GAP: the face was not found for a while and a straight line was covered. FAINT: all its scores are low."""

    GAP = "gap"
    APPEARED = "appeared"
    VANISHED = "vanished"
    FAINT = "faint"


@dataclass(frozen=True, slots=True, order=True)
class Spotted:
    """One doubtful spot. place: the frame to look at, counted from 0. box: px. first, last: frames, counted likewise,
    that may need covering. score: best of the track."""

    place: int
    doubt: Doubt
    track: int
    box: Box
    first: int
    last: int
    score: float


@dataclass(slots=True)
class DoubtCollector:
    """The most doubtful spots of one source, at most ``most``: large faces, and those surely faces, come first."""

    rules: Rules
    height: int
    width: int
    most: int = 40
    _held: list[tuple[float, Spotted]] = field(default_factory=list)
    _gaps: dict[int, tuple[int, Floats]] = field(default_factory=dict)

    def begin(self) -> None:
        """Forgets what was seen: the moments come again from the first."""
        self._held, self._gaps = [], {}

    def watching(self, moments: Iterable[Moment]) -> Iterator[Moment]:
        """The same moments, seen on their way."""
        for place, moment in enumerate(moments):
            self._see_gaps(place, moment)
            for passage in moment.ended:
                self._see(passage)
            yield moment

    def found(self) -> tuple[Spotted, ...]:
        """In order of time."""
        return tuple(sorted(spotted for _, spotted in self._held))

    def _see_gaps(self, place: int, moment: Moment) -> None:
        bridged = {spot.track: spot.box for spot in moment.spots if spot.why is Why.BRIDGED}
        for track, box in bridged.items():
            self._gaps.setdefault(track, (place, box))
        for track in [t for t in self._gaps if t not in bridged]:
            first, box = self._gaps.pop(track)
            if place - first >= max(3, _LONG_GAP * self.rules.gap):
                middle = (first + place - 1) // 2
                self._hold(2.0, Spotted(middle, Doubt.GAP, track, _box(box), first, place - 1, 1.0))

    def _see(self, passage: Passage) -> None:
        track = passage.track
        if track.seen < _LEAST_SEEN or track.best < self.rules.sure:
            if track.seen >= _LEAST_SEEN:
                self._hold(0.0, _spotted(track, Doubt.FAINT, track.first, track.first, track.place, track.first_box))
            return
        if not passage.starts_shot and track.first > 0 and self._inside(track.first_box):
            place = max(0, track.first - self.rules.lead - 1)
            self._hold(1.0, _spotted(track, Doubt.APPEARED, place, place, track.first, track.first_box))
        if not passage.ends_shot and self._inside(track.box):
            place = track.place + self.rules.trail + 1
            self._hold(1.0, _spotted(track, Doubt.VANISHED, place, track.place, place, track.box))

    def _hold(self, weight: float, spotted: Spotted) -> None:
        x0, y0, x1, y1 = spotted.box
        size = min(1.0, ((x1 - x0) * (y1 - y0) / (self.height * self.width)) ** 0.5)
        heapq.heappush(self._held, (weight + size, spotted))
        if len(self._held) > self.most:
            heapq.heappop(self._held)

    def _inside(self, box: Floats) -> bool:
        x0, y0, x1, y1 = _box(box)
        across, down = _EDGE * self.width, _EDGE * self.height
        return bool(x0 > across and y0 > down and x1 < self.width - across and y1 < self.height - down)


def _spotted(track: Followed, doubt: Doubt, place: int, first: int, last: int, box: Floats) -> Spotted:
    return Spotted(place, doubt, track.number, _box(box), first, last, track.best)


def _box(box: Floats) -> Box:
    x0, y0, x1, y1 = (float(v) for v in np.asarray(box))
    return x0, y0, x1, y1
