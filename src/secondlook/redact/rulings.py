"""Who stays visible, or who alone is covered: from decisions to detections. Doubt covers.

A ruling is about one face found in one frame. ``--keep``: a face stays visible only where it belongs to a track, or is
the face of a photograph, whose decision is a candidate and whose first candidate is that subject. Of such a track only
that part stays visible which leads without a jump to the face it was decided on; where two faces of one frame would
stay visible as one subject, the one with the lower score is covered. ``--only``: a face is covered where the decision
is a candidate for the subject or is inconclusive and names the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from secondlook.types import Floats, Outcome, Sighting

Box: TypeAlias = tuple[float, float, float, float]

_JUMP_IOU = 0.15
_LONGEST_GAP_S = 0.5


@dataclass(frozen=True, slots=True)
class Chosen:
    """keep: subjects who stay visible. only: subjects who alone are covered. At most one of the two holds anybody."""

    keep: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def nobody(self) -> bool:
        return not self.keep and not self.only


@dataclass(frozen=True, slots=True)
class Ruling:
    """One face of one frame that was decided to be ``subject``'s. score: the comparison score."""

    frame: int
    box: Box
    subject: str
    score: float


def rulings_of(sighting: Sighting, chosen: Chosen, frame_s: float) -> tuple[Ruling, ...]:
    """What one decision says about the faces it covers. frame_s: seconds from one frame to the next."""
    if chosen.keep:
        return _kept(sighting, chosen.keep, frame_s)
    return _sought(sighting, chosen.only)


def _kept(sighting: Sighting, subjects: Sequence[str], frame_s: float) -> tuple[Ruling, ...]:
    subject = sighting.subject
    if subject is None or subject not in subjects:
        return ()
    score = sighting.decision.candidates[0].score
    return tuple(Ruling(frame, box, subject, score) for frame, box in _smooth_part(sighting, frame_s))


def _sought(sighting: Sighting, subjects: Sequence[str]) -> tuple[Ruling, ...]:
    if sighting.outcome not in (Outcome.CANDIDATE, Outcome.INCONCLUSIVE):
        return ()
    named = [c for c in sighting.decision.candidates if c.subject in subjects]
    if not named:
        return ()
    return tuple(Ruling(frame, box, named[0].subject, named[0].score) for frame, box in _steps(sighting))


def _steps(sighting: Sighting) -> list[tuple[int, Box]]:
    if not sighting.path:
        return [(sighting.frame, sighting.box)]
    return [(frame, (x0, y0, x1, y1)) for frame, x0, y0, x1, y1 in sighting.path]


def _smooth_part(sighting: Sighting, frame_s: float) -> list[tuple[int, Box]]:
    """The part of the way round the best shot in which no step is a jump in place or time."""
    steps = _steps(sighting)
    most = max(1, round(_LONGEST_GAP_S / frame_s)) if frame_s > 0 else 1
    at = min(range(len(steps)), key=lambda i: abs(steps[i][0] - sighting.frame))
    first = last = at
    while first > 0 and not _jumps(steps[first - 1], steps[first], most):
        first -= 1
    while last + 1 < len(steps) and not _jumps(steps[last], steps[last + 1], most):
        last += 1
    return steps[first : last + 1]


def _jumps(a: tuple[int, Box], b: tuple[int, Box], most: int) -> bool:
    return b[0] - a[0] > most or _iou(a[1], b[1]) < _JUMP_IOU


def _iou(a: Box, b: Box) -> float:
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, tall)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


class Rulings:
    """Rulings by frame."""

    def __init__(self, rulings: Iterable[Ruling] = ()) -> None:
        self._by_frame: dict[int, list[Ruling]] = {}
        self.add(rulings)

    def add(self, rulings: Iterable[Ruling]) -> None:
        for ruling in rulings:
            self._by_frame.setdefault(ruling.frame, []).append(ruling)

    def forget(self, frame: int) -> None:
        """Nobody will ask about this frame any more."""
        self._by_frame.pop(frame, None)

    def about(self, frame: int, boxes: Floats) -> dict[int, Ruling]:
        """Rulings on the faces of a frame, by row: each subject at most once. boxes: (n, 4) px, as found."""
        best: dict[str, Ruling] = {}
        for ruling in self._by_frame.get(frame, ()):
            if ruling.subject not in best or ruling.score > best[ruling.subject].score:
                best[ruling.subject] = ruling
        return {row: ruling for ruling in best.values() if (row := _row(ruling.box, boxes)) is not None}

    def all_about(self, frame: int, boxes: Floats) -> dict[int, Ruling]:
        """As ``about``, but a subject may be in several places."""
        found = ((_row(ruling.box, boxes), ruling) for ruling in self._by_frame.get(frame, ()))
        return {row: ruling for row, ruling in found if row is not None}


def _row(box: Box, boxes: Floats) -> int | None:
    """The row of this very box."""
    same = np.nonzero((np.abs(boxes - np.array(box, np.float32)) < 0.01).all(axis=1))[0]
    return int(same[0]) if len(same) else None
