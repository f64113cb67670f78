"""A fake of every port: for tests, for docs, and for trying the way through the house without any model.

A face here is a square of one strong colour on a grey picture, and its colour is who it is:

    crowd = painted(200, 300, (Square(40, 60, 24, RED), Square(180, 90, 30, BLUE)))
    detector, embedder = FakeDetector(), FakeEmbedder()
    gallery = FakeGallery({"Ruby": embedder.embed(portrait(RED))}, embedder.pack)

Two shades of one colour have a comparison score near 1, two of the six strong colours one of a third or less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from secondlook.errors import PackMismatch
from secondlook.ports import ChipLayout, Entry, Recorded
from secondlook.types import Candidate, Detections, Floats, Pixels

DETECTOR_PACK = "fake-detector@000000000000"
RECOGNISER_PACK = "fake-recogniser@000000000000"

Colour: TypeAlias = tuple[int, int, int]
"""RGB."""

RED: Colour = (255, 0, 0)
GREEN: Colour = (0, 255, 0)
BLUE: Colour = (0, 0, 255)
CYAN: Colour = (0, 255, 255)
GREY: Colour = (128, 128, 128)

_STRONG = 128  # largest less smallest channel: half of a full colour's, so that an edge softened by scaling stays put
_POINTS = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)  # shares of the box


@dataclass(frozen=True, slots=True)
class Square:
    """A face: its upper left corner and edge, px, and its colour."""

    x: int
    y: int
    edge: int
    colour: Colour

    @property
    def box(self) -> Floats:
        """(4,) px."""
        return np.array([self.x, self.y, self.x + self.edge, self.y + self.edge], np.float32)


def painted(height: int, width: int, squares: Iterable[Square] = ()) -> Pixels:
    """A grey picture, (height, width, 3), with these faces."""
    pixels = np.full((height, width, 3), GREY, np.uint8)
    for s in squares:
        pixels[s.y : s.y + s.edge, s.x : s.x + s.edge] = s.colour
    return pixels


def portrait(colour: Colour, size: int = 32) -> Pixels:
    """One chip, (1, size, size, 3), for ``FakeEmbedder.embed``."""
    return np.full((1, size, size, 3), colour, np.uint8)


def detections(boxes: Floats, scores: Floats | float = 0.9) -> Detections:
    """boxes: (n, 4) px, scores: (n,) or one for all -> with landmarks where a face has them."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    landmarks = boxes[:, None, :2] + _POINTS * (boxes[:, None, 2:] - boxes[:, None, :2])
    each = np.broadcast_to(np.asarray(scores, np.float32), len(boxes))
    return Detections(boxes, landmarks.astype(np.float32), each.astype(np.float32))


@dataclass(frozen=True, slots=True)
class FakeDetector:
    """Finds painted squares whose edge is ``smallest_px`` or more in the picture that it is given."""

    smallest_px: int = 8
    pack: str = DETECTOR_PACK

    def detect(self, pixels: Pixels) -> Detections:
        red, green, blue = cv2.split(np.ascontiguousarray(pixels))
        largest, smallest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
        strong = cv2.subtract(largest, smallest) >= _STRONG
        _, _, found, _ = cv2.connectedComponentsWithStats(strong.astype(np.uint8), connectivity=4)
        x, y, wide, tall = (found[1:, column] for column in range(4))  # row 0 is the background
        boxes: Floats = np.stack([x, y, x + wide, y + tall], axis=1).astype(np.float32)
        return detections(boxes[np.minimum(wide, tall) >= self.smallest_px])


