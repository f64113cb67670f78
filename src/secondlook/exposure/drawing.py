"""The map of a picture: a box round every face in the colour of its exposure, with its letter and number beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from secondlook.exposure.bands import BANDS, Band, band_of
from secondlook.exposure.publishing import Box
from secondlook.report.annotate import lettering_px
from secondlook.report.lettering import Lettering
from secondlook.types import Pixels

_LARGEST = 2048
_SMALLEST = 640
_LARGEST_MOMENT = 480
_SMALLEST_MOMENT = 320
_CROWD, _CROWDED_PX = 60, 11
_RIM, _PAPER = (0, 0, 0), (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Dot:
    """One face on a map. number: of the face in its source."""

    box: Box
    chance: float
    number: int

    @property
    def label(self) -> str:
        return f"{band_of(self.chance).letter}{self.number}"


def drawn_map(pixels: Pixels, dots: Sequence[Dot]) -> Pixels:
    """A copy of a picture with its faces, 640 to 2048 px on its longest side, and a strip below it that says what the
    letters mean. dots: boxes in px of ``pixels``."""
    image = _marked(pixels, dots, _LARGEST, _SMALLEST)
    strip = _strip(dots, Lettering(lettering_px(image.size)), image.width)
    sheet = Image.new("RGB", (image.width, image.height + strip.height), _PAPER)
    sheet.paste(image, (0, 0))
    sheet.paste(strip, (0, image.height))
    return np.array(sheet)


def drawn_moment(pixels: Pixels, dot: Dot) -> Pixels:
    """A copy of the surroundings of one face, 320 to 480 px on its longest side."""
    return np.array(_marked(pixels, [dot], _LARGEST_MOMENT, _SMALLEST_MOMENT))


def _marked(pixels: Pixels, dots: Sequence[Dot], largest: int, smallest: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    longest = max(image.size)
    factor = min(max(1.0, smallest / longest), largest / longest)
    if factor != 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    lettering = Lettering(_CROWDED_PX if len(dots) > _CROWD else lettering_px(image.size))
    scaled = [Dot(_times(dot.box, factor), dot.chance, dot.number) for dot in dots]
    _draw(image, sorted(scaled, key=lambda dot: dot.chance), lettering)
    return image


def _draw(image: Image.Image, dots: Sequence[Dot], lettering: Lettering) -> None:
    draw = ImageDraw.Draw(image)
    thinnest = max(1.0, lettering.line_px / 14)
    for dot in dots:
        _outline(draw, dot.box, band_of(dot.chance), thinnest)
    taken = np.array([dot.box for dot in dots], np.float64).reshape(-1, 4)
    for dot in reversed(dots):  # the most exposed have the first choice of place
        text, spot = _label(dot, taken, image.size, lettering)
        taken = np.concatenate([taken, [spot]])
        band = band_of(dot.chance)
        draw.rectangle(spot, fill=band.colour, outline=_RIM)
        at = (spot[0] + lettering.pad_px, spot[1] + lettering.pad_px // 2)
        draw.text(at, text, fill=band.ink, font=lettering.font)


def _label(dot: Dot, taken: NDArray[np.float64], size: tuple[int, int], lettering: Lettering) -> tuple[str, Box]:
    """Letter and number where they hide nothing, else the letter alone where it hides least."""
    found: tuple[str, Box] | None = None
    for text in (dot.label, dot.label[0]):
        wide = lettering.width(text) + 2 * lettering.pad_px
        spots = _spots(dot.box, wide, lettering.line_px + lettering.pad_px, size)
        hidden, spot = min((_hidden(spot, taken), spot) for spot in spots)
        found = text, spot
        if hidden == 0:
            break
    assert found is not None
    return found


def _outline(draw: ImageDraw.ImageDraw, box: Box, band: Band, thinnest: float) -> None:
    """A line outside the box, in a light and a dark rim, so that it shows on any ground."""
    side = min(box[2] - box[0], box[3] - box[1])
    px = max(1, min(round(band.weight * thinnest), round(side / 6)))
    x0, y0, x1, y1 = (round(v) for v in box)
    for grow, width, colour in ((px + 2, 1, _RIM), (px + 1, 1, _PAPER), (px, px, band.colour)):
        draw.rectangle((x0 - grow, y0 - grow, x1 + grow, y1 + grow), outline=colour, width=width)


def _hidden(spot: Box, taken: NDArray[np.float64]) -> float:
    """Area in px of all that is taken which the spot would cover."""
    across = np.minimum(taken[:, 2], spot[2]) - np.maximum(taken[:, 0], spot[0])
    down = np.minimum(taken[:, 3], spot[3]) - np.maximum(taken[:, 1], spot[1])
    return float((np.clip(across, 0, None) * np.clip(down, 0, None)).sum())


def _spots(box: Box, wide: float, tall: float, size: tuple[int, int], gap: int = 4) -> Iterator[Box]:
    x0, y0, x1, y1 = box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap
    for x, y in ((x0, y0 - tall), (x0, y1), (x1, y0), (x0 - wide, y0), (x1 - wide, y0 - tall), (x1 - wide, y1)):
        left, top = max(0.0, min(x, size[0] - wide)), max(0.0, min(y, size[1] - tall))
        yield round(left), round(top), round(left + wide), round(top + tall)


def _strip(dots: Sequence[Dot], lettering: Lettering, width: int) -> Image.Image:
    """One entry a band: its line, its letter, what it means and how many faces are in it."""
    counts = {band.letter: sum(band_of(dot.chance) is band for dot in dots) for band in BANDS}
    texts = [f"{band.letter}: {band.said} ({counts[band.letter]})" for band in BANDS]
    edge, pad = lettering.line_px, lettering.pad_px
    places: list[tuple[int, int]] = []
    x, y = pad, pad
    for text in texts:
        wide = edge + pad + lettering.width(text) + 3 * pad
        if x > pad and x + wide > width:
            x, y = pad, y + edge + pad
        places.append((x, y))
        x += wide
    strip = Image.new("RGB", (width, y + edge + 2 * pad), _PAPER)
    draw = ImageDraw.Draw(strip)
    for band, text, (x, y) in zip(BANDS, texts, places, strict=True):
        draw.rectangle((x, y, x + edge, y + edge), fill=band.colour, outline=_RIM)
        draw.text((x + edge + pad, y), text, fill=_RIM, font=lettering.font)
    return strip


def _times(box: Box, factor: float) -> Box:
    x0, y0, x1, y1 = (v * factor for v in box)
    return x0, y0, x1, y1
