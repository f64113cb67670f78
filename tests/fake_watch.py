"""Cameras and watchers for tests: painted people, with the public fakes instead of models, also in other processes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fake_runs import identifier
from secondlook.assemble import Identifier, Settings
from secondlook.runs.watch import Keep, WatchOptions
from secondlook.runs.watch_state import Begun, Broke, CameraSighting, Heard, Preview, WatchState
from secondlook.runs.watch_worker import CameraTask, GalleryPlace
from secondlook.sources import camera_address
from secondlook.sources.camera_state import CameraState, Link, Received
from secondlook.types import Frame

STARTED = datetime(2026, 5, 1, 12, tzinfo=UTC)


class FakeIdentifier(Identifier):
    """Its models have no card to be told of."""

    @property
    def providers(self) -> tuple[str, ...]:
        return ("Fakes: on nothing",)


def fake_identifier() -> Identifier:
    one = identifier()
    return FakeIdentifier(one.gallery, one.stages, one.settings, one.detector, one.embedder)


@contextmanager
def opened_fakes(task: CameraTask) -> Iterator[Identifier]:
    """A ``watch_worker.Build``."""
    yield fake_identifier()


@contextmanager
def never_opened(task: CameraTask) -> Iterator[Identifier]:
    from secondlook.errors import PackMissing

    raise PackMissing("The pack is not there: install it.")
    yield


@contextmanager
def dying_at_first(task: CameraTask) -> Iterator[Identifier]:
    """The first process that opens this gallery's place is killed in the middle of its work."""
    mark = task.gallery.path
    if not mark.exists():
        mark.touch()
        threading.Timer(3.0, os.abort).start()
    yield fake_identifier()


def task(camera: str, address: str, gallery: Path = Path("nowhere"), keep: Keep = Keep.NAMED) -> CameraTask:
    return CameraTask(
        camera, camera_address(address), GalleryPlace(gallery), Settings(every_s=0.1, threads=1), WatchOptions(keep)
    )


@dataclass
class FakeFrames:
    """A camera (``watch.Frames``) whose frames are at hand; the first of them came at ``STARTED``."""

    frames: Iterable[Frame]
    began_s: float = field(default_factory=time.monotonic)
    given: int = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in self.frames:
            self.given += 1
            yield frame

    @property
    def state(self) -> CameraState:
        return CameraState(Link.LIVE, STARTED, received=3 * self.given, given=self.given, dropped=7, reconnects=2)

    def received(self, frame: Frame) -> Received:
        assert frame.time_s is not None
        return Received(STARTED + timedelta(seconds=frame.time_s), self.began_s + frame.time_s)


@dataclass
class Heed:
    """A ``Watcher``, and a ``Hear``, that remembers."""

    sightings: list[CameraSighting] = field(default_factory=list)
    states: list[WatchState] = field(default_factory=list)
    previews: list[Preview] = field(default_factory=list)
    begun: list[Begun] = field(default_factory=list)
    broke: list[Broke] = field(default_factory=list)

    def seen(self, sighting: CameraSighting) -> None:
        self.sightings.append(sighting)

    def state(self, state: WatchState) -> None:
        self.states.append(state)

    def preview(self, preview: Preview) -> None:
        self.previews.append(preview)

    def __call__(self, message: Heard) -> None:
        match message:
            case CameraSighting():
                self.sightings.append(message)
            case WatchState():
                self.states.append(message)
            case Preview():
                self.previews.append(message)
            case Begun():
                self.begun.append(message)
            case Broke():
                self.broke.append(message)


def until(true: Callable[[], bool], what: str = "it") -> None:
    """Waits for what must come about, however slow the machine."""
    for _ in range(3600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come about within three minutes")
