"""Marks on photographs: a box round every face whose line, colour and label say what came out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
from PIL import Image, ImageDraw

from secondlook.report.labels import Label, placed
from secondlook.report.legend import legend
from secondlook.report.lettering import Lettering
from secondlook.report.looks import URGENCY, look_of
from secondlook.report.marks import Mark, drawable, scaled
from secondlook.report.outline import line_px, outline
from secondlook.report.writing import replacing
from secondlook.types import Pixels

ANNOTATED = "annotated"
"""Folder of the marked pictures and videos, beside ``sightings.jsonl``."""

_LARGEST = 2560
_SMALLEST = 640
_JPEG_QUALITY = 88
_INK = (0, 0, 0)


def annotate_picture(pixels: Pixels, marks: Sequence[Mark], largest: int = _LARGEST) -> Pixels:
    """A copy of a picture with its marks drawn, and a strip below it that explains them and counts each outcome.

    pixels: (H, W, 3). marks: boxes in its px. largest: longest side of the result in px, the strip apart; a picture
    under 640 px is enlarged to that, since nothing could be read on it otherwise.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    longest = max(image.size)
    factor = min(max(1.0, _SMALLEST / longest), largest / longest)
    if factor != 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    lettering = Lettering(lettering_px(image.size))
    draw_marks(image, [scaled(mark, factor) for mark in marks], lettering)
    strip = legend([mark.outcome for mark in marks], lettering, image.width)
    sheet = Image.new("RGB", (image.width, image.height + strip.height))
    sheet.paste(image, (0, 0))
    sheet.paste(strip, (0, image.height))
    return np.array(sheet)


def lettering_px(size: tuple[int, int]) -> int:
    """Size of the letters on a picture of (width, height) px: readable when it fills a screen."""
    return max(12, min(32, round(max(size) / 80)))


def draw_marks(image: Image.Image, marks: Sequence[Mark], lettering: Lettering) -> None:
    """Draws in place: boxes first, the most urgent on top, then labels."""
    draw = ImageDraw.Draw(image)
    thinnest = max(1, round(lettering.line_px / 16))
    seen = drawable(marks, *image.size)
    widest = 1
    for mark in sorted(seen, key=lambda m: URGENCY.index(m.outcome), reverse=True):
        look = look_of(mark.outcome)
        px = line_px(look, thinnest, mark.box)
        widest = max(widest, px)
        outline(draw, mark.box, look, px)
    for label in placed(seen, lettering, image.size, widest + 1):
        _write(draw, label, lettering)


def save_picture(path: Path, pixels: Pixels) -> None:
    """A JPEG without any metadata of the original. Raises OutputError."""
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=_JPEG_QUALITY)
    with replacing(path) as file:
        file.write(held.getvalue())


def annotated_name(source: str, ending: str) -> str:
    """Name, with folder, of the marked copy of a source: its own name, and what keeps two of the same name apart."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in PurePath(source).stem)[:60]
    told_apart = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{ANNOTATED}/{kept or 'source'}-{told_apart}.{ending}"


def _write(draw: ImageDraw.ImageDraw, label: Label, lettering: Lettering) -> None:
    x0, y0, x1, y1 = label.box
    draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=look_of(label.mark.outcome).colour, outline=_INK)
    pad = lettering.pad_px
    for row, line in enumerate(label.lines):
        draw.text((x0 + pad, y0 + pad // 2 + row * lettering.line_px), line, fill=_INK, font=lettering.font)
