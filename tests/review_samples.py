"""Made-up people for the tests of the second look: drawings with fine structure, their templates, a gallery of them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np
from PIL import Image

from secondlook.errors import PackMismatch, UnknownSubject
from secondlook.gallery import Reference
from secondlook.review.pictures import EYES_PX, LAYOUT
from secondlook.review.sets import Probe
from secondlook.types import Candidate, Floats, Pixels, Quality

PACK = "drawn@000000000000"
DIMENSION = 16
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Camera:
    """eyes_px: between the eyes. soft: sigma of its blur as a share of that. jpeg: quality."""

    eyes_px: float = 42.0
    soft: float = 0.0
    jpeg: int = 95


CRISP = Camera(80.0, 0.0, 98)
COARSE = Camera(30.0, 0.03, 85)


TINY = Camera(8.0)
"""Nothing to see, and quick: for tests that do not look at pictures."""


def drawing(rng: np.random.Generator, camera: Camera) -> tuple[Pixels, Floats]:
    """A face of nobody, its structure that of photographs (energy falls as 1/f), seen by a camera; its landmarks."""
    if camera == TINY:
        return np.full((37, 37, 3), rng.integers(0, 255, 3), np.uint8), np.asarray(LAYOUT.points / 10, np.float32)
    edge = round(4.6 * EYES_PX)
    y, x = np.mgrid[:edge, :edge].astype(np.float32)
    middle = edge / 2
    oval = ((x - middle) / (1.05 * EYES_PX)) ** 2 + ((y - middle - 0.1 * EYES_PX) / (1.5 * EYES_PX)) ** 2 < 1
    light = np.where(oval[..., None], rng.uniform(110, 200, 3), rng.uniform(40, 220, 3)).astype(np.float32)
    shift = np.array([middle - LAYOUT.size / 2, middle - LAYOUT.points[:, 1].mean()], np.float32)
    points = LAYOUT.points + shift + rng.normal(0, 2.0, (5, 2)).astype(np.float32)
    for place, (across, down) in zip(points, ((14, 7), (14, 7), (9, 12), (9, 4), (9, 4)), strict=True):
        centre = (round(float(place[0])), round(float(place[1])))
        cv2.ellipse(light, centre, (across, down), 0, 0, 360, rng.uniform(20, 110, 3).tolist(), -1)
    light += _grain(rng, edge)[..., None] * 22
    scale = camera.eyes_px / EYES_PX
    if camera.soft:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), camera.soft * EYES_PX), np.float32)
    size = round(edge * scale)
    small = np.asarray(cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA))
    pixels = np.clip(small, 0, 255).astype(np.uint8)
    return pixels, np.asarray((points + 0.5) * scale - 0.5, np.float32)


def _grain(rng: np.random.Generator, edge: int) -> Floats:
    down, across = np.fft.fftfreq(edge)[:, None], np.fft.rfftfreq(edge)[None]
    falling = 1 / np.maximum(np.hypot(down, across), 1 / edge)
    noise = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(edge, edge))) * falling, s=(edge, edge))
    return np.asarray(noise / noise.std(), np.float32)


def jpeg(pixels: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def quality(score: float = 0.7, **measures: float) -> Quality:
    values = {
        "inter_eye_px": 42.0, "sharpness": 0.7, "yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0,
        "exposure": 0.5, "contrast": 0.15, "blockiness": 0.0, "visible": 1.0,
    }  # fmt: skip
    return Quality(**(values | measures), score=score)


def unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def template(rng: np.random.Generator) -> Floats:
    return unit(rng.normal(size=DIMENSION).astype(np.float32))


def reference(
    id_: int, subject: str, rng: np.random.Generator, camera: Camera, of: Floats, score: float = 0.7
) -> Reference:
    """of: the subject's template."""
    pixels, points = drawing(rng, camera)
    return enrolled_picture(id_, subject, jpeg(pixels, camera.jpeg), points, of, score)


def enrolled_picture(
    id_: int, subject: str, crop: bytes, landmarks: Floats, of: Floats, score: float = 0.7
) -> Reference:
    return Reference(id_, subject, of, crop, landmarks, f"{subject}.jpg", f"{id_:064x}", quality(score), NOW)


def probe(rng: np.random.Generator, of: Floats, camera: Camera = COARSE, spread: float = 0.3) -> Probe:
    """A face of somebody whose template is near ``of``."""
    pixels, points = drawing(rng, camera)
    return Probe(pixels, points, unit(of + spread * template(rng)), PACK)


@dataclass(frozen=True, eq=False, slots=True)
class SmallGallery:
    """Subjects and their references (``review.blind.Enrolled``), searched by the cosine with the first of each."""

    people: Mapping[str, Sequence[Reference]]
    pack: str = PACK

    @property
    def subjects(self) -> int:
        return sum(bool(held) for held in self.people.values())

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        if pack != self.pack:
            raise PackMismatch(f"{pack} is not {self.pack}.")
        scored = [(float(held[0].template @ template), name, held[0].id) for name, held in self.people.items() if held]
        best = sorted(scored, key=lambda found: (-found[0], found[1]))[:k]
        return tuple(Candidate(name, id_, score, rank) for rank, (score, name, id_) in enumerate(best, start=1))

    def references(self, subject: str) -> Sequence[Reference]:
        if subject not in self.people:
            raise UnknownSubject(f"{subject} is not enrolled.")
        return self.people[subject]


def gallery(
    rng: np.random.Generator,
    people: int = 14,
    pictures: int = 1,
    camera: Camera = Camera(),
    cameras: Sequence[Camera] = (),
) -> SmallGallery:
    """``people`` subjects with so many pictures each. cameras: of the subjects in turn; else ``camera`` for all."""
    held: dict[str, list[Reference]] = {}
    for number in range(people):
        own = template(rng)
        name = f"person {number}"
        with_ = cameras[number % len(cameras)] if cameras else camera
        held[name] = [
            reference(100 * number + i, name, rng, with_, own, float(rng.uniform(0.3, 1))) for i in range(pictures)
        ]
    return SmallGallery(held)


def dealt(rng: np.random.Generator, *pools: Sequence[tuple[bytes, Floats]], people: int = 14) -> SmallGallery:
    """New people, each with a picture from the pools in turn (the files of ``pool``): nobody looks as before."""
    held = {}
    picks = rng.permutation(min(len(pool) for pool in pools))
    for number in range(people):
        crop, points = pools[number % len(pools)][int(picks[number])]
        name = f"person {number}"
        held[name] = [enrolled_picture(number, name, crop, points, template(rng))]
    return SmallGallery(held)


def pool(rng: np.random.Generator, camera: Camera, size: int) -> list[tuple[bytes, Floats]]:
    """Pictures by one camera: files and landmarks."""
    drawn = (drawing(rng, camera) for _ in range(size))
    return [(jpeg(pixels, camera.jpeg), points) for pixels, points in drawn]
