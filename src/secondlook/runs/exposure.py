"""How exposed everybody is in many sources, into one folder.

OUT/exposure.jsonl   one line a face, or a person of a video (docs/exposure.md)
OUT/advice.jsonl     one line a source: what would bring everybody below the wanted exposure; only where one was asked for
OUT/maps/            the pictures, and each person's most exposed moment of a video, with boxes
OUT/report.html      the page for people

Nothing appears under these names before the whole run is done.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Protocol

import numpy as np

from secondlook.errors import OutputError, SourceError
from secondlook.exposure.drawing import Dot, drawn_map, drawn_moment
from secondlook.exposure.following import Moment, as_box
from secondlook.exposure.publishing import Advice, Look, Placed, changes, scale_below
from secondlook.exposure.record import ADVICE, FILE_NAME, ExposedFace, advice_line, numbered, to_line
from secondlook.exposure.stated import exposures, recognisable_px
from secondlook.faces.quality import assess
from secondlook.report.annotate import annotated_name, save_picture
from secondlook.report.page import FILE_NAME as REPORT
from secondlook.report.writing import replacing
from secondlook.runs.exposure_kit import Kit
from secondlook.runs.journal import Start, writing
from secondlook.sources import Problem, Source, SourceKind, expand, read_pictures
from secondlook.types import Frame, Quality

MAPS = "maps"
WRITTEN = frozenset({FILE_NAME, ADVICE, MAPS, REPORT})


class Watcher(Protocol):
    """Told how a run goes on; every call is quick."""

    def sources(self, count: int) -> None: ...

    def begin(self, source: Source, frames: int | None) -> None: ...

    def looked(self, frames: int) -> None: ...

    def end(self, source: Source) -> None: ...

    def problem(self, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class ExposureResult:
    """faces: of every source, in its order, the most exposed first. read: sources that were looked at."""

    faces: tuple[ExposedFace, ...]
    advice: tuple[Advice, ...]
    read: tuple[Source, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What came of one source."""

    faces: list[ExposedFace]
    advice: list[Advice]
    warning: str = ""


def expose_into(paths: Iterable[Path], out: Path, kit: Kit, start: Start, watcher: Watcher) -> ExposureResult:
    """Looks at every source. Bad sources become problems and the rest goes on.

    Raises OutputError where results cannot be written, or are there already and ``start`` is NEW.
    """
    _check(out, start)
    sources, problems = expand(paths)
    sources = tuple(s for s in sources if not _written_by_run(s.path, out))
    problems = tuple(p for p in problems if not _written_by_run(p.path, out))
    watcher.sources(len(sources))
    for problem in problems:
        watcher.problem(problem)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".exposure-", dir=out))
    try:
        result = _look_at_all(sources, problems, beside, kit, watcher)
        _write(out, beside, result)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return result


def _look_at_all(
    sources: Iterable[Source], problems: Sequence[Problem], beside: Path, kit: Kit, watcher: Watcher
) -> ExposureResult:
    faces: list[ExposedFace] = []
    advice: list[Advice] = []
    read: list[Source] = []
    bad = list(problems)
    for source in sources:
        sentence = ""
        try:
            looked = _look_at(source, beside, kit, watcher)
        except SourceError as error:
            sentence = str(error)
        else:
            faces += looked.faces
            advice += looked.advice
            read.append(source)
            sentence = looked.warning
        if sentence:
            bad.append(Problem(source.path, sentence))
            watcher.problem(bad[-1])
        watcher.end(source)
    return ExposureResult(tuple(faces), tuple(advice), tuple(read), tuple(bad))


def _look_at(source: Source, beside: Path, kit: Kit, watcher: Watcher) -> _Looked:
    if source.kind is SourceKind.VIDEO:
        return _video(source, beside, kit, watcher)
    watcher.begin(source, None)
    looked = _Looked([], [])
    for frame in read_pictures(source.path, kit.max_pixels):
        faces, advice = _photo(frame, beside, kit)
        looked.faces.extend(faces)
        looked.advice.extend(advice)
    return looked


def _photo(frame: Frame, beside: Path, kit: Kit) -> tuple[list[ExposedFace], list[Advice]]:
    found = kit.find(frame)
    qualities = tuple(
        assess(frame.pixels, box, points) for box, points in zip(found.boxes, found.landmarks, strict=True)
    )
    size = (frame.pixels.shape[1], frame.pixels.shape[0])
    name = _map_name(frame.source, f"{frame.index}" if frame.index else "")
    faces = numbered(
        [
            replace(face, frame=frame.index, track=row + 1, box=as_box(found.boxes[row]), map=name,
                    detector_score=float(found.scores[row]))
            for row, face in enumerate(_stated(frame.source, qualities, kit))
        ]
    )  # fmt: skip
    save_picture(beside / name, drawn_map(frame.pixels, [Dot(f.box, f.chance, f.number) for f in faces]))
    rows = np.array([face.track - 1 for face in faces], np.intp)
    look = Look(frame.pixels, found.boxes[rows], found.landmarks[rows])
    placed = [Placed(face.box, face.box, face.chance) for face in faces]
    return faces, _advice(frame.source, frame.index, faces, placed, [look], size, kit)


