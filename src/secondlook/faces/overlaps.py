"""Which boxes overlap, and which of them are one face. A crowd has thousands of boxes, and each overlaps few others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.types import Floats

Rows = NDArray[np.intp]

PAIRS_AT_ONCE = 2**20
"""How many pairs are compared at a time: some 50 MB."""


@dataclass(frozen=True, eq=False, slots=True)
class Overlaps:
    """Boxes that share an area, each pair once: rows ``first`` and ``second``, (m,), and the area, (m,) px.

    areas: (n,), of all boxes.
    """

    first: Rows
    second: Rows
    shared: Floats
    areas: Floats


def suppress(boxes: Floats, scores: Floats, iou: float, within: float = 0.7) -> Rows:
    """Rows to keep, best score first. ``within``: share of the smaller box inside the larger that makes it a duplicate,
    where the two are of like size (a quarter of the area or more): a face on a T-shirt is a face of its own."""
    return kept(overlapping(boxes), scores, iou, within)


def kept(pairs: Overlaps, scores: Floats, iou: float, within: float = 0.7) -> Rows:
    """As ``suppress``, of boxes whose overlaps are known."""
    one, other = pairs.areas[pairs.first], pairs.areas[pairs.second]
    smaller, larger = np.minimum(one, other), np.maximum(one, other)
    contained = (pairs.shared > within * smaller) & (smaller > 0.25 * larger)
    same = contained | (pairs.shared > iou * (smaller + larger - pairs.shared))
    order = np.argsort(-scores, kind="stable")
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    first, second = rank[pairs.first[same]], rank[pairs.second[same]]
    better, worse = np.minimum(first, second), np.maximum(first, second)
    worse = worse[np.argsort(better, kind="stable")]
    starts = np.searchsorted(np.sort(better), np.arange(len(order) + 1))
    gone = np.zeros(len(order), np.bool_)
    for row in range(len(order)):
        if not gone[row]:
            gone[worse[starts[row] : starts[row + 1]]] = True
    return np.asarray(order[~gone], np.intp)


def overlapping(boxes: Floats) -> Overlaps:
    """boxes: (n, 4), x0, y0, x1, y1 px, n may be 0."""
    areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    order = np.argsort(boxes[:, 0], kind="stable")
    first, second = (order[rows] for rows in _crossing(np.ascontiguousarray(boxes[order].T)))
    low, high = np.maximum(boxes[first, :2], boxes[second, :2]), np.minimum(boxes[first, 2:], boxes[second, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    there = shared > 0
    return Overlaps(first[there], second[there], shared[there], areas)


def _crossing(sides: Floats) -> tuple[Rows, Rows]:
    """Pairs of boxes in common columns and rows of the picture. sides: (4, n), sorted by the first, the left side."""
    parts = [(np.zeros(0, np.intp), np.zeros(0, np.intp)), *_crossing_in_parts(sides)]
    first, second = (np.concatenate(each) for each in zip(*parts, strict=True))
    return first, second


def _crossing_in_parts(sides: Floats) -> Iterator[tuple[Rows, Rows]]:
    left, top, right, bottom = sides
    rows = np.arange(len(left))
    # in common columns with a box, and not seen before it, are those whose left side comes before its right one
    counts = np.maximum(np.searchsorted(left, right, "right") - rows - 1, 0)
    ends = np.cumsum(counts)
    start = 0
    while start < len(rows):
        done = ends[start] - counts[start]
        end = max(start + 1, int(np.searchsorted(ends, done + PAIRS_AT_ONCE, "right")))
        first = np.repeat(rows[start:end], counts[start:end])
        second = (
            first + 1 + np.arange(len(first)) - np.repeat(ends[start:end] - counts[start:end] - done, counts[start:end])
        )
        beside = (top[second] < bottom[first]) & (bottom[second] > top[first])
        yield first[beside], second[beside]
        start = end
