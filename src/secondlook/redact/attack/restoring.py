"""What an attacker does to a covered face before he looks at it: undoes what can be undone.

Each restoration is given the cover's own settings, as an attacker has them who uses the same software. Blur: Wiener's
filter (Gonzalez & Woods, Digital Image Processing, 5.8), and Richardson-Lucy (Richardson 1972, Lucy 1974) that keeps
the pixels round the cover, which are known, as they are. Pixels: the block means drawn as a smooth picture and
sharpened. One colour: whatever differs in it, drawn over the full range, which shows a cover that is not opaque.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.redact.cover import Covering, Style
from secondlook.redact.shapes import Area, Stencil, shape_of, stencil
from secondlook.types import Floats, Pixels


class Restoration(StrEnum):
    NONE = "none"
    WIENER = "wiener"
    RICHARDSON_LUCY = "richardson_lucy"
    DEPIXELATE = "depixelate"
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True)
class Restorer:
    """undo: a covered picture and the area of the face in it -> the picture with that cover undone as far as it goes."""

    how: Restoration
    undo: Callable[[Pixels, Area], Pixels]


_Number = TypeVar("_Number", np.uint8, np.float32)

Held = Callable[[Area, int, int], Stencil | None]
"""Area, height and width of a picture -> the pixels that are covered."""


def restorers(covering: Covering) -> tuple[Restorer, ...]:
    """What is tried on this covering."""
    held = partial(_held, covering)
    match covering.style:
        case Style.SOLID | Style.AVATAR:
            return (Restorer(Restoration.STRETCH, partial(_stretch, held)),)
        case Style.PIXELATE:
            return (depixelating(held, partial(_block_edge, covering)),)
        case Style.BLUR:
            return deblurring(held, partial(_sigma, covering))


def deblurring(held: Held, sigma: Callable[[Area], float]) -> tuple[Restorer, ...]:
    """Against a Gaussian of ``sigma`` px, or a box whose standard deviation that is."""
    return (
        Restorer(Restoration.WIENER, partial(_wiener, held, sigma)),
        Restorer(Restoration.RICHARDSON_LUCY, partial(_richardson_lucy, held, sigma)),
    )


def depixelating(held: Held, edge: Callable[[Area], int]) -> Restorer:
    """Against blocks of ``edge`` px that start in the corner of what is covered."""
    return Restorer(Restoration.DEPIXELATE, partial(_depixelate, held, edge))


def _held(covering: Covering, area: Area, height: int, width: int) -> Stencil | None:
    return stencil(shape_of(area, covering.extent, covering.margin), height, width)


def _block_edge(covering: Covering, area: Area) -> int:
    return max(1, round(2 * shape_of(area, covering.extent, covering.margin).across / max(1, covering.blocks)))


def _sigma(covering: Covering, area: Area) -> float:
    return max(0.3, covering.blur * 2 * shape_of(area, covering.extent, covering.margin).across)


def _stretch(held: Held, pixels: Pixels, area: Area) -> Pixels:
    found = held(area, *pixels.shape[:2])
    if found is None:
        return pixels
    inside = _part(pixels, found)[found.mask].astype(np.float32)
    low, high = np.percentile(inside, [1, 99], axis=0)
    spread = np.where(high > low, high - low, np.inf)
    return _pasted(pixels, found, (inside - low) / spread * 255)


def _depixelate(held: Held, edge_of: Callable[[Area], int], pixels: Pixels, area: Area) -> Pixels:
    found = held(area, *pixels.shape[:2])
    if found is None:
        return pixels
    edge = edge_of(area)
    means = _block_means(_part(pixels, found), found.mask, edge)
    rows, columns = means.shape[:2]
    size = (columns * edge, rows * edge)
    smooth = np.asarray(cv2.resize(means, size, interpolation=cv2.INTER_CUBIC), np.float32)
    sharp = smooth + 0.5 * (smooth - np.asarray(cv2.GaussianBlur(smooth, (0, 0), max(edge / 2, 0.5)), np.float32))
    height, width = found.mask.shape
    return _pasted(pixels, found, sharp[:height, :width][found.mask])


def _block_means(part: Pixels, mask: NDArray[np.bool_], edge: int) -> Floats:
    """(rows, columns, 3): mean of what is covered in each block; of a block with nothing covered, of all of it."""
    height, width = mask.shape
    rows, columns = math.ceil(height / edge), math.ceil(width / edge)
    more = ((0, rows * edge - height), (0, columns * edge - width))
    weight = np.pad(np.maximum(mask, 1e-6), more).astype(np.float32)[..., None]
    values = np.pad(part, (*more, (0, 0))).astype(np.float32) * weight
    shape = (rows, edge, columns, edge, -1)
    total, count = (v.reshape(shape).sum(axis=(1, 3)) for v in (values, weight))
    return np.asarray(total / np.maximum(count, 1e-9), np.float32)


_WORKING_SIGMA = 3.0
"""A blur of more px than this leaves nothing so small that fewer pixels could not show it: restoring then is faster,
and averaging takes out the rounding to whole numbers."""
_NOISE_TO_SIGNAL = 1e-4
"""Of Wiener's filter. Rounding has a variance of 1/12, a face one of some 1,500, or 6e-5."""
_ITERATIONS = 40