def _video(source: Source, beside: Path, kit: Kit, watcher: Watcher) -> _Looked:
    frames = kit.frames(source.path)
    watcher.begin(source, frames.frames_estimate)
    kept = _Watched(frames, watcher)
    found = list(kit.moments(kept))
    name = str(source.path)
    faces = numbered(
        [
            _of_moment(face, moment)
            for face, moment in zip(_stated(name, [m.quality for m in found], kit), found, strict=True)
        ]
    )
    by_track = {moment.track: moment for moment in found}
    ordered = [by_track[face.track] for face in faces]
    shown = [replace(face, map=_map_name(name, f"person-{face.number}")) for face in faces]
    for face, moment in zip(shown, ordered, strict=True):
        dot = Dot(as_box(moment.look.boxes[0]), face.chance, face.number)
        save_picture(beside / str(face.map), drawn_moment(moment.look.pixels, dot))
    size = (frames.width, frames.height)
    looks = max(1, kept.given)
    placed = [Placed(f.box, m.place, f.chance, f.frames / looks) for f, m in zip(shown, ordered, strict=True)]
    advice = _advice(name, None, shown, placed, [m.look for m in ordered], size, kit)
    return _Looked(shown, advice, frames.warning or "")


def _of_moment(face: ExposedFace, moment: Moment) -> ExposedFace:
    return replace(
        face,
        track=moment.track,
        frame=moment.frame,
        time_s=moment.time_s,
        first_s=moment.first_s,
        last_s=moment.last_s,
        frames=moment.frames,
        box=moment.box,
        detector_score=moment.detector_score,
    )


def _stated(source: str, qualities: Sequence[Quality], kit: Kit) -> Iterator[ExposedFace]:
    """Faces whose place is still to be told."""
    c, n = kit.calibration, kit.population
    for quality, exposure in zip(qualities, exposures(c, qualities, n), strict=True):
        yield ExposedFace(
            source=source,
            number=0,
            track=0,
            frame=0,
            time_s=None,
            first_s=None,
            last_s=None,
            frames=1,
            box=(0.0, 0.0, 0.0, 0.0),
            detector_score=0.0,
            quality=quality,
            exposure=exposure,
            level=kit.level,
            level_px=recognisable_px(c, quality, n, kit.level),
            pack=kit.pack,
        )


def _advice(
    source: str,
    frame: int | None,
    faces: Sequence[ExposedFace],
    placed: Sequence[Placed],
    looks: Sequence[Look],
    size: tuple[int, int],
    kit: Kit,
) -> list[Advice]:
    """placed: the same faces. looks: what is measured again at every scale."""
    if kit.want is None:
        return []
    exposed = sum(face.chance >= kit.want for face in faces)
    scale = scale_below(kit.calibration, kit.population, kit.want, looks) if exposed else None
    return [Advice(source, frame, kit.want, len(faces), exposed, changes(placed, kit.want, size, scale))]


class _Watched:
    """Frames on their way, each told to the watcher. given: how many there were."""

    def __init__(self, frames: Iterable[Frame], watcher: Watcher) -> None:
        self._frames, self._watcher = frames, watcher
        self.given = 0

    def __iter__(self) -> Iterator[Frame]:
        last = 0
        for frame in self._frames:
            yield frame
            self.given += 1
            self._watcher.looked(frame.index + 1 - last)
            last = frame.index + 1


def _map_name(source: str, part: str) -> str:
    whole = annotated_name(f"{source} {part}" if part else source, "jpg")
    return f"{MAPS}/{PurePath(whole).name}"


def _write(out: Path, beside: Path, result: ExposureResult) -> None:
    faces, advice = [to_line(face) for face in result.faces], [advice_line(one) for one in result.advice]
    with writing(out):
        shutil.rmtree(out / MAPS, ignore_errors=True)
        (beside / MAPS).mkdir(exist_ok=True)
        (beside / MAPS).rename(out / MAPS)
        for name in (ADVICE, REPORT):
            (out / name).unlink(missing_ok=True)
    if advice:
        _write_lines(out / ADVICE, advice)
    _write_lines(out / FILE_NAME, faces)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replacing(path) as file:
        for line in lines:
            file.write(f"{line}\n".encode())


def _check(out: Path, start: Start) -> None:
    if (out / FILE_NAME).exists() and start is Start.NEW:
        raise OutputError(f"{out} holds {FILE_NAME} of another run: give --overwrite, or name another folder.")


def _written_by_run(path: Path, out: Path) -> bool:
    path, out = path.absolute(), out.absolute()
    return path.is_relative_to(out) and not WRITTEN.isdisjoint(path.relative_to(out).parts[:1])
