"""Everybody in a video, each at the moment at which they are most exposed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.exposure.publishing import Box, Look
from secondlook.faces.quality import assess
from secondlook.track.follow import Follower
from secondlook.types import Detections, Floats, Frame, Pixels, Quality

Finder = Callable[[Frame], Detections]
Chance = Callable[[tuple[Quality, ...]], NDArray[np.float64]]
"""Of being picked out, for the faces of one frame."""

FRAME_S = 1 / 30
"""What two looks are taken to be apart where every frame is looked at."""


@dataclass(frozen=True, slots=True)
class Following:
    """every_s: video time between two looks, 0 = every frame. patience_s: how long a track outlives its last face.
    start_score: detector score from which a face starts a track; single_score: from which one that was seen once counts."""

    every_s: float = 0.2
    patience_s: float = 1.0
    start_score: float = 0.4
    single_score: float = 0.6


@dataclass(frozen=True, eq=False, slots=True)
class Moment:
    """One person of a video. frame, time_s, box, quality: where they are most exposed. place: bounds of everywhere that they
    were seen, px. look: the face there with its surroundings."""

    track: int
    frame: int
    time_s: float | None
    first_s: float | None
    last_s: float | None
    frames: int
    box: Box
    place: Box
    detector_score: float
    quality: Quality
    look: Look


@dataclass(slots=True)
class _Followed:
    """A person being followed."""

    track: int
    first_s: float | None
    last_s: float | None = None
    frames: int = 0
    best_score: float = 0.0
    place: Floats | None = None
    chance: float = -1.0
    shown: Moment | None = None

    def see(self, frame: Frame, box: Floats, score: float) -> None:
        self.last_s, self.frames = frame.time_s, self.frames + 1
        self.best_score = max(self.best_score, score)
        old = box if self.place is None else self.place
        self.place = np.concatenate([np.minimum(old[:2], box[:2]), np.maximum(old[2:], box[2:])])

    def moment(self) -> Moment:
        found, place = self.shown, self.place
        assert found is not None and place is not None
        return Moment(
            self.track, found.frame, found.time_s, self.first_s, self.last_s, self.frames, found.box, as_box(place),
            found.detector_score, found.quality, found.look,
        )  # fmt: skip


def moments(frames: Iterable[Frame], find: Finder, chance: Chance, how: Following) -> Iterator[Moment]:
    """Everybody who is followed, each once, as soon as they are gone.

    frames: in time order, already thinned to those that are looked at.
    """
    looks = round(how.patience_s / max(how.every_s, FRAME_S))
    follower = Follower(how.start_score, max(1, looks))
    held: dict[int, _Followed] = {}
    shot = 0
    for frame in frames:
        if frame.shot != shot:
            follower.cut()
            shot = frame.shot
        found = find(frame)
        numbers = follower.update(found)
        _see(held, frame, found, numbers, chance)
        gone = sorted(held.keys() - follower.alive())
        yield from _counted((held.pop(number) for number in gone), how)
    yield from _counted((held[number] for number in sorted(held)), how)


def _counted(followed: Iterable[_Followed], how: Following) -> Iterator[Moment]:
    for one in followed:
        if one.frames > 1 or one.best_score >= how.single_score:
            yield one.moment()


def _see(
    held: dict[int, _Followed], frame: Frame, found: Detections, numbers: NDArray[np.int64], chance: Chance
) -> None:
    rows = np.flatnonzero(numbers)
    qualities = tuple(assess(frame.pixels, found.boxes[row], found.landmarks[row]) for row in rows)
    for row, quality, exposed in zip(rows, qualities, chance(qualities), strict=True):
        number, score = int(numbers[row]), float(found.scores[row])
        one = held.setdefault(number, _Followed(number, frame.time_s))
        one.see(frame, found.boxes[row], score)
        if exposed > one.chance:
            one.chance = float(exposed)
            box = as_box(found.boxes[row])
            look = around(frame.pixels, found.boxes[row], found.landmarks[row])
            one.shown = Moment(number, frame.index, frame.time_s, None, None, 1, box, box, score, quality, look)


def around(pixels: Pixels, box: Floats, landmarks: Floats, margin: float = 0.6) -> Look:
    """The face with its surroundings, at its own size: nothing is scaled, so that it can be measured again."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in box)
    across, down = margin * (x1 - x0), margin * (y1 - y0)
    left, top = min(max(0, int(x0 - across)), width - 1), min(max(0, int(y0 - down)), height - 1)
    right, bottom = max(left + 1, min(width, int(x1 + across) + 1)), max(top + 1, min(height, int(y1 + down) + 1))
    corner = np.array([left, top], np.float32)
    part = pixels[top:bottom, left:right].copy()
    return Look(part, (box - np.tile(corner, 2))[None], (landmarks - corner)[None])


def as_box(box: Floats) -> Box:
    x0, y0, x1, y1 = (float(v) for v in box)
    return x0, y0, x1, y1
