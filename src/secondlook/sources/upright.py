"""A decoded video frame as upright RGB with square pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final, TypeAlias, cast

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.reformatter import Colorspace, Interpolation
from numpy.typing import NDArray

from secondlook.types import Pixels

Matrix: TypeAlias = tuple[int, int, int, int]
"""a, b, c, d of the display matrix (ISO/IEC 14496-12, 8.3.2): x' = ax + cy, y' = bx + dy, in 16.16 fixed point."""

_EXACT: Final = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without them swscale cuts where it should round, and every pixel comes out one level darker."""
_AS_IT_IS: Final = Interpolation.BILINEAR | _EXACT
_SHRUNK: Final = Interpolation.AREA | _EXACT

_KNOWN_MATRICES: Final = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""By their numbers in ISO/IEC 23091-2. swscale refuses a frame that is marked with another, or with a reserved one."""
_UNSAID: Final = Colorspace.DEFAULT

_ODDEST_PIXEL: Final = 4
"""Pixels said to be further from square than this are a damaged header and taken as square."""


def upright_rgb(frame: av.VideoFrame, pixel_aspect: Fraction | None, max_side: int | None) -> Pixels:
    """Frame of any pixel format -> (H, W, 3) uint8 RGB, turned and mirrored as its display matrix says.

    pixel_aspect: width of a pixel by its height; the shorter side is stretched, so nothing is lost. max_side: longest
    side allowed in px, larger frames are shrunk in the same step. 10 and 12 bits are reduced to 8; HDR is not
    tone-mapped (faces come out pale, not lost); a colour matrix that swscale does not know is taken for BT.601; the two
    fields of an interlaced frame stay woven, which shows as combs on what moves. Raises av.FFmpegError where the pixel
    format cannot be converted.
    """
    width, height = shown_size(frame.width, frame.height, pixel_aspect, max_side)
    rgb = frame.reformat(
        width,
        height,
        format="rgb24",
        src_colorspace=None if frame.colorspace in _KNOWN_MATRICES else _UNSAID,
        interpolation=_SHRUNK if max_side else _AS_IT_IS,
        # at these sizes starting more costs as much as it saves, and files are the unit of parallel work
        threads=1,
    )
    pixels = cast("NDArray[np.uint8]", rgb.to_ndarray())
    return np.ascontiguousarray(turned(pixels, display_matrix(frame)))


def shown_size(width: int, height: int, pixel_aspect: Fraction | None, max_side: int | None) -> tuple[int, int]:
    """Stored size in px -> size with square pixels, shrunk to ``max_side`` where that is given and smaller."""
    if pixel_aspect is not None and Fraction(1, _ODDEST_PIXEL) <= pixel_aspect <= _ODDEST_PIXEL:
        if pixel_aspect > 1:
            width = round(width * pixel_aspect)
        else:
            height = round(height / pixel_aspect)
    longest = max(width, height)
    if max_side is not None and longest > max_side:
        width, height = max(1, round(width * max_side / longest)), max(1, round(height * max_side / longest))
    return width, height


def display_matrix(frame: av.VideoFrame) -> Matrix | None:
    """How the camera was held, where the file says so."""
    # not ``frame.side_data``: that is kept in the frame and keeps the frame, so every frame would wait for the collector
    side_data = cast("Any", SideDataContainer)(frame)
    if "DISPLAYMATRIX" not in side_data:
        return None
    a, b, _, c, d, *_ = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), "=i4").tolist()
    return a, b, c, d


def turned(pixels: Pixels, matrix: Matrix | None) -> Pixels:
    """Pixels turned by the nearest quarter turn and mirrored where the matrix mirrors."""
    if matrix is None or matrix == (0, 0, 0, 0):
        return pixels
    a, b, c, d = matrix
    if max(abs(b), abs(c)) > max(abs(a), abs(d)):
        pixels = pixels.transpose(1, 0, 2)  # rows become columns: y' grows with x by b, x' with y by c
        columns, rows = c, b
    else:
        columns, rows = a, d
    if columns < 0:
        pixels = pixels[:, ::-1]
    return pixels[::-1] if rows < 0 else pixels
