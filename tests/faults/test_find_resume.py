"""A run stopped anywhere goes on where it was: nothing lost, nothing doubled, byte for byte as if never stopped.

Twice over: with fakes at every single step, where a copy of the folder is what a kill would have left of it; and with
the real command, killed.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image
from skimage.data import astronaut

from fake_runs import Watching, film, identifier, run, sources
from fake_stages import Walker
from secondlook.errors import OutputError
from secondlook.fakes import RED, FakeDetector
from secondlook.runs.find import Annotate, find_into
from secondlook.runs.journal import Start
from secondlook.types import Detections, Pixels


@dataclass(frozen=True)
class Written:
    """What counts of a run: its lines, to the byte, and which pictures there are."""

    sightings: bytes
    paths: bytes
    crops: dict[str, bytes]
    annotated: frozenset[str]
    working: frozenset[str]


def written(out: Path) -> Written:
    return Written(
        (out / "sightings.jsonl").read_bytes(),
        (out / "paths.jsonl").read_bytes(),
        {path.name: path.read_bytes() for path in (out / "crops").glob("*.jpg")},
        frozenset(path.name for path in (out / "annotated").glob("*.*")),
        frozenset(path.name for path in (out / ".run").iterdir()),
    )


# With fakes, at every step


class Copying(Watching):
    """Copies the folder at each step: what is not yet on the disk then would be lost with the process."""

    def __init__(self, out: Path, copies: Path) -> None:
        super().__init__(self._copy)
        self._out, self._copies, self.count = out, copies, 0

    def _copy(self, name: str) -> None:
        shutil.copytree(self._out, self._copies / f"{self.count:03} {name}")
        self.count += 1


def some(items: list[Path], every: int) -> list[Path]:
    """Every so many, and always the first ones and the last ones."""
    return sorted({*items[::every], *items[:3], *items[-3:]})


def check_every_step(tmp_path: Path, every: int, annotate: Annotate) -> None:
    paths = sources(tmp_path / "in")
    out = tmp_path / "out"
    copies = tmp_path / "copies"
    copies.mkdir()
    run(paths, out, Start.NEW, Copying(out, copies), annotate)
    whole = written(out)
    assert whole.sightings.count(b"\n") == 7 and whole.working == {"journal.jsonl"}
    stops = sorted(copies.iterdir())
    assert len(stops) > 50
    for stop in some(stops, every):
        shutil.rmtree(out)  # the same place: annotated pictures are named after their sources only
        stop.rename(out)
        run(paths, out, Start.RESUME, Watching(), annotate)
        assert written(out) == whole, f"stopped at {stop.name}"


def test_a_run_stopped_at_any_step_goes_on(tmp_path: Path) -> None:
    check_every_step(tmp_path, every=6, annotate=Annotate.PICTURES)


@pytest.mark.prove
@pytest.mark.parametrize("annotate", [Annotate.ALL, Annotate.NONE])
def test_a_run_stopped_at_every_step_goes_on(tmp_path: Path, annotate: Annotate) -> None:
    check_every_step(tmp_path, every=1, annotate=annotate)


def test_a_run_stopped_again_and_again_goes_on(tmp_path: Path) -> None:
    """Every attempt gets three steps further than the last began, and is then cut off by an error out of nowhere."""
    paths = sources(tmp_path / "in")
    run(paths, tmp_path / "whole", annotate=Annotate.NONE)

    def stop_after(steps: int) -> Watching:
        left = iter(range(steps))

        def step(name: str) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        return Watching(step)

    for attempt in range(60):
        try:
            run(paths, tmp_path / "out", Start.RESUME, stop_after(3 + 5 * attempt), Annotate.NONE)
            break
        except KeyboardInterrupt:
            continue
    assert attempt > 4
    assert written(tmp_path / "out") == written(tmp_path / "whole")


def test_what_was_looked_at_is_not_looked_at_again(tmp_path: Path) -> None:
    """Looking is nearly all the work of a video: going on reads the faces found so far."""
    looked: list[int] = []

    class Counting(FakeDetector):
        def detect(self, pixels: Pixels) -> Detections:
            looked.append(len(looked))
            return FakeDetector.detect(self, pixels)

    parts = identifier()
    counting = replace(parts, stages=replace(parts.stages, detector=Counting()))
    video = film(tmp_path / "v.mkv", [Walker(5, 10, 3, RED)], frames=20)

    def stop(name: str) -> None:
        if name == "advance" and len(looked) == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_into([video], tmp_path / "out", counting, Start.NEW, Annotate.NONE, Watching(stop))
    assert len(looked) == 12
    find_into([video], tmp_path / "out", counting, Start.RESUME, Annotate.NONE, Watching())
    assert len(looked) == 20


# The real command, killed


@dataclass(frozen=True)
class Job:
    """A run of the real command over these paths with this gallery."""

    paths: tuple[Path, ...]
    gallery: Path

    def start(self, out: Path, *more: str, limit: int | None = None) -> subprocess.Popen[str]:
        """limit: bytes that any file may grow to, as where the disk is full."""
        program = "from secondlook.cli import main; main()"
        if limit is not None:
            program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); {program}"
        named = [*map(str, self.paths), "--gallery", str(self.gallery), "--out", str(out)]
        lean = ["--quiet", "--threads", "1", "--annotate", "none", "--side", "480"]
        command = [sys.executable, "-c", program, "find", *named, *lean, *more]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def finish(self, out: Path, *more: str) -> None:
        worker = self.start(out, *more)
        _, said = worker.communicate(timeout=240)
        assert worker.returncode == 0, said


@dataclass(frozen=True)
class Undisturbed:
    """seconds: from the command's start to its first file, and to its end."""

    written: Written
    first_s: float
    last_s: float


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, enrolled: Path) -> Job:
    """Photographs, and a clip between them."""
    folder = tmp_path_factory.mktemp("job")
    portrait = Image.fromarray(astronaut()).crop((120, 0, 340, 260))
    for i in range(4):
        portrait.rotate(4 * i).save(folder / f"{i}.png")
    paths = sorted(folder.glob("*.png"))
    return Job((*paths[:2], shared_data / "crowd" / "white_house_clip.mp4", *paths[2:]), enrolled)


