"""What the machines give back, and how it is followed without the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from secondlook.identify import Stages, counts, follower
from secondlook.track.in_view import InView
from secondlook.track.shots import Shot
from secondlook.types import Detections, Face, Frame, Pixels, Quality

NO_PIXELS: Final[Pixels] = np.zeros((0, 0, 3), np.uint8)

Key: TypeAlias = tuple[int, int]
"""A face: the frame it is in, and its row among that frame's detections."""

Shots: TypeAlias = dict[Key, Shot]


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """One frame that was looked at. index, time_s, shot: as ``Frame``. qualities: of each face in ``found``."""

    index: int
    time_s: float
    shot: int
    found: Detections
    qualities: tuple[Quality, ...]

    def frame(self, source: str) -> Frame:
        """Without its pixels."""
        return Frame(NO_PIXELS, source, self.index, self.time_s, self.shot)


@dataclass(frozen=True, eq=False, slots=True)
class PartSeen:
    """One part of a video (``sources.parts``). shots of the looks and cuts are counted within the part.

    whole: False where a decoder did not give what the timeline has; then nothing of it counts. opening, closing: checksums
    of the frames that are shared with the part before and after.
    """

    looks: tuple[Look, ...]
    cuts: int
    whole: bool
    opening: tuple[int, ...]
    closing: tuple[int, ...]

    def after(self, cuts: int) -> tuple[Look, ...]:
        """Its looks, where so many cuts of the video come before it."""
        return tuple(replace(look, shot=look.shot + cuts) for look in self.looks)


@dataclass(frozen=True, eq=False, slots=True)
class WholeSeen:
    """A video in one pass. shots: those that count. warning: what was wrong with the file, or nothing."""

    looks: tuple[Look, ...]
    shots: Shots
    warning: str | None


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """One picture of a photograph's file, with the shots of everybody in it."""

    index: int
    time_s: float | None
    shots: tuple[Shot, ...]

    def frame(self, source: str) -> Frame:
        """Without its pixels."""
        return Frame(NO_PIXELS, source, self.index, self.time_s)


@dataclass(frozen=True, eq=False, slots=True)
class PhotoSeen:
    """problem: why it cannot be read (to its end), or nothing."""

    pages: tuple[Page, ...]
    problem: str | None = None


def face_of(look: Look, row: int) -> Face:
    found = look.found
    return Face(
        box=found.boxes[row],
        landmarks=found.landmarks[row],
        detector_score=float(found.scores[row]),
        quality=look.qualities[row],
        frame=look.index,
        time_s=look.time_s,
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Ticket(Shot):
    """Stands for a shot that is still where it was cut out."""

    row: int = 0

    @property
    def key(self) -> Key:
        return self.face.frame, self.row


class Chooser:
    """Follows everybody through the looks of one video, to tell which shots count: those that a track keeps.

    The same looks in the same order are followed in the same way when the sightings are made, so nothing else is asked for.
    """

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._view = InView(follower(stages), stages.embedder.layout, stages.keep, cutting=self)
        self._look: Look | None = None
        self._ended = set[Key]()

    def take(self, looks: Iterable[Look]) -> set[Key]:
        """The faces in the next looks whose shots are kept by somebody who has gone since, or is still followed."""
        frames = set[int]()
        ended = set[Key]()
        for look in looks:
            self._look = look
            frames.add(look.index)
            gone = self._view.see(look.frame(""), look.found)
            ended |= {key for track in gone if counts(track, self._stages) for key in _keys(track.shots)}
        kept = ended | {key for track in self._view for key in _keys(track.shots)}
        return {key for key in kept if key[0] in frames}

    def quality(self, frame: Frame, found: Detections, row: int) -> Quality:
        return self._current.qualities[row]

    def shot(self, frame: Frame, found: Detections, row: int, quality: Quality) -> Shot:
        return _Ticket(face_of(self._current, row), NO_PIXELS, NO_PIXELS, row=row)

    @property
    def _current(self) -> Look:
        assert self._look is not None
        return self._look


def _keys(shots: Iterable[Shot]) -> Iterable[Key]:
    return (shot.key for shot in shots if isinstance(shot, _Ticket))


class Replay:
    """Cuts nothing out: gives the shots that came with the looks (``track.in_view.Cutting``)."""

    def __init__(self) -> None:
        self._look: Look | None = None
        self._shots: Mapping[Key, Shot] = {}

    def show(self, look: Look, shots: Mapping[Key, Shot]) -> None:
        """The look that is followed next, and the shots that count around it."""
        self._look, self._shots = look, shots

    @property
    def found(self) -> Detections:
        return self._current.found

    def quality(self, frame: Frame, found: Detections, row: int) -> Quality:
        return self._current.qualities[row]

    def shot(self, frame: Frame, found: Detections, row: int, quality: Quality) -> Shot:
        # One that is not there will not be kept: a better one follows before anybody needs its pixels.
        return self._shots.get((frame.index, row)) or Shot(face_of(self._current, row), NO_PIXELS, NO_PIXELS)

    @property
    def _current(self) -> Look:
        assert self._look is not None
        return self._look
