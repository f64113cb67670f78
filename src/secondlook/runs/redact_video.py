"""One video covered, in three steps that each can be taken up again: find, plan, cover.

OUT/.run/found.jsonl    the faces of every frame
OUT/.run/rulings.json   who of them stays visible, or is to be covered by name
OUT/.run/plan.jsonl     what is covered in every frame
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from secondlook.redact.ahead import ahead
from secondlook.redact.doubts import DoubtCollector, Spotted
from secondlook.redact.moments import Looked, Moment, Rules, moments
from secondlook.redact.planning import Wanted, planned_frames
from secondlook.redact.record import RedactedFrame, each_redaction, to_line
from secondlook.redact.results import Redacted, ReviewSpot
from secondlook.redact.rulings import Ruling, Rulings, rulings_of
from secondlook.redact.shapes import Area
from secondlook.redact.thumbnail import save_thumbnail, thumbnail_name
from secondlook.redact.video import VideoWritten, video_suffix, write_video
from secondlook.report.writing import replacing
from secondlook.runs.redact_found import FoundLog
from secondlook.runs.redact_kit import Kit, source_identity
from secondlook.runs.replay import Look
from secondlook.sources import Source, VideoFrames
from secondlook.types import Detections, Floats, Frame, Pixels

_USUAL_RATE = 25.0


class VideoWatcher(Protocol):
    """Told how the work on a video goes on."""

    def begin(self, source: Source, frames: int | None) -> None: ...

    def looked(self, frames: int) -> None: ...

    def covering(self, source: Source) -> None: ...

    def covered(self, frames: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Where the results go: every frame in which something is covered or kept, and every doubtful spot."""

    frame: Callable[[RedactedFrame], None]
    spot: Callable[[ReviewSpot], None]


def redact_video(source: Source, out: Path, stem: Path, kit: Kit, watcher: VideoWatcher, told: Told) -> Redacted:
    """Writes the copy under ``out / stem`` with a fitting ending. Raises SourceError, OutputError."""
    job = _Job(source, out, stem, kit)
    watcher.begin(source, job.frames.frames_estimate)
    job.find(watcher)
    doubtful = job.plan()
    watcher.covering(source)
    written, spots = job.cover(doubtful, watcher)
    tracks: set[tuple[bool, int]] = set()
    covered_frames = 0
    for frame in each_redaction(job.plan_place):
        if frame.areas:
            told.frame(frame)
        covered_frames += bool(frame.covered)
        tracks.update((area.kept, area.track) for area in frame.areas if area.track > 0)
    for spot in spots:
        told.spot(spot)
    job.forget()
    return Redacted(
        source=str(source.path),
        output=job.output.as_posix(),
        frames=written.frames,
        covered_frames=covered_frames,
        faces=sum(not kept for kept, _ in tracks),
        kept=sum(kept for kept, _ in tracks),
        unplanned=written.whole,
        sound=written.carried.sound,
        subtitles=written.carried.subtitles,
        left_out=written.carried.left_out,
        warning=written.warning,
    )


