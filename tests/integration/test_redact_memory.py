"""Memory stays flat over a long video: half an hour of pictures, found, planned, covered and written by one process."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path

import av
import pytest

from secondlook.fakes import BLUE, GREEN, RED, Square, painted

RATE, MINUTES = 15, 30
FRAMES = RATE * 60 * MINUTES

WORKER = """
import sys
from pathlib import Path
from secondlook.fakes import FakeDetector
from secondlook.runs.journal import Start
from secondlook.runs.redact import redact_into
from secondlook.runs.redact_kit import Ask, Kit

class Watching:
    frames = 0
    def sources(self, count, already): ...
    def begin(self, source, frames): ...
    def covering(self, source): ...
    def end(self, source): ...
    def problem(self, problem): raise SystemExit(problem.sentence)
    def looked(self, frames): self.step()
    def covered(self, frames): self.step()
    def step(self):
        self.frames += 1
        if self.frames % 450 == 0:
            resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
            print(self.frames, resident.split()[1], flush=True)

redact_into([Path(sys.argv[1])], Path(sys.argv[2]), Kit(Ask(), FakeDetector()), Start.NEW, Watching())
"""


def long_film(path: Path) -> None:
    """A second of three painted faces that move, again and again."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "28"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        second = [
            painted(
                96, 160, (Square(5 + 4 * i, 10, 24, RED), Square(120 - 4 * i, 60, 24, BLUE), Square(130, 8, 24, GREEN))
            )
            for i in range(RATE)
        ]
        for index, pixels in enumerate(chain.from_iterable(repeat(second, FRAMES // RATE))):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


@pytest.mark.prove
def test_memory_is_flat_over_half_an_hour(tmp_path: Path) -> None:
    """From the fifth minute of each pass on: what a process grows to at first is code, models and the coder's buffers."""
    if not Path("/proc/self/status").is_file():
        pytest.skip("needs /proc to read how much memory a process holds")
    long_film(tmp_path / "long.mp4")
    words = [sys.executable, "-c", WORKER, str(tmp_path / "long.mp4"), str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=1500, check=True)
    held = {int(frames): int(kb) / 1024 for frames, kb in (line.split() for line in done.stdout.splitlines())}
    print(held)
    assert max(held) == 2 * FRAMES
    for begins in (0, FRAMES):
        early = [mb for frame, mb in held.items() if begins + FRAMES // 6 < frame <= begins + FRAMES // 3]
        late = [mb for frame, mb in held.items() if begins + FRAMES - FRAMES // 6 < frame <= begins + FRAMES]
        assert max(late) < max(early) + 8, (begins, max(early), max(late))