@dataclass(frozen=True, slots=True)
class FakeHinting:
    """As ``FakeDetector``, and guesses at squares of three eighths of that edge (ports.Hinting). shown: heights and widths of
    the pictures it was asked to detect in."""

    smallest_px: int = 8
    pack: str = DETECTOR_PACK
    shown: list[tuple[int, int]] = field(default_factory=list)

    def detect(self, pixels: Pixels) -> Detections:
        self.shown.append((pixels.shape[0], pixels.shape[1]))
        return FakeDetector(self.smallest_px).detect(pixels)

    def hints(self, pixels: Pixels) -> Detections:
        found = FakeDetector(3 * self.smallest_px // 8).detect(pixels)
        small = found.boxes[:, 2] - found.boxes[:, 0] < self.smallest_px
        return Detections(found.boxes, found.landmarks, np.where(small, 0.1, found.scores).astype(np.float32))

    def closer(self, pixels: Pixels) -> Detections:
        return self.detect(pixels)


class ScriptedDetector:
    """Answers its first call with the first of ``script`` and so on, whatever it is shown; then nothing is found."""

    def __init__(self, script: Iterable[Detections], pack: str = DETECTOR_PACK) -> None:
        self.pack = pack
        self._script = iter(script)

    def detect(self, pixels: Pixels) -> Detections:
        return next(self._script, Detections.none())


@dataclass(frozen=True, slots=True)
class FakeEmbedder:
    """The template is the mean colour of the chip's middle, seen from mid-grey; (4,), the last tells grey from grey."""

    size: int = 32
    pack: str = RECOGNISER_PACK

    @property
    def dimension(self) -> int:
        return 4

    @property
    def layout(self) -> ChipLayout:
        return ChipLayout(self.size, _POINTS * np.float32(self.size))

    def embed(self, chips: Pixels) -> Floats:
        edge = self.size // 4
        means = chips[:, edge : self.size - edge, edge : self.size - edge].mean(axis=(1, 2)) - 127.5
        templates = np.concatenate([means, np.full((len(chips), 1), 12.75)], axis=1)
        return np.asarray(templates / np.linalg.norm(templates, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class FakeGallery:
    """Subjects with their templates, (n, D) each (ports.Searchable). The reference is the subject's most alike row.

    The score is the cosine with the mean direction of the subject's templates.
    """

    people: Mapping[str, Floats]
    pack: str = RECOGNISER_PACK
    id: str = "fake"

    @property
    def subjects(self) -> int:
        return sum(len(templates) > 0 for templates in self.people.values())

    def search_many(self, templates: Floats, pack: str, k: int = 5) -> tuple[tuple[Candidate, ...], ...]:
        return tuple(self.search(template, pack, k) for template in templates)

    def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
        if pack != self.pack:
            raise PackMismatch(f"the gallery holds templates of {self.pack}, not of {pack}: embed with {self.pack}.")
        nearest = []
        for name, templates in self.people.items():
            if len(templates):
                mean = templates.mean(0)
                score = float(mean @ template / max(float(np.linalg.norm(mean)), 1e-6))
                nearest.append((score, name, int((templates @ template).argmax())))
        ordered = sorted(nearest, key=lambda found: (-found[0], found[1]))[:k]
        return tuple(Candidate(name, row, score, rank) for rank, (score, name, row) in enumerate(ordered, start=1))


@dataclass(frozen=True, slots=True)
class FakeComparison:
    """Twice the cosine, less a half: both sides are made differently, and are longer than a template (length)."""

    length: int = 4
    id: str = "fake"

    @property
    def dimension(self) -> int:
        return self.length + 1

    def probes(self, templates: Floats) -> Floats:
        return np.concatenate([templates, np.ones((len(templates), 1), np.float32)], axis=1)

    def references(self, templates: Floats) -> Floats:
        return np.concatenate([2 * templates, np.full((len(templates), 1), -0.5, np.float32)], axis=1)


class FakeIndex:
    """Exact search by comparing with everything (ports.Index)."""

    def __init__(self) -> None:
        self._held: dict[int, Floats] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, ids: NDArray[np.int64], templates: Floats) -> None:
        self._held.update(zip((int(id_) for id_ in ids), templates, strict=True))

    def remove(self, ids: NDArray[np.int64]) -> None:
        for id_ in ids:
            self._held.pop(int(id_), None)

    def search(self, probes: Floats, k: int) -> tuple[Floats, NDArray[np.int64]]:
        scores = np.full((len(probes), k), -np.inf, np.float32)
        found = np.full((len(probes), k), -1, np.int64)
        for row, probe in enumerate(probes):
            best = sorted(((float(held @ probe), id_) for id_, held in self._held.items()), reverse=True)[:k]
            for column, (score, id_) in enumerate(best):
                scores[row, column], found[row, column] = score, id_
        return scores, found


@dataclass(frozen=True, slots=True)
class FakeLog:
    """Keeps what it is told in ``entries`` (ports.Log); nothing is signed or written."""

    entries: list[Entry] = field(default_factory=list)

    def record(self, entry: Entry, /) -> Recorded:
        self.entries.append(entry)
        return Recorded(len(self.entries), "0" * 64)