class _Job:
    """One video of a run."""

    def __init__(self, source: Source, out: Path, stem: Path, kit: Kit) -> None:
        self._source, self._out, self._kit = source, out, kit
        limit = kit.ask.max_pixels
        self.frames = VideoFrames(source.path, limit=limit)
        self.output = stem.with_name(stem.name + video_suffix(source.path, limit))
        (out / self.output).unlink(missing_ok=True)
        self.plan_place = out / ".run" / "plan.jsonl"
        self._rulings_place = out / ".run" / "rulings.json"
        self._frame_s = 1 / (self.frames.rate or _USUAL_RATE)
        self._rules = _rules(kit, self.frames.rate)
        self._log = FoundLog(out / ".run" / "found.jsonl", f"{source_identity(source.path)} {kit.settings}")

    def find(self, watcher: VideoWatcher) -> None:
        """Looks at every frame that is not known yet."""
        if self._log.whole:
            watcher.looked(self._log.frames)
            return
        look = self._log.looking(self._look())
        rulings: list[Ruling] = []
        try:
            with ahead(self._looked_at()) as decoded:
                for sighting in self._kit.in_video(_watched(decoded, watcher), look):
                    rulings.extend(rulings_of(sighting, self._kit.ask.chosen, self._frame_s))
        except BaseException:
            self._log.close()
            raise
        with replacing(self._rulings_place) as file:
            file.write(json.dumps([asdict(ruling) for ruling in rulings]).encode())
        self._log.end()

    def plan(self) -> tuple[Spotted, ...]:
        """Writes what is covered in every frame; gives what is doubtful."""
        wanted = Wanted(self._kit.ask.chosen, Rulings(self._rulings()), self._kit.ask.places)
        times: dict[int, float | None] = {}
        doubts = self._collector()

        def run() -> Iterator[Moment]:
            doubts.begin()
            return doubts.watching(self._moments(times))

        name = str(self._source.path)
        planned = planned_frames(run, wanted, name, self.output.as_posix(), lambda index: times.pop(index, None))
        with replacing(self.plan_place) as file:
            for frame in planned:
                file.write(to_line(frame).encode() + b"\n")
        return doubts.found()

    def cover(self, spots: tuple[Spotted, ...], watcher: VideoWatcher) -> tuple[VideoWritten, tuple[ReviewSpot, ...]]:
        """Writes the copy and the thumbnails of what is doubtful."""
        sheet = _Sheet(str(self._source.path), self._out, spots, self._frame_s)

        def seen(frame: Frame, pixels: Pixels) -> None:
            sheet.see(frame, pixels)
            watcher.covered(1)

        ask = self._kit.ask
        written = write_video(
            self._source.path,
            self._out / self.output,
            _areas_of(self.plan_place),
            ask.covering,
            seen,
            keep_metadata=ask.keep_metadata,
            limit=ask.max_pixels,
        )
        return written, tuple(sheet.found)

    def forget(self) -> None:
        """Nothing but the results is needed any more."""
        self._log.forget()
        for place in (self._rulings_place, self.plan_place):
            place.unlink(missing_ok=True)

    def _looked_at(self) -> VideoFrames:
        """Small already where nobody needs more: shrinking while colours are converted costs next to nothing."""
        if self._kit.identifier is not None:
            return self.frames
        side = self._kit.side(self.frames.width, self.frames.height)
        return VideoFrames(self._source.path, max_side=side, limit=self._kit.ask.max_pixels)

    def _look(self) -> Look:
        width, height = self.frames.width, self.frames.height
        look = self._kit.look(width, height)

        def looked(frame: Frame) -> Detections:
            found = look(frame)
            scale: Floats = np.array([width / frame.pixels.shape[1], height / frame.pixels.shape[0]], np.float32)
            return Detections(found.boxes * np.tile(scale, 2), found.landmarks * scale, found.scores)

        return look if self._kit.identifier is not None else looked

    def _rulings(self) -> tuple[Ruling, ...]:
        held = json.loads(self._rulings_place.read_bytes())
        return tuple(Ruling(r["frame"], (*r["box"],), r["subject"], r["score"]) for r in held)

    def _moments(self, times: dict[int, float | None]) -> Iterator[Moment]:
        def looked() -> Iterator[Looked]:
            for one, time_s in self._log.each():
                times[one.index] = time_s
                yield one

        return moments(looked(), self._rules, self.frames.height, self.frames.width)

    def _collector(self) -> DoubtCollector:
        return DoubtCollector(self._rules, self.frames.height, self.frames.width)


class _Sheet:
    """Thumbnails of doubtful spots, taken as their frames go by."""

    def __init__(self, source: str, out: Path, spots: tuple[Spotted, ...], frame_s: float) -> None:
        self._source, self._out, self._frame_s = source, out, frame_s
        self._waiting: dict[int, list[Spotted]] = {}
        for spot in spots:
            self._waiting.setdefault(spot.place, []).append(spot)
        self._place = 0
        self.found: list[ReviewSpot] = []

    def see(self, frame: Frame, covered: Pixels) -> None:
        for spot in self._waiting.pop(self._place, ()):
            name = thumbnail_name(self._source, spot)
            save_thumbnail(self._out / name, covered, spot)
            now = frame.time_s or 0.0
            from_s = max(0.0, now + (spot.first - spot.place) * self._frame_s)
            to_s = max(from_s, now + (spot.last - spot.place) * self._frame_s)
            self.found.append(
                ReviewSpot(self._source, spot.doubt, frame.index, now, from_s, to_s, spot.box, spot.score, name)
            )
        self._place += 1


def _rules(kit: Kit, rate: float | None) -> Rules:
    return replace(Rules.at_rate(rate), alone=kit.alone)


def _areas_of(plan: Path) -> Callable[[int], tuple[Area, ...] | None]:
    """The areas of frames that are asked for in rising order."""
    lines = each_redaction(plan)
    waiting: list[RedactedFrame] = []

    def areas_of(index: int) -> tuple[Area, ...] | None:
        while not waiting or waiting[0].frame < index:
            waiting.clear()
            following = next(lines, None)
            if following is None:
                return None
            waiting.append(following)
        return waiting[0].covered if waiting[0].frame == index else None

    return areas_of


def _watched(frames: Iterable[Frame], watcher: VideoWatcher) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        watcher.looked(1)
