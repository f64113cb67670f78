"""A face with its surroundings, for people to look at."""

from __future__ import annotations

import cv2
import numpy as np

from secondlook.types import Floats, Pixels


def crop(pixels: Pixels, box: Floats, margin: float = 0.5, largest: int = 224) -> tuple[Pixels, Floats]:
    """The box with ``margin`` of its size on each side, cut at the picture's edge and at most ``largest`` px a side.

    Returns the crop, (h, w, 3), and the (2, 3) matrix that takes points of the picture into it.
    """
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (float(v) for v in box)
    across, down = (x1 - x0) * margin, (y1 - y0) * margin
    # At least one pixel, also of a box that lies outside.
    left, top = min(max(0, int(x0 - across)), width - 1), min(max(0, int(y0 - down)), height - 1)
    right, bottom = min(width, int(np.ceil(x1 + across))), min(height, int(np.ceil(y1 + down)))
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    scale = min(1.0, largest / max(part.shape[:2]))
    if scale < 1:
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        part = np.asarray(cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA), np.uint8)
    else:
        part = part.copy()
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    return part, matrix
