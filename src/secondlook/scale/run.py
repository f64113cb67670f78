"""The door of the room: who looks, for a run, when a cluster does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from secondlook import identify
from secondlook.assemble import Identifier, Settings
from secondlook.errors import ExtraMissing, SourceError
from secondlook.faces.packs.runtime import Provider
from secondlook.runs.find import Annotate, Eyes, Looking
from secondlook.scale.ahead import Ahead
from secondlook.scale.film import Film
from secondlook.scale.kit import LOOKS, File, Kit, kit_of
from secondlook.scale.looks import Page, Replay
from secondlook.scale.pool import Pool
from secondlook.scale.shelf import PartShelf
from secondlook.scale.starting import starting
from secondlook.sources import Source, SourceKind
from secondlook.types import Detections, Frame, Sighting

PARTS = "parts"
"""Of a run's own folder: what was looked at of videos that are not whole yet."""


def on_ray(identifier: Identifier, address: str, annotate: Annotate, looks: int = LOOKS) -> Eyes:
    """The eyes of ``runs.find.find_into`` on the Ray cluster at ``address`` (``cluster.connected``). looks: frames that
    are looked at in one part of a video. Raises ExtraMissing."""
    kit = kit_of(identifier, looks=looks)

    with starting(address):
        try:
            from secondlook.scale.cluster import RayPool, connected
        except ImportError as error:
            raise ExtraMissing("Ray is not installed: pip install 'secondlook[scale]'.") from error

    @contextmanager
    def eyes(sources: Sequence[Source], folder: Path) -> Iterator[Looking]:
        with connected(address):
            pool = RayPool(kit.threads, int(kit.provider is Provider.CUDA))
            with looking(identifier, kit, pool, annotate)(sources, folder) as afar:
                yield afar

    return eyes


def looking(
    identifier: Identifier, kit: Kit, pool: Pool, annotate: Annotate
) -> Callable[[Sequence[Source], Path], AbstractContextManager[Looking]]:
    """The same with whoever does the tasks."""

    @contextmanager
    def eyes(sources: Sequence[Source], folder: Path) -> Iterator[Looking]:
        shelf = PartShelf(folder / PARTS, kit, _videos(sources))
        ahead = Ahead(kit, identifier.stages, sources, pool, shelf)
        try:
            afar = Afar(identifier, ahead, shelf, annotate)
            yield afar
            afar.put_away()
        finally:
            ahead.close()

    return eyes


class Afar:
    """Looks at sources through other machines; follows, searches and decides here (``runs.find.Looking``)."""

    def __init__(self, identifier: Identifier, ahead: Ahead, shelf: PartShelf, annotate: Annotate) -> None:
        self._identifier, self._ahead, self._shelf, self._annotate = identifier, ahead, shelf, annotate
        self._replay = Replay()
        self._pages: dict[int, Page] = {}
        self._video: File | None = None

    @property
    def settings(self) -> Settings:
        return self._identifier.settings

    def pictures(self, path: Path) -> Iterator[Frame]:
        """With pixels only where they are drawn into."""
        self.put_away()
        seen = self._ahead.photo(path)
        if seen.problem is not None:
            raise SourceError(seen.problem)
        self._pages = {page.index: page for page in seen.pages}
        if self._annotate is not Annotate.NONE:
            yield from self._identifier.pictures(path)
            return
        yield from (page.frame(str(path)) for page in seen.pages)

    def in_photo(self, frame: Frame) -> list[Sighting]:
        seen = self._pages[frame.index].shots
        return identify.sightings(frame.source, seen, self._identifier.gallery, self._identifier.stages)

    def frames(self, path: Path) -> FilmFrames:
        self.put_away()
        film = self._ahead.film(path)
        self._video = film.file
        return FilmFrames(path, self._ahead, film, self._replay)

    def put_away(self) -> None:
        """The last source is written down: what was kept of it, to go on after a stop, is removed. Raises OutputError."""
        if self._video is not None:
            self._shelf.remove(self._video)
            self._video = None

    def look(self, frame: Frame) -> Detections:
        return self._replay.found

    def in_video(self, frames: Iterable[Frame], detect: Callable[[Frame], Detections]) -> Iterator[Sighting]:
        """detect: is asked, so that it can write down what was found, but what the machines found goes."""

        def found(frame: Frame) -> Detections:
            detect(frame)
            return self._replay.found

        identifier = self._identifier
        return identify.video(frames, identifier.gallery, identifier.stages, found, self._replay)


class FilmFrames:
    """The looks at one video as frames without pixels (``runs.find.Film``)."""

    def __init__(self, path: Path, ahead: Ahead, film: Film, replay: Replay) -> None:
        self._source, self._ahead, self._film, self._replay = str(path), ahead, film, replay

    @property
    def frames_estimate(self) -> int | None:
        parts = self._film.parts
        return parts[-1].end if parts else None

    @property
    def warning(self) -> str | None:
        return None if self._film.whole is None else self._film.whole.warning

    def __iter__(self) -> Iterator[Frame]:
        try:
            for looks, shots in self._ahead.looks(self._film):
                for look in looks:
                    self._replay.show(look, shots)
                    yield look.frame(self._source)
        finally:
            self._ahead.done(self._film)


def _videos(sources: Iterable[Source]) -> Iterator[File]:
    for source in sources:
        if source.kind is SourceKind.VIDEO and source.path.exists():
            yield File.at(source.path)
