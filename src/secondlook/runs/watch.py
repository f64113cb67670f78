"""Watching one camera: who passes is searched, who may be enrolled is told of at once, nobody else is kept."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import uuid4

import numpy as np
from PIL import Image

from secondlook.assemble import Identifier
from secondlook.identify import LiveSighting, Pace, Stage
from secondlook.report.record import Watched
from secondlook.runs.watch_look import Load, looker
from secondlook.runs.watch_state import CameraSighting, Counts, Preview, WatchState
from secondlook.sources.camera_state import CameraState, Received
from secondlook.types import Frame, Outcome, Pixels, Sighting

STATE_S: Final = 1.0
"""Between two states."""

_LOOKS: Final = 20
"""Over so many looks the time between two is told."""


class Keep(StrEnum):
    """Of whom sightings are kept; of everybody else nothing is, neither template nor picture, only a count. NAMED: of whom
    somebody enrolled is named, as a candidate or as one who is not ruled out. UNDECIDED: also of whom no decision could
    be made. ALL: also of those who are not enrolled."""

    NAMED = "named"
    UNDECIDED = "undecided"
    ALL = "all"

    def keeps(self, sighting: Sighting) -> bool:
        match self:
            case Keep.NAMED:
                return bool(sighting.decision.candidates) and sighting.outcome is not Outcome.NO_CANDIDATE
            case Keep.UNDECIDED:
                return sighting.outcome is not Outcome.NO_CANDIDATE
            case Keep.ALL:
                return True


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """keep: whose sightings are told of. pace: how people are followed. preview_px: longest side of the pictures that are
    sent for people to look at, None: none are."""

    keep: Keep = Keep.NAMED
    pace: Pace = field(default_factory=Pace)
    preview_px: int | None = 640


class Frames(Protocol):
    """A camera as it is watched: ``sources.CameraFrames``."""

    def __iter__(self) -> Iterator[Frame]: ...

    @property
    def state(self) -> CameraState: ...

    def received(self, frame: Frame) -> Received: ...


class Watcher(Protocol):
    """Told how one camera goes on. Calls come one at a time, from two threads, and hold up what they take long over."""

    def seen(self, sighting: CameraSighting) -> None:
        """Somebody who is kept; or, of whatever outcome, a sighting that takes an early candidate back."""
        ...

    def state(self, state: WatchState) -> None:
        """Once a second, whether or not there is a picture, and at the end."""
        ...

    def preview(self, preview: Preview) -> None:
        """Once a second where there is a new picture."""
        ...


def watch(
    camera: str, frames: Frames, identifier: Identifier, watcher: Watcher, options: WatchOptions | None = None
) -> Counts:
    """Watches until the frames end. camera: its name. Raises what the gallery or the models raise.

    While a camera sends nothing nothing is decided either: who was in view when it fell silent is closed with its next
    frame, or at the end.
    """
    return _Watch(camera, frames, identifier, watcher, options or WatchOptions()).run()


class _Watch:
    """One spell of watching one camera."""

    def __init__(
        self, camera: str, frames: Frames, identifier: Identifier, watcher: Watcher, options: WatchOptions
    ) -> None:
        self._camera, self._frames, self._identifier, self._options = camera, frames, identifier, options
        self._watcher, self._telling = watcher, threading.Lock()
        self._session = uuid4().hex[:12]
        self._load = Load()
        self._look = looker(identifier, self._load)
        self._seen = Counts()
        self._came: tuple[Frame, Received] | None = None
        self._to_show: Pixels | None = None
        self._starts: list[float] = []
        self._oldest_s = 0.0

    def run(self) -> Counts:
        ended = threading.Event()
        ticking = threading.Thread(target=self._tick, args=(ended,), name=f"state of {self._camera}", daemon=True)
        ticking.start()
        try:
            for live in self._identifier.in_live(self._coming(), self._look, self._options.pace):
                self._tell(live)
        finally:
            ended.set()
            ticking.join()
        self._tell_state()
        return self._counts()

    def _coming(self) -> Iterator[Frame]:
        for frame in self._load.on(self._frames):
            # what is told of it later needs its times only
            self._came = (replace(frame, pixels=np.zeros((0, 0, 3), np.uint8)), self._frames.received(frame))
            if self._options.preview_px is not None:
                self._to_show = frame.pixels
            self._starts = [*self._starts[-_LOOKS:], time.monotonic()]
            self._oldest_s = max(self._oldest_s, self._starts[-1] - self._came[1].monotonic_s)
            yield frame

    def _tell(self, live: LiveSighting) -> None:
        self._count(live)
        if not self._options.keep.keeps(live.sighting) and live.withdraws is None:
            return
        if not self._options.keep.keeps(live.sighting):
            live = replace(live, sighting=_without_picture(live.sighting))
        with self._telling:
            self._watcher.seen(self._dated(live))

    def _count(self, live: LiveSighting) -> None:
        counts = self._seen
        if live.stage is Stage.EARLY:
            self._seen = replace(counts, early=counts.early + 1)
            return
        counts = counts.closed(live.sighting.outcome)
        self._seen = replace(
            counts,
            withdrawn=counts.withdrawn + (live.withdraws is not None),
            forgotten=counts.forgotten + (not self._options.keep.keeps(live.sighting)),
        )

    def _dated(self, live: LiveSighting) -> CameraSighting:
        assert self._came is not None  # nobody is seen before a frame came
        frame, received = self._came
        before_s = 0.0
        if frame.time_s is not None and live.sighting.time_s is not None:
            before_s = frame.time_s - live.sighting.time_s
        watched = Watched(self._session, live.followed, (received.at - timedelta(seconds=before_s)).astimezone(UTC))
        after_s = time.monotonic() - received.monotonic_s
        return CameraSighting(self._camera, live, watched, datetime.now(UTC), after_s)

    def _tick(self, ended: threading.Event) -> None:
        while not ended.wait(STATE_S):
            self._tell_state()
            self._show()

    def _show(self) -> None:
        pixels, self._to_show = self._to_show, None
        if pixels is None or self._options.preview_px is None:
            return
        jpeg = preview_jpeg(pixels, self._options.preview_px)
        with self._telling:
            self._watcher.preview(Preview(self._camera, jpeg))

    def _tell_state(self) -> None:
        oldest_s, self._oldest_s = self._oldest_s, 0.0
        link, counts = self._frames.state, self._counts()
        with self._telling:
            self._watcher.state(WatchState(self._camera, datetime.now(UTC), link, counts, self._every_s(), oldest_s))

    def _counts(self) -> Counts:
        link = self._frames.state
        return replace(
            self._seen,
            received=link.received,
            dropped=link.dropped,
            reconnects=link.reconnects,
            looked=self._look.looked,
            unchanged=self._look.unchanged,
            coarse=self._look.coarsely,
        )

    def _every_s(self) -> float | None:
        starts = self._starts
        return None if len(starts) < 2 else (starts[-1] - starts[0]) / (len(starts) - 1)


def preview_jpeg(pixels: Pixels, longest_px: int) -> bytes:
    """A JPEG, at most so many px a side."""
    image, held = Image.fromarray(pixels), io.BytesIO()
    image.thumbnail((longest_px, longest_px))
    image.save(held, "JPEG", quality=75)
    return held.getvalue()


def _without_picture(sighting: Sighting) -> Sighting:
    return replace(sighting, crop=None, path=())