@pytest.fixture(scope="module")
def undisturbed(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    out = tmp_path_factory.mktemp("whole") / "out"
    begun = time.monotonic()
    worker = job.start(out)
    while not (out / "sightings.jsonl").exists() and worker.poll() is None:
        time.sleep(0.01)
    first_s = time.monotonic() - begun
    _, said = worker.communicate(timeout=240)
    assert worker.returncode == 0, said
    found = written(out)
    assert found.sightings.count(b"\n") > 10 and found.paths and found.crops
    return Undisturbed(found, first_s, time.monotonic() - begun)


def kill_and_go_on(job: Job, undisturbed: Undisturbed, out: Path, kills: int, seed: int) -> None:
    """Killed at moments drawn over the whole run until it has been killed so often; begun anew where it was quicker."""
    moments = random.Random(seed)
    done, attempts = 0, 0
    while done < kills:
        attempts += 1
        assert attempts < 5 * kills + 10, "the run always ended before it could be killed"
        worker = job.start(out, "--resume")
        # a run taken up again is shorter than a whole one
        work_s = undisturbed.last_s - undisturbed.first_s
        time.sleep(undisturbed.first_s * 0.8 + work_s * moments.uniform(0, 0.7))
        worker.send_signal(signal.SIGKILL)
        _, said = worker.communicate(timeout=60)
        if worker.returncode == -signal.SIGKILL:
            done += 1
            continue
        assert worker.returncode == 0, said
        assert written(out) == undisturbed.written
        shutil.rmtree(out)
    job.finish(out, "--resume")
    assert written(out) == undisturbed.written


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_find_goes_on(job: Job, undisturbed: Undisturbed, tmp_path: Path) -> None:
    kill_and_go_on(job, undisturbed, tmp_path / "out", kills=3, seed=int(time.time()))


@pytest.mark.prove
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.timeout(900)
def test_a_find_killed_twenty_times_goes_on(job: Job, undisturbed: Undisturbed, tmp_path: Path, seed: int) -> None:
    kill_and_go_on(job, undisturbed, tmp_path / "out", kills=4, seed=seed)


# The disk is full


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_one_sentence_and_the_run_goes_on_later(
    job: Job, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Files may not grow beyond 40 kB: pictures fit, the log of the clip's faces does not."""
    worker = job.start(tmp_path / "out", limit=40_000)
    _, said = worker.communicate(timeout=240)
    assert worker.returncode == 1
    assert said.count("\n") == 1 and said.startswith("secondlook: ") and "Traceback" not in said
    assert "cannot be written (File too large): make room" in said and "--resume" in said
    assert (tmp_path / "out" / ".run" / "journal.jsonl").read_text().count("\n") == 3, "both photographs are whole"
    job.finish(tmp_path / "out", "--resume")
    assert written(tmp_path / "out") == undisturbed.written


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, whose size ``resize`` sets."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], capture_output=True
        ).returncode
    ):
        pytest.skip("a full file system cannot be tried here: mounting one is not allowed")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def test_a_disk_without_a_byte_left(small_disk: Path, tmp_path: Path) -> None:
    """Wherever it fills up: in a crop, a line, the journal, a log."""
    paths = sources(tmp_path / "in")
    run(paths, tmp_path / "whole", annotate=Annotate.NONE)
    whole = written(tmp_path / "whole")
    for kb in range(4, 48, 4):
        out = small_disk / f"out{kb}"
        resize(small_disk, f"{kb}k")
        with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)") as caught:
            run(paths, out, annotate=Annotate.NONE)
        assert str(caught.value).count(". ") == 0 and str(out) in str(caught.value)
        resize(small_disk, "4m")
        run(paths, out, Start.RESUME, annotate=Annotate.NONE)
        assert written(out) == whole, f"stopped at {kb} kB"
        shutil.rmtree(out)
