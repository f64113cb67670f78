"""People painted by fakes and drawn faces, before and after they are covered: what the tests of attacks share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from secondlook.ports import ChipLayout
from secondlook.redact.attack.shots import Shot, shot_of
from secondlook.redact.shapes import Area
from secondlook.types import Floats, Pixels

EDGE = 240
BOX: Floats = np.array([75, 60, 165, 178], np.float32)
_POINTS = np.array([[-0.222, -0.117], [0.222, -0.117], [0.0, 0.077], [-0.186, 0.235], [0.186, 0.235]], np.float32)
LANDMARKS: Floats = ((BOX[:2] + BOX[2:]) / 2 + _POINTS * (BOX[2:] - BOX[:2])).astype(np.float32)


@dataclass(frozen=True, slots=True)
class GreyEmbedder:
    """The template is the chip itself, small, grey and with its mean taken away: alike pictures, alike templates."""

    pack: str = "grey@000000000000"
    dimension: int = 256

    @property
    def layout(self) -> ChipLayout:
        points = np.array([[24.9, 31.4], [47.1, 31.4], [36.0, 44.1], [26.7, 54.6], [45.3, 54.6]], np.float32)
        return ChipLayout(72, points)

    def embed(self, chips: Pixels) -> Floats:
        small = [cv2.resize(chip, (16, 16), interpolation=cv2.INTER_AREA).mean(-1).ravel() for chip in chips]
        values = np.array(small, np.float32).reshape(-1, 256)
        values -= values.mean(1, keepdims=True)
        return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6), np.float32)


def face(person: int, take: int) -> Pixels:
    """(EDGE, EDGE, 3): one person's own smooth pattern, with noise and another background in every take."""
    rng = np.random.default_rng([person, 7])
    own = cv2.resize(rng.uniform(40, 215, (9, 7)).astype(np.float32), (90, 118), interpolation=cv2.INTER_CUBIC)
    taken = np.random.default_rng([person, take])
    back = cv2.resize(taken.uniform(40, 215, (6, 6)).astype(np.float32), (EDGE, EDGE), interpolation=cv2.INTER_CUBIC)
    back[60:178, 75:165] = own
    noisy = back + taken.normal(0, 6, back.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def shots(people: int, takes: int, paint: Callable[[Pixels, Area], Pixels], first_take: int = 0) -> Iterator[Shot]:
    for person in range(people):
        for take in range(first_take, first_take + takes):
            pixels = face(person, take)
            yield shot_of(person, pixels, paint(pixels, Area(BOX, LANDMARKS)), BOX, LANDMARKS)
