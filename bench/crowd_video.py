"""Clips in which known people move along smooth paths, with where each of them is in every frame.

Beside ``clip.mp4`` lies ``clip.json``: {"schema": "secondlook.bench.video/1", "width", "height", "rate", "frames":
[{"index", "time_s", "faces": [{"subject", "picture", "box": [x0, y0, x1, y1], "visible"}]}]}; boxes in px of the frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np

from bench.backgrounds import backgrounds
from bench.crowd import cut, people
from secondlook.compose import Box, Cutout, moved, paste, scaled
from secondlook.types import Pixels

SCHEMA = "secondlook.bench.video/1"


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face in one frame. visible: part of its box that nobody nearer covers, 0 to 1."""

    subject: str
    picture: str
    box: Box
    visible: float


@dataclass(frozen=True, slots=True)
class VideoFrame:
    index: int
    time_s: float
    faces: tuple[SeenFace, ...]


@dataclass(frozen=True, slots=True)
class _Path:
    """middle + reach * sin(2 pi (cycles * t + phase)), each for x and y; px, Hz."""

    middle: tuple[float, float]
    reach: tuple[float, float]
    cycles: tuple[float, float]
    phase: tuple[float, float]

    def at(self, time_s: float) -> tuple[float, float]:
        angles = 2 * np.pi * (np.asarray(self.cycles) * time_s + np.asarray(self.phase))
        x, y = np.asarray(self.middle) + np.asarray(self.reach) * np.sin(angles)
        return float(x), float(y)


def standard_video(
    path: Path,
    shared_data: Path,
    faces: int = 6,
    seconds: float = 10.0,
    rate: int = 30,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 0,
) -> tuple[VideoFrame, ...]:
    """People of ``people()`` who can be enrolled, 40 to 120 px wide, before the first background."""
    cast = list(islice((p for p in people(shared_data, seed) if p.reference), faces))
    widths = np.random.default_rng(seed).uniform(40, 120, len(cast))
    _, background = next(backgrounds(size))
    return compose_video(path, background, [p.shown for p in cast], widths.tolist(), seconds, rate, seed)


def compose_video(
    path: Path,
    background: Pixels,
    pictures: Sequence[Path],
    widths: Sequence[float],
    seconds: float = 10.0,
    rate: int = 30,
    seed: int = 0,
    noise: float = 2.0,
) -> tuple[VideoFrame, ...]:
    """Writes an H.264 clip of the background's size (even) and its JSON; the nearer (wider) people pass in front.

    pictures: LFW pictures, one for each moving person. widths: of their faces, px. noise: sigma in grey levels.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(np.asarray(widths, np.float64), kind="stable")
    cast = [scaled(cut(pictures[i]), widths[i]) for i in order]
    paths = [_path(figure, background.shape[:2], rng) for figure in cast]
    truth = list[VideoFrame]()

    def drawn() -> Iterator[Pixels]:
        grain = _Grain.of(background.shape[:2], noise, rng)
        for index in range(round(seconds * rate)):
            scene = background.copy()
            seen = _draw(scene, cast, [p.at(index / rate) for p in paths])
            truth.append(VideoFrame(index, index / rate, seen))
            yield grain.on(scene, rng)

    _write(path, drawn(), background.shape[:2], rate)
    _write_truth(path.with_suffix(".json"), truth, background.shape[:2], rate)
    return tuple(truth)


@dataclass(frozen=True, eq=False, slots=True)
class _Grain:
    """Sensor noise: one field, a little larger than the picture, laid on at another place for every frame."""

    field: np.ndarray[tuple[int, ...], np.dtype[np.int16]]

    @classmethod
    def of(cls, shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> _Grain:
        return cls(np.rint(rng.normal(0, sigma, (shape[0] + 64, shape[1] + 64, 3))).astype(np.int16))

    def on(self, scene: Pixels, rng: np.random.Generator) -> Pixels:
        y, x = rng.integers(0, 64, 2)
        grainy = scene + self.field[y : y + scene.shape[0], x : x + scene.shape[1]]
        return np.asarray(np.clip(grainy, 0, 255), np.uint8)


def _path(figure: Cutout, shape: tuple[int, ...], rng: np.random.Generator) -> _Path:
    """A path on which the whole figure stays inside: at most about 3 face widths a second."""
    room = np.asarray((shape[1], shape[0])) - figure.alpha.shape[::-1]
    if (room < 0).any():
        raise ValueError(f"{shape[1]} x {shape[0]} px have no room for {figure.picture}: use a larger background.")
    reach = np.minimum(rng.uniform(0.15, 0.5, 2), 0.5) * room * (1.0, 0.5)
    middle = reach + rng.uniform(0, 1, 2) * (room - 2 * reach)
    cycles = rng.uniform(0.5, 1, 2) * np.minimum(0.12, 3 * figure.face_width / (2 * np.pi * np.maximum(reach, 1)))
    phase = rng.uniform(0, 1, 2)
    return _Path(_pair(middle), _pair(reach), _pair(cycles), _pair(phase))


def _pair(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _draw(scene: Pixels, cast: Sequence[Cutout], corners: Sequence[tuple[float, float]]) -> tuple[SeenFace, ...]:
    """Draws everybody in place, the farthest first, and says how much of each face is left to be seen."""
    placed, nearer = list[SeenFace](), np.zeros(scene.shape[:2], np.bool_)
    figures = [moved(figure, shift=(x % 1, y % 1)) for figure, (x, y) in zip(cast, corners, strict=True)]
    for figure, (x, y) in zip(figures, corners, strict=True):
        paste(scene, figure, int(x), int(y), light=0.3)
    for figure, (x, y) in reversed(list(zip(figures, corners, strict=True))):
        x0, y0, x1, y1 = (float(v + w) for v, w in zip(figure.face, (int(x), int(y)) * 2, strict=True))
        hidden = nearer[round(y0) : round(y1), round(x0) : round(x1)]
        placed.append(SeenFace(figure.subject, figure.picture, (x0, y0, x1, y1), 1 - float(hidden.mean())))
        height, width = figure.alpha.shape
        nearer[int(y) : int(y) + height, int(x) : int(x) + width] |= figure.alpha > 0.5
    return tuple(reversed(placed))


def _write(path: Path, frames: Iterator[Pixels], shape: tuple[int, ...], rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate), options={"preset": "veryfast", "crf": "20"})
        stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def _write_truth(path: Path, truth: Sequence[VideoFrame], shape: tuple[int, ...], rate: int) -> None:
    content = {"schema": SCHEMA, "width": shape[1], "height": shape[0], "rate": rate}
    path.write_text(json.dumps({**content, "frames": [asdict(frame) for frame in truth]}), encoding="utf-8")
