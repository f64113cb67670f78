"""RGB as the planes that a video keeps, by the standards' own formulas (ITU-T H.273, 8.3): swscale's way back into full range
takes half a level off both chromas."""

from __future__ import annotations

import cv2
import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from secondlook.types import Pixels

_BT601 = (0.299, 0.114)
_SHARES = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
"""Shares of red and blue in luma by the number of the matrix (ISO/IEC 23091-2). Whatever else a source says, or does not
say, was read as BT.601, and so it is written: the stored values come out the same."""


def yuv420(pixels: Pixels, matrix: int, full_range: bool) -> VideoFrame:
    """(H, W, 3) RGB, both even -> 8 bits in 4:2:0, each chroma the mean of four pixels. No value is off on average."""
    rows = _rows(matrix, full_range)
    height, width = pixels.shape[:2]
    luma = cv2.transform(pixels, rows[:1])
    quarter = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    chroma = np.asarray(cv2.transform(quarter, rows[1:]), np.uint8)
    planes = (np.asarray(luma, np.uint8), chroma[:, :, 0], chroma[:, :, 1])
    whole = np.concatenate([plane.ravel() for plane in planes]).reshape(height * 3 // 2, width)
    return VideoFrame.from_ndarray(whole, format="yuv420p")


def _rows(matrix: int, full_range: bool) -> NDArray[np.float64]:
    """(3, 4): Y, Cb and Cr over R, G, B and 1."""
    red, blue = _SHARES.get(matrix, _BT601)
    luma = np.array([red, 1 - red - blue, blue])
    differences = [(unit - luma) / (2 - 2 * share) for unit, share in ((np.eye(3)[2], blue), (np.eye(3)[0], red))]
    luma_span, chroma_span, black = (1.0, 1.0, 0.0) if full_range else (219 / 255, 224 / 255, 16.0)
    rows = np.stack([luma_span * luma, *(chroma_span * one for one in differences)])
    return np.column_stack([rows, [black, 128.0, 128.0]])


def fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Of the copy's size: one row or column repeated where it must be even, scaled where the source changed its size."""
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    if 0 <= size[0] - width <= 1 and 0 <= size[1] - height <= 1:
        return np.pad(pixels, ((0, size[1] - height), (0, size[0] - width), (0, 0)), mode="edge")
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
