"""From the faces found in each frame to the places covered in each frame: no face slips through a moment.

Faces are followed forwards. A gap in a track is bridged. After its last detection a face is covered for some frames
more, ever wider, and before its first likewise: there the track is run backwards, and faint detections on its way, too
faint to count by themselves, are taken up. Nothing goes across a cut of the camera. What happens in a frame is known
some frames later, so frames come out with a delay, and no more than that is held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from secondlook.redact.following import (
    Followed,
    Numbers,
    assigned,
    at_least,
    grown,
    middle_of,
    moved,
    nearest,
    size_of,
    slowed,
)
from secondlook.redact.record import Why
from secondlook.types import Detections, Floats

SETTLED = 5
"""Frames after which a new track's speed is known well enough to run it backwards."""


@dataclass(frozen=True, slots=True)
class Rules:
    """alone: detector score from which a face is covered by itself; fainter ones only continue a track. sure: score
    from which a face is covered before and after as long as may be, however briefly it was seen. gap: most frames
    bridged. lead, trail: frames covered before the first and after the last detection. hold: frames for which what was
    found is held back, and so how far a track can be run backwards."""

    alone: float = 0.2
    sure: float = 0.5
    gap: int = 60
    lead: int = 20
    trail: int = 20
    hold: int = 300

    @classmethod
    def at_rate(cls, rate: float | None) -> Rules:
        """Two seconds bridged, two thirds of a second before and after, ten held. rate: frames a second."""
        frames = min(max(rate or 25.0, 5.0), 120.0)
        beyond = round(frames * 2 / 3)
        return cls(gap=round(2 * frames), lead=beyond, trail=beyond, hold=round(10 * frames))


@dataclass(frozen=True, eq=False, slots=True)
class Looked:
    """What was found in one frame. index, shot: the frame's."""

    index: int
    shot: int
    faces: Detections


