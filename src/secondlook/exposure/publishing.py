"""For who publishes: what to do to a picture so that nobody in it is more exposed than is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

import cv2
import numpy as np

from secondlook.decide.calibration import Calibration
from secondlook.exposure.stated import picked_out
from secondlook.faces.quality import assess
from secondlook.types import Floats, Pixels, Quality

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px."""

_STEPS = 8
"""Scales tried for each halving."""
_SMALLEST = 1 / 64
_LEAST_CROP = 0.25
"""Share of a picture that a crop has to keep to be worth naming."""
_MOST_CROPPED = 150
"""Exposed faces beyond which no crop is looked for: it would keep next to nothing."""
HEAD = 0.3
"""Share of its size by which a face's box grows on each side before it is cut away or covered."""


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """One picture, or the part of it round a face, and faces in it, the most exposed first. boxes: (m, 4) px.
    landmarks: (m, 5, 2) px."""

    pixels: Pixels
    boxes: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Scale:
    """The whole picture, made smaller. width, height: px of what comes out."""

    factor: float
    width: int
    height: int

    @property
    def lost(self) -> float:
        """Share of the picture's pixels that is given up, 0 to 1."""
        return 1 - self.factor**2


@dataclass(frozen=True, slots=True)
class Crop:
    """The largest part without an exposed face. box: px. kept_faces: how many faces stay in it, one at the least."""

    box: Box
    kept_faces: int
    lost: float


@dataclass(frozen=True, slots=True)
class Cover:
    """The exposed faces, covered. boxes: one a face, with room for the head, px; in a video where each is most exposed."""

    boxes: tuple[Box, ...]
    lost: float


Change: TypeAlias = Scale | Crop | Cover


@dataclass(frozen=True, slots=True)
class Advice:
    """frame: of a picture, the page of its file; None: a video. exposed: how many of ``faces`` are at or above ``want``.
    changes: each brings everybody below it, the smallest first: the one that gives up the fewest pixels. Empty where
    nothing need be done."""

    source: str
    frame: int | None
    want: float
    faces: int
    exposed: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A face that was found. box: px. place: bounds of everywhere that it was seen: more than the box in a video. share:
    of the looks at the source in which it was seen, 0 to 1."""

    box: Box
    place: Box
    chance: float
    share: float = 1.0


def changes(faces: Sequence[Placed], want: float, size: tuple[int, int], scale: float | None) -> tuple[Change, ...]:
    """size: of the picture, (width, height) px. scale: ``scale_below``."""
    exposed = [face for face in faces if face.chance >= want]
    if not exposed:
        return ()
    heads = tuple(_grown(face.box, size) for face in exposed)
    area = size[0] * size[1]
    covered = sum(_area(box) * face.share for box, face in zip(heads, exposed, strict=True))
    found: list[Change] = [Cover(heads, min(1.0, covered / area))]
    others = [face.place for face in faces if face.chance < want]
    crop = _crop([_grown(face.place, size) for face in exposed], others, size)
    if crop is not None:
        found.append(crop)
    if scale is not None:
        found.append(Scale(scale, max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    return tuple(sorted(found, key=lambda change: change.lost))


def scale_below(c: Calibration, population: int, want: float, looks: Sequence[Look]) -> float | None:
    """The largest of the tried scales at which every face is picked out more rarely than ``want``; None: at none.

    Measured, not computed: each look is scaled as it would be published, and its faces are assessed again.
    """
    for step in range(_STEPS * round(-np.log2(_SMALLEST)) + 1):
        factor = float(2.0 ** (-step / _STEPS))
        if all(_below(c, population, want, look, factor) for look in looks):
            return factor
    return None


def _below(c: Calibration, population: int, want: float, look: Look, factor: float) -> bool:
    qualities = scaled_qualities(look, factor)
    # the looks name the most exposed faces first, so that a scale that is too large is found out soon
    while some := tuple(islice(qualities, 64)):
        if not (picked_out(c, some, population) < want).all():
            return False
    return True


def scaled_qualities(look: Look, factor: float) -> Iterator[Quality]:
    """What is measured of each face when the look is ``factor`` (0 to 1) times as large."""
    pixels = look.pixels
    if factor != 1:
        size = tuple(max(1, round(edge * factor)) for edge in (pixels.shape[1], pixels.shape[0]))
        shrunk = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
        pixels = np.asarray(shrunk, np.uint8)
    x, y = pixels.shape[1] / look.pixels.shape[1], pixels.shape[0] / look.pixels.shape[0]
    by = np.array([x, y], np.float32)
    half = np.float32(0.5)  # the middle of a pixel
    for box, points in zip(look.boxes, look.landmarks, strict=True):
        yield assess(pixels, box * np.tile(by, 2), (points + half) * by - half)


def _crop(heads: Sequence[Box], others: Sequence[Box], size: tuple[int, int]) -> Crop | None:
    box = largest_free(heads, size) if len(heads) <= _MOST_CROPPED else None
    if box is None or _area(box) < _LEAST_CROP * size[0] * size[1]:
        return None
    kept = sum(_inside(other, box) for other in others)
    if not kept:
        return None
    return Crop(box, kept, 1 - _area(box) / (size[0] * size[1]))


def largest_free(taken: Sequence[Box], size: tuple[int, int]) -> Box | None:
    """The largest rectangle of the picture that touches none of ``taken``; None: there is none of a pixel and more."""
    width, height = size
    edges = sorted({0.0, *(b[2] for b in taken)})
    best: Box | None = None
    for left in edges:
        for box in _free_from(left, sorted((b for b in taken if b[2] > left), key=lambda b: b[0]), width, height):
            if _area(box) >= max(1.0, 0.0 if best is None else _area(best) + 1e-9):
                best = box
    return best


def _free_from(left: float, right_of_it: Sequence[Box], width: float, height: float) -> Iterator[Box]:
    """The rectangles that begin at ``left`` and end at the next taken box, or at the picture's edge."""
    borders: list[tuple[float, float]] = []
    for box in (*right_of_it, (float(width), 0.0, float(width), 0.0)):
        top = 0.0
        for y0, y1 in (*sorted(borders), (float(height), float(height))):
            if y0 > top:
                yield left, top, max(left, box[0]), y0
            top = max(top, y1)
        borders.append((box[1], box[3]))


def _grown(box: Box, size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = box
    across, down = HEAD * (x1 - x0), HEAD * (y1 - y0)
    return max(0.0, x0 - across), max(0.0, y0 - down), min(float(size[0]), x1 + across), min(float(size[1]), y1 + down)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _inside(box: Box, of: Box) -> bool:
    return box[0] >= of[0] and box[1] >= of[1] and box[2] <= of[2] and box[3] <= of[3]
