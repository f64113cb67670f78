"""The way through the house set up with the public fakes, and footage for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from secondlook.decide.rule import Limits, OperatingPoint
from secondlook.faces.detect import Search
from secondlook.fakes import (
    BLUE,
    GREEN,
    RED,
    Colour,
    FakeDetector,
    FakeEmbedder,
    FakeGallery,
    Square,
    painted,
    portrait,
)
from secondlook.identify import Stages
from secondlook.track.shots import Keep
from secondlook.types import Frame, Pixels

ANY_PICTURE = Limits(inter_eye_px=0, sharpness=0, turn_deg=180, exposure=(0, 1), contrast=0, visible=0)
"""Painted faces are flat: their quality is none of the business of the tests that use them."""

POINT = OperatingPoint(0.95, 0.8, 0.5, "The threshold is the fakes' own.")


def stages(detector: FakeDetector | None = None, point: OperatingPoint = POINT) -> Stages:
    return Stages(
        detector=detector or FakeDetector(),
        embedder=FakeEmbedder(),
        point=point,
        photo_search=Search(smallest_px=12, tile=256, overlap=64),
        video_search=Search(threshold=0.2, max_side=320, confirmed=None),
        limits=ANY_PICTURE,
        keep=Keep(shots=4, apart_s=0.3),
        every_s=0.1,
        patience_s=0.5,
    )


def gallery() -> FakeGallery:
    embedder = FakeEmbedder()
    return FakeGallery({"Ruby": embedder.embed(portrait(RED)), "Skye": embedder.embed(portrait(BLUE))})


@dataclass(frozen=True)
class Walker:
    """A face that walks: where it is in frame 0, how far it goes each frame, and in which frames it is there."""

    x: float
    y: float
    dx: float = 0.0
    colour: Colour = GREEN
    edge: int = 24
    first: int = 0
    last: int = 10**9

    def square(self, frame: int) -> Square | None:
        if not self.first <= frame <= self.last:
            return None
        return Square(round(self.x + self.dx * frame), round(self.y), self.edge, self.colour)


def picture(walkers: Iterable[Walker], frame: int, height: int = 120, width: int = 320) -> Pixels:
    squares = (walker.square(frame) for walker in walkers)
    return painted(height, width, (square for square in squares if square is not None))


def footage(
    walkers: Iterable[Walker], frames: int = 30, *, cuts: tuple[int, ...] = (), source: str = "walk.mp4"
) -> Iterator[Frame]:
    """Ten frames a second."""
    walkers = tuple(walkers)
    for index in range(frames):
        shot = int(np.searchsorted(np.array(cuts), index, side="right"))
        yield Frame(picture(walkers, index), source, index, index / 10, shot)


def changing(colours: Sequence[tuple[int, Colour]], frames: int) -> list[Frame]:
    """One textured square that takes another colour at each of these frames; no cut is seen."""
    ends = [first for first, _ in colours[1:]] + [frames]
    walkers = [
        Walker(50, 5, 0, colour, edge=100, first=first, last=end - 1)
        for (first, colour), end in zip(colours, ends, strict=True)
    ]
    y, x = np.mgrid[:120, :320] // 4
    grain = np.where((x + y) % 2, 1.0, 0.6)[..., None]
    return [replace(f, pixels=np.asarray(f.pixels * grain, np.uint8)) for f in footage(walkers, frames)]