@dataclass(frozen=True, eq=False, slots=True)
class Spot:
    """One place to cover in one frame. row: the detection's in what was found, None where there was none."""

    track: int
    box: Floats
    landmarks: Floats | None
    why: Why
    score: float | None = None
    row: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Passage:
    """A track that has come to its end. starts_shot, ends_shot: whether it was there from the shot's first frame, and
    to its last; where not, somebody appeared or left, or was not found any more."""

    track: Followed
    starts_shot: bool
    ends_shot: bool


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One frame and all that is covered in it. looked: what was found in it. ended: tracks of which this was learnt
    in the meantime."""

    looked: Looked
    spots: tuple[Spot, ...]
    ended: tuple[Passage, ...] = ()


@dataclass(slots=True)
class _Slot:
    """A frame that is not given out yet. spots: one a track. free: rows of detections that belong to nobody."""

    looked: Looked
    spots: dict[int, Spot] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)


def moments(frames: Iterable[Looked], rules: Rules, height: int, width: int) -> Iterator[Moment]:
    """One moment for every frame, in order. frames: in time order. height, width: of the picture, px."""
    way = Way(rules, height, width)
    for looked in frames:
        way.see(looked)
        yield from way.ready(way.delay)
    way.cut()
    yield from way.ready(0)


class Way:
    """The tracks of one source and the frames that are held back. tracks_before: numbers that are taken already."""

    def __init__(self, rules: Rules, height: int, width: int, tracks_before: int = 0) -> None:
        self._rules, self._height, self._width = rules, height, width
        self.delay = max(rules.gap, rules.lead, rules.trail, rules.hold) + SETTLED + 1
        self._slots: deque[_Slot] = deque()
        self._given = 0
        self._tracks: list[Followed] = []
        self._shot = 0
        self._shot_began = 0
        self._number = tracks_before
        self._ended: list[Passage] = []

    @property
    def tracks(self) -> int:
        """The last number given to a track."""
        return self._number

    def keep_to(self, rules: Rules) -> None:
        """Other rules from here on, where frames come at another rate."""
        self._rules = rules

    def see(self, looked: Looked) -> None:
        place = self._given + len(self._slots)
        if looked.shot != self._shot:
            self.cut()
            self._shot, self._shot_began = looked.shot, place
        slot = _Slot(looked)
        self._slots.append(slot)
        strong = looked.faces.scores >= self._rules.alone
        free = self._go_on(place, looked.faces, np.nonzero(strong)[0], self._tracks)
        waiting = [track for track in self._tracks if track.place < place]
        slot.free = self._go_on(place, looked.faces, np.nonzero(~strong)[0], waiting)
        for row in free:
            self._start(place, looked, row)
        self._cover_unseen(place)
        self._settle(place)
        self._drop_lost(place)

    def ready(self, delay: int) -> Iterator[Moment]:
        """The frames about which all is known, but for the last ``delay``."""
        while len(self._slots) > delay:
            slot = self._slots.popleft()
            self._given += 1
            ended, self._ended = tuple(self._ended), []
            yield Moment(slot.looked, tuple(slot.spots[k] for k in sorted(slot.spots)), ended)

    def cut(self) -> None:
        """The camera's shot, or the source, has ended."""
        last = self._given + len(self._slots) - 1
        for track in self._tracks:
            self._close(track, track.place == last)
        self._tracks = []

    def _go_on(self, place: int, faces: Detections, rows: NDArray[np.intp], tracks: list[Followed]) -> list[int]:
        """Continues tracks with these detections; gives the rows that are left."""
        taken = set()
        for i, row in assigned(tracks, place, faces, rows):
            track = tracks[i]
            before = (track.place, track.box)
            track.see(place, faces, row)
            self._put(place, track.number, self._detected(track, faces, row))
            self._bridge(track, *before)
            taken.add(row)
        return [int(row) for row in rows if int(row) not in taken]

    def _start(self, place: int, looked: Looked, row: int) -> None:
        self._number += 1
        track = Followed.started(self._number, looked.shot, place, looked.faces, row)
        self._tracks.append(track)
        self._put(place, track.number, self._detected(track, looked.faces, row))

    def _detected(self, track: Followed, faces: Detections, row: int) -> Spot:
        size = size_of(faces.boxes[row])
        blur = np.minimum(np.abs(track.speed) / 2, size / 2)
        box = grown(at_least(faces.boxes[row], np.minimum(track.size, 1.5 * size)), blur)
        return Spot(track.number, box, faces.landmarks[row], Why.DETECTED, float(faces.scores[row]), row)

    def _bridge(self, track: Followed, place: int, box: Floats) -> None:
        """Covers the frames between the last detection but one and the last."""
        missed = track.place - place
        for step in range(1, missed):
            share = step / missed
            between: Floats = np.asarray(box + (track.box - box) * share, np.float32)
            wider = self._wider(track, min(step, missed - step))
            self._put(place + step, track.number, Spot(track.number, grown(between, wider), None, Why.BRIDGED))

    def _cover_unseen(self, place: int) -> None:
        for track in self._tracks:
            missed = place - track.place
            if 0 < missed <= self._reach(track, self._rules.trail):
                box = at_least(track.expected(place), track.size)
                if self._inside(box):
                    spot = Spot(track.number, grown(box, self._wider(track, missed)), None, Why.EXTENDED)
                    self._put(place, track.number, spot)

    def _settle(self, place: int) -> None:
        for track in self._tracks:
            if not track.settled and place - track.first >= SETTLED:
                self._run_back(track)

    def _run_back(self, track: Followed) -> None:
        """From the first detection backwards: along faint detections, and where there is none along the way it came."""
        track.settled = True
        last, speed, missed = track.first_box, track.speed, 0
        for place in range(track.first - 1, self._given - 1, -1):
            slot = self._slots[place - self._given]
            missed += 1
            if slot.looked.shot != track.shot or missed > self._reach(track, self._rules.lead):
                return
            box = moved(last, speed * slowed(-missed))
            row = nearest(box, slot.looked.faces, np.array(slot.free, np.intp))
            if row is not None:
                slot.free.remove(row)
                box = slot.looked.faces.boxes[row]
                speed = 0.5 * speed + 0.5 * (middle_of(last) - middle_of(box)) / missed
                self._put(place, track.number, self._detected(track, slot.looked.faces, row))
                last, missed = box, 0
                track.first, track.first_box = place, box
            elif self._inside(box):
                wide = grown(at_least(box, track.size), self._wider(track, missed))
                self._put(place, track.number, Spot(track.number, wide, None, Why.EXTENDED))
            else:
                return

    def _drop_lost(self, place: int) -> None:
        for track in self._tracks:
            if place - track.place > self._rules.gap:
                self._close(track, False)
        self._tracks = [track for track in self._tracks if place - track.place <= self._rules.gap]

    def _close(self, track: Followed, ends_shot: bool) -> None:
        if not track.settled:
            self._run_back(track)
        self._ended.append(Passage(track, track.first == self._shot_began, ends_shot))

    def _put(self, place: int, number: int, spot: Spot) -> None:
        if place >= self._given:
            self._slots[place - self._given].spots[number] = spot

    def _reach(self, track: Followed, most: int) -> int:
        """Frames covered before or after: few for a face seen faintly and briefly, which is often none."""
        return most if track.best >= self._rules.sure else min(most, 3 * track.seen)

    def _wider(self, track: Followed, away: int) -> Numbers:
        """Px on each side, where the face was last seen so many frames before, or is seen so many after."""
        return np.minimum(0.015 * away * track.size + 0.25 * np.abs(track.speed) * away, 0.35 * track.size)

    def _inside(self, box: Floats) -> bool:
        x, y = (float(v) for v in middle_of(box))
        across, down = (float(v) / 2 for v in size_of(box))
        return -across <= x <= self._width + across and -down <= y <= self._height + down
