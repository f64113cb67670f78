"""Whole runs over files with the public fakes instead of models: pictures and videos of painted faces."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from fake_stages import Walker, gallery, picture, stages
from secondlook.assemble import Identifier, Settings
from secondlook.fakes import BLUE, GREEN, RED, Square, painted
from secondlook.runs.find import Annotate, RunResult, find_into
from secondlook.runs.journal import Start
from secondlook.sources import Problem, Source
from secondlook.types import Sighting

RATE = 10


def identifier(threshold: float | None = None) -> Identifier:
    """Everything real but the models and the gallery."""
    parts = stages()
    return Identifier(
        gallery=gallery(),
        stages=parts,
        settings=Settings(every_s=0.1, threshold=threshold),
        detector=parts.detector,
        embedder=parts.embedder,
    )


def photo(path: Path, *squares: Square) -> Path:
    Image.fromarray(painted(120, 200, squares)).save(path)
    return path


def film(path: Path, walkers: Iterable[Walker], frames: int = 24) -> Path:
    """Lossless, so that painted faces stay as they were."""
    walkers, written = tuple(walkers), io.BytesIO()
    with av.open(written, "w", format="matroska") as out:
        stream = out.add_stream("ffv1", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "bgr0"
        stream.codec_context.time_base = Fraction(1, RATE)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(walkers, index, 96, 160), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    path.write_bytes(written.getvalue())
    return path


def sources(folder: Path) -> list[Path]:
    """Photographs and videos in turn, and one file that cannot be read to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    torn = photo(folder / "c.png", Square(10, 10, 24, RED))
    torn.write_bytes(torn.read_bytes()[:-200])
    return [
        photo(folder / "a.png", Square(10, 10, 24, RED), Square(90, 50, 30, GREEN)),
        film(folder / "b.mkv", [Walker(5, 10, 3, RED), Walker(120, 60, -2, BLUE, first=4, last=12)]),
        torn,
        photo(folder / "d.png", Square(50, 30, 40, BLUE)),
        film(folder / "e.mkv", [Walker(60, 40, 0, GREEN, last=8), Walker(60, 40, 0, RED, first=16)]),
        photo(folder / "f.png"),
    ]


class Watching:
    """A run's watcher that does something at every step."""

    def __init__(self, step: Callable[[str], None] = lambda name: None) -> None:
        self._step = step
        self.seen: list[Sighting] = []
        self.problems: list[Problem] = []
        self.frames = 0
        self.counted: tuple[int, int] | None = None

    def sources(self, count: int, already: int) -> None:
        self.counted = (count, already)
        self._step("sources")

    def begin(self, source: Source, frames: int | None) -> None:
        self._step("begin")

    def advance(self, frames: int) -> None:
        self.frames += frames
        self._step("advance")

    def found(self, sighting: Sighting) -> None:
        self.seen.append(sighting)
        self._step("found")

    def drawing(self, source: Source) -> None:
        self._step("drawing")

    def drawn(self, frames: int) -> None:
        self._step("drawn")

    def end(self, source: Source) -> None:
        self._step("end")

    def problem(self, problem: Problem) -> None:
        self.problems.append(problem)
        self._step("problem")


def run(
    paths: Iterable[Path],
    out: Path,
    start: Start = Start.NEW,
    watcher: Watching | None = None,
    annotate: Annotate = Annotate.ALL,
    threshold: float | None = None,
) -> RunResult:
    return find_into(paths, out, identifier(threshold), start, annotate, watcher or Watching())
