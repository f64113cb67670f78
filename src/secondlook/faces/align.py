"""From five landmarks to the upright chip a recogniser wants."""

from __future__ import annotations

import math

import cv2
import numpy as np

from secondlook.ports import ChipLayout
from secondlook.types import Floats, Pixels

_AS_COMPLEX = np.array([1, 1j])


def similarity(source: Floats, target: Floats) -> Floats:
    """The (2, 3) matrix of the rotation, scale and shift that brings ``source`` nearest to ``target``, both (k, 2).

    Least squares; Umeyama, IEEE PAMI 13(4), 1991, without reflection. Coincident points give the shift alone.
    """
    a, b = source.astype(np.float64), target.astype(np.float64)
    a_mean, b_mean = a.sum(0) / len(a), b.sum(0) / len(b)
    # In two dimensions the best rotation has a closed form: complex regression of b on a.
    p, q = ((v - m) @ _AS_COMPLEX for v, m in ((a, a_mean), (b, b_mean)))
    spread = float(np.vdot(p, p).real)
    turn = complex(np.vdot(p, q)) / spread if spread >= 1e-9 else 1 + 0j
    cosine, sine = turn.real, turn.imag
    x, y = float(a_mean[0]), float(a_mean[1])
    shift = float(b_mean[0]) - cosine * x + sine * y, float(b_mean[1]) - sine * x - cosine * y
    return np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]], np.float32)


def chip(pixels: Pixels, landmarks: Floats, layout: ChipLayout) -> Pixels:
    """One aligned chip, (size, size, 3) RGB. Outside the picture it repeats the edge.

    A face larger than the chip is averaged down before it is turned, so that nothing aliases.
    """
    matrix = similarity(landmarks, layout.points)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    region, offset = _region(pixels, landmarks, layout, scale)
    shrink = max(1, int(1 / scale)) if scale > 0 else 1
    if shrink > 1:
        height, width = region.shape[:2]
        size = (max(1, width // shrink), max(1, height // shrink))
        region = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), np.uint8)
        ratio = np.array([size[0] / width, size[1] / height], np.float32)
    else:
        ratio = np.ones(2, np.float32)
    points = (landmarks - offset + 0.5) * ratio - 0.5
    warped = cv2.warpAffine(
        np.ascontiguousarray(region),
        similarity(points.astype(np.float32), layout.points),
        (layout.size, layout.size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.uint8)


def _region(pixels: Pixels, landmarks: Floats, layout: ChipLayout, scale: float) -> tuple[Pixels, Floats]:
    """The part of the picture the chip can touch, and its corner: large pictures are never warped whole."""
    height, width = pixels.shape[:2]
    x, y = (float(v) for v in landmarks.mean(0))
    reach = math.ceil(layout.size / max(scale, 1e-3)) + 2
    x0, y0 = (int(min(max(v - reach, 0), limit - 1)) for v, limit in ((x, width), (y, height)))
    x1, y1 = (int(min(max(v + reach, 1), limit)) for v, limit in ((x, width), (y, height)))
    return pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)], np.array([x0, y0], np.float32)


def chips(pixels: Pixels, landmarks: Floats, layout: ChipLayout) -> Pixels:
    """(n, 5, 2) landmarks of one picture -> (n, size, size, 3) chips; n may be 0."""
    if not len(landmarks):
        return np.zeros((0, layout.size, layout.size, 3), np.uint8)
    return np.stack([chip(pixels, points, layout) for points in landmarks])
