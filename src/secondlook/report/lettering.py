"""Text on pictures: a font, and which names it can spell."""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from PIL import ImageFont

from secondlook.report.looks import Look

Font: TypeAlias = "ImageFont.FreeTypeFont | ImageFont.ImageFont"

_UNASSIGNED = "\U0010ffff"
_FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"


class Lettering:
    """One size of the widest font at hand.

    That is DejaVu Sans as matplotlib carries it (Latin, Greek, Cyrillic, Arabic, Hebrew and more, no Chinese or
    Japanese), else the one inside Pillow (ASCII). size_px: height of the letters, about. line_px: of a line. pad_px:
    room to leave around text.
    """

    def __init__(self, size_px: int) -> None:
        self.font = _font(size_px)
        ascent, descent = _vertical(self.font)
        self.line_px = ascent + descent
        self.pad_px = max(2, self.line_px // 6)
        self._missing = _glyph(self.font, _UNASSIGNED)

    def width(self, line: str) -> int:
        return round(self.font.getlength(line))

    def spells(self, line: str) -> bool:
        """Whether the font has every letter of it."""
        return all(c.isspace() or _glyph(self.font, c) != self._missing for c in line)

    def symbol(self, look: Look) -> str:
        """What stands for an outcome where its word has no room."""
        return look.symbol if self.spells(look.symbol) else look.word[0]

    def fitted(self, line: str, room_px: int) -> str:
        """The line, or as much of it as has room, with an ellipsis."""
        if self.width(line) <= room_px:
            return line
        end = "…" if self.spells("…") else "..."
        low, high = 0, len(line)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.width(line[:middle].rstrip() + end) <= room_px else (low, middle - 1)
        return line[:low].rstrip() + end

    def spelt(self, name: str, instead: str) -> str:
        """A name as this font can write it: as it is, without accents, or ``instead``."""
        clean = one_line(name)
        if clean and self.spells(clean):
            return clean
        plain = "".join(c for c in unicodedata.normalize("NFKD", clean) if not unicodedata.combining(c))
        return plain if plain.strip() and self.spells(plain) else instead


def one_line(name: str, most: int = 200) -> str:
    """A name without what would turn, break or hide text; at most ``most`` characters."""
    spaced = " ".join(unicodedata.normalize("NFC", name[: 4 * most]).split())
    return "".join(c for c in spaced if c == " " or unicodedata.category(c)[0] != "C")[:most].strip()


def _font(size_px: int) -> Font:
    # found without importing matplotlib, which takes a second
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(place) / _FONT).is_file():
            return ImageFont.truetype(path, size_px)
    return ImageFont.load_default(size_px)


def _vertical(font: Font) -> tuple[int, int]:
    if isinstance(font, ImageFont.FreeTypeFont):
        return font.getmetrics()
    return round(font.getbbox("Ag")[3]), 1


def _glyph(font: Font, letter: str) -> bytes:
    try:
        return bytes(font.getmask(letter))
    except UnicodeError:  # the bitmap font of a Pillow without FreeType knows Latin-1 only
        return b""
