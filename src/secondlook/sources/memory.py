"""The door for pictures that are already in Python: arrays, Pillow images, bytes. Paths go through it too."""

from __future__ import annotations

import io
import os
from contextlib import closing
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from secondlook.errors import SourceError, SourceTooLarge
from secondlook.sources.photos import MAX_PIXELS, pictures_in, read_photo, upright_rgb
from secondlook.sources.rgb import bytes_from_samples, grey_to_rgb, rgb_from_rgba
from secondlook.types import Frame, Pixels

Picture: TypeAlias = "NDArray[Any] | Image.Image | bytes | bytearray | memoryview | str | os.PathLike[str]"


def picture_from(picture: Picture, source: str = "memory", limit: int = MAX_PIXELS) -> Frame:
    """One picture from whatever holds it.

    picture: an array (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA of uint8, uint16 or floats 0 to 1; a Pillow
    image of any mode; the bytes of a photograph's file; or its path. An array of OpenCV is BGR: turn it round first,
    nothing here can tell. A (H, W, 3) uint8 array is not copied. source: the name it gets where it has none.
    limit: most pixels to decode. Raises SourceError, UnsupportedSource or SourceTooLarge.
    """
    if isinstance(picture, np.ndarray):
        return Frame(_from_array(picture, source, limit), source)
    if isinstance(picture, Image.Image):
        return Frame(upright_rgb(picture, source, limit), source)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _from_bytes(bytes(picture), source, limit)
    if isinstance(picture, str | os.PathLike):
        return read_photo(picture, limit)
    raise SourceError(f"{source} is a {type(picture).__name__}: give an array, a Pillow image, bytes or a path.")


def _from_bytes(data: bytes, source: str, limit: int) -> Frame:
    if not data:
        raise SourceError(f"{source} is empty: give the bytes of a photograph's file.")
    with closing(pictures_in(io.BytesIO(data), source, limit)) as pictures:
        return next(pictures)


def _from_array(array: NDArray[Any], source: str, limit: int) -> Pixels:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise SourceError(f"{source} is an array of shape {array.shape}: give (H, W), (H, W, 3) or (H, W, 4).")
    height, width = array.shape[:2]
    if height * width > limit:
        raise SourceTooLarge(f"{source} is {width} x {height} px and the limit is {limit:,} px: raise the limit.")
    samples = _samples(array, source)
    if samples.ndim == 2:
        return grey_to_rgb(samples)
    if samples.shape[2] == 1:
        return grey_to_rgb(samples[:, :, 0])
    samples = np.ascontiguousarray(samples)
    return rgb_from_rgba(samples) if samples.shape[2] == 4 else samples


def _samples(array: NDArray[Any], source: str) -> NDArray[np.uint8]:
    if array.dtype in (np.uint8, np.uint16):
        return bytes_from_samples(array)
    if array.dtype.kind != "f":
        raise SourceError(f"{source} is an array of {array.dtype}: give uint8, uint16, or floats from 0 to 1.")
    if not (array.min() >= 0 and array.max() <= 1):
        raise SourceError(f"{source} is an array of floats outside 0 to 1: divide it by its largest possible value.")
    return bytes_from_samples(array)
