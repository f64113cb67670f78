"""One face from frame to frame: where it was, where it must be next, and which detection it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from secondlook.types import Detections, Floats

Numbers: TypeAlias = NDArray[np.float64]

_REACH, _REACH_GROWS, _FARTHEST = 0.6, 0.08, 1.6
"""How far a face may be from where it is expected: shares of its size at once, more for each frame missed, at most."""
_LEAST_ALIKE = 0.5
"""Two boxes of one face: the smaller's size is at least this share of the larger's."""
_SLOWS = 0.9
"""Speed that is left after each frame in which nothing was seen."""


@dataclass(slots=True)
class Followed:
    """A face being followed. Places count frames of the source from 0, in order.

    first, first_box: of the first detection. place, box: of the last. best: the highest score. speed: px a frame, of
    the box's middle. size: width and height of late, px; a box that is suddenly smaller shows part of the face. seen:
    detections so far. settled: whether it was run backwards.
    """

    number: int
    shot: int
    first: int
    first_box: Floats
    place: int
    box: Floats
    best: float
    speed: Numbers
    size: Numbers
    seen: int = 1
    settled: bool = False

    @classmethod
    def started(cls, number: int, shot: int, place: int, faces: Detections, row: int) -> Followed:
        box = faces.boxes[row]
        return cls(number, shot, place, box, place, box, float(faces.scores[row]), np.zeros(2), size_of(box))

    def see(self, place: int, faces: Detections, row: int) -> None:
        """The next detection of this face."""
        box = faces.boxes[row]
        step = (middle_of(box) - middle_of(self.box)) / max(1, place - self.place)
        self.speed = step if self.seen == 1 else 0.5 * self.speed + 0.5 * step
        self.size = np.maximum(size_of(box), 0.8 * self.size + 0.2 * size_of(box))
        self.box, self.place = box, place
        self.seen += 1
        self.best = max(self.best, float(faces.scores[row]))

    def expected(self, place: int) -> Floats:
        """The box at another place, if it goes on as it went, ever slower."""
        return moved(self.box, self.speed * slowed(place - self.place))


def moved(box: Floats, shift: Numbers) -> Floats:
    return np.asarray(box + np.tile(shift, 2), np.float32)


def grown(box: Floats, by: Numbers) -> Floats:
    """by: px on each side, across and down."""
    return np.asarray(box + np.concatenate([-by, by]), np.float32)


def at_least(box: Floats, size: Numbers) -> Floats:
    """The box, no smaller than ``size`` about its middle."""
    return grown(box, np.maximum(0, (size - size_of(box)) / 2))


def size_of(box: Floats) -> Numbers:
    return np.maximum(np.asarray(box[2:] - box[:2], np.float64), 1.0)


def middle_of(box: Floats) -> Numbers:
    return np.asarray(box[:2] + box[2:], np.float64) / 2


def slowed(frames: int) -> float:
    """Frames at full speed that bring it as far as so many ever slower ones; negative backwards in time."""
    steps = abs(frames)
    return float(np.sign(frames)) * (1 - _SLOWS**steps) / (1 - _SLOWS)


def assigned(tracks: list[Followed], place: int, faces: Detections, rows: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Which track goes on with which of these detections: (index in ``tracks``, row in ``faces``), each at most once.

    The sum of distances is smallest among all assignments with as many pairs.
    """
    if not tracks or not len(rows):
        return []
    expected = np.stack([track.expected(place) for track in tracks])
    last = np.stack([track.box for track in tracks])
    missed = np.array([place - track.place - 1 for track in tracks], np.float64)
    found = faces.boxes[rows]
    cost = np.minimum(_distance(expected, found), _distance(last, found) + 0.05)
    reach = np.minimum(_REACH + _REACH_GROWS * missed, _FARTHEST)[:, None]
    possible = (cost <= reach) & (_alike(last, found) >= _LEAST_ALIKE)
    # what is impossible costs more than all that is possible together
    costs = np.where(possible, cost, 1e3) + (1 - _alike(last, found))
    pairs = zip(*linear_sum_assignment(costs), strict=True)
    return [(int(i), int(rows[j])) for i, j in pairs if possible[i, j]]


def nearest(box: Floats, faces: Detections, rows: NDArray[np.intp]) -> int | None:
    """The row of the detection that may be this face, the nearest of several; None where there is none."""
    if not len(rows):
        return None
    found = faces.boxes[rows]
    distance = _distance(box[None], found)[0]
    distance[_alike(box[None], found)[0] < _LEAST_ALIKE] = np.inf
    best = int(distance.argmin())
    return int(rows[best]) if distance[best] <= _REACH else None


def _distance(a: Floats, b: Floats) -> Numbers:
    """(n, 4), (m, 4) -> (n, m): between middles, as shares of the mean size."""
    apart = (a[:, None, :2] + a[:, None, 2:] - b[None, :, :2] - b[None, :, 2:]) / 2
    size = (_length(a)[:, None] + _length(b)[None]) / 2
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]) / size, np.float64)


def _alike(a: Floats, b: Floats) -> Numbers:
    """(n, 4), (m, 4) -> (n, m): the smaller size by the larger."""
    first, second = _length(a)[:, None], _length(b)[None]
    return np.asarray(np.minimum(first, second) / np.maximum(first, second), np.float64)


def _length(boxes: Floats) -> Numbers:
    sides = np.maximum(np.asarray(boxes[:, 2:] - boxes[:, :2], np.float64), 1.0)
    return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]), np.float64)
