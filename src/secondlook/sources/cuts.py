"""Where one camera shot ends and the next begins: nobody may be followed across a cut."""

from __future__ import annotations

import av
import cv2
import numpy as np
from numpy.typing import NDArray

VIEW = (32, 18)
"""Width and height of the small grey view that neighbouring frames are compared on."""

LEAST_CORRELATION = 0.45
"""Neighbouring frames correlated less than this are of two shots. Measured on hand-held concert footage with fast pans:
cuts 0.02 to 0.27, the fastest pan 0.70."""

LEAST_DIFFERENCE = 0.02
"""Mean absolute difference, 0 to 1, under which nothing is a cut: flat pictures correlate with nothing."""


class CutCounter:
    """Counts the cuts among frames seen one after another; every decoded frame must be shown to it."""

    def __init__(self) -> None:
        self.cuts = 0
        self._last: NDArray[np.float32] | None = None

    def see(self, picture: av.VideoFrame) -> int:
        """How many cuts there were up to and with this frame."""
        view = small_grey(picture)
        if self._last is not None and is_cut(self._last, view):
            self.cuts += 1
        self._last = view
        return self.cuts


def is_cut(before: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Two small grey views, 0 to 1, of neighbouring frames."""
    if float(np.abs(after - before).mean()) < LEAST_DIFFERENCE:
        return False
    a, b = before - before.mean(), after - after.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return spread < 1e-6 or float((a * b).sum()) / spread < LEAST_CORRELATION


def small_grey(picture: av.VideoFrame) -> NDArray[np.float32]:
    """(18, 32) luma, 0 to 1. From the luma plane itself where there is one of 8 bits: no conversion of the frame."""
    if picture.format.name.startswith(("yuv4", "yuvj4", "nv12", "gray8")) and picture.format.components[0].bits == 8:
        plane = picture.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : picture.height, : picture.width
        ]
    else:
        luma = np.asarray(picture.to_ndarray(format="gray"), np.uint8)
    # Every eighth pixel of 1080p is enough for a 32 x 18 view, and twenty times quicker than all of them.
    step = max(1, min(luma.shape[0] // 128, luma.shape[1] // 224))
    return np.asarray(
        cv2.resize(np.ascontiguousarray(luma[::step, ::step]), VIEW, interpolation=cv2.INTER_AREA), np.float32
    ) / np.float32(255)
