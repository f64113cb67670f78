"""Writes the covered copy of a photograph: same format, no worse quality, upright, and nothing of the old file but its
pixels and its colour profile."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from secondlook.errors import OutputError, SourceError
from secondlook.redact.photo_facts import Metadata, PhotoFacts
from secondlook.report.writing import replacing
from secondlook.sources.kinds import PhotoFormat
from secondlook.sources.opening import shown
from secondlook.types import Pixels

QUALITY = 95
"""Where the source's own quality cannot be taken over."""

SUFFIXES: dict[PhotoFormat, tuple[str, ...]] = {
    PhotoFormat.JPEG: (".jpg", ".jpeg", ".jpe", ".jfif"),
    PhotoFormat.PNG: (".png", ".apng"),
    PhotoFormat.GIF: (".gif",),
    PhotoFormat.WEBP: (".webp",),
    PhotoFormat.TIFF: (".tif", ".tiff"),
    PhotoFormat.BMP: (".bmp", ".dib"),
    PhotoFormat.AVIF: (".avif", ".avifs"),
    PhotoFormat.JPEG2000: (".jp2", ".j2k", ".jpx"),
    PhotoFormat.PNM: (".ppm", ".pnm", ".pgm", ".pbm"),
}
"""Endings that fit each format; the first is given where the source's own does not."""

_SEVERAL = (PhotoFormat.PNG, PhotoFormat.GIF, PhotoFormat.WEBP, PhotoFormat.TIFF, PhotoFormat.AVIF)


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """One covered picture of a file. shown_s: how long it is shown in an animation, None where it is a page."""

    pixels: Pixels
    shown_s: float | None = None


def write_photo(path: Path, pages: Iterable[Page], facts: PhotoFacts, metadata: Metadata | None = None) -> int:
    """Writes every page into one file that appears when it is whole; gives how many there were.

    metadata: what stays of it, None for nothing. Whatever ``pages`` raises goes on, and nothing is written then. Raises
    OutputError where the copy cannot be written, SourceError where there is no page.
    """
    counted = _Counted(pages)
    first = next(counted, None)
    if first is None:
        raise SourceError(f"{shown(path.name)} has no picture to be covered: leave it out.")
    with replacing(path) as file:
        try:
            _save(file, first, counted, facts, metadata)
        except (ValueError, KeyError, SyntaxError) as error:
            raise OutputError(f"{shown(path)} cannot be encoded ({error}): convert the photograph to PNG.") from error
    return counted.count


class _Counted(Iterator[Page]):
    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages, self.count = iter(pages), 0

    def __next__(self) -> Page:
        page = next(self._pages)
        self.count += 1
        return page


def _save(file: BinaryIO, first: Page, rest: Iterator[Page], facts: PhotoFacts, metadata: Metadata | None) -> None:
    options = {**_options(facts), **_carried(facts, metadata)}
    if facts.format in _SEVERAL:
        # what a format needs of every page at once (how long each is shown) makes all of them be held
        second = next(rest, None)
        if second is not None:
            others = [second, *rest] if first.shown_s is not None else itertools.chain([second], rest)
            options |= _several(first, others, facts)
    Image.fromarray(first.pixels).save(file, _NAMES[facts.format], **options)


_NAMES = {
    PhotoFormat.JPEG: "JPEG",
    PhotoFormat.PNG: "PNG",
    PhotoFormat.GIF: "GIF",
    PhotoFormat.WEBP: "WEBP",
    PhotoFormat.TIFF: "TIFF",
    PhotoFormat.BMP: "BMP",
    PhotoFormat.AVIF: "AVIF",
    PhotoFormat.JPEG2000: "JPEG2000",
    PhotoFormat.PNM: "PPM",
}


def _options(facts: PhotoFacts) -> dict[str, Any]:
    match facts.format:
        case PhotoFormat.JPEG if facts.tables is not None:
            # the same tables on the same grid: what is not covered is hardly coded anew
            return {"qtables": [list(t) for t in facts.tables], "subsampling": facts.sampling, "optimize": True}
        case PhotoFormat.JPEG:
            return {"quality": QUALITY, "subsampling": 0, "optimize": True}
        case PhotoFormat.WEBP:
            return {"lossless": True} if facts.lossless else {"quality": QUALITY}
        case PhotoFormat.AVIF:
            return {"quality": QUALITY}
        case PhotoFormat.TIFF:
            return {"compression": "tiff_adobe_deflate"}
        case _:
            return {}


def _several(first: Page, others: Iterable[Page], facts: PhotoFacts) -> dict[str, Any]:
    if first.shown_s is None:
        return {"save_all": True, "append_images": (Image.fromarray(page.pixels) for page in others)}
    held = list(others)
    times = [round(1000 * (page.shown_s or 0.1)) for page in (first, *held)]
    options: dict[str, Any] = {
        "save_all": True,
        "append_images": [Image.fromarray(page.pixels) for page in held],
        "duration": times,
    }
    if facts.loop is not None:
        options["loop"] = facts.loop
    return options


def _carried(facts: PhotoFacts, metadata: Metadata | None) -> dict[str, Any]:
    carried: dict[str, Any] = {}
    if facts.profile is not None:
        carried["icc_profile"] = facts.profile
    if metadata is not None and metadata.exif and facts.format not in (PhotoFormat.GIF, PhotoFormat.BMP):
        carried["exif"] = metadata.exif
    if metadata is not None and metadata.xmp and facts.format in (PhotoFormat.JPEG, PhotoFormat.WEBP):
        carried["xmp"] = metadata.xmp
    return carried


def suffix_for(path: Path, facts: PhotoFacts) -> str:
    """The ending of the copy: the source's own where it is true."""
    allowed = SUFFIXES[facts.format]
    return path.suffix if path.suffix.lower() in allowed else allowed[0]
