"""One video while its parts come back in any order: which are there, whether neighbours agree, and what is still wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secondlook.errors import SourceError
from secondlook.scale.kit import File
from secondlook.scale.looks import Chooser, Key, Look, PartSeen, Shots, WholeSeen
from secondlook.scale.pool import Ref
from secondlook.sources.parts import Part


@dataclass(frozen=True, eq=False, slots=True)
class Wanted:
    """The faces of one part that count. cut: where all of its faces are, or those that were kept of it earlier."""

    number: int
    seen: PartSeen
    cut: Ref | Shots
    keys: frozenset[Key]


class Film:
    """A video. parts: None until it is planned. sent: parts that were asked for. taken: parts that are followed to the end.

    broken_at: the part from which on only a pass from the beginning counts. whole: that pass. error: why nothing more will
    come of it.
    """

    def __init__(self, file: File, chooser: Chooser) -> None:
        self.file = file
        self.parts: tuple[Part, ...] | None = None
        self.sent, self.taken = 0, 0
        self.broken_at: int | None = None
        self.whole: WholeSeen | None = None
        self.error: SourceError | None = None
        self._chooser = chooser
        self._seen: dict[int, tuple[PartSeen, Ref | Shots]] = {}
        self._judged, self._cuts = 0, 0
        self._closing: tuple[int, ...] = ()
        self._looks: dict[int, tuple[Look, ...]] = {}
        self._shots: dict[int, Shots] = {}

    @property
    def unsent(self) -> bool:
        whole = self.broken_at is not None or self.error is not None
        return not whole and self.parts is not None and self.sent < len(self.parts)

    @property
    def held(self) -> int:
        """Parts that were asked for and not yet followed."""
        return self.sent - self.taken

    def saw(self, number: int, seen: PartSeen, cut: Ref | Shots) -> Iterator[Wanted]:
        """A part has come back. Gives what is wanted of it and of those after it that had waited for it."""
        if self.broken_at is None:
            self._seen[number] = seen, cut
        while self.broken_at is None and self._judged in self._seen:
            number = self._judged
            seen, cut = self._seen.pop(number)
            if not seen.whole or (number and seen.opening != self._closing):
                self._break(number)
                return
            looks = seen.after(self._cuts)
            keys = frozenset(self._chooser.take(looks))
            if isinstance(cut, dict) and not keys <= cut.keys():  # kept beside others than those that are there now
                self._break(number)
                return
            self._looks[number] = looks
            self._cuts, self._closing, self._judged = self._cuts + seen.cuts, seen.closing, number + 1
            yield Wanted(number, seen, cut, keys)

    def _break(self, number: int) -> None:
        self.broken_at = number
        self._seen.clear()

    def chosen(self, number: int, shots: Shots) -> None:
        self._shots[number] = shots

    def has(self, number: int) -> bool:
        """Whether ``take`` gives this part; raises what ended the video."""
        if self.error is not None:
            raise self.error
        if self.broken_at is not None and number >= self.broken_at:
            return self.whole is not None
        return number in self._shots

    def take(self, number: int) -> tuple[tuple[Look, ...], Shots]:
        """One part, which is then no longer kept; what is left of the video, where it is broken there."""
        self.taken = number + 1
        if self.whole is None or self.broken_at is None or number < self.broken_at:
            return self._looks.pop(number), self._shots.pop(number)
        first = self.parts[number].first if self.parts else 0
        return tuple(look for look in self.whole.looks if look.index >= first), self.whole.shots
