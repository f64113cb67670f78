"""A camera covered as it comes. One thread receives, one looks and plans, one covers, writes and sends on.

What cannot be looked at in time is dropped by the camera's thread and never passes; what cannot be sent in time is left
out by the sink. Memory does not grow with time.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from secondlook.redact.ahead import ahead
from secondlook.redact.feed import Sink
from secondlook.redact.publishing import Pushed, Target, TargetKind
from secondlook.redact.recording import Container
from secondlook.redact.results import SOURCES, Redacted, ReviewSpot, read_redacted
from secondlook.redact.serving import Served
from secondlook.runs.journal import Journal, Start
from secondlook.runs.redact_kit import Kit
from secondlook.runs.redact_live_files import LiveFiles
from secondlook.runs.redact_live_plan import planned
from secondlook.sources import CameraAddress, CameraFrames, CameraState, Problem
from secondlook.sources.camera_address import CameraKind
from secondlook.sources.camera_state import Link

_LOOKED_IN_S: Final = 0.25
_MOST_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """How a camera is covered. delay_s: how long frames are held back (``redact.live.Hold``). container, segment_s: how
    it is recorded. to: where it is sent as well. for_s: when it ends by itself, None = when it is told to."""

    delay_s: float = 2.0
    container: Container = Container.MKV
    segment_s: float = 600.0
    to: Target | None = None
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class LiveState:
    """written: covered frames that are on the disk. whole: of these, those that were covered wholly. sent, left_out: as
    of the sink, None where there is none."""

    camera: CameraState
    written: int
    whole: int
    sent: int | None = None
    left_out: int | None = None


class LiveWatcher(Protocol):
    """Told how it goes; every call is quick, and may come from another thread."""

    def begin(self, state: Callable[[], LiveState]) -> None:
        """state: gives how it is, whenever it is called."""
        ...

    def problem(self, problem: Problem) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveResult:
    """redacted: every whole segment, also of the parts before a stop. state: how it was at the end. seconds: how long
    it went on."""

    redacted: tuple[Redacted, ...]
    review: tuple[ReviewSpot, ...]
    problems: tuple[Problem, ...]
    state: LiveState
    seconds: float


def redact_live(
    address: CameraAddress,
    out: Path,
    kit: Kit,
    live: Live,
    start: Start,
    watcher: LiveWatcher,
    stop: threading.Event,
) -> LiveResult:
    """Covers a camera until ``stop`` is set. A camera that fails is a problem and is asked again.

    Raises OutputError where results cannot be written, the folder holds another run or the sink cannot be opened, and
    SourceError where a file to be played as a camera is none.
    """
    told, name = _Problems(watcher), Path(camera_name(address))
    began = time.monotonic()
    camera = CameraFrames(address, limit=kit.ask.max_pixels, stop=stop)
    with ExitStack() as stack:
        journal = Journal(out, f"live {address.shown} {kit.settings}", (), start)
        stack.callback(journal.close)
        recorded = (live.container, live.segment_s)
        files = LiveFiles(
            out, name.name, address.shown, kit.ask.covering, recorded, journal, start, lambda: camera.state.dropped
        )
        stack.callback(files.close)
        for torn in files.torn:
            told.tell(torn, f"{torn} was being written when it was stopped: it can be played up to there.")
        sink = stack.enter_context(_sink(live.to))

        def state() -> LiveState:
            sent, left_out = (None, None) if sink is None else (sink.sent, sink.left_out)
            return LiveState(camera.state, files.frames, files.whole, sent, left_out)

        watcher.begin(state)
        stack.enter_context(_looked_in_on(camera, sink, told, name))
        stack.enter_context(_ending_by_itself(stop, live.for_s))
        plan = planned(camera, kit, live.delay_s, lambda said: told.once(name, said))
        with ahead(plan) as ready:
            try:
                for one in ready:
                    coded = files.write(one)
                    if sink is not None:
                        sink.send(coded)
            finally:
                # what is ahead may be waiting for a frame
                camera.close()
    return LiveResult(read_redacted(out / SOURCES), (), told.found, state(), time.monotonic() - began)


def camera_name(address: CameraAddress) -> str:
    """What the files of a camera are called: of its address whatever a file may be called, and nothing secret."""
    if address.kind is CameraKind.LOOP:
        shown = Path(address.text).stem
    else:
        shown = address.shown.partition("://")[2].partition("?")[0] or address.shown.removeprefix("/dev/")
    return re.sub(r"[^\w.]+", "-", shown).strip("-.")[:80] or "camera"


@contextmanager
def _sink(to: Target | None) -> Iterator[Sink | None]:
    if to is None:
        yield None
        return
    sink: Sink = Served(to) if to.kind is TargetKind.HTTP else Pushed(to)
    try:
        yield sink
    finally:
        sink.close()


@contextmanager
def _ending_by_itself(stop: threading.Event, after_s: float | None) -> Iterator[None]:
    if after_s is None:
        yield
        return
    timer = threading.Timer(after_s, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Problems:
    """What went wrong, told at once, and kept for the page; an outage that comes again and again does not fill memory."""

    def __init__(self, watcher: LiveWatcher) -> None:
        self._watcher, self._once = watcher, set[str]()
        self._lock = threading.Lock()
        self._found: list[Problem] = []

    @property
    def found(self) -> tuple[Problem, ...]:
        return tuple(self._found)

    def tell(self, path: Path, sentence: str) -> None:
        problem = Problem(path, sentence)
        with self._lock:
            if len(self._found) < _MOST_PROBLEMS:
                self._found.append(problem)
        self._watcher.problem(problem)

    def once(self, path: Path, sentence: str) -> None:
        """Only the first of its kind, whatever its numbers."""
        kind = re.sub(r"\d+", "", sentence)
        if kind not in self._once and len(self._once) < _MOST_PROBLEMS:
            self._once.add(kind)
            self.tell(path, sentence)


@contextmanager
def _looked_in_on(camera: CameraFrames, sink: Sink | None, told: _Problems, name: Path) -> Iterator[None]:
    """Looks now and then whether the camera and the sink are well: once for each outage, what is wrong is told."""
    ended = threading.Event()

    def look_in() -> None:
        away, said = False, ""
        while not ended.wait(_LOOKED_IN_S):
            state = camera.state
            if state.connected is Link.WAITING and not away:
                told.tell(name, state.sentence)
            away = state.connected is Link.WAITING or (away and state.connected is Link.CONNECTING)
            if sink is not None and sink.sentence != said:
                said = sink.sentence
                told.tell(name, said)

    thread = threading.Thread(target=look_in, name="looking in", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
