"""What in a face picture counts for or against a decision about it: measurements, never verdicts.

Each measure is taken on the face as the camera gave it (sizes) or on one upright 96 px view of it (everything else), so
that it does not depend on the recogniser. Where ISO/IEC 29794-5:2025 names a component, the name stands beside it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.faces.align import chip
from secondlook.ports import ChipLayout
from secondlook.types import Floats, Pixels, Quality

VIEW = ChipLayout(
    96,
    # The usual five-point layout of 112 px recognisers (Deng et al., CVPR 2019), on 96 px.
    np.array([[32.8, 44.3], [63.0, 44.1], [48.0, 61.5], [35.6, 79.2], [60.6, 79.0]], np.float32),
)

FACE_POINTS_MM = np.array(
    [[-31.5, 0.0, 0.0], [31.5, 0.0, 0.0], [0.0, 36.0, 27.0], [-25.0, 66.0, 2.0], [25.0, 66.0, 2.0]], np.float64
)
"""A generic head seen from the front: x to the right of the picture, y down, z to the camera, mm; eyes 63 mm apart (mean
adult interpupillary distance, Dodgson, SPIE 5291, 2004), the rest by eye. The mean of 6,274 LFW faces comes out at 1
degree of yaw, 2 of pitch and 2 of roll."""

_MODEL_INVERSE = np.linalg.pinv(FACE_POINTS_MM - FACE_POINTS_MM.mean(0))
"""(3, 5): least squares, with the model's side done once."""

SHARP_VARIANCE = 350.0
"""Variance of the Laplacian of the 96 px view at which ``sharpness`` is 1, that of a crisp press photograph. LFW faces
(45 px between the eyes) measure 0.68 in the median, 0.31 to 1.46 in nine of ten."""


def assess(pixels: Pixels, box: Floats, landmarks: Floats) -> Quality:
    """Every measure of one face. box: (4,) px. landmarks: (5, 2) px of ``pixels``."""
    luma = _luma(chip(pixels, landmarks, VIEW))
    face = luma[20:90, 22:74]
    inter_eye = float(np.hypot(*(landmarks[1] - landmarks[0])))
    yaw, pitch, roll = pose(landmarks)
    sharp = sharpness(luma)
    exposure = float(face.mean())
    contrast = float(face.std())
    visible = visible_share(box, pixels.shape[0], pixels.shape[1])
    return Quality(
        inter_eye_px=inter_eye,
        sharpness=sharp,
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        exposure=exposure,
        contrast=contrast,
        blockiness=blockiness(pixels, box),
        visible=visible,
        score=overall(inter_eye, sharp, yaw, pitch, exposure, contrast, visible),
    )


def overall(
    inter_eye: float, sharp: float, yaw: float, pitch: float, exposure: float, contrast: float, visible: float
) -> float:
    """0 to 1: a product of soft steps, one a measure. Ranks shots of one person; says nothing about who it is."""
    size = _step(inter_eye, 8, 48)
    focus = _step(sharp, 0.02, 0.6)
    turn = 1 - _step(math.hypot(yaw, pitch), 20, 75)
    light = _step(exposure, 0.05, 0.25) * (1 - _step(exposure, 0.8, 0.97))
    depth = _step(contrast, 0.02, 0.12)
    return size * (0.3 + 0.7 * focus) * (0.1 + 0.9 * turn) * (0.2 + 0.8 * light) * (0.3 + 0.7 * depth) * visible


def _step(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)  # in this order nan stays nan


def _luma(view: Pixels) -> NDArray[np.float32]:
    """ITU-R BT.601 luma, 0 to 1."""
    return np.asarray(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)


def sharpness(luma: NDArray[np.float32]) -> float:
    """Variance of the Laplacian over ``SHARP_VARIANCE`` (ISO/IEC 29794-5: sharpness; Pech-Pacheco et al., ICPR 2000).

    An enlarged small face is soft by construction, and measures so.
    """
    lap = cv2.Laplacian(luma * 255, cv2.CV_32F)
    return float(np.asarray(lap).var()) / SHARP_VARIANCE


def pose(landmarks: Floats) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees (ISO/IEC 29794-5: head pose) by scaled orthography (DeMenthon and Davis, IJCV 15, 1995).

    Positive yaw turns to the subject's left (the picture's right), positive pitch looks down, positive roll leans the
    head towards the picture's right. Five points and a generic head: good to about 10 degrees up to 45, a hint beyond.
    """
    rows = _MODEL_INVERSE @ (landmarks - landmarks.mean(0)).astype(np.float64)
    i, j = rows[:, 0], rows[:, 1]
    if min(np.linalg.norm(i), np.linalg.norm(j)) < 1e-9:
        return 0.0, 0.0, 0.0
    i, j = i / np.linalg.norm(i), j / np.linalg.norm(j)
    u, _, vt = np.linalg.svd(np.stack([i, j, np.cross(i, j)]))
    r = u @ vt
    yaw = math.degrees(math.asin(float(np.clip(r[0, 2], -1, 1))))
    pitch = math.degrees(math.atan2(float(r[1, 2]), float(r[2, 2])))
    roll = math.degrees(math.atan2(float(r[1, 0]), float(r[0, 0])))
    return yaw, pitch, roll


def visible_share(box: Floats, height: int, width: int) -> float:
    """Share of the face box that lies inside the picture, 0 to 1. Boxes are cut at the edge, so a face that runs
    off the picture shows by a box that touches it and is narrower or flatter than a face: 1.3 times as tall as wide."""
    x0, y0, x1, y1 = (float(v) for v in box)
    wide, tall = max(x1 - x0, 1e-6), max(y1 - y0, 1e-6)
    share = 1.0
    if x0 <= 0.5 or x1 >= width - 0.5:
        share *= min(1.0, wide * 1.3 / tall)
    if y0 <= 0.5 or y1 >= height - 0.5:
        share *= min(1.0, tall / (wide * 1.3))
    return share


def blockiness(pixels: Pixels, box: Floats) -> float:
    """Mean luma step across the 8 px grid over the mean step inside it, less 1, at least 0 (after Wang, Sheikh and Bovik,
    ICIP 2002; ISO/IEC 29794-5: compression artefacts). 0 where the face is under 24 px or the grid cannot show."""
    height, width = pixels.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x1 - x0 < 24 or y1 - y0 < 24:
        return 0.0
    luma = _luma(np.ascontiguousarray(pixels[y0:y1, x0:x1]))
    return max(0.0, (_grid_excess(luma, x0) + _grid_excess(luma.T, y0)) / 2)


def _grid_excess(luma: NDArray[np.float32], offset: int) -> float:
    steps = np.abs(np.diff(luma, axis=1)).mean(0)
    on_grid = (np.arange(len(steps)) + offset) % 8 == 7
    inside = float(steps[~on_grid].mean())
    if inside < 1e-4:
        return 0.0
    return float(steps[on_grid].mean()) / inside - 1
