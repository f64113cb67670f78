"""What is said of somebody who is still in view, and what becomes of it: one alert a person, never left uncorrected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from secondlook.types import Outcome, Sighting


class Stage(StrEnum):
    """EARLY: decided while the person is followed on, on what was kept so far. PIECE: closed because the person has been
    in view for long, and is followed on. FINAL: closed because the person has gone."""

    EARLY = "early"
    PIECE = "piece"
    FINAL = "final"


class Alert(StrEnum):
    """What a sighting's own candidate is news of. NONE: it has none. RAISED: nobody was told of this candidate while the
    person was followed. STANDS: somebody was, and this bears it out."""

    NONE = "none"
    RAISED = "raised"
    STANDS = "stands"


class Because(StrEnum):
    """Why an early candidate is taken back. TWO_PEOPLE: its shots showed two people, neither of whom is a candidate for
    it. ANOTHER: all the shots together have another candidate. DOUBTFUL: they carry no decision. NOBODY: they have no
    candidate."""

    TWO_PEOPLE = "two_people"
    ANOTHER = "another"
    DOUBTFUL = "doubtful"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """subject: who had been named too early."""

    subject: str
    because: Because


@dataclass(frozen=True, eq=False, slots=True)
class LiveSighting:
    """A sighting in a source that goes on.

    followed: the number under which the person was followed; all sightings of one share it, although parts that turn
    out to be of somebody else have a ``track`` of their own. piece: from 1. withdraws: the early candidate that this
    sighting takes back.
    """

    sighting: Sighting
    stage: Stage
    followed: int
    piece: int
    alert: Alert
    withdraws: Withdrawal | None = None


class Alerts:
    """Who was named for whom of those who are in view."""

    def __init__(self) -> None:
        self._named: dict[int, set[str]] = {}
        self._early: dict[int, str] = {}
        self._told: set[int] = set()

    def may_be_early(self, followed: int) -> bool:
        """Once for everybody who is followed."""
        return followed not in self._told

    def early(self, followed: int, piece: int, seen: Sequence[Sighting]) -> LiveSighting | None:
        """seen: the parts of a track as they would be closed now. None where nobody is a candidate in any of them."""
        for sighting in seen:
            subject = sighting.subject
            if subject is None:
                continue
            self._told.add(followed)
            if subject in self._named.setdefault(followed, set()):
                continue
            self._named[followed].add(subject)
            self._early[followed] = subject
            return LiveSighting(sighting, Stage.EARLY, followed, piece, Alert.RAISED)
        return None

    def closed(self, followed: int, piece: int, seen: Sequence[Sighting], stage: Stage) -> list[LiveSighting]:
        """seen: the parts of a track, or of a piece of one. Nobody is told of the same candidate twice."""
        named = self._named.setdefault(followed, set())
        withdrawn = self._withdrawn(followed, seen)
        given = list[LiveSighting]()
        for place, sighting in enumerate(seen):
            alert = Alert.NONE
            if sighting.subject is not None:
                alert = Alert.STANDS if sighting.subject in named else Alert.RAISED
                named.add(sighting.subject)
            given.append(LiveSighting(sighting, stage, followed, piece, alert, None if place else withdrawn))
        if withdrawn is not None:
            named.discard(withdrawn.subject)
        if stage is Stage.FINAL:
            self._named.pop(followed)
            self._told.discard(followed)
        return given

    def _withdrawn(self, followed: int, seen: Sequence[Sighting]) -> Withdrawal | None:
        """What the piece that is closed here takes back of what was said early in it."""
        subject = self._early.pop(followed, None)
        if subject is None or not seen or any(sighting.subject == subject for sighting in seen):
            return None
        return Withdrawal(subject, _because(seen))


def _because(seen: Sequence[Sighting]) -> Because:
    if len(seen) > 1:
        return Because.TWO_PEOPLE
    if seen[0].subject is not None:
        return Because.ANOTHER
    return Because.NOBODY if seen[0].outcome is Outcome.NO_CANDIDATE else Because.DOUBTFUL
