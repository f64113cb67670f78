"""What cameras do to a face, drawn at random: far away, out of focus, moving, dark, noisy, compressed.

The order is that of a camera: light is blurred, then sampled, then amplified with its noise, then compressed.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from secondlook.types import Pixels


@dataclass(frozen=True, slots=True)
class Recipe:
    """One camera's doing.

    inter_eye_px: distance between the eyes in the result. focus: sigma of the blur, as a share of that distance.
    motion: length of the smear, as a share of it, and motion_deg its direction. light: 1 = as it was, 0.2 = a fifth.
    noise: standard deviation, levels of 255. jpeg: quality, 1 to 95.
    """

    inter_eye_px: float
    focus: float = 0.0
    motion: float = 0.0
    motion_deg: float = 0.0
    light: float = 1.0
    noise: float = 0.0
    jpeg: int = 95


SMALLEST_PX, LARGEST_PX = 5.0, 64.0
"""Between the eyes: from what no recogniser can use to a face that fills a video call."""


def drawn(rng: np.random.Generator, own_px: float) -> Recipe:
    """own_px: between the eyes in the picture to be degraded, which is never enlarged beyond that.

    Sizes are even in their logarithm; three in ten faces move; half are as bright as they were.
    """
    largest = max(SMALLEST_PX, min(own_px, LARGEST_PX))
    return Recipe(
        inter_eye_px=float(np.exp(rng.uniform(math.log(SMALLEST_PX), math.log(largest)))),
        focus=float(0.08 * rng.uniform() ** 2),
        motion=float(rng.uniform(0.05, 0.25)) if rng.uniform() < 0.3 else 0.0,
        motion_deg=float(rng.uniform(0, 180)),
        light=float(rng.choice([1, 1, 1, 0.6, 0.35, 0.2])),
        noise=float(14 * rng.uniform() ** 2),
        jpeg=int(rng.integers(20, 96)),
    )


def degrade(pixels: Pixels, own_px: float, recipe: Recipe, rng: np.random.Generator) -> Pixels:
    """(H, W, 3) RGB whose face has ``own_px`` between the eyes -> the same scene through that camera.

    The result is scaled by ``recipe.inter_eye_px / own_px``. rng draws the noise.
    """
    scale = recipe.inter_eye_px / own_px
    light = np.asarray(pixels, np.float32)
    light = _smeared(light, recipe.motion * own_px, recipe.motion_deg)
    if recipe.focus * own_px > 0.2:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), recipe.focus * own_px), np.float32)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    sampled = np.asarray(cv2.resize(light, size, interpolation=how), np.float32) * np.float32(recipe.light)
    noisy = sampled + rng.normal(0, recipe.noise, sampled.shape)
    return _compressed(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), recipe.jpeg)


def _smeared(
    light: np.ndarray[tuple[int, ...], np.dtype[np.float32]], length: float, degrees: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    edge = 2 * math.ceil(length / 2) + 1
    if length < 1 or edge < 3:
        return light
    kernel = np.zeros((edge, edge), np.float32)
    middle = edge // 2
    reach = length / 2 * np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    ends = [tuple(int(v) for v in np.rint(middle + sign * reach)) for sign in (-1, 1)]
    cv2.line(kernel, (ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]), 1.0)
    return np.asarray(cv2.filter2D(light, -1, kernel / kernel.sum()), np.float32)


def _compressed(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))
