"""Faces that are still there: at the places that were covered, and at others."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.faces.detect import Search, confirm, find_faces
from secondlook.ports import Detector
from secondlook.redact.shapes import Area
from secondlook.types import Detections, Floats, Pixels

ANYTHING = 0.1
"""Detector score from which something at the place of a cover is counted as a face found again."""
SURE = 0.52
"""Detector score from which a face that is listed nowhere counts as left visible."""
LIKELY = 0.35
"""Detector score from which a face that is listed nowhere gets a second look."""

_LIKE_SIZE = 3.0
_SAME_DETAIL = 0.5
_LEAST_DETAIL = 1.0


_LARGEST_LOOK = 1536


def look_again(detector: Detector, pixels: Pixels, of_video: bool) -> Detections:
    """Everything that is a little like a face in an output: in photographs at all sizes, in video in one look."""
    side = min(max(pixels.shape[:2]), _LARGEST_LOOK) if of_video else None
    return find_faces(detector, pixels, Search(threshold=ANYTHING, max_side=side, confirmed=None))


def left_visible(
    detector: Detector, pixels: Pixels, areas: Sequence[Area], found: Detections, smallest_px: float
) -> Detections:
    """Of what was found, the faces that are in no area and stay faces at a second look."""
    wide = found.boxes[:, 2] - found.boxes[:, 0] >= smallest_px
    likely = found[np.asarray(elsewhere(areas, found) & wide & (found.scores >= LIKELY))]
    return confirm(detector, pixels, likely, sure=1.0, confirmed=SURE)


def found_at(areas: Sequence[Area], found: Detections) -> NDArray[np.bool_]:
    """(areas,) whether a face of about that size has its middle in the area's box."""
    return np.array([bool(_there(area, found).any()) for area in areas], np.bool_)


def elsewhere(areas: Sequence[Area], found: Detections) -> NDArray[np.bool_]:
    """(found,) whether a face's middle is in no area, its box widened by half on every side."""
    near = np.zeros(len(found), np.bool_)
    middles = _middles(found)
    for area in areas:
        half = (area.box[2:] - area.box[:2]) / 2
        near |= ((middles >= area.box[:2] - half) & (middles <= area.box[2:] + half)).all(1)
    return ~near


def beside(area: Area, areas: Sequence[Area], height: int, width: int) -> Area | None:
    """A place of the same size where no area is: the area mirrored, left to right or else upside down; None where there
    is none. A face found there is found by accident, which is what chance gives.
    """
    x0, y0, x1, y1 = (float(v) for v in area.box)
    for box in ((width - x1, y0, width - x0, y1), (x0, height - y1, x1, height - y0)):
        if not any(_overlap(box, other.box) for other in areas):
            return Area(np.array(box, np.float32))
    return None


def still_there(original: Pixels, output: Pixels, area: Area) -> bool:
    """Whether the fine detail of a face is in the output as it was in the original: then it was never covered.

    Detail is what a Gaussian of a twelfth of the face's width takes away; half of it has to be the same. Strong covers
    leave next to none; whether what they leave gives a face away is for the searches to say.
    """
    before, after = (_detail(pixels, area) for pixels in (original, output))
    if before is None or after is None:
        return False
    # both how alike the details are and how strong they still are: a blur leaves them alike, but faint
    larger = max(float((before * before).sum()), float((after * after).sum()))
    return float((before * after).sum()) >= _SAME_DETAIL * larger


def _detail(pixels: Pixels, area: Area) -> Floats | None:
    """None where there is nothing of the box in the picture, or nothing in it but flat grey."""
    x0, y0, x1, y1 = (float(v) for v in area.box)
    # the middle half: no edge of a cover, no background
    inset_x, inset_y = (x1 - x0) / 4, (y1 - y0) / 4
    left, top = max(0, round(x0 + inset_x)), max(0, round(y0 + inset_y))
    right, bottom = min(pixels.shape[1], round(x1 - inset_x)), min(pixels.shape[0], round(y1 - inset_y))
    if right - left < 3 or bottom - top < 3:
        return None
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    luma = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32)
    smooth = cv2.GaussianBlur(luma, (0, 0), max(0.8, (x1 - x0) / 12), borderType=cv2.BORDER_REFLECT)
    detail = luma - np.asarray(smooth, np.float32)
    return detail if float(detail.std()) >= _LEAST_DETAIL else None


def _there(area: Area, found: Detections) -> NDArray[np.bool_]:
    middles, width = _middles(found), float(area.box[2] - area.box[0])
    widths = found.boxes[:, 2] - found.boxes[:, 0]
    inside = ((middles >= area.box[:2]) & (middles <= area.box[2:])).all(1)
    return np.asarray(inside & (widths > width / _LIKE_SIZE) & (widths < width * _LIKE_SIZE), np.bool_)


def _middles(found: Detections) -> Floats:
    return np.asarray((found.boxes[:, :2] + found.boxes[:, 2:]) / 2, np.float32)


def _overlap(box: tuple[float, float, float, float], other: Floats) -> bool:
    return bool(box[0] < other[2] and box[2] > other[0] and box[1] < other[3] and box[3] > other[1])
