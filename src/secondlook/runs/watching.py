"""Several cameras at once, each in a process of its own, kept alive: what they see comes back through one call."""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Final

from secondlook.runs.watch_state import Broke, Counts, Heard, WatchState
from secondlook.runs.watch_worker import Build, CameraTask, Order, opened, work
from secondlook.sources.camera_state import Backoff

Hear = Callable[[Heard], None]

_SPAWN: Final = multiprocessing.get_context("spawn")
"""A fork would carry the parent's threads, locks and open galleries along."""

_POLL_S: Final = 0.2
_LAST_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. begin_s: until a new process has its models. silent_s: between two states. stop_s: to close what is in
    view. backoff: before one that broke is started anew; who has run for ``steady_s`` begins again with the shortest."""

    begin_s: float = 180.0
    silent_s: float = 30.0
    stop_s: float = 15.0
    steady_s: float = 60.0
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=1.0, most_s=60.0))


class Watching:
    """The cameras that are being watched. Everything here may be called from any thread.

    hear: called with whatever comes, one call at a time, from threads of this object's own; it is quick, for the cameras
    wait for it, raises nothing, and calls nothing here. build: how a camera's process opens what looks, for tests.
    """

    def __init__(self, hear: Hear, patience: Patience | None = None, build: Build = opened) -> None:
        self._hear, self._hearing = hear, threading.Lock()
        self._patience, self._build = patience or Patience(), build
        self._keepers: dict[str, _Keeper] = {}
        self._lock = threading.Lock()
        atexit.register(self.stop)

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add(self, task: CameraTask) -> None:
        """Begins to watch. Raises ValueError where a camera of that name is watched already."""
        with self._lock:
            if task.camera in self._keepers:
                raise ValueError(f"{task.camera} is watched already")
            self._keepers[task.camera] = _Keeper(task, self._build, self._patience, self._heard)

    def remove(self, camera: str) -> None:
        """Ends watching; when this returns, everything that was seen has been heard. Nothing where it is not watched."""
        with self._lock:
            keeper = self._keepers.pop(camera, None)
        if keeper is not None:
            keeper.order_stop()
            keeper.join()

    def stop(self) -> None:
        """Ends watching all cameras, side by side; when this returns, everything that was seen has been heard."""
        atexit.unregister(self.stop)
        with self._lock:
            keepers = list(self._keepers.values())
            self._keepers.clear()
        for keeper in keepers:
            keeper.order_stop()
        for keeper in keepers:
            keeper.join()

    @property
    def cameras(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._keepers)

    def _heard(self, message: Heard) -> None:
        with self._hearing:
            self._hear(message)


class _Keeper:
    """Keeps one camera's process running, from a thread of its own."""

    def __init__(self, task: CameraTask, build: Build, patience: Patience, hear: Hear) -> None:
        self._task, self._build, self._patience, self._hear = task, build, patience, hear
        self._stop = threading.Event()
        self._before, self._last = Counts(), Counts()
        self._thread = threading.Thread(target=self._keep, name=f"keeper of {task.camera}", daemon=True)
        self._thread.start()

    def order_stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join()

    def _keep(self) -> None:
        failures = 0
        while not self._stop.is_set():
            began_s = time.monotonic()
            sentence = self._one_life()
            if self._stop.is_set():
                return
            failures = 1 if time.monotonic() - began_s > self._patience.steady_s else failures + 1
            again_s = self._patience.backoff.after(failures)
            self._before, self._last = self._before + self._last + Counts(restarts=1), Counts()
            self._hear(Broke(self._task.camera, sentence, again_s))
            self._stop.wait(again_s)

    def _one_life(self) -> str:
        """Starts a process and hears it to its end; gives why it ended."""
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=work, args=(self._task, self._build, theirs), name=f"camera {self._task.camera}", daemon=True
        )
        process.start()
        theirs.close()
        try:
            sentence = self._listen(ours)
        finally:
            ours.close()  # ends the process, where it has not ended
            process.join(_LAST_S)
            if process.is_alive():
                process.kill()
                process.join()
        return sentence or f"The process that watches {self._task.camera} ended ({_ended(process.exitcode)})."

    def _listen(self, line: Connection) -> str:
        sentence, patience = "", self._patience
        until_s, told = time.monotonic() + patience.begin_s, False
        while time.monotonic() < until_s:
            if self._stop.is_set() and not told:
                told, until_s = True, time.monotonic() + patience.stop_s
                _order(line, Order.STOP)
            if not line.poll(_POLL_S):
                continue
            try:
                message: Heard = line.recv()
            except (EOFError, OSError):
                return sentence
            if isinstance(message, Broke):
                sentence = message.sentence
                continue
            if not told:
                until_s = time.monotonic() + patience.silent_s
            self._hear(self._in_total(message))
        return sentence or f"The process that watches {self._task.camera} fell silent: it was ended."

    def _in_total(self, message: Heard) -> Heard:
        """A state with what earlier processes have counted."""
        if not isinstance(message, WatchState):
            return message
        self._last = message.counts
        return replace(message, counts=self._before + message.counts)


def _order(line: Connection, order: Order) -> None:
    with suppress(OSError):  # it has ended by itself: that is heard next
        line.send(order)


def _ended(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    return f"signal {signal.Signals(-exitcode).name}"
