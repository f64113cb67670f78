"""How each outcome looks, on pictures and on pages: colour, line and word say the same, so that no one needs all three.

Colours: Okabe and Ito's palette for all kinds of colour vision (2008), and its customary grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from secondlook.types import Outcome

Colour: TypeAlias = tuple[int, int, int]
"""RGB, 0 to 255 each."""


class Line(StrEnum):
    """How a box is drawn; the values are CSS border styles."""

    SOLID = "solid"
    DASHED = "dashed"
    DOTTED = "dotted"


@dataclass(frozen=True, slots=True)
class Look:
    """weight: thickness of the line as a multiple of the thinnest. symbol: stands for the word where it has no room."""

    colour: Colour
    line: Line
    weight: int
    symbol: str
    word: str


URGENCY = (Outcome.CANDIDATE, Outcome.INCONCLUSIVE, Outcome.NOT_SEARCHABLE, Outcome.NO_CANDIDATE)
"""What needs a person first comes first."""


def look_of(outcome: Outcome) -> Look:
    match outcome:
        case Outcome.CANDIDATE:
            return Look((230, 159, 0), Line.SOLID, 3, "C", "candidate")
        case Outcome.INCONCLUSIVE:
            return Look((86, 180, 233), Line.DASHED, 2, "?", "inconclusive")
        case Outcome.NOT_SEARCHABLE:
            return Look((204, 121, 167), Line.DOTTED, 2, "×", "not searchable")
        case Outcome.NO_CANDIDATE:
            return Look((200, 200, 200), Line.SOLID, 1, "–", "no candidate")
