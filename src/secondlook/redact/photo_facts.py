"""What a photograph's file says about how it was written, so that its copy is written as well."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from PIL import ExifTags, Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from secondlook.errors import SourceError
from secondlook.sources.kinds import PhotoFormat, photo_format
from secondlook.sources.opening import head_of, open_file, shown

_PICTURES_INSIDE: Final = (b"xmpGImg", b"Thumbnail", b"thumbnail", b"GImage", b"GDepth", b"GCamera", b"Container:")
"""XMP with one of these holds, or points to, further pictures of the same moment."""
_MAKER_NOTE: Final = 0x927C  # the maker's own; often with a preview
_OFFSETS: Final = (0x8769, 0x8825, 0xA005)
_KEPT: Final = frozenset({0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746, 0x4749, 0x8298})
"""Of a picture's main directory, what tells something and is no picture: description, make, model, software, date, artist,
computer, ratings, copyright. Everything else there says how this very file is laid out, or may hold pictures."""
_KEPT_WINDOWS: Final = range(0x9C9B, 0x9CA0)


@dataclass(frozen=True, slots=True)
class Metadata:
    """EXIF and XMP that stay where they are asked to, without any picture in them."""

    exif: bytes = b""
    xmp: bytes = b""


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """format: of the file. tables, sampling: how a JPEG was quantised, None where it cannot be done alike.
    lossless: of a WebP. profile: colour profile for RGB, None where there is none. loop: of an animation, 0 = for ever.
    """

    format: PhotoFormat
    tables: tuple[tuple[int, ...], ...] | None = None
    sampling: int | None = None
    lossless: bool = True
    profile: bytes | None = None
    loop: int | None = None


def photo_facts(path: Path) -> PhotoFacts:
    """Raises SourceError where the file cannot be read at all; what is not said is left at its default."""
    with open_file(path) as file:
        head = head_of(file, path)
        found = photo_format(head)
        if found is None:
            raise SourceError(f"{shown(path)} is no photograph any more: start again when nobody writes to it.")
        image = _opened(found, file)
        if image is None:
            return PhotoFacts(found)
        tables, sampling = _quantised(image)
        return PhotoFacts(
            format=found,
            tables=tables,
            sampling=sampling,
            lossless=found is not PhotoFormat.WEBP or b"VP8L" in head,
            profile=_profile(image),
            loop=_loop(image),
        )


def kept_metadata(path: Path) -> Metadata:
    """EXIF and XMP of a file as they may stay: upright, without thumbnails, previews and makers' notes."""
    with open_file(path) as file:
        found = photo_format(head_of(file, path))
        image = None if found is None else _opened(found, file)
        if image is None:
            return Metadata()
        return Metadata(_exif(image), _xmp(image))


def _opened(found: PhotoFormat, file: BinaryIO) -> ImageFile.ImageFile | None:
    """The header alone; None where the format says nothing of use, or what it says is broken."""
    readers: dict[PhotoFormat, type[ImageFile.ImageFile]] = {
        PhotoFormat.JPEG: JpegImageFile,
        PhotoFormat.PNG: PngImageFile,
        PhotoFormat.GIF: GifImageFile,
        PhotoFormat.WEBP: WebPImageFile,
        PhotoFormat.TIFF: TiffImageFile,
        PhotoFormat.AVIF: AvifImageFile,
        PhotoFormat.JPEG2000: Jpeg2KImageFile,
    }
    if found not in readers:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # the plugin itself and not Image.open, whose limit is a global that is not ours to change
            return readers[found](file)
        except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
            return None  # whoever decodes the picture says what is wrong with it


def _quantised(image: ImageFile.ImageFile) -> tuple[tuple[tuple[int, ...], ...] | None, int | None]:
    if not isinstance(image, JpegImageFile) or image.mode not in ("RGB", "L"):
        return None, None
    tables = tuple(tuple(int(v) for v in image.quantization[key]) for key in sorted(image.quantization))
    sampling = get_sampling(image) if image.mode == "RGB" else 0
    if not 1 <= len(tables) <= 2 or any(len(t) != 64 or not all(0 < v < 256 for v in t) for t in tables):
        return None, None
    return tables, sampling if sampling in (0, 1, 2) else 0


def _profile(image: ImageFile.ImageFile) -> bytes | None:
    profile = image.info.get("icc_profile")
    # one for CMYK or grey does not fit the copy, which is RGB
    return profile if isinstance(profile, bytes) and profile[16:20] == b"RGB " else None


def _loop(image: ImageFile.ImageFile) -> int | None:
    loop = image.info.get("loop")
    return loop if isinstance(loop, int) else None


def _exif(image: ImageFile.ImageFile) -> bytes:
    try:
        given = image.getexif()
        kept = Image.Exif()
        for key, value in given.items():
            if key in _KEPT or key in _KEPT_WINDOWS:
                kept[key] = value
        for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            values = {k: v for k, v in given.get_ifd(part).items() if k not in (_MAKER_NOTE, *_OFFSETS)}
            if values:
                kept.get_ifd(part).update(values)
        kept[ExifTags.Base.Orientation] = 1
        return kept.tobytes()
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return b""  # what is broken is left behind


def _xmp(image: ImageFile.ImageFile) -> bytes:
    found = image.info.get("xmp", b"")
    data = found.encode() if isinstance(found, str) else found
    if not isinstance(data, bytes) or any(word in data for word in _PICTURES_INSIDE):
        return b""
    return data
