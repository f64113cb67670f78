"""Keeps the machines busy with what comes next, and hands out what they found in the order of the sources."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from secondlook.errors import SourceError
from secondlook.identify import Stages
from secondlook.scale import working
from secondlook.scale.film import Film, Wanted
from secondlook.scale.kit import File, Kit
from secondlook.scale.looks import Chooser, Look, PartSeen, PhotoSeen, Shots, WholeSeen
from secondlook.scale.pool import TRIES, Pool, Ref, WorkerLost
from secondlook.scale.shelf import PartShelf
from secondlook.sources import Source, SourceKind

_PHOTOS: Final = 8
"""Most photographs of one task."""
_WAIT_S: Final = 1.0

Photos = tuple[File, ...]


class Ahead:
    """Every result counts once: it is taken in when it is there, and what was asked for it is then forgotten."""

    def __init__(self, kit: Kit, stages: Stages, sources: Sequence[Source], pool: Pool, shelf: PartShelf) -> None:
        self._kit, self._stages, self._pool, self._shelf = kit, stages, pool, shelf
        self._later = deque(_batches(sources, pool.size()))
        self._photos: dict[str, PhotoSeen | None] = {}
        self._films: dict[str, Film] = {}
        self._asked: dict[Ref, Callable[[Ref], None]] = {}
        self._owners: dict[Ref, Film] = {}
        self._now = ""

    def photo(self, path: Path) -> PhotoSeen:
        """What was seen in the photograph, which comes next of all sources. Raises ClusterError, PackError."""
        name = self._now = str(path)
        self._until(lambda: self._photos.get(name) is not None)
        seen = self._photos.pop(name)
        assert seen is not None
        return seen

    def film(self, path: Path) -> Film:
        """The video, which comes next of all sources, as soon as it is known how it is divided. Raises SourceError."""
        name = self._now = str(path)
        self._until(lambda: name in self._films and self._planned(self._films[name]))
        return self._films[name]

    def looks(self, film: Film) -> Iterator[tuple[tuple[Look, ...], Shots]]:
        """The looks at a video in order, with the shots that count among them. Raises SourceError, OutputError."""
        number, count = 0, len(film.parts or ())
        while number < count or film.broken_at == number:
            self._until(partial(film.has, number))
            last = film.broken_at is not None and number >= film.broken_at
            yield film.take(number)
            if last:
                return
            number += 1

    def done(self, film: Film) -> None:
        """Nothing more is wanted of the video."""
        self._drop([ref for ref, owner in self._owners.items() if owner is film])
        self._films.pop(film.file.named, None)

    def close(self) -> None:
        self._drop(list(self._asked))

    # What is asked for

    def _until(self, there: Callable[[], bool]) -> None:
        self._take_in(0)
        self._fill()
        while not there():
            assert self._asked, "nothing is under way that could bring it"
            self._take_in(_WAIT_S)
            self._fill()

    def _fill(self) -> None:
        most = 3 * self._pool.size() + 2
        while True:
            waiting = [film for film in self._films.values() if film.unsent]
            # the video whose turn it is has a share of its own, whatever is kept of those after it
            first = next((f for f in waiting if f.file.named == self._now and f.held < most), None)
            film = first or next(iter(waiting), None)
            if film is not None and (first is not None or self._held < most):
                self._send_part(film)
            elif self._later and self._held < most:
                self._begin(self._later.popleft())
            else:
                return

    @property
    def _held(self) -> int:
        return sum(film.held + (film.parts is None) for film in self._films.values()) + -(-len(self._photos) // _PHOTOS)

    def _begin(self, batch: tuple[Source, ...]) -> None:
        files = list[File]()
        for source in batch:
            try:
                files.append(File.at(source.path))
            except OSError as error:
                self._gone(source, error)
        if not files:
            return
        if batch[0].kind is SourceKind.PHOTO:
            self._photos |= dict.fromkeys(file.named for file in files)
            self._ask_photos(tuple(files))
            return
        film = self._films[files[0].named] = Film(files[0], Chooser(self._stages))
        self._ask_of(film, partial(self._divided, film), working.plan_video, film.file)

    def _gone(self, source: Source, error: OSError) -> None:
        sentence = f"{source.path} cannot be opened ({error.strerror}): check the name and its permissions."
        if source.kind is SourceKind.PHOTO:
            self._photos[str(source.path)] = PhotoSeen((), sentence)
            return
        film = self._films[str(source.path)] = Film(File(str(source.path), "", 0), Chooser(self._stages))
        film.error = SourceError(sentence)

    def _ask_photos(self, files: Photos) -> None:
        (ref,) = self._pool.ask(working.look_at_photos, self._kit, files)
        self._asked[ref] = partial(self._photos_seen, files)

    def _send_part(self, film: Film) -> None:
        number, parts = film.sent, film.parts or ()
        film.sent += 1
        kept = self._shelf.get(film.file, number)
        if kept is not None:
            self._seen_part(film, number, *kept)
            return
        seen, cut = self._pool.ask(working.look_at_part, self._kit, film.file, parts[number], returns=2)
        self._expect(film, seen, lambda found: self._seen_part(film, number, found, cut))

    def _ask_of(self, film: Film, taken: Callable[[Any], None], what: Callable[..., Any], *given: Any) -> None:
        (ref,) = self._pool.ask(what, self._kit, *given)
        self._expect(film, ref, taken)

    def _expect(self, film: Film, ref: Ref, taken: Callable[[Any], None]) -> None:
        self._asked[ref] = partial(self._seen_of, film, taken)
        self._owners[ref] = film

    # What comes back

    def _take_in(self, within_s: float) -> None:
        for ref in self._pool.ready(list(self._asked), within_s) if self._asked else ():
            take = self._asked.pop(ref)
            self._owners.pop(ref, None)
            take(ref)

    def _photos_seen(self, files: Photos, ref: Ref) -> None:
        try:
            seen = self._pool.get(ref)
        except WorkerLost as error:
            if len(files) == 1:
                seen = (PhotoSeen((), _lost(files[0], error)),)
            else:  # which of them it was is not known
                for file in files:
                    self._ask_photos((file,))
                return
        self._photos |= {file.named: one for file, one in zip(files, seen, strict=True)}

    def _seen_of(self, film: Film, taken: Callable[[Any], None], ref: Ref) -> None:
        try:
            taken(self._pool.get(ref))
        except SourceError as error:
            film.error = error
        except WorkerLost as error:
            film.error = SourceError(_lost(film.file, error))

    def _divided(self, film: Film, parts: tuple[Any, ...]) -> None:
        film.parts = parts
        if not parts:
            film.broken_at = 0
            self._ask_whole(film)

    def _seen_part(self, film: Film, number: int, seen: PartSeen, cut: Ref | Shots) -> None:
        broken = film.broken_at
        for wanted in film.saw(number, seen, cut):
            self._choose(film, wanted)
        if broken is None and film.broken_at is not None:
            film.sent = film.broken_at + 1
            self._shelf.remove(film.file)
            self._ask_whole(film)

    def _choose(self, film: Film, wanted: Wanted) -> None:
        if isinstance(wanted.cut, dict):  # from the shelf, where only what counts was kept
            film.chosen(wanted.number, wanted.cut)
        elif not wanted.keys:
            self._chosen(film, wanted, {})
        else:
            keys = tuple(sorted(wanted.keys))
            self._ask_of(film, partial(self._chosen, film, wanted), working.choose, wanted.cut, keys)

    def _chosen(self, film: Film, wanted: Wanted, shots: Shots) -> None:
        self._shelf.put(film.file, wanted.number, wanted.seen, shots)
        film.chosen(wanted.number, shots)

    def _ask_whole(self, film: Film) -> None:
        self._ask_of(film, partial(self._seen_whole, film), working.look_at_whole, film.file)

    def _seen_whole(self, film: Film, seen: WholeSeen) -> None:
        film.whole = seen

    def _planned(self, film: Film) -> bool:
        if film.error is not None:
            raise film.error
        return film.parts is not None

    def _drop(self, refs: Iterable[Ref]) -> None:
        refs = list(refs)
        for ref in refs:
            self._asked.pop(ref, None)
            self._owners.pop(ref, None)
        self._pool.drop(refs)


def _batches(sources: Sequence[Source], size: int) -> Iterator[tuple[Source, ...]]:
    """What is asked for at once, in order: a video, or a few photographs."""
    photos = sum(source.kind is SourceKind.PHOTO for source in sources)
    most = max(1, min(_PHOTOS, photos // (4 * size)))
    batch = list[Source]()
    for source in sources:
        if source.kind is SourceKind.PHOTO:
            batch.append(source)
        if batch and (source.kind is SourceKind.VIDEO or len(batch) == most):
            yield tuple(batch)
            batch.clear()
        if source.kind is SourceKind.VIDEO:
            yield (source,)
    if batch:
        yield tuple(batch)


def _lost(file: File, error: WorkerLost) -> str:
    return (
        f"{file.named} ended the process that looked at it {TRIES + 1} times ({error}): give the nodes more memory, or leave "
        "it out."
    )
