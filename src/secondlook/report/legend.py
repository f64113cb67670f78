"""The strip under a marked picture: what each line means, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from secondlook.report.lettering import Lettering
from secondlook.report.looks import URGENCY, look_of
from secondlook.report.outline import stroke
from secondlook.types import Outcome

_PAPER = (255, 255, 255)
_INK = (0, 0, 0)


def legend(outcomes: Sequence[Outcome], lettering: Lettering, width: int) -> Image.Image:
    """Every outcome that occurs, its line, its word and its count, in as many rows as ``width`` px needs."""
    entries = [(look_of(o), outcomes.count(o)) for o in URGENCY if o in outcomes]
    texts = [f"{lettering.symbol(look)}  {look.word}: {count:,}" for look, count in entries] or ["no face was found"]
    unit = lettering.line_px
    sample = 2 * unit if entries else 0
    spots, height = _flow([sample + unit // 2 + lettering.width(text) for text in texts], unit, width)
    strip = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(strip)
    for (x, y), text in zip(spots, texts, strict=True):
        draw.text((x + sample + unit // 2, y), text, fill=_INK, font=lettering.font)
    for (x, y), (look, _) in zip(spots, entries, strict=False):
        px = max(1, look.weight * round(unit / 10))
        stroke(draw, x, x + sample, y + (unit - px) // 2, look, px)
    return strip


def _flow(widths: Sequence[int], unit: int, width: int) -> tuple[list[tuple[int, int]], int]:
    """Where things of these widths go, left to right and then down, and how high all of it is."""
    spots = []
    x, y = unit // 2, unit // 2
    for wide in widths:
        if x > unit // 2 and x + wide > width:
            x, y = unit // 2, y + round(1.3 * unit)
        spots.append((x, y))
        x += wide + unit
    return spots, y + round(1.5 * unit)
