"""Pictures for which error rates are said: of four sizes, clear and as cameras take them. Their qualities alone, no picture.

Made by ``python -m bench.picture_bands``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from secondlook.types import Quality

SHIPPED = Path(__file__).parent / "pictures.json"

EYES_M = 0.063
"""Between the eyes of an adult, in the mean (Dodgson, SPIE 5291, 2004)."""


class Kind(StrEnum):
    CLEAR = "clear"
    """In focus, in light, seldom turned far: press photographs sent farther away."""
    CAMERA = "camera"
    """As worse cameras take them: focus, motion, light, noise and compression as `secondlook calibrate` draws them."""


@dataclass(frozen=True, slots=True)
class Band:
    """Pictures with ``low_px`` to ``high_px`` between the eyes. tried: how many, of which those in ``qualities`` had a face
    that was found."""

    kind: Kind
    low_px: float
    high_px: float
    tried: int
    qualities: tuple[Quality, ...]

    def view_m(self, width_px: int) -> tuple[float, float]:
        """How wide a scene, m, a picture so wide shows where its people are this large: the least and the most."""
        return EYES_M * width_px / self.high_px, EYES_M * width_px / self.low_px


def shipped_bands() -> tuple[Band, ...]:
    """The smallest first, the clear ones of each before the camera's."""
    said = json.loads(SHIPPED.read_text(encoding="utf-8"))
    names = said["measures"]
    return tuple(
        Band(
            Kind(band["kind"]),
            band["low_px"],
            band["high_px"],
            band["tried"],
            tuple(_quality(dict(zip(names, row, strict=True))) for row in band["pictures"]),
        )
        for band in said["bands"]
    )


def _quality(measures: dict[str, float]) -> Quality:
    """roll_deg, blockiness and score take no part in a decision."""
    return Quality(**measures, roll_deg=0.0, blockiness=0.0, score=0.0)
