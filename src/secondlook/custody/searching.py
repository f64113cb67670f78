"""Looking through every file of some folders for what is left of a person."""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from secondlook.custody.looking import OVERLAP, Looker, Spot, in_text
from secondlook.custody.needles import Name, Needles
from secondlook.custody.streams import UNREADABLE, Stream, Unread, paths_below, streams

PIECE = 1 << 20
"""Bytes looked at together: so many that a pass costs little, so few that they stay in the processor's cache."""

IN_ITS_NAME = -1
_Key = TypeVar("_Key")
_SHORT = 5  # bytes; fewer stand by chance among the random bytes of sealed values
_UNLIKELY = 1e-3


@dataclass(frozen=True, slots=True)
class Found:
    """place: the file. what: in words. offset: of the first one, bytes, ``IN_ITS_NAME`` for the file's own name."""

    place: str
    what: str
    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class ByChance:
    """A short name among random bytes, no more often than chance puts it there. expected: how often that would be."""

    what: str
    count: int
    expected: float


@dataclass(frozen=True, slots=True)
class Searched:
    """files, bytes: how much was looked at, what was unpacked included. unread: what could not be looked at."""

    files: int
    bytes: int
    found: tuple[Found, ...]
    unread: tuple[Unread, ...]
    by_chance: tuple[ByChance, ...] = ()

    @property
    def clean(self) -> bool:
        return not self.found and not self.unread


@dataclass(slots=True)
class _Chance:
    """Of one short name: where it stands among bytes that are no text."""

    name: Name
    places: dict[str, Found] = field(default_factory=dict)


class Search:
    """A search that is under way."""

    def __init__(self, needles: Needles, progress: Callable[[int], None]) -> None:
        self._looker = Looker(needles)
        self._progress = progress
        self._files = 0
        self._bytes = 0
        self._no_text = 0
        self._found: dict[tuple[str, str], Found] = {}
        self._chances: dict[str, _Chance] = {}
        self._unread: list[Unread] = []

    def path(self, path: Path | Unread) -> None:
        """A file with its name; of a folder the name."""
        if isinstance(path, Unread):
            self._unread.append(path)
            return
        # decomposed names, as some file systems keep them, are among the spellings
        self._names_in(os.fsencode(path.name), str(path), IN_ITS_NAME)
        self._names_in(os.fsencode(unicodedata.normalize("NFC", path.name)), str(path), IN_ITS_NAME)
        for stream in streams(path):
            if isinstance(stream, Unread):
                self._unread.append(stream)
                continue
            try:
                self._stream(stream)
            except FileNotFoundError:
                pass  # gone meanwhile
            except UNREADABLE as error:
                self._unread.append(Unread(stream.place, str(error)))
        if path.is_file() and not path.is_symlink():
            self._files += 1

    def result(self) -> Searched:
        found, by_chance = list(self._found.values()), []
        for chance in self._chances.values():
            count = sum(one.count for one in chance.places.values())
            expected = self._no_text * _probability(chance.name)
            if _at_least(count, expected) < _UNLIKELY:
                found += chance.places.values()
            else:
                by_chance.append(ByChance(chance.name.what, count, expected))
        return Searched(self._files, self._bytes, tuple(found), tuple(self._unread), tuple(by_chance))

    def _stream(self, stream: Stream) -> None:
        with closing(stream.open()) as file:
            held, start, left = b"", 0, stream.limit if stream.limit is not None else 1 << 62
            while content := file.read(min(PIECE, left)):
                piece = held + content
                self._piece(piece, stream.place, start - len(held), len(held))
                held = piece[-OVERLAP:]
                start += len(content)
                left -= len(content)
                self._bytes += len(content)
                self._progress(self._bytes)
            if left == 0 and file.read(1):
                self._unread.append(Unread(stream.place, f"holds more than the {stream.limit} bytes that were read"))

    def _piece(self, piece: bytes, place: str, start: int, seen: int) -> None:
        """seen: how many bytes of the piece were looked at before, as the end of another."""
        told: set[tuple[str, int]] = set()
        for spot in self._looker.runs(piece):
            if spot.at + spot.length > seen and (spot.what, spot.at) not in told:
                told.add((spot.what, spot.at))
                self._tell(place, spot, start)
        self._names_in(piece, place, start, seen)
        if b"\0" in piece:
            self._no_text += len(piece) - seen

    def _names_in(self, piece: bytes, place: str, start: int, seen: int = 0) -> None:
        for name, spot in self._looker.named(piece):
            if spot.at + spot.length <= seen:
                continue
            if len(name.content) < _SHORT and start != IN_ITS_NAME and not in_text(piece, spot.at, spot.length):
                chance = self._chances.setdefault(name.what, _Chance(name))
                _count(chance.places, place, Found(place, name.what, start + spot.at, 1))
            else:
                self._tell(place, spot, start)

    def _tell(self, place: str, spot: Spot, start: int) -> None:
        offset = IN_ITS_NAME if start == IN_ITS_NAME else start + spot.at
        _count(self._found, (place, spot.what), Found(place, spot.what, offset, 1))


def search(places: Iterable[Path], needles: Needles, progress: Callable[[int], None] = lambda done: None) -> Searched:
    """Looks through every file at or below the places, what is packed (gzip, bzip2, xz, zip) unpacked too.

    progress: told how many bytes were looked at. What is found is told once a file and kind, with a count.
    """
    under_way = Search(needles, progress)
    for path in paths_below(places):
        under_way.path(path)
    return under_way.result()


def _count(where: dict[_Key, Found], key: _Key, one: Found) -> None:
    before = where.get(key)
    where[key] = one if before is None else Found(one.place, one.what, before.offset, before.count + 1)


def _probability(name: Name) -> float:
    """That it stands at some place among random bytes."""
    return math.prod((2 if name.folded and chr(byte).isalpha() and byte < 128 else 1) / 256 for byte in name.content)


def _at_least(count: int, expected: float) -> float:
    """Probability of that many or more where so many are expected (Poisson)."""
    below = (
        sum(math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) for n in range(count)) if expected else 0.0
    )
    return max(0.0, 1.0 - below)
