"""Every face in a picture of any size: which passes to make over it, and one merge of what they find."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.faces import patches
from secondlook.faces.overlaps import Overlaps, kept, overlapping
from secondlook.faces.scaling import resized
from secondlook.ports import Detector, Hinting
from secondlook.types import Detections, Floats, Pixels

__all__ = ["Close", "Pass", "Search", "confirm", "find_faces", "merge", "plan", "resized"]


class Close(StrEnum):
    """Where a large picture is looked at as closely as its smallest faces need: everywhere, or where a detector that
    gives hints (``ports.Hinting``) sees from further away that a face might be."""

    EVERYWHERE = "everywhere"
    WHERE_HINTED = "where_hinted"


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look.

    smallest_px: face width that should still be found, in px of the picture. threshold: detector score from which a
    face counts. tile: edge of the detector's largest input in px; overlap: what neighbouring tiles share, in px of
    the detector's input. comfortable_px: face width at which the detector is sure. max_side: if given, one
    pass only, at most this large (video). sure: score from which nothing is looked at again. confirmed: least mean of two
    looks at the others, None: no second look.
    """

    smallest_px: float = 12.0
    threshold: float = 0.35
    tile: int = 1536
    overlap: int = 256
    comfortable_px: float = 24.0
    max_scale: float = 2.0
    max_side: int | None = None
    apart: float = 4.0
    merge_iou: float = 0.35
    sure: float = 0.75
    confirmed: float | None = 0.52
    close: Close = Close.EVERYWHERE

    @property
    def finest(self) -> float:
        """The scale at which the smallest wanted face is comfortable."""
        return min(self.max_scale, self.comfortable_px / self.smallest_px)


@dataclass(frozen=True, slots=True)
class Pass:
    """One run of the detector: the part of the picture (x0, y0, x1, y1 px), how it is scaled, and where a face must
    have its centre to count here (``core``), so that neighbouring tiles do not both claim it."""

    part: tuple[int, int, int, int]
    core: tuple[float, float, float, float]
    scale: float


def plan(height: int, width: int, search: Search) -> tuple[Pass, ...]:
    """The passes over a picture: one where it fits, else a whole view for large faces and tiles for small ones."""
    whole = (0, 0, width, height)
    everywhere = (-math.inf, -math.inf, math.inf, math.inf)
    wanted, longest = search.finest, max(height, width)
    if search.max_side is not None:
        return (Pass(whole, everywhere, min(search.max_scale, search.max_side / longest)),)
    if longest * wanted <= search.tile:
        return (Pass(whole, everywhere, wanted), Pass(whole, everywhere, wanted / 3))
    overview = search.tile / longest / 2
    passes = [Pass(whole, everywhere, overview)]
    if overview < wanted / search.apart:
        passes.append(Pass(whole, everywhere, 2 * overview))
    return (*passes, *_tiles(height, width, wanted, search))


def _tiles(height: int, width: int, scale: float, search: Search) -> Iterator[Pass]:
    edge, overlap = search.tile / scale, search.overlap / scale
    for y0, y1, top, bottom in _spans(height, edge, overlap):
        for x0, x1, left, right in _spans(width, edge, overlap):
            yield Pass((x0, y0, x1, y1), (left, top, right, bottom), scale)


def _spans(length: int, edge: float, overlap: float) -> Iterator[tuple[int, int, float, float]]:
    """Even spans over a length: start, end, and the core between the middles of the overlaps."""
    count = max(1, math.ceil((length - overlap) / (edge - overlap)))
    step = (length - overlap) / count
    for i in range(count):
        start, end = round(i * step), min(length, math.ceil((i + 1) * step + overlap))
        core_start = -math.inf if i == 0 else i * step + overlap / 2
        core_end = math.inf if i == count - 1 else (i + 1) * step + overlap / 2
        yield start, end, core_start, core_end


def find_faces(detector: Detector, pixels: Pixels, search: Search) -> Detections:
    """Every face in the picture above the threshold, best first, in its own pixels."""
    height, width = pixels.shape[:2]
    if height < 2 or width < 2:
        return Detections.none()
    if _by_hints(height, width, search) and isinstance(detector, Hinting):
        found = list(_look_where_hinted(detector, pixels, search))
    else:
        found = [_run(detector.detect, pixels, step, search.threshold) for step in plan(height, width, search)]
    faces = merge(found, search.merge_iou)
    return faces if search.confirmed is None else confirm(detector, pixels, faces, search.sure, search.confirmed)


