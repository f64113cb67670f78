"""The pictures of a blind set: all through one door, so that none shows by its form what it shows.

Each face is turned and scaled by its landmarks to one place, brought down to the coarsest of the faces it is shown
with, softened to the least detailed of them, laid under the same faint grain, and written as a PNG whose pixels are
stored and not compressed: its length follows from its size alone. Colours and light are left as they are.

A classifier that was given galleries whose candidate alone had crisp pictures found it among the others with an AUC of 0.78
before, 0.70 levelled and 0.50 with the grain, which hides what compression and rounding leave (tests/review_hiding.py).
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from secondlook.faces.align import similarity
from secondlook.faces.quality import VIEW
from secondlook.ports import ChipLayout
from secondlook.review.draws import Draws
from secondlook.types import Floats, Pixels

PICTURE_PX = 320
EYES_PX = 80.0
"""Between the eyes in a picture: from the neck to over the hair, ear to ear, of most people."""
_EYE_LINE_PX = 128.0


def _layout() -> ChipLayout:
    eyes = VIEW.points[:2].mean(0)
    scale = EYES_PX / float(np.hypot(*(VIEW.points[1] - VIEW.points[0])))
    points = (VIEW.points - eyes) * scale + [PICTURE_PX / 2, _EYE_LINE_PX]
    return ChipLayout(PICTURE_PX, np.asarray(points, np.float32))


LAYOUT = _layout()
_FACE = (slice(64, 250), slice(91, 229))
"""Brow to chin and cheek to cheek, where the detail is measured: what stands around differs for other reasons."""
_OUTSIDE = (128, 128, 128)
_FINE_PX, _COARSE_PX = 1.0, 2.0
_GRAIN = 2.0
"""Standard deviation, levels of 255: less than a camera's own in daylight."""
_LEAST_BLUR_PX, _MOST_BLUR_PX = 0.3, 12.0
_STEPS = 8


def face_px(landmarks: Floats) -> float:
    """landmarks: (5, 2) px -> between the eyes, px, of a head that size seen from the front; at least 1."""
    matrix = similarity(landmarks, LAYOUT.points)
    return max(1.0, EYES_PX / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6))


def levelled(faces: Sequence[tuple[Pixels, Floats]], draws: Draws) -> tuple[Pixels, ...]:
    """(picture, its landmarks) of each -> their views, (320, 320, 3) RGB: each face upright in its place, grey where its
    picture ends, none finer or more detailed than the coarsest of them. One alone stays as fine as it is.

    draws: for the grain.
    """
    coarsest = min((face_px(landmarks) for _, landmarks in faces), default=EYES_PX)
    views = [_view(pixels, landmarks, coarsest) for pixels, landmarks in faces]
    least = min((detail(one) for one in views), default=0.0)
    return tuple(_grained(_softened(one, least), draws) for one in views)


def _view(pixels: Pixels, landmarks: Floats, finest_px: float) -> Floats:
    """finest_px: between the eyes; a larger face is first brought down to it, and so loses what a smaller one lacks."""
    scale = min(1.0, min(finest_px, EYES_PX) / face_px(landmarks))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(np.asarray(pixels, np.float32), size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / pixels.shape[1], size[1] / pixels.shape[0]], np.float32)
    matrix = similarity(np.asarray((landmarks + 0.5) * ratio - 0.5, np.float32), LAYOUT.points)
    turned = cv2.warpAffine(
        np.asarray(small, np.float32),
        matrix,
        (PICTURE_PX, PICTURE_PX),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_OUTSIDE,
    )
    return np.asarray(turned, np.float32)


def detail(picture: Pixels | Floats) -> float:
    """How fine the structure of the face in a view is: energy of the second derivative behind a fine blur, over that
    behind a coarse one. 0 where there is no structure.

    A ratio of two neighbouring scales, because the energy itself follows from wrinkles, beards and light: over 70 faces of
    like resolution the logarithm of the energy (over the luma's variance) spread by 0.44 and that of the ratio by 0.13;
    two thirds of the resolution lowered them by 0.23 and 0.10. Not the finest scale: there is the noise of compression.
    """
    luma = np.asarray(cv2.cvtColor(np.asarray(picture, np.float32), cv2.COLOR_RGB2GRAY), np.float32)
    coarse = _second_derivative(_blurred(luma, _COARSE_PX))
    return _second_derivative(_blurred(luma, _FINE_PX)) / coarse if coarse > 1e-6 else 0.0


def _second_derivative(luma: Floats) -> float:
    return float(np.asarray(cv2.Laplacian(luma, cv2.CV_32F))[_FACE].var())


def _softened(picture: Floats, wanted: float) -> Floats:
    """Blurred just so much that its detail is the wanted one."""
    if detail(picture) <= wanted:
        return picture
    high = _LEAST_BLUR_PX
    while high < _MOST_BLUR_PX and detail(_blurred(picture, high)) > wanted:
        high *= 1.5
    low = high / 1.5
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if detail(_blurred(picture, middle)) > wanted else (low, middle)
    return _blurred(picture, high)


def _blurred(picture: Floats, sigma_px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.float32)


def _grained(picture: Floats, draws: Draws) -> Pixels:
    grain = np.random.default_rng(int.from_bytes(draws.bytes(16), "big")).normal(0, _GRAIN, picture.shape[:2])
    return np.asarray(np.clip(np.rint(picture + grain[..., None]), 0, 255), np.uint8)


def png(picture: Pixels) -> bytes:
    """A PNG without metadata; pictures of one size give files of one length."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=0)
    return file.getvalue()