def _wiener(held: Held, sigma_of: Callable[[Area], float], pixels: Pixels, area: Area) -> Pixels:
    return _deblurred(_filtered, held, sigma_of(area), pixels, area)


def _richardson_lucy(held: Held, sigma_of: Callable[[Area], float], pixels: Pixels, area: Area) -> Pixels:
    return _deblurred(_iterated, held, sigma_of(area), pixels, area)


def _deblurred(
    undo: Callable[[Floats, Floats, float], Floats], held: Held, sigma: float, pixels: Pixels, area: Area
) -> Pixels:
    """undo: what is seen, (h, w, 3), how much of each pixel is covered, 0 to 1, and the blur in px -> without it."""
    found = held(area, *pixels.shape[:2])
    if found is None:
        return pixels
    reach = math.ceil(3 * sigma)
    height, width = found.mask.shape
    top, left = max(0, found.y - reach), max(0, found.x - reach)
    near = pixels[top : found.y + height + reach, left : found.x + width + reach]
    local = Stencil(found.x - left, found.y - top, found.mask)
    restored = undo(*_reduced(near, local, sigma))
    size = (near.shape[1], near.shape[0])
    large = np.asarray(cv2.resize(restored, size, interpolation=cv2.INTER_CUBIC), np.float32)
    return _pasted(pixels, found, _part(large, local)[found.mask])


def _filtered(seen: Floats, mask: Floats, sigma: float) -> Floats:
    # the filter wants everything blurred alike, the surroundings too
    alike = mask * seen + (1 - mask) * _gaussian(seen, sigma)
    reach = math.ceil(3 * sigma)
    padded = np.pad(alike, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    rows, columns = (np.fft.fftfreq(n)[:, None] for n in padded.shape[:2])
    transfer = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns.T**2))[..., None]
    spectrum = np.fft.fft2(padded, axes=(0, 1)) * transfer / (transfer**2 + _NOISE_TO_SIGNAL)
    return np.asarray(np.fft.ifft2(spectrum, axes=(0, 1)).real[reach:-reach, reach:-reach], np.float32)


def _iterated(seen: Floats, mask: Floats, sigma: float) -> Floats:
    known = np.maximum(seen, 1.0)
    weight = np.maximum(_gaussian(mask, sigma), 1e-3)
    estimate = known.copy()
    for _ in range(_ITERATIONS):
        ratio = np.asarray(mask * known / np.maximum(_gaussian(estimate, sigma), 1e-3), np.float32)
        changed = np.clip(estimate * _gaussian(ratio, sigma) / weight, 0.5, 255)
        # round the cover everything is known
        estimate = np.asarray(mask * changed + (1 - mask) * known, np.float32)
    return estimate


def _gaussian(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def _reduced(pixels: Pixels, found: Stencil, sigma: float) -> tuple[Floats, Floats, float]:
    """The picture, its mask (h, w, 3) of 0 to 1, and the blur, all shrunk until the blur is small."""
    scale = min(1.0, _WORKING_SIGMA / sigma)
    mask = np.zeros(pixels.shape[:2], np.float32)
    height, width = found.mask.shape
    mask[found.y : found.y + height, found.x : found.x + width] = found.mask
    size = tuple(max(2, round(n * scale)) for n in (pixels.shape[1], pixels.shape[0]))
    small = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shrunk = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), np.repeat(np.asarray(shrunk, np.float32)[..., None], 3, axis=2), sigma * scale


def _part(values: NDArray[_Number], found: Stencil) -> NDArray[_Number]:
    height, width = found.mask.shape
    return values[found.y : found.y + height, found.x : found.x + width]


def _pasted(pixels: Pixels, found: Stencil, inside: NDArray[np.floating]) -> Pixels:
    """inside: (covered pixels, 3)."""
    out = pixels.copy()
    height, width = found.mask.shape
    part = out[found.y : found.y + height, found.x : found.x + width]
    part[found.mask] = np.clip(np.rint(inside), 0, 255).astype(np.uint8)
    return out
