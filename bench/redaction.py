"""Covering faces in a 720p video: ours with its default settings against deface 1.5, same clip, same cores.

python -m bench.redaction --seconds 7

The clip has crossing people 20 to 110 px wide before three backgrounds, with a cut between them. A face counts as covered
in a frame where at least 70 % of its nominal box are (the box is that of the average face in LFW pictures, so single faces
differ from it by some per cent), among faces of which at least half is to be seen; 80 and 90 % are told beside. Ours is
judged by its default cover, the head, and by what --cover face would have covered of the same. For deface, which needs
a program that is no dependency to write videos, its own detector (``deface.centerface``, its default threshold 0.2 and
mask scale 1.3) runs on every frame between our decoder and encoder, and its whole rectangle counts, not the ellipse.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from deface.centerface import CenterFace
from numpy.typing import NDArray

from bench.backgrounds import backgrounds
from bench.crowd import people
from bench.crowd_video import SeenFace, VideoFrame, compose_video
from secondlook.assemble import Settings
from secondlook.redact.cover import Covering, Extent, covered_mask
from secondlook.redact.record import read_redaction
from secondlook.runs.journal import Start
from secondlook.runs.redact import redact_into
from secondlook.runs.redact_kit import Ask, kit
from secondlook.sources import Problem, Source, VideoFrames

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
SIZE, RATE = (1280, 720), 30
SHARES, VISIBLE, SMALLEST = (0.7, 0.8, 0.9), 0.5, 20
DEFACE_THRESHOLD, DEFACE_SCALE = 0.2, 1.3

Mask = NDArray[np.bool_]


class Silent:
    """A watcher that says nothing."""

    def sources(self, count: int, already: int) -> None: ...
    def begin(self, source: Source, frames: int | None) -> None: ...
    def looked(self, frames: int) -> None: ...
    def covering(self, source: Source) -> None: ...
    def covered(self, frames: int) -> None: ...
    def end(self, source: Source) -> None: ...
    def problem(self, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class Result:
    """shares: of the nominal box of each face in each frame, how much is covered. area: of the picture, mean."""

    seconds: float
    shares: tuple[float, ...]
    area: float


def film(folder: Path, seconds: float, seed: int) -> tuple[Path, tuple[VideoFrame, ...]]:
    """Three composed clips one after another."""
    truth = list[VideoFrame]()
    cast = list(islice(people(SHARED, seed), 36))
    path = folder / "joined.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number, (_, background) in enumerate(islice(backgrounds(SIZE), 3)):
            part = folder / f"{number}.mp4"
            widths = np.random.default_rng(seed + number).uniform(SMALLEST, 110, 12).tolist()
            pictures = [person.shown for person in cast[12 * number : 12 * number + 12]]
            shown = compose_video(part, background, pictures, widths, seconds, RATE, seed + number)
            for frame, seen in zip(VideoFrames(part), shown, strict=True):
                _put(out, stream, frame.pixels, len(truth))
                truth.append(VideoFrame(len(truth), len(truth) / RATE, seen.faces))
        out.mux(stream.encode(None))
    return path, tuple(truth)


def _put(out: av.container.OutputContainer, stream: av.VideoStream, pixels: np.ndarray, index: int) -> None:
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    picture.pts, picture.time_base = index, Fraction(1, RATE)
    out.mux(stream.encode(picture))


def ours(clip: Path, truth: Sequence[VideoFrame], out: Path) -> dict[str, Result]:
    parts = kit(Ask(), Settings())
    begun = time.perf_counter()
    redact_into([clip], out, parts, Start.NEW, Silent())
    seconds = time.perf_counter() - begun
    areas = {line.frame: line.covered for line in read_redaction(out / "redaction.jsonl")}

    def judged(covering: Covering) -> Result:
        return _judged(truth, seconds, lambda index: covered_mask(areas.get(index, ()), covering, SIZE[1], SIZE[0]))

    return {"ours": judged(Covering()), "ours, --cover face": judged(Covering(extent=Extent.FACE))}


def theirs(clip: Path, truth: Sequence[VideoFrame], out: Path) -> Result:
    detector = CenterFace()
    masks = list[NDArray[np.uint8]]()
    begun = time.perf_counter()
    with av.open(str(out), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in VideoFrames(clip):
            found, _ = detector(frame.pixels, threshold=DEFACE_THRESHOLD)
            mask = _rectangles(found)
            frame.pixels[mask] = 0
            masks.append(np.packbits(mask))
            _put(file, stream, frame.pixels, frame.index)
        file.mux(stream.encode(None))
    seconds = time.perf_counter() - begun
    pixels = SIZE[0] * SIZE[1]
    return _judged(
        truth, seconds, lambda i: np.unpackbits(masks[i], count=pixels).reshape(SIZE[1], SIZE[0]).astype(bool)
    )


def _rectangles(found: np.ndarray) -> Mask:
    """As deface scales its boxes: by the same share on every side."""
    mask = np.zeros((SIZE[1], SIZE[0]), np.bool_)
    for x0, y0, x1, y1 in found[:, :4].astype(int):
        tall, wide = (y1 - y0) * (DEFACE_SCALE - 1), (x1 - x0) * (DEFACE_SCALE - 1)
        mask[max(0, round(y0 - tall)) : round(y1 + tall), max(0, round(x0 - wide)) : round(x1 + wide)] = True
    return mask


def _judged(truth: Sequence[VideoFrame], seconds: float, mask_of: Callable[[int], Mask]) -> Result:
    shares = list[float]()
    area = 0.0
    for frame in truth:
        mask = mask_of(frame.index)
        area += float(mask.mean()) / len(truth)
        for face in frame.faces:
            if face.visible >= VISIBLE and face.box[2] - face.box[0] >= SMALLEST - 1:
                shares.append(_share(mask, face))
    return Result(seconds, tuple(shares), area)


def _share(mask: Mask, face: SeenFace) -> float:
    x0, y0, x1, y1 = (round(v) for v in face.box)
    return float(mask[max(0, y0) : y1, max(0, x0) : x1].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=7, help="of each of the three parts")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, truth = film(folder, asked.seconds, asked.seed)
        results = {**ours(clip, truth, folder / "out"), "deface 1.5": theirs(clip, truth, folder / "theirs.mp4")}
    print(json.dumps({who: _told(result, len(truth)) for who, result in results.items()}, indent=2))


def _told(result: Result, frames: int) -> dict[str, float | int]:
    told: dict[str, float | int] = {
        "frames": frames,
        "frames_per_second": round(frames / result.seconds, 2),
        "faces_in_frames": len(result.shares),
    }
    for least in SHARES:
        covered = sum(share >= least for share in result.shares)
        told[f"not_covered_{100 * least:.0f}"] = len(result.shares) - covered
        told[f"recall_{100 * least:.0f}"] = round(covered / len(result.shares), 5)
    return told | {"area_covered": round(result.area, 4)}


if __name__ == "__main__":
    main()
