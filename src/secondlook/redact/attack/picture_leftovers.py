"""What is left in a photograph's file beside its pixels."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from PIL import ExifTags, Image

from secondlook.redact.attack.boxes import boxes, holds_something
from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.redact.attack.photo_files import Part, gif_end, jpeg_parts, png_parts, webp_parts
from secondlook.redact.attack.plain_files import bmp_parts, pnm_parts, tiff_parts
from secondlook.sources.kinds import PhotoFormat, photo_format
from secondlook.sources.opening import head_of, open_file, shown

_HARMLESS: Final = frozenset({0x0112, 0x8769, 0x8825, 0xA005, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x0111, 0x0115})
"""Orientation, offsets, and what a TIFF cannot be read without."""
_TIFF_LAYOUT: Final = frozenset(
    {0x00FE, 0x0116, 0x0117, 0x011A, 0x011B, 0x011C, 0x0128, 0x013D, 0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x0152}
) | frozenset({0x0153, 0x8773, 0x0131})
_PLAIN_EXIF: Final = frozenset({0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003, 0x011A, 0x011B, 0x0128, 0x0213})
"""Versions, colour space and resolution say nothing of anybody."""
_SUB_PICTURES: Final = 0x014A
_THUMBNAIL_START: Final = 0x0201


def picture_leftovers(path: Path) -> Iterator[Leftover]:
    """Raises SourceError where the file cannot be opened."""
    with open_file(path) as file:
        found = photo_format(head_of(file, path))
        end = os.fstat(file.fileno()).st_size
        for part in _parts(found, file, end):
            yield Leftover(part.kind, shown(path), part.where, part.size)
        file.seek(0)
        yield from _exif(path, file, found)


def _parts(found: PhotoFormat | None, file: BinaryIO, end: int) -> Iterator[Part]:
    match found:
        case PhotoFormat.JPEG:
            yield from jpeg_parts(file, end)
        case PhotoFormat.PNG:
            yield from png_parts(file, end)
        case PhotoFormat.WEBP:
            yield from webp_parts(file, end)
        case PhotoFormat.GIF:
            yield from gif_end(file, end)
        case PhotoFormat.AVIF | PhotoFormat.JPEG2000:
            yield from _boxed(file, end)
        case PhotoFormat.BMP:
            yield from bmp_parts(file, end)
        case PhotoFormat.PNM:
            yield from pnm_parts(file, end)
        case PhotoFormat.TIFF:
            yield from tiff_parts(file, end)
        case _:
            return


def _boxed(file: BinaryIO, end: int) -> Iterator[Part]:
    for box in boxes(file, 0, end):
        if box.name in ("free", "skip", "uuid", "udta", "xml ", "?") and holds_something(file, box.start, box.end):
            kind = Kind.METADATA if box.name in ("xml ", "udta") else Kind.UNUSED
            yield Part(Kind.BEHIND_END if box.path == "?" else kind, f"box {shown(box.path)}", box.size)


def _exif(path: Path, file: BinaryIO, found: PhotoFormat | None) -> Iterator[Leftover]:
    name = shown(path)
    try:
        with Image.open(file) as image:
            exif = image.getexif()
            own = set(exif) - _HARMLESS - _PLAIN_EXIF
            if found is PhotoFormat.TIFF:
                own -= _TIFF_LAYOUT
            inside = set(exif.get_ifd(ExifTags.IFD.Exif)) - _PLAIN_EXIF
            gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
            second = exif.get_ifd(ExifTags.IFD.IFD1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error) as error:
        yield Leftover(Kind.METADATA, name, f"EXIF that cannot be read ({type(error).__name__})")
        return
    if gps:
        yield Leftover(Kind.PLACE, name, "EXIF GPS")
    if _THUMBNAIL_START in second or _SUB_PICTURES in own:
        yield Leftover(Kind.THUMBNAIL, name, "EXIF thumbnail")
    said = sorted(ExifTags.TAGS.get(tag, f"0x{tag:04X}") for tag in (own | inside) - {_SUB_PICTURES})
    if said:
        yield Leftover(Kind.METADATA, name, f"EXIF {', '.join(said)}")
