"""A neutral face drawn where somebody's was: the same for everybody, from place, size and tilt alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from secondlook.redact.shapes import Shape, Stencil, ellipse
from secondlook.types import Pixels

SKIN, LINES, EYES, LIPS = (201, 176, 156), (150, 124, 106), (64, 56, 52), (160, 104, 96)


@dataclass(frozen=True, slots=True)
class _Part:
    """An ellipse: middle and half size as shares of the shape's half size, and its colour, RGB."""

    x: float
    y: float
    across: float
    down: float
    colour: tuple[int, int, int]


_PARTS = (
    _Part(-0.36, -0.34, 0.18, 0.03, LINES),
    _Part(0.36, -0.34, 0.18, 0.03, LINES),
    _Part(-0.36, -0.18, 0.11, 0.06, EYES),
    _Part(0.36, -0.18, 0.11, 0.06, EYES),
    _Part(0.0, 0.14, 0.09, 0.05, LINES),
    _Part(0.0, 0.46, 0.26, 0.045, LIPS),
)


def avatar(shape: Shape, held: Stencil) -> Pixels:
    """The rectangle of the stencil, (h, w, 3), filled with skin and the parts of a face."""
    drawn = np.full((*held.mask.shape, 3), SKIN, np.uint8)
    cosine, sine = math.cos(shape.turn), math.sin(shape.turn)
    for part in _PARTS:
        right, below = part.x * shape.across, part.y * shape.down
        x = shape.x + right * cosine - below * sine - held.x
        y = shape.y + right * sine + below * cosine - held.y
        mask = np.zeros(held.mask.shape, np.uint8)
        ellipse(mask, (x, y), (part.across * shape.across, part.down * shape.down), shape.turn)
        drawn[mask > 0] = part.colour
    return drawn
