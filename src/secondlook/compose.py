"""Puts cut-out people into photographs: what the demo shows and what ``bench`` measures on.

A person is cut out along its silhouette, brought to a wanted face width, lit a little like the place where it goes
and pasted with a soft edge; then a camera is imitated over the whole picture. Where every face is, is known exactly.
No model runs here.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from PIL import Image

from secondlook.types import Floats, Pixels

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px."""


@dataclass(frozen=True, slots=True)
class PlacedFace:
    """One face of known place. box: the FACE (ear to ear, brow to chin), px of the scene. width_px: its width.

    picture: the file it came from.
    """

    subject: str
    picture: str
    box: Box
    width_px: float


@dataclass(frozen=True, eq=False, slots=True)
class Cutout:
    """A person without its background.

    pixels: (h, w, 3) RGB. alpha: (h, w) float32, 0 where the background was, 1 inside the person.
    face: box of the face in ``pixels``; it may be fractional.
    """

    subject: str
    picture: str
    pixels: Pixels
    alpha: Floats
    face: Box

    @property
    def face_width(self) -> float:
        return self.face[2] - self.face[0]


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera does to a scene.

    blur_px: sigma of the blur in px. noise: sigma in grey levels of 255. jpeg: quality, 1 to 95.
    """

    blur_px: float = 0.4
    noise: float = 2.0
    jpeg: int = 85


def uint8(values: Floats) -> Pixels:
    """Rounded and clamped, so that nothing wraps round."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def person(subject: str, picture: str, pixels: Pixels, face: Box) -> Cutout:
    """Cuts the person whose face is at ``face`` out of a picture: head, hair, neck and shoulders."""
    alpha = _feathered(_silhouette(pixels, face), (face[2] - face[0]) / 40)
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 0.02), np.flatnonzero(alpha.max(axis=0) > 0.02)
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Cutout(
        subject,
        picture,
        pixels[y0:y1, x0:x1].copy(),
        alpha[y0:y1, x0:x1].copy(),
        (face[0] - x0, face[1] - y0, face[2] - x0, face[3] - y0),
    )


def outlined(subject: str, picture: str, pixels: Pixels, face: Box, outline: Sequence[tuple[int, int]]) -> Cutout:
    """Cuts a person out along corners (x, y) in px set by hand."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.asarray(outline, np.int32)], (255,), cv2.LINE_AA)
    return Cutout(subject, picture, pixels, _feathered(mask, (face[2] - face[0]) / 60), face)


def _silhouette(pixels: Pixels, face: Box) -> Pixels:
    """Mask, 255 on the person, by GrabCut (Rother et al. 2004) between a sure inside and a sure outside.

    Worked out at a face of about 48 px: the edge is softened anyhow, and it takes 1/4 of the time.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, 48 / (face[2] - face[0]))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    f = (face[0] * scale, face[1] * scale, face[2] * scale, face[3] * scale)
    near, sure, wide = _bust(small, f, 1.0), _bust(small, f, 0.8), _bust(small, f, 1.2)
    empty = _blank_border(small)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    labels[wide > 0] = cv2.GC_PR_BGD
    labels[near > 0] = cv2.GC_PR_FGD
    labels[sure > 0] = cv2.GC_FGD
    labels[empty] = cv2.GC_BGD
    # Black corners would teach the background that dark hair belongs to it.
    outside = (labels == cv2.GC_BGD) & ~empty
    small[empty] = small[outside].mean(axis=0) if outside.any() else 127
    cv2.setRNGSeed(0)  # its clustering starts at random
    cv2.grabCut(small, labels, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    mask = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), np.uint8)
    mask[empty] = 0
    mask = _largest(np.maximum(mask, np.where(empty, 0, sure).astype(np.uint8)))
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _bust(pixels: Pixels, face: Box, size: float) -> Pixels:
    """A head, neck and shoulders drawn round a face box; ``size`` 1 fits most people with their hair."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    w, h, x = face[2] - face[0], face[3] - face[1], (face[0] + face[2]) / 2
    _ellipse(mask, x, face[1] + 0.38 * h, 0.66 * w * size, 0.72 * h * size)
    _ellipse(mask, x, face[3] + 0.62 * h, 1.1 * w * size, 0.55 * h * size)
    neck = round(0.3 * w * size)
    top, bottom = round(face[3] - 0.1 * h), round(face[3] + 0.3 * h)
    cv2.rectangle(mask, (round(x) - neck, top), (round(x) + neck, bottom), 255, -1)
    return mask


def _ellipse(mask: Pixels, x: float, y: float, across: float, down: float) -> None:
    bits = 4  # OpenCV draws at 1/16 px
    centre, axes = (round(x * 16), round(y * 16)), (round(across * 16), round(down * 16))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, bits)


def _blank_border(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where the picture was turned or padded: black and joined to its edge. One px more, for the blended rim."""
    black = (pixels.max(axis=2) < 6).astype(np.uint8)
    _, names = cv2.connectedComponents(black)
    rim = np.unique(np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]]))
    joined = (np.isin(names, rim) & (black > 0)).astype(np.uint8)
    return np.asarray(cv2.dilate(joined, np.ones((3, 3), np.uint8))) > 0


def _largest(mask: Pixels) -> Pixels:
    count, names, stats, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8))
    if count < 2:
        return mask
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.where(names == biggest, mask, 0).astype(np.uint8)


