"""What is drawn of a sighting: never more of a name than its record gives."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite
from typing import TypeAlias

from secondlook.report.paths import BoxPath
from secondlook.report.record import SightingRecord
from secondlook.types import Outcome

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in px."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One face to be marked. subject and score: of the candidate, None where there is none."""

    box: Box
    outcome: Outcome
    subject: str | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A mark that moves through a video. path: boxes in px of the upright video, frames ascending."""

    mark: Mark
    path: BoxPath


def mark_of(record: SightingRecord) -> Mark:
    score = record.grounds.score if record.subject is not None else None
    return Mark(record.box, record.outcome, record.subject, score)


def trail_of(record: SightingRecord, path: BoxPath) -> Trail:
    return Trail(mark_of(record), path)


def scaled(mark: Mark, factor: float) -> Mark:
    x0, y0, x1, y1 = mark.box
    return replace(mark, box=(x0 * factor, y0 * factor, x1 * factor, y1 * factor))


def drawable(marks: Sequence[Mark], width: int, height: int) -> list[Mark]:
    """Those whose box is a box and touches the picture, cut at its edges."""
    kept = []
    for mark in marks:
        if not all(isfinite(v) for v in mark.box):
            continue
        x0, y0, x1, y1 = mark.box
        box = (max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1))
        if box[0] < box[2] and box[1] < box[3]:
            kept.append(replace(mark, box=box))
    return kept


def marks_at(trails: Sequence[Trail], frame: int, step: int) -> list[Mark]:
    """The marks of one frame. step: frames between two looks; a box stays until the next look was due."""
    found = []
    for trail in trails:
        box = box_at(trail.path, frame, step)
        if box is not None:
            found.append(replace(trail.mark, box=box))
    return found


def box_at(path: BoxPath, frame: int, step: int) -> Box | None:
    """Where the person was in a frame: in a straight line between the two looks around it; None before and after."""
    after = bisect_right(path, frame, key=lambda seen: seen[0])
    if after == 0:
        return None
    last = path[after - 1]
    if after == len(path):
        return last[1:] if frame - last[0] < step else None
    to = path[after]
    share = (frame - last[0]) / (to[0] - last[0])
    x0, y0, x1, y1 = (a + (b - a) * share for a, b in zip(last[1:], to[1:], strict=True))
    return x0, y0, x1, y1


def step_of(trails: Sequence[Trail]) -> int:
    """Frames between two looks, as the paths show it: the smallest step in them, 1 where there is none."""
    steps = (b[0] - a[0] for trail in trails for a, b in pairwise(trail.path))
    return max(1, min(steps, default=1))
