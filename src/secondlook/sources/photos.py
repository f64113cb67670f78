"""Photographs, from a file or from memory, as ``Frame``.

Read are JPEG, PNG, GIF, WebP, TIFF, BMP, AVIF, JPEG 2000 and PNM, each told by its content, upright by its EXIF
orientation, as RGB (``rgb.py`` says how). A picture that is cut off or damaged is refused rather than half decoded.
Of an animation every picture is read, of a TIFF every page that is no smaller copy of another. Camera raw files, whose
first page is a thumbnail, are refused. Of a phone's multi-picture JPEG only the photograph is read: the rest are depth
and light maps.

``limit`` is the largest number of pixels that is decoded, against files of a few bytes that claim gigapixels. It is
looked at before anything is decoded, and Pillow's own global limit is left alone.
"""

from __future__ import annotations

import itertools
import os
import struct
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, Final, TypeAlias

from PIL import ExifTags, Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from secondlook.errors import SecondLookError, SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources.kinds import PhotoFormat, SourceKind, photo_format
from secondlook.sources.opening import Named, head_of, kind_of_open, open_file, shown
from secondlook.sources.rgb import rgb_from_image
from secondlook.types import Frame, Pixels

MAX_PIXELS: Final = 200_000_000
"""Default limit: above every camera sold, below what would exhaust a common machine (about 2 GB while decoding)."""

_TURNS: Final = (
    None,  # EXIF orientations count from 1, which is upright
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
_THUMBNAIL: Final = 1  # TIFF 6.0, NewSubfileType: a smaller copy of another picture in this file
_SUBFILE_TYPE: Final = 254
_DNG_VERSION: Final = 50706

ImageReader: TypeAlias = type[ImageFile.ImageFile]


def read_photo(path: Named, limit: int = MAX_PIXELS) -> Frame:
    """The photograph in a file; of an animation or several pages the first.

    limit: most pixels to decode. Raises SourceError (missing, damaged), UnsupportedSource (no photograph) or
    SourceTooLarge.
    """
    with closing(read_pictures(path, limit)) as pictures:
        return next(pictures)


def read_pictures(path: Named, limit: int = MAX_PIXELS) -> Generator[Frame, None, None]:
    """Every picture in a file, in order: one for a photograph, one for each page, or one for each step of an animation.

    ``time_s`` is None for photographs and pages; in an animation it counts from the first picture, each shown for as
    long as the file says, or 0.1 s where it says less than 0.02 s, as browsers do. Raises as ``read_photo``, also in
    the middle: what came before has then been read.
    """
    with open_file(path) as file:
        if kind_of_open(file, path) is SourceKind.VIDEO:
            raise UnsupportedSource(f"{shown(path)} is a video and no photograph: read it with VideoFrames.")
        yield from pictures_in(file, os.fspath(path), limit)


def pictures_in(file: BinaryIO, source: str, limit: int) -> Generator[Frame, None, None]:
    """Every picture in an open file that can seek. source: its name, for the frames and for errors."""
    image = _opened(file, source)
    several = _holds_several(image, source)
    timed = several and not isinstance(image, TiffImageFile)
    found, clock = False, 0.0
    for index in itertools.count():
        if index > 0 and not (several and _went_to(image, index, source)):
            break
        if _is_thumbnail(image):
            continue
        found = True
        yield Frame(upright_rgb(image, source, limit), source, index, clock if timed else None)
        clock += _shown_for(image)
    if not found:
        raise UnsupportedSource(_camera_raw(source))


def upright_rgb(image: Image.Image, source: str, limit: int) -> Pixels:
    """The current picture of an image as upright RGB. Raises SourceTooLarge or SourceError, naming ``source``."""
    width, height = image.size
    if width * height > limit:
        raise SourceTooLarge(
            f"{shown(source)} is {width} x {height} px, {width * height / 1e6:,.0f} megapixels, and the limit is "
            f"{limit / 1e6:,.0f}: raise the limit (--max-megapixels on the command line) if you trust the file."
        )
    with _decoding(source):
        image.load()
        turn = _TURNS[_orientation(image)]
        return rgb_from_image(image if turn is None else image.transpose(turn))


def _opened(file: BinaryIO, source: str) -> ImageFile.ImageFile:
    format_ = photo_format(head_of(file, source))
    if format_ is None:
        raise UnsupportedSource(f"{shown(source)} is not {', '.join(PhotoFormat)}: convert it, or leave it out.")
    with _decoding(source):
        # the plugin itself and not Image.open, whose limit is a global that is not ours to change
        image = _reader(format_)(file)
    if isinstance(image, TiffImageFile) and _DNG_VERSION in image.tag_v2:
        raise UnsupportedSource(_camera_raw(source))
    return image


def _camera_raw(source: str) -> str:
    return f"{shown(source)} is a camera's raw file with only a thumbnail to read: export it as JPEG or TIFF."


def _reader(format_: PhotoFormat) -> ImageReader:
    match format_:
        case PhotoFormat.JPEG:
            return JpegImageFile
        case PhotoFormat.PNG:
            return PngImageFile
        case PhotoFormat.GIF:
            return GifImageFile
        case PhotoFormat.WEBP:
            return WebPImageFile
        case PhotoFormat.TIFF:
            return TiffImageFile
        case PhotoFormat.BMP:
            return BmpImageFile
        case PhotoFormat.AVIF:
            return AvifImageFile
        case PhotoFormat.JPEG2000:
            return Jpeg2KImageFile
        case PhotoFormat.PNM:
            return PpmImageFile


def _holds_several(image: ImageFile.ImageFile, source: str) -> bool:
    with _decoding(source):
        return bool(getattr(image, "is_animated", False))


def _went_to(image: ImageFile.ImageFile, index: int, source: str) -> bool:
    """Go to a picture of the file; False where there are no more."""
    with _decoding(source):
        try:
            image.seek(index)
        except EOFError:
            return False
        return True


def _is_thumbnail(image: ImageFile.ImageFile) -> bool:
    if not isinstance(image, TiffImageFile):
        return False
    kind = image.tag_v2.get(_SUBFILE_TYPE, 0)
    return isinstance(kind, int) and bool(kind & _THUMBNAIL)


def _shown_for(image: ImageFile.ImageFile) -> float:
    duration = image.info.get("duration", 0)
    seconds = float(duration) / 1000 if isinstance(duration, int | float) else 0.0
    return seconds if seconds >= 0.02 else 0.1


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or the EXIF data are broken, which is no reason to refuse."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


@contextmanager
def _decoding(source: str) -> Iterator[None]:
    """Around every call of Pillow: no warning is printed, and whatever a decoder trips over is a SourceError."""
    name = shown(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SecondLookError:
        raise
    except Image.DecompressionBombError as error:
        raise SourceTooLarge(
            f"{name} is larger than Pillow decodes in this format whatever the limit: shrink it, or save it as PNG."
        ) from error
    except MemoryError as error:
        raise SourceTooLarge(f"{name} needs more memory than there is: shrink it.") from error
    except Exception as error:  # hostile bytes make decoders raise nearly anything; all of it means a broken file
        raise SourceError(f"{name} is damaged or cut off and cannot be read: copy it again from its origin.") from error
