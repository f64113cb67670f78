"""What came of a redaction: a line for each source (``redacted.jsonl``) and for each doubtful spot (``review.jsonl``)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

from secondlook.redact.doubts import Doubt
from secondlook.redact.rulings import Box
from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject
from secondlook.report.lines import each_line
from secondlook.report.sound import Sound

SOURCES, REVIEW = "redacted.jsonl", "review.jsonl"
SOURCES_SCHEMA, REVIEW_SCHEMA = "secondlook.redacted/1", "secondlook.review/1"
THUMBNAILS = "review"
"""Folder of the thumbnails."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """One source that was covered. output: the copy, relative to the run's folder. frames: pictures in it.
    covered_frames: those in which something is covered. faces: people followed, or faces of photographs, covered.
    kept: those left visible. unplanned: frames that were covered wholly, since nothing was known about them. subtitles:
    tracks copied. left_out: tracks of sound and subtitles that the copy could not hold. warning: damage in the source.
    """

    source: str
    output: str
    frames: int
    covered_frames: int
    faces: int
    kept: int
    unplanned: int = 0
    sound: Sound = Sound.NONE
    subtitles: int = 0
    left_out: int = 0
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSpot:
    """A place where a person should look again. frame, time_s: of the thumbnail. from_s, to_s: what may need covering.
    box: px. thumbnail: relative to the run's folder, of the covered copy."""

    source: str
    doubt: Doubt
    frame: int
    time_s: float
    from_s: float
    to_s: float
    box: Box
    score: float
    thumbnail: str


def redacted_line(one: Redacted) -> str:
    return get.dumped({"schema": SOURCES_SCHEMA, **asdict(one)})


def review_line(one: ReviewSpot) -> str:
    return get.dumped({"schema": REVIEW_SCHEMA, **asdict(one)})


def read_redacted(path: str | os.PathLike[str]) -> tuple[Redacted, ...]:
    """Raises SourceError where the file cannot be read."""
    return tuple(each_line(path, SOURCES_SCHEMA, _redacted))


def read_review(path: str | os.PathLike[str]) -> tuple[ReviewSpot, ...]:
    """Raises SourceError where the file cannot be read."""
    return tuple(each_line(path, REVIEW_SCHEMA, _spot))


def _redacted(line: JsonObject) -> Redacted:
    return Redacted(
        source=get.text(line, "source"),
        output=get.text(line, "output"),
        frames=get.whole(line, "frames"),
        covered_frames=get.whole(line, "covered_frames"),
        faces=get.whole(line, "faces"),
        kept=get.whole(line, "kept"),
        unplanned=get.whole(line, "unplanned"),
        sound=Sound(get.text(line, "sound")),
        subtitles=get.whole(line, "subtitles"),
        left_out=get.whole(line, "left_out"),
        warning=get.text(line, "warning"),
    )


def _spot(line: JsonObject) -> ReviewSpot:
    return ReviewSpot(
        source=get.text(line, "source"),
        doubt=Doubt(get.text(line, "doubt")),
        frame=get.whole(line, "frame"),
        time_s=get.measure(line, "time_s"),
        from_s=get.measure(line, "from_s"),
        to_s=get.measure(line, "to_s"),
        box=get.box_of(get.list_of(line, "box", get.as_measure)),
        score=get.measure(line, "score"),
        thumbnail=get.text(line, "thumbnail"),
    )
