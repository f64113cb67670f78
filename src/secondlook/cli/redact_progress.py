"""How a redaction of files goes on, on the terminal."""

from __future__ import annotations

from rich.progress import Progress, TaskID

from secondlook.cli.console import complain
from secondlook.sources import Problem, Source, SourceKind


class ProgressBars:
    """A run's progress on the terminal: one bar over the sources, one within a video."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._all: TaskID | None = None
        self._video: TaskID | None = None

    def sources(self, count: int, already: int) -> None:
        self._all = self._bar.add_task("Sources", total=count, completed=already, unit="sources")

    def begin(self, source: Source, frames: int | None) -> None:
        if source.kind is SourceKind.VIDEO:
            self._video = self._bar.add_task(f"{source.path.name}: looking", total=frames, unit="frames")

    def looked(self, frames: int) -> None:
        if self._video is not None:
            self._bar.advance(self._video, frames)

    def covering(self, source: Source) -> None:
        if self._video is not None:
            self._bar.reset(self._video, description=f"{source.path.name}: covering")

    def covered(self, frames: int) -> None:
        if self._video is not None:
            self._bar.advance(self._video, frames)

    def end(self, source: Source) -> None:
        if self._video is not None:
            self._bar.remove_task(self._video)
            self._video = None
        if self._all is not None:
            self._bar.advance(self._all)

    def problem(self, problem: Problem) -> None:
        complain(problem.sentence)
