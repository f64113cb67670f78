"""What ``secondlook watch`` prints: candidates as they come, how each camera is doing, and the sum at the end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from rich.live import Live
from rich.text import Text

from secondlook.cli.console import complain, err, out
from secondlook.errors import OutputError, SecondLookError
from secondlook.report.json_fields import JsonObject, dumped
from secondlook.runs.watch_files import WatchFiles
from secondlook.runs.watch_state import Begun, Broke, CameraSighting, Counts, Heard, WatchState
from secondlook.runs.watch_words import news, status_line, summed
from secondlook.sources.camera_state import Link

SCHEMA = "secondlook.watch/1"


class Screen:
    """Hears what cameras see, has it written, and prints it. ended: set where there is nothing left to wait for."""

    def __init__(self, cameras: Sequence[str], files: WatchFiles, *, as_json: bool, quiet: bool) -> None:
        self.ended = threading.Event()
        self._cameras, self._files, self._as_json, self._quiet = tuple(cameras), files, as_json, quiet or as_json
        self._error: SecondLookError | None = None
        self._begun, self._all_begun = set[str](), threading.Event()
        self._states: dict[str, WatchState] = {}
        self._live: Live | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The line of each camera, on a terminal."""
        console = err(self._quiet)
        if self._quiet or not console.is_terminal:
            yield
            return
        live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty())
        with live:
            self._live = live
            yield
            self._live = None

    def wait(self, seconds: float | None) -> None:
        """Until it is over: so many seconds after every camera has begun, or when ``ended`` is set."""
        while not (self._all_begun.wait(0.2) or self.ended.is_set()):
            pass
        until_s = None if seconds is None else time.monotonic() + seconds
        # in slices: a signal's handler runs between them
        while not self.ended.wait(0.2):
            if until_s is not None and time.monotonic() >= until_s:
                return

    def hear(self, message: Heard) -> None:
        """As ``watching.Hear``: raises nothing."""
        match message:
            case Begun():
                self._begin(message)
            case Broke():
                self._broke(message)
            case WatchState():
                self._state(message)
            case CameraSighting():
                self._seen(message)

    def conclude(self) -> None:
        """The sum. Raises what kept the watch from going on."""
        if self._error is not None:
            raise self._error
        counts = [(camera, self._counts(camera)) for camera in self._cameras]
        if self._as_json:
            _print_line({"schema": SCHEMA, "cameras": [{"camera": name, **asdict(c)} for name, c in counts]})
            return
        for camera, count in counts:
            out().print(f"{camera}: {summed(count)}", markup=False)

    @property
    def saw_something(self) -> bool:
        return any(self._counts(camera).received for camera in self._cameras)

    def _counts(self, camera: str) -> Counts:
        return self._states[camera].counts if camera in self._states else Counts()

    def _begin(self, begun: Begun) -> None:
        if not self._begun:
            for line in (f"Pack {begun.pack}.", *begun.lines):
                err(self._quiet).print(line, markup=False)
        self._begun.add(begun.camera)
        if len(self._begun) == len(self._cameras):
            self._all_begun.set()

    def _broke(self, broke: Broke) -> None:
        if broke.camera not in self._begun:  # it never looked: nothing will mend that
            self._end(SecondLookError(broke.sentence))
        else:
            complain(f"{broke.sentence} It is started anew in {broke.again_s:.0f} s.")

    def _end(self, error: SecondLookError) -> None:
        self._error = self._error or error
        self.ended.set()

    def _state(self, state: WatchState) -> None:
        before = self._states.get(state.camera)
        self._states[state.camera] = state
        if not self._quiet:
            self._say_change(before, state)
        if self._live is not None:
            lines = [status_line(self._states[camera]) for camera in self._cameras if camera in self._states]
            self._live.update(Text("\n".join(lines), overflow="ellipsis", no_wrap=True), refresh=True)

    def _say_change(self, before: WatchState | None, now: WatchState) -> None:
        was = None if before is None else before.link.connected
        if now.link.connected is Link.WAITING and was is not Link.WAITING:
            complain(now.link.sentence)
        if now.link.connected is Link.LIVE and (was is not Link.LIVE or _came_again(before, now)):
            err().print(f"{now.camera}: there is a picture.", markup=False)

    def _seen(self, seen: CameraSighting) -> None:
        try:
            lines = self._files.add(seen)
        except OutputError as error:
            self._end(error)
            return
        if self._as_json:
            for line in lines:
                _print_line(line)
        else:
            for words in news(seen):
                out().print(words, markup=False)


def _came_again(before: WatchState | None, now: WatchState) -> bool:
    return before is not None and now.counts.reconnects > before.counts.reconnects


def _print_line(line: JsonObject) -> None:
    sys.stdout.write(dumped(line) + "\n")
    sys.stdout.flush()
