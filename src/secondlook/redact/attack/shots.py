"""One face before and after it was covered, cut out with enough round it for every attack."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from secondlook.redact.shapes import Area
from secondlook.types import Floats, Pixels

REACH = 1.5
"""How much of a face's size is kept round its box: more than any cover and any recogniser's chip needs."""


@dataclass(frozen=True, eq=False, slots=True)
class Shot:
    """person: a number for who it is. original, output: (H, W, 3), the same part of the picture before and after.

    area: where the face is in them, with landmarks: the attacker is given the best alignment there is.
    """

    person: int
    original: Pixels
    output: Pixels
    area: Area

    @property
    def landmarks(self) -> Floats:
        if self.area.landmarks is None:
            raise ValueError("a shot needs landmarks")
        return self.area.landmarks


def shot_of(person: int, original: Pixels, output: Pixels, box: Floats, landmarks: Floats) -> Shot:
    """Cuts one face out of two pictures of one size. The corner lies on whole pixels, so that covers stay what they are."""
    height, width = original.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in box)
    across, down = REACH * (x1 - x0), REACH * (y1 - y0)
    left, top = max(0, min(math.floor(x0 - across), width - 1)), max(0, min(math.floor(y0 - down), height - 1))
    right, bottom = max(left + 1, min(width, math.ceil(x1 + across))), max(top + 1, min(height, math.ceil(y1 + down)))
    part = slice(top, bottom), slice(left, right)
    corner: Floats = np.array([left, top], np.float32)
    area = Area(
        np.asarray(box - np.tile(corner, 2), np.float32),
        np.asarray(landmarks - corner, np.float32),
    )
    return Shot(person, original[part].copy(), output[part].copy(), area)