def _feathered(mask: Pixels, softness: float) -> Floats:
    """Alpha whose soft edge lies inside the mask: outside it are pixels of somebody else's background."""
    blurred = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.5, softness)), np.float32) / 255
    return np.clip(2 * blurred - 1, 0, 1).astype(np.float32)


def scaled(cutout: Cutout, width_px: float) -> Cutout:
    """The same person with a face ``width_px`` wide, within the rounding of the cutout to whole pixels."""
    factor = width_px / cutout.face_width
    height, width = cutout.alpha.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    x, y = size[0] / width, size[1] / height
    return replace(
        cutout,
        pixels=np.asarray(cv2.resize(cutout.pixels, size, interpolation=how), np.uint8),
        alpha=np.clip(cv2.resize(cutout.alpha, size, interpolation=how), 0, 1).astype(np.float32),
        face=(cutout.face[0] * x, cutout.face[1] * y, cutout.face[2] * x, cutout.face[3] * y),
    )


def mirrored(cutout: Cutout) -> Cutout:
    width = cutout.alpha.shape[1]
    x0, y0, x1, y1 = cutout.face
    pixels, alpha = np.ascontiguousarray(cutout.pixels[:, ::-1]), np.ascontiguousarray(cutout.alpha[:, ::-1])
    return replace(cutout, pixels=pixels, alpha=alpha, face=(width - x1, y0, width - x0, y1))


def moved(cutout: Cutout, degrees: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> Cutout:
    """Turned about the middle of the face (anticlockwise) and shifted by parts of a pixel, on the same canvas.

    The face's box keeps its size, which holds for small angles.
    """
    x0, y0, x1, y1 = cutout.face
    matrix = cv2.getRotationMatrix2D(((x0 + x1) / 2, (y0 + y1) / 2), degrees, 1.0)
    matrix[:, 2] += np.asarray(shift)
    size = (cutout.alpha.shape[1], cutout.alpha.shape[0])
    pixels = cv2.warpAffine(cutout.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(cutout.alpha, matrix, size, flags=cv2.INTER_LINEAR)
    face = (x0 + shift[0], y0 + shift[1], x1 + shift[0], y1 + shift[1])
    return replace(cutout, pixels=np.asarray(pixels, np.uint8), alpha=np.asarray(alpha, np.float32), face=face)


def brightened(cutout: Cutout, gain: float) -> Cutout:
    return replace(cutout, pixels=uint8(cutout.pixels.astype(np.float32) * gain))


def paste(scene: Pixels, cutout: Cutout, x: int, y: int, light: float = 0.0) -> PlacedFace:
    """Draws the person into ``scene``, in place, its top left corner at (x, y); what reaches over the edge is lost.

    light: 0 keeps the person's own brightness, 1 takes that of the place; it moves by a third at most.
    """
    height, width = cutout.alpha.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(scene.shape[1], x + width), min(scene.shape[0], y + height)
    a, b, c, d = cutout.face
    placed = PlacedFace(cutout.subject, cutout.picture, (a + x, b + y, c + x, d + y), cutout.face_width)
    if x0 >= x1 or y0 >= y1:
        return placed
    here = scene[y0:y1, x0:x1].astype(np.float32)
    pixels = cutout.pixels[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
    alpha = cutout.alpha[y0 - y : y1 - y, x0 - x : x1 - x, None]
    gain = (float(here.mean()) + 1) / (float(pixels.mean()) + 1)
    pixels = np.minimum(pixels * float(np.clip(gain**light, 0.75, 1.33)), 255)
    scene[y0:y1, x0:x1] = uint8(here + (pixels - here) * alpha)
    return placed


def free_corner(
    size: tuple[int, int], scene: tuple[int, int], taken: Sequence[Box], rng: np.random.Generator, tries: int = 200
) -> tuple[int, int] | None:
    """A random (x, y) where something of ``size`` (width, height) lies inside ``scene`` and on nothing taken."""
    width, height = scene[0] - size[0], scene[1] - size[1]
    if width < 0 or height < 0:
        return None
    boxes = np.asarray(taken, np.float64).reshape(-1, 4)
    for x, y in zip(rng.integers(0, width + 1, tries), rng.integers(0, height + 1, tries), strict=True):
        apart = (boxes[:, 0] >= x + size[0]) | (boxes[:, 2] <= x) | (boxes[:, 1] >= y + size[1]) | (boxes[:, 3] <= y)
        if apart.all():
            return int(x), int(y)
    return None


def photographed(pixels: Pixels, camera: Camera, seed: int) -> Pixels:
    """The same scene after blur, sensor noise and one trip through JPEG, in this order."""
    values = pixels.astype(np.float32)
    if camera.blur_px > 0:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), camera.blur_px), np.float32)
    values += np.random.default_rng(seed).normal(0, camera.noise, values.shape).astype(np.float32)
    return recompressed(uint8(values), camera.jpeg)


def recompressed(pixels: Pixels, quality: int) -> Pixels:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=quality)
    with Image.open(held) as image:
        return np.asarray(image.convert("RGB"))


def filled(pixels: Pixels, size: tuple[int, int], zoom: float) -> Pixels:
    """A picture of ``size`` (width, height): ``pixels`` enlarged by ``zoom`` and continued by its mirror images."""
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    tile = np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=how), np.uint8)
    down, right = max(0, size[1] - tile.shape[0]), max(0, size[0] - tile.shape[1])
    return np.pad(tile, ((0, down), (0, right), (0, 0)), mode="symmetric")[: size[1], : size[0]].copy()
