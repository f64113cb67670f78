"""What is told of a camera that is watched: who was seen, and how it is doing. All of it can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

from secondlook.identify import LiveSighting
from secondlook.report.record import SightingRecord, Watched, record_of
from secondlook.sources.camera_state import CameraState
from secondlook.types import Outcome


@dataclass(frozen=True, eq=False, slots=True)
class CameraSighting:
    """Somebody seen by a camera, with the crop.

    camera: its name. watched: the session, who was followed in it, and when the frame came that is shown. said_at: when
    this was said. after_s: until then, from when the newest frame came: for an early sighting, how late the alert is.
    """

    camera: str
    live: LiveSighting
    watched: Watched
    said_at: datetime
    after_s: float

    @property
    def person(self) -> str:
        """The same for all sightings of somebody who was followed, early ones and pieces alike, and for nobody else."""
        return self.watched.person

    def record(self) -> SightingRecord:
        """As ``sightings.jsonl`` keeps it."""
        return record_of(self.live.sighting, self.watched)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a camera's frames and of those seen in them, since it was first watched.

    received: frames that came. dropped: frames that were to be looked at and gave way to newer ones. looked: frames
    looked at; unchanged: those of them that showed what the one before did, so that its faces were taken over; coarse:
    those that were searched at a smaller size because time was short.
    reconnects: how often a picture came again. restarts: how often its process had to be started anew. The four
    outcomes: sightings that were closed. early: candidates told early; withdrawn: those of them taken back.
    forgotten: closed sightings of which nothing was kept.
    """

    received: int = 0
    dropped: int = 0
    looked: int = 0
    unchanged: int = 0
    coarse: int = 0
    reconnects: int = 0
    restarts: int = 0
    candidate: int = 0
    no_candidate: int = 0
    inconclusive: int = 0
    not_searchable: int = 0
    early: int = 0
    withdrawn: int = 0
    forgotten: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))

    def closed(self, outcome: Outcome) -> Counts:
        """With one more sighting of this outcome."""
        return replace(self, **{outcome.value: getattr(self, outcome.value) + 1})


@dataclass(frozen=True, slots=True)
class WatchState:
    """How a camera is doing. at: when this was so. link: of the present process' connection. every_s: time between the
    last looks, s, None before there were two. oldest_s: how old the oldest frame was when it began to be looked at, since
    the state before, s."""

    camera: str
    at: datetime
    link: CameraState
    counts: Counts
    every_s: float | None = None
    oldest_s: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class Preview:
    """What a camera shows, about once a second, for people who look at the wall of cameras. jpeg: for display only, and
    kept nowhere."""

    camera: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """A camera's process has opened gallery and models. lines: with what, for people."""

    camera: str
    pack: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broke:
    """A camera's process has ended without being told to. again_s: in so many seconds it is started anew. sentence: why."""

    camera: str
    sentence: str
    again_s: float


Heard = CameraSighting | WatchState | Preview | Begun | Broke
