"""Everybody in view of one source: who is being followed now, and who has just gone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from secondlook.faces.align import chip
from secondlook.faces.crop import crop
from secondlook.faces.quality import assess
from secondlook.ports import ChipLayout
from secondlook.track.follow import Follower
from secondlook.track.shots import Keep, OpenTrack, Shot
from secondlook.types import Detections, Face, Frame, Quality


class Cutting(Protocol):
    """How the faces of a frame are measured and cut out of it. row: of the frame's detections."""

    def quality(self, frame: Frame, found: Detections, row: int) -> Quality: ...

    def shot(self, frame: Frame, found: Detections, row: int, quality: Quality) -> Shot: ...


@dataclass(frozen=True, eq=False, slots=True)
class FromPixels:
    """Measured and cut out of the frame itself, as is usual."""

    layout: ChipLayout

    def quality(self, frame: Frame, found: Detections, row: int) -> Quality:
        return assess(frame.pixels, found.boxes[row], found.landmarks[row])

    def shot(self, frame: Frame, found: Detections, row: int, quality: Quality) -> Shot:
        return shoot(frame, found, row, self.layout, quality)


class InView:
    """Follows everybody from frame to frame and keeps their best shots. layout: of the recogniser's chips. cutting: where
    that was done elsewhere, and the frames have no pixels.

    longest_s: who stays longer is followed on in a new piece, with shots of its own, under the same number; so what is
    remembered stays bounded however long somebody sits in view. gap_s: who was not seen for longer has gone, however
    few frames that were.
    """

    def __init__(
        self,
        follower: Follower,
        layout: ChipLayout,
        keep: Keep,
        *,
        longest_s: float = math.inf,
        gap_s: float = math.inf,
        cutting: Cutting | None = None,
    ) -> None:
        self._follower, self._keep = follower, keep
        self._cutting = cutting or FromPixels(layout)
        self._longest_s, self._gap_s = longest_s, gap_s
        self._tracks: dict[int, OpenTrack] = {}
        self._shot = 0

    def __iter__(self) -> Iterator[OpenTrack]:
        """Who is being followed, by number."""
        return iter([self._tracks[number] for number in sorted(self._tracks)])

    def __contains__(self, number: int) -> bool:
        return number in self._tracks

    def number(self) -> int:
        """The next free track number."""
        return self._follower.number()

    def see(self, frame: Frame, found: Detections) -> list[OpenTrack]:
        """Takes in the next frame and gives what has ended with it, by number: tracks, and pieces of such as go on."""
        if frame.shot != self._shot:
            self._follower.cut()
            self._shot = frame.shot
        self._follower.forget(self._long_gone(frame.time_s))
        numbers = self._follower.update(found)
        ended = list[OpenTrack]()
        for row in np.nonzero(numbers)[0]:
            ended += self._observe(int(numbers[row]), frame, found, int(row))
        gone = self._tracks.keys() - self._follower.alive()
        ended += [self._tracks.pop(number) for number in gone]
        return sorted(ended, key=lambda track: (track.id, track.piece))

    def rest(self) -> list[OpenTrack]:
        """The source has ended: everybody who was still followed, by number."""
        ended = list(self)
        self._tracks.clear()
        return ended

    def _observe(self, number: int, frame: Frame, found: Detections, row: int) -> Iterator[OpenTrack]:
        track = self._tracks.get(number)
        if track is None:
            track = self._tracks[number] = OpenTrack(number, frame.index, frame.time_s)
        elif _since(track.first_s, frame.time_s) >= self._longest_s:
            yield track
            track = self._tracks[number] = OpenTrack(number, frame.index, frame.time_s, piece=track.piece + 1)
        box = found.boxes[row]
        track.see(frame.index, frame.time_s, box, float(found.scores[row]))
        quality = self._cutting.quality(frame, found, row)
        place = track.place(quality.score, frame.time_s, self._keep)
        if place is not None:
            track.keep(place, self._cutting.shot(frame, found, row, quality))

    def _long_gone(self, now_s: float | None) -> set[int]:
        return {number for number, track in self._tracks.items() if _since(track.last_s, now_s) > self._gap_s}


def shoot(frame: Frame, found: Detections, row: int, layout: ChipLayout, quality: Quality | None = None) -> Shot:
    """One face of a frame as it is kept. quality: where it was measured already."""
    face = measured(frame, found, row, quality)
    view, _ = crop(frame.pixels, face.box)
    return Shot(face, chip(frame.pixels, face.landmarks, layout), view)


def measured(frame: Frame, found: Detections, row: int, quality: Quality | None = None) -> Face:
    """One face of a frame and how good it is, without its pixels. quality: where it was measured already."""
    box, landmarks = found.boxes[row], found.landmarks[row]
    return Face(
        box=box,
        landmarks=landmarks,
        detector_score=float(found.scores[row]),
        quality=quality or assess(frame.pixels, box, landmarks),
        frame=frame.index,
        time_s=frame.time_s,
    )


def _since(then_s: float | None, now_s: float | None) -> float:
    """0 where a source has no times."""
    return 0.0 if then_s is None or now_s is None else now_s - then_s
