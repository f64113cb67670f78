"""One camera's own process: opens gallery and models, watches, and sends what it sees to the process that started it.

It ends when it is told to, and at once when the process that started it has gone. Ctrl-C and a polite kill are the other
process' business: they reach every process of a terminal or a service, and it is told of the end.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path

import cv2

from secondlook.assemble import Identifier, Settings, assemble
from secondlook.errors import SecondLookError
from secondlook.gallery import Gallery, KeySource
from secondlook.runs.watch import WatchOptions, watch
from secondlook.runs.watch_state import Begun, Broke, CameraSighting, Heard, Preview, WatchState
from secondlook.sources import CameraAddress


@dataclass(frozen=True, slots=True)
class GalleryPlace:
    """Where a gallery is: a folder, or an address that may hold a password. key: None: as the gallery remembers."""

    path: str | Path = field(repr=False)
    key: KeySource | None = None


@dataclass(frozen=True, slots=True)
class CameraTask:
    """All that one camera's process needs. camera: its name, no other's. address: with its password, if it has one."""

    camera: str
    address: CameraAddress
    gallery: GalleryPlace
    settings: Settings
    options: WatchOptions = field(default_factory=WatchOptions)


Build = Callable[[CameraTask], AbstractContextManager[Identifier]]
"""Opens what looks, in the camera's process; a function of a module, so that it can be sent there."""


class Order(StrEnum):
    STOP = "stop"


@contextmanager
def opened(task: CameraTask) -> Iterator[Identifier]:
    """The usual ``Build``. Raises what opening the gallery, the models and their calibration raises."""
    with Gallery.open(task.gallery.path, key=task.gallery.key) as gallery:
        identifier = assemble(gallery, task.settings)
        identifier.check()
        yield identifier


def work(task: CameraTask, build: Build, line: Connection) -> None:
    """The process' whole life. line: two-way, to the process that started it."""
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    cv2.setNumThreads(max(1, task.settings.threads))
    stop = threading.Event()
    threading.Thread(target=_obey, args=(line, stop), name="orders", daemon=True).start()
    sender = _Sender(line)
    try:
        with build(task) as identifier:
            sender.send(Begun(task.camera, identifier.embedder.pack, identifier.providers))
            with identifier.camera(task.address, stop) as frames:
                watch(task.camera, frames, identifier, sender, task.options)
    except SecondLookError as error:
        sender.send(Broke(task.camera, str(error), 0.0))


def _obey(line: Connection, stop: threading.Event) -> None:
    try:
        while line.recv() is not Order.STOP:
            pass
    except (EOFError, OSError):
        os._exit(1)  # nobody is left to be told anything, and a camera's thread may be waiting for long
    stop.set()


class _Sender:
    """A ``Watcher`` that sends everything on."""

    def __init__(self, line: Connection) -> None:
        self._line, self._sending = line, threading.Lock()

    def send(self, message: Heard) -> None:
        with self._sending:
            try:
                self._line.send(message)
            except OSError:
                os._exit(1)

    def seen(self, sighting: CameraSighting) -> None:
        self.send(sighting)

    def state(self, state: WatchState) -> None:
        self.send(state)

    def preview(self, preview: Preview) -> None:
        self.send(preview)
