"""Covers faces in one picture. Outside the covered shapes every pixel stays as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.redact.avatar import avatar
from secondlook.redact.shapes import Area, Extent, Shape, Stencil, shape_of, stencil
from secondlook.types import Pixels

__all__ = ["FILL", "Area", "Covering", "Extent", "Style", "cover", "cover_whole", "covered_mask"]

FILL = (104, 104, 104)
"""The one colour of SOLID, RGB."""


class Style(StrEnum):
    """SOLID and AVATAR take nothing from the pixels below; what PIXELATE and BLUR leave can often be undone."""

    SOLID = "solid"
    PIXELATE = "pixelate"
    BLUR = "blur"
    AVATAR = "avatar"


@dataclass(frozen=True, slots=True)
class Covering:
    """How faces are covered.

    margin: share of the face's size added on every side. blocks: PIXELATE, blocks across the covered width. blur: BLUR,
    sigma as a share of the covered width.
    """

    style: Style = Style.SOLID
    extent: Extent = Extent.HEAD
    margin: float = 0.15
    blocks: int = 8
    blur: float = 0.25


def cover(pixels: Pixels, areas: Sequence[Area], covering: Covering) -> Pixels:
    """A new picture, (H, W, 3), with every area covered. The order of the areas does not matter.

    Where areas overlap, each is made from the picture as it was given, and one of them is seen.
    """
    covered = pixels.copy()
    height, width = pixels.shape[:2]
    for shape, held in _stencils(areas, covering, height, width):
        rows, columns = slice(held.y, held.y + held.mask.shape[0]), slice(held.x, held.x + held.mask.shape[1])
        covered[rows, columns][held.mask] = _paint(pixels, shape, held, covering)[held.mask]
    return covered


def covered_mask(areas: Sequence[Area], covering: Covering, height: int, width: int) -> NDArray[np.bool_]:
    """(H, W): the pixels that ``cover`` may change."""
    mask = np.zeros((height, width), np.bool_)
    for _, held in _stencils(areas, covering, height, width):
        mask[held.y : held.y + held.mask.shape[0], held.x : held.x + held.mask.shape[1]] |= held.mask
    return mask


def cover_whole(pixels: Pixels) -> Pixels:
    """A picture of the same size in which nothing is to be seen."""
    return np.full_like(pixels, np.array(FILL, np.uint8))


def _stencils(areas: Sequence[Area], covering: Covering, height: int, width: int) -> Iterable[tuple[Shape, Stencil]]:
    for area in sorted(areas, key=_place):
        shape = shape_of(area, covering.extent, covering.margin)
        held = stencil(shape, height, width)
        if held is not None:
            yield shape, held


def _place(area: Area) -> tuple[float, ...]:
    points = () if area.landmarks is None else tuple(float(v) for v in area.landmarks.ravel())
    return (*(float(v) for v in area.box), *points)


def _paint(pixels: Pixels, shape: Shape, held: Stencil, covering: Covering) -> Pixels:
    """What is shown in the stencil's rectangle, (h, w, 3)."""
    match covering.style:
        case Style.SOLID:
            return np.full((*held.mask.shape, 3), FILL, np.uint8)
        case Style.AVATAR:
            return avatar(shape, held)
        case Style.PIXELATE:
            return _blocks(_below(pixels, held), shape, covering.blocks)
        case Style.BLUR:
            return _blurred(pixels, held, covering.blur * 2 * shape.across)


def _below(pixels: Pixels, held: Stencil) -> Pixels:
    height, width = held.mask.shape
    return pixels[held.y : held.y + height, held.x : held.x + width]


def _blocks(part: Pixels, shape: Shape, blocks: int) -> Pixels:
    """Every block is the mean of its pixels."""
    edge = max(1, round(2 * shape.across / max(1, blocks)))
    height, width = part.shape[:2]
    rows, columns = math.ceil(height / edge), math.ceil(width / edge)
    # repeated edges fill the last blocks
    whole = np.pad(part, ((0, rows * edge - height), (0, columns * edge - width), (0, 0)), mode="edge")
    means = np.rint(whole.reshape(rows, edge, columns, edge, 3).mean(axis=(1, 3))).astype(np.uint8)
    return np.asarray(means.repeat(edge, axis=0).repeat(edge, axis=1)[:height, :width], np.uint8)


def _blurred(pixels: Pixels, held: Stencil, sigma: float) -> Pixels:
    """A Gaussian over the picture, reaching three sigma beyond the stencil."""
    height, width = held.mask.shape
    reach = math.ceil(3 * sigma)
    top, left = max(0, held.y - reach), max(0, held.x - reach)
    part = np.ascontiguousarray(pixels[top : held.y + height + reach, left : held.x + width + reach])
    blurred = np.asarray(cv2.GaussianBlur(part, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REPLICATE), np.uint8)
    return blurred[held.y - top : held.y - top + height, held.x - left : held.x - left + width]
