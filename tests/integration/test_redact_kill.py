"""A run that is killed goes on to the same copy, byte for byte, wherever the kill came."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import pytest

from fake_runs import identifier
from redact_films import film
from secondlook.fakes import FakeDetector
from secondlook.redact.rulings import Chosen
from secondlook.runs.journal import Start
from secondlook.runs.redact import redact_into
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.sources import Problem, Source, VideoFrames

TESTS = Path(__file__).resolve().parent.parent

WORKER = """
import os, signal, sys
from pathlib import Path

sys.path[:0] = [sys.argv[4], sys.argv[4] + "/integration"]
import test_redact_kill as tests
from secondlook.runs import redact_video

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Killing(tests.Silent):
    def step(self, phase, count):
        if (phase, count) == (sys.argv[3], 11):
            kill()

def planned(*given):
    for number, frame in enumerate(plan(*given), 1):
        yield frame
        if number == 11:
            kill()

plan = redact_video.planned_frames
if sys.argv[3] == "planning":
    redact_video.planned_frames = planned
if sys.argv[3] == "told":
    redact_video._Job.forget = lambda job: kill()
tests.redact(Path(sys.argv[1]), Path(sys.argv[2]), tests.Start.NEW, Killing())
"""


class Silent:
    """A watcher that counts the steps of each phase."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def step(self, phase: str, count: int) -> None: ...

    def _count(self, phase: str) -> None:
        self._counts[phase] = self._counts.get(phase, 0) + 1
        self.step(phase, self._counts[phase])

    def sources(self, count: int, already: int) -> None: ...

    def begin(self, source: Source, frames: int | None) -> None: ...

    def looked(self, frames: int) -> None:
        self._count("finding")

    def covering(self, source: Source) -> None: ...

    def covered(self, frames: int) -> None:
        self._count("covering")

    def end(self, source: Source) -> None: ...

    def problem(self, problem: Problem) -> None: ...


def redact(source: Path, out: Path, start: Start, watcher: Silent) -> None:
    """With somebody who stays visible, so that rulings too are taken up again."""
    kit = Kit(Ask(chosen=Chosen(keep=("Ruby",))), FakeDetector(), identifier=identifier())
    (done,) = redact_into([source], out, kit, start, watcher).redacted
    assert done.frames == 30 and done.kept == 1


@dataclass(frozen=True)
class Left:
    """Every file of a finished run, to the byte, and every frame of its copy."""

    files: dict[str, bytes]
    frames: tuple[bytes, ...]


def left(out: Path) -> Left:
    (copy,) = (out / "redacted").iterdir()
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    files.pop(".run/journal.jsonl", None)
    return Left(files, tuple(frame.pixels.tobytes() for frame in VideoFrames(copy)))


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("in") / "film.mp4")


@pytest.fixture(scope="module")
def whole(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    out = tmp_path_factory.mktemp("whole") / "out"
    redact(given, out, Start.NEW, Silent())
    return left(out)


@pytest.mark.parametrize("phase", ["finding", "planning", "covering", "told"])
def test_a_killed_run_leaves_no_copy_and_goes_on_to_the_same(
    phase: str, given: Path, whole: Left, tmp_path: Path
) -> None:
    """Told: the copy is whole and its lines are written, but the run has not noted so yet."""
    out = tmp_path / "out"
    words = [sys.executable, "-c", WORKER, str(given), str(out), phase, str(TESTS)]
    killed = subprocess.run(words, capture_output=True, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert [path.name for path in out.glob("redacted/[!.]*")] == (["film.mp4"] if phase == "told" else [])
    assert (out / ".run" / "plan.jsonl").is_file() == (phase in ("covering", "told"))
    redact(given, out, Start.RESUME, Silent())
    assert left(out) == whole


# The real command on the real clip


@pytest.fixture(scope="module")
def short(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 90 frames of the clip, with two cuts."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    with av.open(str(shared_data / "crowd" / "white_house_clip.mp4")) as clip, av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for index, frame in enumerate(islice(clip.decode(video=0), 90)):
            frame.pts, frame.time_base = index, Fraction(1, 30)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def start(clip: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    program = "from secondlook.cli import main; main()"
    words = ["redact", str(clip), "--out", str(out), "--quiet", "--threads", "1", *more]
    command = [sys.executable, "-c", program, *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ)


def finish(clip: Path, out: Path, *more: str) -> None:
    worker = start(clip, out, *more)
    _, said = worker.communicate(timeout=240)
    assert worker.returncode == 0, said


def found_lines(out: Path) -> int:
    try:
        return (out / ".run" / "found.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


@pytest.mark.prove
def test_the_real_command_killed_twice_goes_on_to_the_same(short: Path, tmp_path: Path) -> None:
    finish(short, tmp_path / "whole" / "out")
    out = tmp_path / "killed" / "out"
    for looked_at, more in ((30, ()), (91, ("--resume",))):  # while looking, and while covering
        worker = start(short, out, *more)
        while found_lines(out) < looked_at and worker.poll() is None:
            time.sleep(0.01)
        while looked_at > 90 and worker.poll() is None and not any((out / "redacted").glob(".*.part")):
            time.sleep(0.002)
        worker.send_signal(signal.SIGKILL)
        worker.communicate(timeout=60)
        assert worker.returncode == -signal.SIGKILL, "it had finished: stop it earlier"
    finish(short, out, "--resume")
    one, other = left(tmp_path / "whole" / "out"), left(out)
    # the page says when the run was begun
    assert one.files.pop("report.html") and other.files.pop("report.html")
    assert one == other
