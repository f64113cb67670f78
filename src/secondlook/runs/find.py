"""Finding people in many sources, into one folder.

OUT/sightings.jsonl   one line a sighting (docs/sightings.md)
OUT/crops/            the face of each sighting
OUT/report.html       the page for people
OUT/annotated/        the pictures and videos with boxes
OUT/.run/             what is needed to go on
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from secondlook.assemble import Identifier, Settings
from secondlook.decide.rule import OperatingPoint
from secondlook.errors import SourceError
from secondlook.report.annotate import ANNOTATED
from secondlook.report.crops import save_crop
from secondlook.report.page import FILE_NAME as REPORT
from secondlook.report.paths import FILE_NAME as PATHS
from secondlook.report.paths import to_path_line
from secondlook.report.record import CROPS, SightingRecord
from secondlook.report.sightings import FILE_NAME as SIGHTINGS
from secondlook.report.sightings import read_records, to_record
from secondlook.runs.drawing import draw_picture, draw_video
from secondlook.runs.journal import Journal, Start
from secondlook.runs.replay import FaceLog
from secondlook.sources import Problem, Source, SourceKind, expand
from secondlook.types import Detections, Frame, Sighting

WRITTEN = frozenset({SIGHTINGS, PATHS, CROPS, ANNOTATED, REPORT})
"""What a run writes into its folder, beside ``.run``."""


class Annotate(StrEnum):
    """Whether boxes are drawn: into everything, into pictures only, or nowhere."""

    ALL = "all"
    PICTURES = "pictures"
    NONE = "none"


class Watcher(Protocol):
    """Told how a run goes on; every call is quick."""

    def sources(self, count: int, already: int) -> None: ...

    def begin(self, source: Source, frames: int | None) -> None: ...

    def advance(self, frames: int) -> None: ...

    def found(self, sighting: Sighting) -> None: ...

    def drawing(self, source: Source) -> None: ...

    def drawn(self, frames: int) -> None:
        """How many frames of the video are drawn so far."""
        ...

    def end(self, source: Source) -> None: ...

    def problem(self, problem: Problem) -> None: ...


class Film(Protocol):
    """The frames of one video that are looked at (``sources.VideoFrames``)."""

    @property
    def frames_estimate(self) -> int | None: ...

    @property
    def warning(self) -> str | None: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Looking(Protocol):
    """Who looks at the sources of a run: an ``Identifier``, or many machines for it (``scale``)."""

    @property
    def settings(self) -> Settings: ...

    def pictures(self, path: Path) -> Iterable[Frame]: ...

    def in_photo(self, frame: Frame) -> list[Sighting]: ...

    def frames(self, path: Path) -> Film: ...

    def look(self, frame: Frame) -> Detections: ...

    def in_video(self, frames: Iterable[Frame], detect: Callable[[Frame], Detections]) -> Iterator[Sighting]: ...


Eyes: TypeAlias = Callable[[Sequence[Source], Path], AbstractContextManager[Looking]]
"""Who looks in place of the identifier. Told all sources that will be looked at, in order, and a folder to work in."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """records: every sighting of the run, also of parts done before it was stopped. read: sources that were read."""

    records: tuple[SightingRecord, ...]
    read: tuple[Source, ...]
    problems: tuple[Problem, ...]


def find_into(
    paths: Iterable[Path],
    out: Path,
    identifier: Identifier,
    start: Start,
    annotate: Annotate,
    watcher: Watcher,
    eyes: Eyes | None = None,
) -> RunResult:
    """Looks at every source and writes what was seen. Bad sources become problems and the rest goes on.

    Raises OutputError where results cannot be written, or the folder holds another run; CalibrationStale or
    CalibrationError where the asked FPIR cannot be stated at the gallery's size; whatever ``eyes`` raise.
    """
    identifier.check()
    sources, problems = expand(paths)
    # OUT may lie in a folder that is looked at: what a run has written is no source of it when it is taken up again.
    sources = tuple(s for s in sources if not _written_by_run(s.path, out))
    problems = tuple(p for p in problems if not _written_by_run(p.path, out))
    journal = Journal(out, _settings(identifier), (SIGHTINGS, PATHS), start)
    problems = (*problems, *_warnings(journal))
    watcher.sources(len(sources), len(journal.done & {str(s.path) for s in sources}))
    for problem in problems:
        watcher.problem(problem)
    try:
        left = [source for source in sources if str(source.path) not in journal.done]
        with eyes(left, out / ".run") if eyes else nullcontext(identifier) as looking:
            found = [*problems, *_look_at_all(left, journal, looking, annotate, watcher)]
    finally:
        journal.close()
    read = tuple(s for s in sources if str(s.path) in journal.done)
    return RunResult(read_records(out / SIGHTINGS), read, tuple(found))


def _look_at_all(
    sources: Iterable[Source], journal: Journal, looking: Looking, annotate: Annotate, watcher: Watcher
) -> Iterator[Problem]:
    for source in sources:
        try:
            sentence = _look_at(source, journal, looking, annotate, watcher)
        except SourceError as error:
            journal.drop_unfinished()
            sentence = str(error)
        else:
            journal.finish(str(source.path), sentence)
        if sentence:
            problem = Problem(source.path, sentence)
            watcher.problem(problem)
            yield problem
        watcher.end(source)


def _look_at(source: Source, journal: Journal, looking: Looking, annotate: Annotate, watcher: Watcher) -> str:
    """What was wrong with the source although it could be read, or nothing."""
    if source.kind is SourceKind.VIDEO:
        return _look_at_video(source, journal, looking, annotate, watcher)
    _look_at_photo(source, journal, looking, annotate, watcher)
    return ""


def _look_at_photo(source: Source, journal: Journal, looking: Looking, annotate: Annotate, watcher: Watcher) -> None:
    watcher.begin(source, None)
    for frame in looking.pictures(source.path):
        seen = looking.in_photo(frame)
        for sighting in seen:
            _write(sighting, journal)
            watcher.found(sighting)
        if annotate is not Annotate.NONE:
            draw_picture(frame, seen, journal.out)
        watcher.advance(1)


def _look_at_video(source: Source, journal: Journal, looking: Looking, annotate: Annotate, watcher: Watcher) -> str:
    frames = looking.frames(source.path)
    watcher.begin(source, frames.frames_estimate)
    log = FaceLog(journal.out / ".run" / "faces.jsonl", _identity(source))
    seen = []
    try:
        for sighting in looking.in_video(_watched(frames, watcher), log.looking(looking.look)):
            _write(sighting, journal)
            watcher.found(sighting)
            seen.append(sighting)
    except BaseException:
        log.close()
        raise
    if annotate is Annotate.ALL:
        watcher.drawing(source)
        draw_video(source.path, seen, journal.out, looking.settings.max_pixels, watcher.drawn)
    log.forget()
    return frames.warning or ""


def _watched(frames: Iterable[Frame], watcher: Watcher) -> Iterator[Frame]:
    last = 0
    for frame in frames:
        yield frame
        watcher.advance(frame.index + 1 - last)
        last = frame.index + 1


def _write(sighting: Sighting, journal: Journal) -> None:
    save_crop(journal.out, sighting)
    journal.write(SIGHTINGS, to_record(sighting))
    path = to_path_line(sighting)
    if path is not None:
        journal.write(PATHS, path)


def _written_by_run(path: Path, out: Path) -> bool:
    path, out = path.absolute(), out.absolute()
    return path.is_relative_to(out) and not WRITTEN.isdisjoint(path.relative_to(out).parts[:1])


def _settings(identifier: Identifier) -> str:
    s, rule = identifier.settings, identifier.stages.point
    if isinstance(rule, OperatingPoint):
        how = f"threshold {rule.threshold} doubtful {rule.doubtful}"
    else:
        how = f"fpir {rule.fpir} prior {rule.prior} calibration {rule.calibration.id}"
    return (
        f"gallery {identifier.gallery.id} pack {identifier.embedder.pack} detector {identifier.detector.pack} "
        f"{how} smallest {s.smallest_px} every {s.every_s} "
        f"side {s.video_side} limits {s.limits}"
    )


def _identity(source: Source) -> str:
    """A video changed between two runs is another video."""
    facts = source.path.stat()
    return f"{source.path} {facts.st_size} {facts.st_mtime_ns}"


def _warnings(journal: Journal) -> tuple[Problem, ...]:
    return tuple(Problem(Path(one.source), one.warning) for one in journal.finished if one.warning)
