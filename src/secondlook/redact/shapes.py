"""The shape that covers one face: a box with round corners, turned with the head."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.types import Floats


class Extent(StrEnum):
    """FACE: from forehead to chin. HEAD: with hair, ears and the upper neck."""

    FACE = "face"
    HEAD = "head"


class Form(StrEnum):
    """What an area is. FACE: its cover has one outline for everybody, round the box. PLACE: the cover follows the box."""

    FACE = "face"
    PLACE = "place"


@dataclass(frozen=True, eq=False, slots=True)
class Area:
    """One place to cover in one picture. box: (4,) x0, y0, x1, y1 px, may reach over the edge. landmarks: (5, 2) px."""

    box: Floats
    landmarks: Floats | None = None
    form: Form = Form.FACE


@dataclass(frozen=True, slots=True)
class Shape:
    """A turned box with round corners. x, y: its middle; across, down: half its size, px; turn: radians, clockwise as
    seen; round: radius of its corners as a share of the shorter half."""

    x: float
    y: float
    across: float
    down: float
    turn: float
    round: float


@dataclass(frozen=True, eq=False, slots=True)
class Stencil:
    """Which pixels a shape covers. x, y: where its corner lies in the picture. mask: (h, w), inside the picture."""

    x: int
    y: int
    mask: NDArray[np.bool_]


PROPORTION = 1.31
"""Height of every face's cover by its width, before extent and margin: the mean of CenterFace's boxes. Covers as long or
as wide as the face below them would tell faces apart."""
_ROUND = 0.6
_HEAD_SIDE, _HEAD_TOP, _HEAD_CHIN = 0.25, 0.4, 0.15
"""What a head has beyond its face's box, as shares of the box: on each side, above and below (the cut-outs of
``compose``, drawn round whole heads, reach 0.16 to each side and 0.34 above)."""
_MOST_TURNED = math.radians(75)
_HARDLY_TURNED = math.radians(12)


def shape_of(area: Area, extent: Extent, margin: float) -> Shape:
    """The shape for one area. margin: share of the face's size added on every side.

    With a margin of 0.1 or more it holds the whole box of a face that is upright. A PLACE has no head.
    """
    x0, y0, x1, y1 = (float(v) for v in area.box)
    wide, tall = size_of(area)
    turn = roll_of(area)
    across, down = wide * (0.5 + margin), tall * (0.5 + margin)
    rise = 0.0
    if extent is Extent.HEAD and area.form is Form.FACE:
        across += _HEAD_SIDE * wide
        down += (_HEAD_TOP + _HEAD_CHIN) / 2 * tall
        rise = (_HEAD_TOP - _HEAD_CHIN) / 2 * tall
    x = (x0 + x1) / 2 + rise * math.sin(turn)
    y = (y0 + y1) / 2 - rise * math.cos(turn)
    return Shape(x, y, across, down, turn, _ROUND)


def size_of(area: Area) -> tuple[float, float]:
    """Width and height that a cover is made from: the box, and round a face as much more as gives it the one proportion."""
    wide, tall = (max(float(v), 1.0) for v in area.box[2:] - area.box[:2])
    if area.form is Form.PLACE:
        return wide, tall
    wide = max(wide, tall / PROPORTION)
    return wide, PROPORTION * wide


def roll_of(area: Area) -> float:
    """How far the head is tilted, radians, clockwise as seen; 0 where it is hardly, or landmarks cannot be right."""
    if area.landmarks is None or not np.isfinite(area.landmarks).all():
        return 0.0
    right_eye, left_eye = area.landmarks[0], area.landmarks[1]
    dx, dy = (float(v) for v in left_eye - right_eye)
    size = float(max(area.box[2] - area.box[0], area.box[3] - area.box[1]))
    if dx <= 0 or not 0.15 * size < math.hypot(dx, dy) < size:
        return 0.0
    turn = math.atan2(dy, dx)
    return float(np.clip(turn, -_MOST_TURNED, _MOST_TURNED)) if abs(turn) > _HARDLY_TURNED else 0.0


def stencil(shape: Shape, height: int, width: int) -> Stencil | None:
    """Its pixels in a picture of this size; None where it lies outside."""
    cosine, sine = math.cos(shape.turn), math.sin(shape.turn)
    reach_x = abs(shape.across * cosine) + abs(shape.down * sine)
    reach_y = abs(shape.across * sine) + abs(shape.down * cosine)
    left, right = max(0, math.floor(shape.x - reach_x)), min(width, math.ceil(shape.x + reach_x) + 1)
    top, bottom = max(0, math.floor(shape.y - reach_y)), min(height, math.ceil(shape.y + reach_y) + 1)
    if left >= right or top >= bottom:
        return None
    dx = np.arange(left, right, dtype=np.float32)[None] + np.float32(0.5 - shape.x)
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - shape.y)
    along, beside = np.abs(dx * cosine + dy * sine), np.abs(dy * cosine - dx * sine)
    # half a pixel more: a pixel that is cut by the edge is covered
    radius = shape.round * min(shape.across, shape.down)
    over_x = np.maximum(along - (shape.across - radius), 0)
    over_y = np.maximum(beside - (shape.down - radius), 0)
    mask = over_x * over_x + over_y * over_y <= (radius + 0.5) ** 2
    return Stencil(left, top, np.asarray(mask, np.bool_)) if mask.any() else None


def ellipse(canvas: NDArray[np.uint8], middle: tuple[float, float], half: tuple[float, float], turn: float) -> None:
    """Draws a filled ellipse of 255 into a mask, at 1/16 px."""
    centre = (round(middle[0] * 16), round(middle[1] * 16))
    axes = (max(8, round(half[0] * 16)), max(8, round(half[1] * 16)))
    cv2.ellipse(canvas, centre, axes, math.degrees(turn), 0, 360, 255, -1, cv2.LINE_8, 4)
