"""How much memory ``redact`` holds over a long video, with the real detector.

    python -m bench.memory --minutes 30 --rate 10

The White House clip (640 x 360), at ``rate`` frames a second and over and over, is covered by a process of its own, whose
resident set is read from /proc while it looks for faces and again while it covers them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain, islice, repeat
from pathlib import Path

import av

from bench.redaction import SHARED, Silent
from secondlook.assemble import Settings
from secondlook.runs.journal import Start
from secondlook.runs.redact import redact_into
from secondlook.runs.redact_kit import Ask, kit
from secondlook.runs.redact_page import write_page
from secondlook.sources import Problem, Source, VideoFrames

CLIP = SHARED / "crowd" / "white_house_clip.mp4"
TOLD_AT = (1, 5, 10, 15, 20, 25, 30)
"""Minutes of the film at which the memory is told."""
STEP = 100
"""Frames between two readings."""


def long_film(path: Path, minutes: float, rate: int) -> int:
    """Writes the film and gives its frames."""
    frames = VideoFrames(CLIP)
    shown = [frame.pixels for frame in frames if frame.index % round((frames.rate or 30) / rate) == 0]
    count = round(minutes * 60 * rate)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = frames.width, frames.height, "yuv420p"
        for index, pixels in enumerate(islice(chain.from_iterable(repeat(shown)), count)):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, rate)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return count


class Saying(Silent):
    """Prints which pass it is in, and the frames done, every ``STEP``."""

    def __init__(self) -> None:
        self._pass, self._frames = "looking", 0

    def covering(self, source: Source) -> None:
        self._pass, self._frames = "covering", 0

    def looked(self, frames: int) -> None:
        self._step(frames)

    def covered(self, frames: int) -> None:
        self._step(frames)

    def problem(self, problem: Problem) -> None:
        raise SystemExit(problem.sentence)

    def _step(self, frames: int) -> None:
        self._frames += frames
        if self._frames % STEP == 0:
            print(self._pass, self._frames, flush=True)


def work(film: Path, out: Path) -> None:
    """What the command does."""
    parts = kit(Ask(), Settings(threads=1))
    result = redact_into([film], out, parts, Start.NEW, Saying())
    write_page(out, result, parts, datetime.now(UTC))


def resident_mb(pid: int, what: str = "VmRSS") -> float | None:
    """None: the process has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), None)


def measured(minutes: float, rate: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        film, out = Path(name) / "film.mp4", Path(name) / "out"
        frames = long_film(film, minutes, rate)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "bench.memory", "--worker", str(film), str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            held: dict[str, dict[int, float]] = {"looking": {}, "covering": {}}
            peak = 0.0
            assert worker.stdout is not None
            for line in worker.stdout:
                which, done = line.split()
                now = resident_mb(worker.pid)
                if now is not None:
                    held[which][int(done)] = now
                    print(which, done, round(now), file=sys.stderr, flush=True)
                peak = resident_mb(worker.pid, "VmHWM") or peak
        assert worker.returncode == 0 and max(held["covering"]) > frames - STEP
        seconds = time.perf_counter() - begun
    told = {
        which: {f"{minute} min": round(_at(of, round(minute * 60 * rate))) for minute in TOLD_AT if minute <= minutes}
        for which, of in held.items()
    }
    return {
        "frames": frames,
        "seconds": round(seconds),
        "resident MB": told,
        "largest MB": {which: round(max(of.values())) for which, of in held.items()},
        "peak MB": round(peak),
    }


def _at(held: dict[int, float], frame: int) -> float:
    """The reading nearest to a frame."""
    return held[min(held, key=lambda read: abs(read - frame))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=10, help="frames a second; at most 30")
    parser.add_argument("--worker", type=Path, nargs=2, metavar=("FILM", "OUT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker is not None:
        work(*asked.worker)
        return
    print(json.dumps(measured(asked.minutes, asked.rate), indent=2))


if __name__ == "__main__":
    main()
