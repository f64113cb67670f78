"""How exposed a face is in five steps, each with its letter, colour and line: no one needs all three.

Colours: five of viridis (Smith and van der Walt, 2015), in order also for all kinds of colour vision and in grey.
"""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.report.looks import Colour


@dataclass(frozen=True, slots=True)
class Band:
    """letter: A is the most exposed. least: chance of being picked out from which it holds. weight: thickness of the line
    as a multiple of the thinnest. ink: of letters on ``colour``."""

    letter: str
    least: float
    colour: Colour
    weight: float
    ink: Colour
    said: str


_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)

BANDS = (
    Band("A", 0.9, (253, 231, 37), 3, _BLACK, "picked out 90 times of 100 or more"),
    Band("B", 0.5, (94, 201, 98), 2.5, _BLACK, "50 to 90 of 100"),
    Band("C", 0.1, (33, 145, 140), 2, _BLACK, "10 to 50 of 100"),
    Band("D", 0.01, (59, 82, 139), 1.5, _WHITE, "1 to 10 of 100"),
    Band("E", 0.0, (68, 1, 84), 1, _WHITE, "less than 1 of 100"),
)
"""The most exposed first."""


def band_of(chance: float) -> Band:
    """chance: of being picked out, 0 to 1."""
    return next(band for band in BANDS if chance >= band.least)