def _by_hints(height: int, width: int, search: Search) -> bool:
    """Small pictures are looked at closely at once: hints would cost as much as they save."""
    tiled = search.max_side is None and max(height, width) * search.finest > search.tile
    return tiled and search.close is Close.WHERE_HINTED


HINTS_AT = 0.4
"""Of the finest scale. At 0.5, which takes 1.6 times as long, 98 of 100 faces 12 px wide are found and not 93, and no others
more (bench/detection.py, seed 11)."""

APART = 8.0
"""Of composed pictures of 12 and 24 megapixels, with faces 30 to 1,300 px wide, all 192 are found with a pass between and
without, and at 12 it takes a fifth less time without."""

CLEAR_PX = 32.0
"""A sure face this wide where hints are given looks no better from nearer; what is wider than half as much again and not
sure does not get surer."""

CROWDED = 0.7
"""From this share of a tile's area on, one look at the tile costs less than a look at each place in it."""


def _look_where_hinted(detector: Hinting, pixels: Pixels, search: Search) -> Iterator[Detections]:
    """What is found where hints are given and further away, and from near where that looked as if it might be a face."""
    height, width = pixels.shape[:2]
    far = HINTS_AT * search.finest
    hints = list[Detections]()
    for step in plan(height, width, replace(search, max_scale=far, overlap=search.overlap // 2, apart=APART)):
        if step.scale < far:
            yield _run(detector.detect, pixels, step, search.threshold)
        else:
            hints.append(_run(detector.hints, pixels, step, 0.0))
    yield from (seen[np.asarray(seen.scores >= search.threshold)] for seen in hints)
    closer = _worth_a_closer_look(merge(hints, search.merge_iou), search)
    centres = (closer.boxes[:, :2] + closer.boxes[:, 2:]) / 2
    places = list[patches.Patch]()
    for step in _tiles(height, width, search.finest, search):
        rows = np.nonzero(_inside(centres, step.core))[0]
        near = [patches.patch(closer.boxes[row], height, width, search.finest) for row in rows]
        x0, y0, x1, y1 = step.part
        if sum(place.area for place in near) > CROWDED * (x1 - x0) * (y1 - y0) * step.scale**2:
            yield _run(detector.closer, pixels, step, search.threshold)
        else:
            places += near
    seen = patches.look(detector.closer, pixels, places)
    yield seen[np.asarray(seen.scores >= search.threshold)]


def _worth_a_closer_look(hints: Detections, search: Search) -> Detections:
    wide = hints.boxes[:, 2] - hints.boxes[:, 0]
    clear = CLEAR_PX / (HINTS_AT * search.finest)
    return hints[np.asarray((wide < clear) | ((wide < 1.5 * clear) & (hints.scores < search.sure)))]


def _run(look: Callable[[Pixels], Detections], pixels: Pixels, step: Pass, threshold: float) -> Detections:
    x0, y0, x1, y1 = step.part
    part = resized(pixels[y0:y1, x0:x1], step.scale)
    scale: Floats = np.array([part.shape[1] / (x1 - x0), part.shape[0] / (y1 - y0)], np.float32)
    faces = look(part)
    faces = faces[np.asarray(faces.scores >= threshold)]
    corner: Floats = np.array([x0, y0], np.float32)
    boxes: Floats = (faces.boxes.reshape(-1, 2, 2) / scale + corner).reshape(-1, 4)
    landmarks: Floats = faces.landmarks / scale + corner
    return Detections(boxes, landmarks, faces.scores)[_inside((boxes[:, :2] + boxes[:, 2:]) / 2, step.core)]


def _inside(centres: NDArray[np.floating[Any]], core: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    left, top, right, bottom = core
    return np.asarray((centres >= [left, top]).all(1) & (centres < [right, bottom]).all(1))


CELL_PX = 128
CELL_FACE_PX = 40
"""A second look shows each face alone, this wide, in a cell this large. Measured on composed crowds (bench/detection.py):
texture taken for a small face scores 0 to 0.57 then, faces of 12 px and more 0.65 and more."""


def confirm(detector: Detector, pixels: Pixels, faces: Detections, sure: float, confirmed: float) -> Detections:
    """Looks again at every face under ``sure``: alone, at a comfortable size, many in one picture.

    The mean of both scores decides and becomes the face's score.
    """
    scores = faces.scores.copy()
    doubtful = np.nonzero(scores < sure)[0]
    side = 8
    for start in range(0, len(doubtful), side * side):
        rows = doubtful[start : start + side * side]
        columns = min(side, len(rows))
        mosaic = np.zeros((CELL_PX * math.ceil(len(rows) / columns), CELL_PX * columns, 3), np.uint8)
        corners = [((i % columns) * CELL_PX, (i // columns) * CELL_PX) for i in range(len(rows))]
        for row, (x, y) in zip(rows, corners, strict=True):
            mosaic[y : y + CELL_PX, x : x + CELL_PX] = _alone(pixels, faces.boxes[row])
        again = detector.detect(mosaic)
        for row, corner in zip(rows, corners, strict=True):
            scores[row] = (scores[row] + _score_in(again, corner)) / 2
    kept = Detections(faces.boxes, faces.landmarks, scores)[np.asarray(scores >= confirmed)]
    return kept[np.argsort(-kept.scores, kind="stable")]


def _alone(pixels: Pixels, box: Floats) -> Pixels:
    scale = CELL_FACE_PX / max(float(box[2] - box[0]), 1.0)
    centre = (box[:2] + box[2:]) / 2
    reach = math.ceil(CELL_PX / 2 / scale) + 1
    x0, y0 = (max(0, int(v) - reach) for v in centre)
    x1, y1 = (int(v) + reach for v in centre)
    part = resized(pixels[y0:y1, x0:x1], scale) if scale < 1 else pixels[y0:y1, x0:x1]
    ratio = part.shape[1] / (min(x1, pixels.shape[1]) - x0)
    rest = scale / ratio
    shift = CELL_PX / 2 - (centre - [x0, y0]) * scale
    matrix = np.array([[rest, 0, shift[0]], [0, rest, shift[1]]], np.float32)
    cell = cv2.warpAffine(
        np.ascontiguousarray(part), matrix, (CELL_PX, CELL_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cell, np.uint8)


def _score_in(found: Detections, corner: tuple[int, int]) -> float:
    """The best score of a face of about the right size in the middle of a cell; 0 where there is none."""
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - (np.array(corner) + CELL_PX / 2)
    widths = found.boxes[:, 2] - found.boxes[:, 0]
    near = (np.abs(centres) < 0.35 * CELL_FACE_PX).all(1)
    fits = near & (widths > CELL_FACE_PX / 2) & (widths < CELL_FACE_PX * 2)
    return float(found.scores[fits].max()) if fits.any() else 0.0


def merge(found: list[Detections], iou: float) -> Detections:
    """One list without duplicates: of two boxes that overlap, or where one lies mostly in the other, the surer stays.

    A face that several passes saw clearly gets the mean of their landmarks, which is nearer the truth than any of them
    (measured on LFW: FNIR at FPIR 0.01 falls by a tenth).
    """
    boxes = np.concatenate([f.boxes for f in found])
    scores = np.concatenate([f.scores for f in found])
    landmarks = np.concatenate([f.landmarks for f in found])
    pairs = overlapping(boxes)
    keep = kept(pairs, scores, iou)
    means = _mean_landmarks(pairs, scores, landmarks)[keep]
    return Detections(boxes[keep], means, scores[keep])


def _mean_landmarks(pairs: Overlaps, scores: Floats, landmarks: Floats, iou: float = 0.6) -> Floats:
    """(n, 5, 2): each one's own and those of the boxes that are nearly it and nearly as sure."""
    near = pairs.shared >= iou * (pairs.areas[pairs.first] + pairs.areas[pairs.second] - pairs.shared)
    one, other = pairs.first[near], pairs.second[near]
    one, other = np.concatenate([one, other]), np.concatenate([other, one])
    sure = scores[other] >= 0.8 * scores[one]
    total, count = landmarks.astype(np.float64), np.ones(len(scores))
    np.add.at(total, one[sure], landmarks[other[sure]])
    np.add.at(count, one[sure], 1)
    return np.asarray(total / count[:, None, None], np.float32).reshape(-1, 5, 2)
