"""A picture smaller or larger, without aliasing."""

from __future__ import annotations

import cv2
import numpy as np

from secondlook.types import Pixels


def resized(pixels: Pixels, scale: float) -> Pixels:
    """The picture scaled without aliasing; unchanged (no copy) at 1."""
    if scale == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how), np.uint8)
