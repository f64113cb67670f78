"""Whole runs of redaction with the public fakes: what is covered, what is written, and going on after a stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fake_runs import film, identifier, photo, sources
from fake_stages import Walker
from secondlook.errors import OutputError
from secondlook.fakes import BLUE, GREEN, RED, FakeDetector, Square
from secondlook.redact.cover import FILL, Covering, Extent
from secondlook.redact.places import also
from secondlook.redact.record import read_redaction
from secondlook.redact.rulings import Chosen
from secondlook.redact.shapes import Area
from secondlook.runs.journal import Start
from secondlook.runs.redact import RedactResult, redact_into
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.sources import Problem, Source, VideoFrames
from secondlook.types import Detections, Pixels


class Watching:
    """A watcher that does something at every step."""

    def __init__(self, step: Callable[[str], None] = lambda name: None) -> None:
        self._step = step
        self.problems: list[Problem] = []

    def sources(self, count: int, already: int) -> None:
        self._step("sources")

    def begin(self, source: Source, frames: int | None) -> None:
        self._step("begin")

    def looked(self, frames: int) -> None:
        self._step("looked")

    def covering(self, source: Source) -> None:
        self._step("covering")

    def covered(self, frames: int) -> None:
        self._step("covered")

    def end(self, source: Source) -> None:
        self._step("end")

    def problem(self, problem: Problem) -> None:
        self.problems.append(problem)


def kit(ask: Ask | None = None) -> Kit:
    ask = ask or Ask()
    return Kit(ask, FakeDetector(), identifier=None if ask.chosen.nobody else identifier())


def run(
    paths: list[Path], out: Path, start: Start = Start.NEW, watcher: Watching | None = None, ask: Ask | None = None
) -> RedactResult:
    return redact_into(paths, out, kit(ask), start, watcher or Watching())


def strong(pixels: Pixels) -> np.ndarray:
    """Where a painted face is to be seen."""
    spread = pixels.max(axis=2).astype(int) - pixels.min(axis=2)
    return np.asarray(spread > 90)


def test_nobody_is_left_in_any_copy(tmp_path: Path) -> None:
    result = run(sources(tmp_path / "in"), tmp_path / "out")
    assert [Path(one.source).name for one in result.redacted] == ["a.png", "b.mkv", "d.png", "e.mkv", "f.png"]
    assert [problem.path.name for problem in result.problems] == ["c.png"]
    copies = tmp_path / "out" / "redacted"
    assert sorted(path.name for path in copies.iterdir()) == ["a.png", "b.mkv", "d.png", "e.mkv", "f.png"]
    for name, frames in (("b.mkv", 24), ("e.mkv", 24)):
        given = list(VideoFrames(copies / name))
        assert len(given) == frames
        assert not any(strong(frame.pixels).any() for frame in given)
    assert sorted(path.name for path in (tmp_path / "out" / ".run").iterdir()) == ["journal.jsonl"]


def test_frames_keep_their_times_and_the_rest_of_the_picture(tmp_path: Path) -> None:
    source = film(tmp_path / "v.mkv", [Walker(5, 10, 3, RED)])
    run([source], tmp_path / "out")
    before, after = list(VideoFrames(source)), list(VideoFrames(tmp_path / "out" / "redacted" / "v.mkv"))
    assert [f.time_s for f in before] == pytest.approx([f.time_s for f in after], abs=1e-6)
    for a, b in zip(before, after, strict=True):
        assert np.abs(a.pixels[60:].astype(int) - b.pixels[60:]).max() < 8
        assert np.abs(b.pixels[22, 17 + 3 * a.index].astype(int) - FILL).max() < 8


def test_folders_keep_their_order_and_equal_names_do_not_collide(tmp_path: Path) -> None:
    for folder in ("x", "y", "x/z"):
        (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
        photo(tmp_path / "in" / folder / "a.png", Square(10, 10, 24, RED))
    photo(tmp_path / "in" / "x" / "a.bmp")
    named = [tmp_path / "in" / "x", tmp_path / "in" / "y" / "a.png", tmp_path / "in" / "x" / "a.png"]
    result = run(named, tmp_path / "out")
    assert [one.output for one in result.redacted] == [
        "redacted/x/a.bmp",
        "redacted/x/a-2.png",
        "redacted/x/z/a.png",
        "redacted/a.png",
    ]


def test_a_frame_that_was_not_planned_is_covered_wholly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from secondlook.runs import redact_video

    planned = redact_video._areas_of

    def without_one(plan: Path) -> Callable[[int], tuple[Area, ...] | None]:
        of = planned(plan)
        return lambda index: None if index == 7 else of(index)

    monkeypatch.setattr(redact_video, "_areas_of", without_one)
    result = run([film(tmp_path / "v.mkv", [Walker(5, 10, 3, RED)])], tmp_path / "out")
    assert result.redacted[0].unplanned == 1
    frames = list(VideoFrames(tmp_path / "out" / "redacted" / "v.mkv"))
    assert np.abs(frames[7].pixels.astype(int) - FILL).max() < 8
    assert np.abs(frames[8].pixels[90].astype(int) - 128).max() < 8


def test_who_is_kept_stays_visible_and_nobody_else(tmp_path: Path) -> None:
    walkers = [Walker(5, 10, 3, RED), Walker(120, 60, -3, BLUE), Walker(60, 60, 0, GREEN, first=15)]
    ask = Ask(covering=Covering(extent=Extent.FACE), chosen=Chosen(keep=("Ruby",)))
    result = run([film(tmp_path / "v.mkv", walkers, 30)], tmp_path / "out", ask=ask)
    for frame in VideoFrames(tmp_path / "out" / "redacted" / "v.mkv"):
        seen = strong(frame.pixels)
        assert seen[14:30, 9 + 3 * frame.index : 25 + 3 * frame.index].all(), frame.index
        assert not seen[50:].any(), frame.index
    lines = read_redaction(tmp_path / "out" / "redaction.jsonl")
    assert {area.subject for line in lines for area in line.areas if area.kept} == {"Ruby"}
    assert result.redacted[0].kept == 1


def test_only_one_is_covered(tmp_path: Path) -> None:
    walkers = [Walker(5, 10, 3, RED), Walker(120, 60, -3, BLUE)]
    run([film(tmp_path / "v.mkv", walkers)], tmp_path / "out", ask=Ask(chosen=Chosen(only=("Ruby",))))
    for frame in VideoFrames(tmp_path / "out" / "redacted" / "v.mkv"):
        seen = strong(frame.pixels)
        assert not seen[:40].any() and seen[70, 130 - 3 * frame.index]


def test_what_a_person_saw_is_covered_in_its_time(tmp_path: Path) -> None:
    ask = Ask(places=(also("0.5-0.8:100,60,20,20"),))
    run([film(tmp_path / "v.mkv", [])], tmp_path / "out", ask=ask)
    covered = [
        frame.index
        for frame in VideoFrames(tmp_path / "out" / "redacted" / "v.mkv")
        if np.abs(frame.pixels[70, 110].astype(int) - FILL).max() < 8
    ]
    assert covered == [5, 6, 7, 8]


def test_other_settings_are_another_run(tmp_path: Path) -> None:
    paths = sources(tmp_path / "in")[:1]
    run(paths, tmp_path / "out")
    with pytest.raises(OutputError, match="--resume"):
        run(paths, tmp_path / "out")
    with pytest.raises(OutputError, match="other settings"):
        run(paths, tmp_path / "out", Start.RESUME, ask=Ask(smallest_px=20))


@dataclass(frozen=True)
class Written:
    """Every file of a run that counts, to the byte; videos by their frames."""

    files: dict[str, bytes]
    frames: dict[str, bytes]


def written(out: Path) -> Written:
    files = {p.relative_to(out).as_posix(): p for p in sorted(out.rglob("*")) if p.is_file()}
    frames = {
        name: b"".join(frame.pixels.tobytes() for frame in VideoFrames(path))
        for name, path in files.items()
        if name.endswith(".mkv")
    }
    return Written({n: p.read_bytes() for n, p in files.items() if n not in frames and ".run" not in n}, frames)


def test_a_run_stopped_at_any_step_goes_on(tmp_path: Path) -> None:
    """A copy of the folder at a step is what a kill would have left of it."""
    paths, out, copies = sources(tmp_path / "in"), tmp_path / "out", tmp_path / "copies"
    copies.mkdir()
    count = iter(range(10_000))
    run(paths, out, watcher=Watching(lambda name: _copy(out, copies / f"{next(count):03} {name}")))
    whole = written(out)
    assert len(whole.frames) == 2 and "redaction.jsonl" in whole.files
    stops = sorted(copies.iterdir())
    assert len(stops) > 90
    for stop in sorted({*stops[::9], *stops[:2], *stops[-2:]}):
        shutil.rmtree(out)
        stop.rename(out)
        run(paths, out, Start.RESUME)
        assert written(out) == whole, f"stopped at {stop.name}"


def _copy(out: Path, to: Path) -> None:
    """As a kill leaves it: what is half written lies under another name."""
    shutil.copytree(out, to)
    assert all(path.suffix != ".mkv" or ".part" not in path.name for path in (to / "redacted").glob("*.mkv"))


def test_what_was_looked_at_is_not_looked_at_again(tmp_path: Path) -> None:
    looked: list[int] = []

    class Counting(FakeDetector):
        def detect(self, pixels: Pixels) -> Detections:
            looked.append(len(looked))
            return FakeDetector.detect(self, pixels)

    counting = Kit(Ask(), Counting())
    video = film(tmp_path / "v.mkv", [Walker(5, 10, 3, RED)], frames=20)

    def stop(name: str) -> None:
        if name == "looked" and len(looked) == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redact_into([video], tmp_path / "out", counting, Start.NEW, Watching(stop))
    assert len(looked) == 12
    redact_into([video], tmp_path / "out", counting, Start.RESUME, Watching())
    assert len(looked) == 20
