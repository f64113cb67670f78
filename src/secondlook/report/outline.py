"""Boxes on a picture: solid, dashed or dotted, each with a dark rim so that it shows on any ground."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import ImageDraw

from secondlook.report.looks import Line, Look
from secondlook.report.marks import Box

_RIM = (0, 0, 0)


def line_px(look: Look, thinnest: int, box: Box) -> int:
    """Thickness of a box's line in px: by its weight, less on faces so small that it would bury them."""
    side = min(box[2] - box[0], box[3] - box[1])
    return max(1, min(look.weight * thinnest, round(side / 6)))


def outline(draw: ImageDraw.ImageDraw, box: Box, look: Look, px: int) -> None:
    """Draws round a box, outside it, a line of ``px``."""
    dashes = list(_dashes(box, look.line, px))
    for x0, y0, x1, y1 in dashes:
        draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), fill=_RIM)
    for dash in dashes:
        draw.rectangle(dash, fill=look.colour)


def stroke(draw: ImageDraw.ImageDraw, x0: int, x1: int, y: int, look: Look, px: int) -> None:
    """A straight sample of the same line, for a legend."""
    for start, end in _parts(x0, x1, look.line, px):
        draw.rectangle((start, y - 1, end, y + px), fill=_RIM)
        draw.rectangle((start, y, end, y + px - 1), fill=look.colour)


def _dashes(box: Box, line: Line, px: int) -> Iterator[tuple[int, int, int, int]]:
    """Filled rectangles, corners included, that make up the line."""
    x0, y0, x1, y1 = round(box[0]) - px, round(box[1]) - px, round(box[2]) + px - 1, round(box[3]) + px - 1
    for start, end in _parts(x0, x1, line, px):
        yield start, y0, end, y0 + px - 1
        yield start, y1 - px + 1, end, y1
    for start, end in _parts(y0, y1, line, px):
        yield x0, start, x0 + px - 1, end
        yield x1 - px + 1, start, x1, end


def _parts(start: int, end: int, line: Line, px: int) -> Iterator[tuple[int, int]]:
    """A side cut into an odd number of parts, of which every other one is drawn: both corners are."""
    length = end - start + 1
    match line:
        case Line.SOLID:
            yield start, end
            return
        case Line.DASHED:
            wanted = max(5, 4 * px)
        case Line.DOTTED:
            wanted = max(3, round(1.5 * px))
    parts = max(3, round(length / wanted) | 1)
    for part in range(0, parts, 2):
        yield start + round(part * length / parts), start + max(round((part + 1) * length / parts) - 1, 0)
