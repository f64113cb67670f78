"""Pictures and videos of patterned faces, and everything an exposure works with but the models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from made_up_calibration import calibration, parameters
from secondlook.exposure.following import Following
from secondlook.faces.detect import Search
from secondlook.fakes import FakeDetector, Square, painted
from secondlook.runs.exposure_kit import Kit
from secondlook.sources import Problem, Source
from secondlook.types import Pixels


class Watching:
    def __init__(self, step: Callable[[str], None] = lambda name: None) -> None:
        self._step = step
        self.problems: list[Problem] = []
        self.frames = 0

    def sources(self, count: int) -> None:
        self._step("sources")

    def begin(self, source: Source, frames: int | None) -> None:
        self._step("begin")

    def looked(self, frames: int) -> None:
        self.frames += frames
        self._step("looked")

    def end(self, source: Source) -> None:
        self._step("end")

    def problem(self, problem: Problem) -> None:
        self.problems.append(problem)


PATTERN = np.random.default_rng(5).uniform(0.6, 1.0, (7, 7)).astype(np.float32)


def patterned(squares: Iterable[Square]) -> Pixels:
    """Painted faces with light and shade, the same on each, so that a larger one shows more of it."""
    pixels = painted(120, 200, ())
    for s in squares:
        shade = cv2.resize(PATTERN, (s.edge, s.edge), interpolation=cv2.INTER_CUBIC)[..., None]
        face = np.clip(np.array(s.colour, np.float32) * shade, 0, 255)
        pixels[s.y : s.y + s.edge, s.x : s.x + s.edge] = face.astype(np.uint8)
    return pixels


def saved(path: Path, *squares: Square) -> Path:
    Image.fromarray(patterned(squares)).save(path)
    return path


def walk(path: Path, steps: Iterable[Square]) -> Path:
    """One face a frame, ten frames a second."""
    with av.open(str(path), "w", format="matroska") as out:
        stream = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 200, 120, "bgr0"
        stream.codec_context.time_base = Fraction(1, 10)
        for index, square in enumerate(steps):
            frame = av.VideoFrame.from_ndarray(patterned([square]), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def kit(want: float | None = None, population: int = 200) -> Kit:
    fitted = calibration(fit=parameters(own_place=0.4), again=())
    return Kit(
        detector=FakeDetector(),
        calibration=replace(fitted, largest=1000),
        pack=fitted.pack,
        population=population,
        want=want,
        photo_search=Search(smallest_px=12, tile=256, overlap=64),
        video_search=Search(threshold=0.2, max_side=320, confirmed=None),
        following=Following(every_s=0.1, patience_s=0.5),
    )
