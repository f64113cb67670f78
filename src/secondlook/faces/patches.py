"""Places of one picture, each at a scale of its own, many in one input of the detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.faces.scaling import resized
from secondlook.types import Detections, Floats, Pixels

SIDE_PX = 36
"""Least edge, in px of the picture, of what is shown of a place."""

FACES_WIDE = 2.2
"""How many widths of the face are shown of a larger one. With 3 (edges of 48 px) the same faces are found in 30 composed crowds
(bench/crowd.py, 120 of each width), in 1.27 times the time; landmarks are off those of a look everywhere by as much, 2.3 % of
the width on average; with 2 (32 px) by 2.4 %, with 1.6 (26 px) a face of 16 px less is found."""

FACE_PX = 64.0
"""No face is made wider than this."""

SHEET_PX = 1024
"""Edge of an input that holds patches, px."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the picture (x0, y0, x1, y1 px), how it is scaled, and the place in it, (x, y) px of the picture, whose
    surroundings it shows to ``reach`` px."""

    part: tuple[int, int, int, int]
    scale: float
    centre: tuple[float, float]
    reach: float

    @property
    def area(self) -> float:
        """In px of the detector's input."""
        x0, y0, x1, y1 = self.part
        return (x1 - x0) * (y1 - y0) * self.scale**2


def patch(box: Floats, height: int, width: int, scale: float) -> Patch:
    """Of a face that may be at ``box`` in a picture of that size. scale: the largest that is wanted."""
    wide = max(float(box[2] - box[0]), 1.0)
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    half = max(SIDE_PX, FACES_WIDE * wide) / 2
    x0, y0 = (min(max(0, int(v - half)), limit - 2) for v, limit in ((x, width), (y, height)))
    x1, y1 = (max(min(limit, int(v + half) + 1), v0 + 2) for v, v0, limit in ((x, x0, width), (y, y0, height)))
    return Patch((x0, y0, x1, y1), min(scale, FACE_PX / wide), (x, y), half / 2)


def look(
    detect: Callable[[Pixels], Detections], pixels: Pixels, patches: Sequence[Patch], edge: int = SHEET_PX
) -> Detections:
    """The faces in the middle of each patch, in px of the picture, with duplicates where patches overlap.

    What lies further out is left to other patches: it may be cut there.
    """
    shown = [resized(pixels[p.part[1] : p.part[3], p.part[0] : p.part[2]], p.scale) for p in patches]
    boxes, landmarks, scores = [], [], []
    for sheet in _sheets([view.shape[:2] for view in shown], edge):
        canvas = np.zeros((sheet.height, sheet.width, 3), np.uint8)
        for row, x, y in sheet.places:
            view = shown[row]
            canvas[y : y + view.shape[0], x : x + view.shape[1]] = view
        found = detect(canvas)
        for row, x, y in sheet.places:
            one = _moved(found, patches[row], shown[row].shape, (x, y))
            boxes.append(one.boxes)
            landmarks.append(one.landmarks)
            scores.append(one.scores)
    if not boxes:
        return Detections.none()
    return Detections(np.concatenate(boxes), np.concatenate(landmarks), np.concatenate(scores))


def _moved(found: Detections, patch: Patch, shape: tuple[int, ...], place: tuple[int, int]) -> Detections:
    x0, y0, x1, y1 = patch.part
    scale: Floats = np.array([shape[1] / (x1 - x0), shape[0] / (y1 - y0)], np.float32)
    corner: Floats = np.array([x0, y0], np.float32)
    at: Floats = np.array(place, np.float32)
    middles = ((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - at) / scale + corner
    # a sheet's other patches lie outside of this one in its own coordinates, too
    here = (np.abs(middles - np.array(patch.centre, np.float32)) <= patch.reach).all(1)
    here &= ((middles >= corner) & (middles <= [x1, y1])).all(1)
    mine = found[np.asarray(here)]
    boxes: Floats = (((mine.boxes.reshape(-1, 2, 2) - at) / scale) + corner).reshape(-1, 4)
    landmarks: Floats = (mine.landmarks - at) / scale + corner
    return Detections(boxes, landmarks, mine.scores)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """places: (patch, x, y) px."""

    height: int
    width: int
    places: tuple[tuple[int, int, int], ...]


def _sheets(shapes: Sequence[tuple[int, ...]], edge: int) -> Iterator[_Sheet]:
    """Patches of these heights and widths in rows, the tallest first, none on another; a larger one than ``edge`` alone."""
    places: list[tuple[int, int, int]] = []
    x = y = tall = wide = 0
    for row in sorted(range(len(shapes)), key=lambda r: -shapes[r][0]):
        height, width = shapes[row][0], shapes[row][1]
        if x and x + width > edge:
            x, y, tall = 0, y + tall, 0
        if places and y + height > edge:
            yield _Sheet(max(y + tall, y), wide, tuple(places))
            places, x, y, tall, wide = [], 0, 0, 0, 0
        places.append((row, x, y))
        x, tall = x + width, max(tall, height)
        wide = max(wide, x)
    if places:
        yield _Sheet(y + tall, wide, tuple(places))
