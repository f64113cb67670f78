"""The pictures of a blind set: all through one door, so that none shows by its form what it shows.

Each face is turned and scaled by its landmarks to one place, brought down to the coarsest of the faces it is shown
with and blurred by half of that one's pixel, softened to the least detailed of them, laid under the same faint grain, and
written as a PNG whose pixels are stored and not compressed: its length follows from its size alone. Colours and light
are left as they are.

Tried on 96 photographs of LFW, as they are and as a poor camera has them (26 px between the eyes, soft, JPEG): in 120 sets each
a classifier on the form of the pictures finds the one good among poor with an AUC of 1.0 before and 0.55 (p = 0.23) after,
and the one poor among good with 0.56 (p = 0.16) after. Each step is needed: without the blur 0.86, as compression leaves
noise that passes for detail; without the grain rounding tells.
"""

from __future__ import annotations

import io
import math
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
_BLUR = 0.5
"""Sigma of the blur that all have in common, in pixels of the coarsest: it takes what compression adds, and no more."""
_FINE_PX, _COARSE_PX = 1.5, 3.0
_SPREAD = 0.15
"""How much below the least detail each is brought at random, as a logarithm: what faces of like resolution differ by."""
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
    return tuple(_finished(one, least, draws) for one in views)


def _finished(view: Floats, least: float, draws: Draws) -> Pixels:
    """No picture keeps just the least detail, or the one that has it would be the only one not softened."""
    rng = np.random.default_rng(int.from_bytes(draws.bytes(16), "big"))
    softened = _softened(view, least * math.exp(-abs(rng.normal(0, _SPREAD))))
    grain = rng.normal(0, _GRAIN, softened.shape[:2])
    return np.asarray(np.clip(np.rint(softened + grain[..., None]), 0, 255), np.uint8)


def _view(pixels: Pixels, landmarks: Floats, finest_px: float) -> Floats:
    """finest_px: between the eyes; a larger face is first brought down to it, and so loses what a smaller one lacks. All are
    then blurred alike."""
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
    return _blurred(np.asarray(turned, np.float32), _BLUR * EYES_PX / min(finest_px, EYES_PX))


def detail(picture: Pixels | Floats) -> float:
    """How fine the structure of the face in a view is: energy of the second derivative behind a fine blur, over that
    behind a coarse one. 0 where there is no structure.

    A ratio of two neighbouring scales, because the energy itself follows from wrinkles, beards and light: over 70 faces of
    like resolution the logarithm of the energy (over the luma's variance) spread by 0.44 and that of the ratio by 0.15;
    two thirds of the resolution lowered them by 0.23 and 0.11. Not the finest scales: there is the noise of compression.
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


def png(picture: Pixels) -> bytes:
    """A PNG without metadata; pictures of one size give files of one length."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=0)
    return file.getvalue()
