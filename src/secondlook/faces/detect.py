"""Every face in a picture of any size: which passes to make over it, and one merge of what they find."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.ports import Detector
from secondlook.types import Detections, Floats, Pixels


@dataclass(frozen=True, slots=True)
class Search:
    """How hard to look.

    smallest_px: face width that should still be found, in px of the picture. threshold: detector score from which a
    face counts. tile: edge of the detector's largest input in px; overlap: what neighbouring tiles share, in px of
    the detector's input. comfortable_px: face width at which the detector is sure. max_side: if given, one
    pass only, at most this large (video).
    """

    smallest_px: float = 12.0
    threshold: float = 0.35
    tile: int = 1536
    overlap: int = 256
    comfortable_px: float = 24.0
    max_scale: float = 2.0
    max_side: int | None = None
    merge_iou: float = 0.35
    sure: float = 0.75
    confirmed: float | None = 0.52


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
    wanted = min(search.max_scale, search.comfortable_px / search.smallest_px)
    longest = max(height, width)
    if search.max_side is not None:
        return (Pass(whole, everywhere, min(search.max_scale, search.max_side / longest)),)
    if longest * wanted <= search.tile:
        return (Pass(whole, everywhere, wanted), Pass(whole, everywhere, wanted / 3))
    overview = search.tile / longest / 2
    passes = [Pass(whole, everywhere, overview)]
    if overview < wanted / 4:
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
    found = [_run(detector, pixels, step, search) for step in plan(height, width, search)]
    faces = merge(found, search.merge_iou)
    return faces if search.confirmed is None else confirm(detector, pixels, faces, search.sure, search.confirmed)


def _run(detector: Detector, pixels: Pixels, step: Pass, search: Search) -> Detections:
    x0, y0, x1, y1 = step.part
    part = resized(pixels[y0:y1, x0:x1], step.scale)
    scale: Floats = np.array([part.shape[1] / (x1 - x0), part.shape[0] / (y1 - y0)], np.float32)
    faces = detector.detect(part)
    faces = faces[np.asarray(faces.scores >= search.threshold)]
    corner: Floats = np.array([x0, y0], np.float32)
    boxes: Floats = (faces.boxes.reshape(-1, 2, 2) / scale + corner).reshape(-1, 4)
    landmarks: Floats = faces.landmarks / scale + corner
    moved = Detections(boxes, landmarks, faces.scores)
    centres = (moved.boxes[:, :2] + moved.boxes[:, 2:]) / 2
    left, top, right, bottom = step.core
    inside = (centres >= [left, top]).all(1) & (centres < [right, bottom]).all(1)
    return moved[np.asarray(inside)]


def resized(pixels: Pixels, scale: float) -> Pixels:
    """The picture scaled without aliasing; unchanged (no copy) at 1."""
    if scale == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how), np.uint8)


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
    keep = suppress(boxes, scores, iou)
    means = [_mean_landmarks(row, boxes, scores, landmarks) for row in keep]
    return Detections(boxes[keep], np.array(means, np.float32).reshape(-1, 5, 2), scores[keep])


def _mean_landmarks(row: np.intp, boxes: Floats, scores: Floats, landmarks: Floats, iou: float = 0.6) -> Floats:
    low, high = np.maximum(boxes[row, :2], boxes[:, :2]), np.minimum(boxes[row, 2:], boxes[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    same = (shared >= iou * (areas + areas[row] - shared)) & (scores >= 0.8 * scores[row])
    same[row] = True
    return np.asarray(landmarks[same].mean(0), np.float32)


def suppress(boxes: Floats, scores: Floats, iou: float, within: float = 0.7) -> NDArray[np.intp]:
    """Rows to keep, best score first. ``within``: share of the smaller box inside the larger that makes it a duplicate,
    where the two are of like size (a quarter of the area or more): a face on a T-shirt is a face of its own."""
    order = np.argsort(-scores, kind="stable")
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    keep: list[int] = []
    while order.size:
        first, rest = int(order[0]), order[1:]
        keep.append(first)
        low = np.maximum(boxes[first, :2], boxes[rest, :2])
        high = np.minimum(boxes[first, 2:], boxes[rest, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        smaller, larger = np.minimum(areas[first], areas[rest]), np.maximum(areas[first], areas[rest])
        union = smaller + larger - shared
        same = (shared > iou * union) | ((shared > within * smaller) & (smaller > 0.25 * larger))
        order = rest[~same]
    return np.array(keep, np.intp)
