"""How far a job is, told to its row twice a second at most, whichever kind it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from secondlook.sources import Problem, Source, SourceKind
from secondlook.types import Sighting

SOURCE: Final = 1000
"""A source in the units that are told."""
_PAUSE_S: Final = 0.5
Say = Callable[[int, int | None, str], None]
"""Told done, total (thousandths of a source) and what is being done, in words without names."""


class Course:
    """The watcher of every run (``runs.find``, ``runs.redact``, ``runs.exposure``). passes: how often a video is gone
    through. more: what is still to be done after the sources, in sources' time."""

    def __init__(self, say: Say, passes: int = 1, more: float = 0.0) -> None:
        self._say, self._passes, self._more = say, passes, more
        self._count, self._done, self._pass = 0, 0, 0
        self._frames: int | None = None
        self._kind = SourceKind.PHOTO
        self._seen = 0
        self._said_at = 0.0

    def doing(self, what: str) -> None:
        """Something that has no number."""
        self._tell(what[:1].upper() + what[1:])

    def sources(self, count: int, already: int = 0) -> None:
        self._count, self._done = count, already
        self._tell(f"{count} sources")

    def begin(self, source: Source, frames: int | None) -> None:
        self._pass, self._seen, self._frames = 0, 0, frames
        self._kind = source.kind
        self._tell(self._where("Looking at"))

    def advance(self, frames: int) -> None:
        self._seen += frames
        self._tell(self._where("Looking at"))

    def looked(self, frames: int) -> None:
        self.advance(frames)

    def covering(self, source: Source) -> None:
        self._pass, self._seen = 1, 0
        self._tell(self._where("Covering"))

    def covered(self, frames: int) -> None:
        self._seen += frames
        self._tell(self._where("Covering"))

    def end(self, source: Source) -> None:
        self._done, self._seen, self._pass, self._frames = self._done + 1, 0, 0, None
        self._tell(f"{self._done} of {self._count} sources")

    def found(self, sighting: Sighting) -> None:
        pass

    def drawing(self, source: Source) -> None:
        pass

    def drawn(self, frames: int) -> None:
        pass

    def problem(self, problem: Problem) -> None:
        pass

    def _where(self, what: str) -> str:
        place = f"{what} source {self._done + 1} of {self._count}"
        if self._kind is not SourceKind.VIDEO or not self._seen:
            return place
        about = "" if self._frames is None else f" of about {self._frames:,}"
        return f"{place}, frame {self._seen:,}{about}"

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if now - self._said_at < _PAUSE_S:
            return
        self._said_at = now
        within = 0.0
        if self._frames:
            within = (self._pass + min(1.0, self._seen / self._frames)) / self._passes
        done = round(SOURCE * (self._done + min(within, 0.999)))
        total = round(SOURCE * (self._count + self._more)) if self._count else None
        self._say(done, total, what)
