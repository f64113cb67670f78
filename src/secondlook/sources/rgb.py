"""Any picture, however its pixels are stored, as (H, W, 3) uint8 RGB.

- Transparent pixels are laid on white, which is what most viewers show: the reviewer sees what the detector saw.
- More than 8 bits a sample are scaled by their range, never clipped. The range is the smallest of 8, 10, 12, 14, 16
  and 31 bits that holds the brightest sample, since sensors store 10 to 14 bits in 16 and would come out black.
- CMYK is converted by the plain formula (RGB = (1 - CMY)(1 - K)), Adobe's inverted JPEG included; L*a*b* (D50) by
  LittleCMS. Embedded colour profiles of RGB pictures are not applied: they move colours, not faces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from secondlook.types import Pixels

_SAMPLE_BITS = (8, 10, 12, 14, 16, 31)


def rgb_from_image(image: Image.Image) -> Pixels:
    """A loaded Pillow image of any mode. May raise whatever Pillow raises; the caller names the file."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return grey_to_rgb(bytes_from_samples(np.asarray(image)))
    if image.mode == "LAB":
        return np.array(_from_lab(image))
    if image.has_transparency_data:
        image = _on_white(image.convert("RGBA"))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def rgb_from_rgba(pixels: NDArray[np.uint8]) -> Pixels:
    """(H, W, 4) uint8 with straight (not premultiplied) alpha."""
    return np.array(_on_white(Image.fromarray(pixels, "RGBA")))


def grey_to_rgb(grey: NDArray[np.uint8]) -> Pixels:
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def bytes_from_samples(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Samples of any depth -> uint8 of the same shape; the range as at the head of this module, below 0 is black.

    Floats that do not exceed 1 are taken as 0 to 1, all others as integers; a sample that is no number is black.
    """
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind == "f":
        samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    brightest = float(samples.max(initial=0))
    if samples.dtype.kind == "f" and brightest <= 1:
        top = 1.0
    else:
        top = float(2 ** next((bits for bits in _SAMPLE_BITS if brightest < 2**bits), 64) - 1)
    if samples.dtype.itemsize == 2 and samples.dtype.kind == "u":
        return np.take(_scaled(np.arange(2**16), top), samples)  # 65,536 divisions rather than one a pixel
    return _scaled(samples, top)


def _scaled(samples: NDArray[Any], top: float) -> NDArray[np.uint8]:
    share = samples.astype(np.float32) / np.float32(top)
    grey: NDArray[np.uint8] = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    return paper.convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None  # None comes only where the image is converted in place
    return converted
