"""Marked copies of what was looked at, beside the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from secondlook.report.annotate import annotate_picture, annotated_name, save_picture
from secondlook.report.marks import mark_of, trail_of
from secondlook.report.record import record_of
from secondlook.report.summary import Drawn
from secondlook.report.video import annotate_video
from secondlook.sources import Source, SourceKind
from secondlook.types import Frame, Sighting


def draw_picture(frame: Frame, seen: Sequence[Sighting], out: Path) -> None:
    """One page of a photograph with its faces marked."""
    marks = [mark_of(record_of(sighting)) for sighting in seen]
    save_picture(out / picture_name(frame.source, frame.index), annotate_picture(frame.pixels, marks))


def draw_video(path: Path, seen: Sequence[Sighting], out: Path, limit: int, progress: Callable[[int], None]) -> None:
    """A copy of the video with everybody who was followed marked. limit: most pixels in a frame."""
    trails = [trail_of(record_of(sighting), sighting.path) for sighting in seen]
    annotate_video(path, trails, out / video_name(str(path)), lambda done, total: progress(done), limit=limit)


def picture_name(source: str, page: int) -> str:
    """Of the marked copy, relative to the run's folder."""
    return annotated_name(source if page == 0 else f"{source} {page}", "jpg")


def video_name(source: str) -> str:
    return annotated_name(source, "mp4")


def drawn(sources: Sequence[Source], out: Path) -> tuple[Drawn, ...]:
    """The marked copies that are there."""
    named = [
        Drawn(str(s.path), video_name(str(s.path)) if s.kind is SourceKind.VIDEO else picture_name(str(s.path), 0))
        for s in sources
    ]
    return tuple(one for one in named if (out / one.file).is_file())
