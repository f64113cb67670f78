"""What a proof says: frozen dataclasses only. Every figure has its interval, its counts, chance, and the same attack on
the uncovered originals beside it. The schema is in docs/proof.md.

A proof never says that anybody is anonymous: it says which attacks an output survived, and at which gallery size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from secondlook.audit.figures import Rate, Said
from secondlook.redact.attack.found_leftovers import PICTURES, Kind, Leftover
from secondlook.redact.attack.looking import View
from secondlook.redact.attack.restoring import Restoration
from secondlook.redact.attack.searching import Attack
from secondlook.redact.cover import Covering

SCHEMA = "secondlook.proof/1"

NOT_TRIED = (
    "Recognisers other than the one named here, and recognisers trained on covered faces.",
    "Neural networks that invent a likely face from a blurred or pixelated one.",
    "Knowing people by what is not covered: hair, body, clothes, gait, company, voice, words, the place and the time.",
    "Attacks with other footage of the same moment, or with people who know those shown.",
)


class Verdict(StrEnum):
    SURVIVED = "survived"
    """the 95 % interval holds chance or lies below it (with a limit: it lies below the limit), and trials are enough"""
    BROKEN = "broken"
    """all of the interval that is corrected for the number of attacks lies above chance, and above the limit where one
    was asked for"""
    NOT_ENOUGH = "not_enough"
    """not enough trials to say; also where only the uncorrected interval lies above chance"""
    NO_BITE = "no_bite"
    """the attack does not work on the uncovered originals either, so it says nothing about the cover"""


@dataclass(frozen=True, slots=True)
class ProofAsked:
    """limit: largest share of searches that may name the right person, None = what chance gives. accepted: leftovers
    that were asked to stay; those that may hold faces fail a proof all the same. shots: most pictures of one person of
    a run that are searched. smallest_px: width from which a face that is listed nowhere counts. every: of a video's
    frames, each how manieth is searched for faces; covers are compared with the originals in every frame.
    """

    limit: float | None = None
    accepted: tuple[Kind, ...] = ()
    shots: int = 8
    smallest_px: float = 16.0
    every: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class AttackResult:
    """One way of searching. covered: how often the right person came first. originals: the same with faces uncovered.

    chance: 1 / people in the gallery. corrected_low: lower end of the interval corrected for the number of attacks.
    """

    attack: Attack
    restoration: Restoration
    chance: float
    covered: Rate
    corrected_low: float
    originals: Rate
    verdict: Verdict


class LinkedBy(StrEnum):
    TEMPLATES = "templates"
    PIXELS = "pixels"
    OUTLINE = "outline"
    """by the proportions of the covers alone; beside it stand the templates of the uncovered faces"""


@dataclass(frozen=True, slots=True)
class LinkResult:
    """Share of comparisons in which two covered shots of one person were more alike than of two people; chance is 0.5."""

    by: LinkedBy
    restoration: Restoration
    covered: Said
    corrected_low: float
    originals: Said
    verdict: Verdict
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class World:
    """Attacks on one set of people. gallery: people searched. probes: covered shots that were searched for, of
    ``subjects`` people; again: people who were seen more than once. note: who they are, one sentence."""

    name: str
    note: str
    view: View
    gallery: int
    probes: int
    subjects: int
    again: int
    attacks: tuple[AttackResult, ...]
    links: tuple[LinkResult, ...]

    @property
    def chance(self) -> float:
        return 1 / max(1, self.gallery)

    @property
    def verdict(self) -> Verdict:
        """Of all attacks together. Faces found again are too few to wait for, and say nothing when they are none."""
        verdicts = [one.verdict for one in self.attacks if one.attack is not Attack.FOUND or _said(one)]
        verdicts += [one.verdict for one in self.links]
        if Verdict.BROKEN in verdicts:
            return Verdict.BROKEN
        if Verdict.NOT_ENOUGH in verdicts or Verdict.SURVIVED not in verdicts:
            return Verdict.NOT_ENOUGH
        return Verdict.SURVIVED


def _said(one: AttackResult) -> bool:
    return one.verdict is not Verdict.NOT_ENOUGH


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in an output. box: px. score: the detector's, None where the pixels were compared."""

    file: str
    frame: int
    box: tuple[float, float, float, float]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """Faces looked for in the output. frames: pictures looked at. places: covered places in them.

    found: of covered places, those where something like a face is found at a low threshold (no sign of who it is).
    by_chance: the same at places of the same sizes where nothing was covered. originals: of covered places, those where
    the original had a face. uncovered: places that show what they showed before. elsewhere: faces listed nowhere.
    uncovered_count, elsewhere_count: how many; the first hundred are listed.
    """

    frames: int
    places: int
    found: Rate
    by_chance: Rate
    originals: Rate
    uncovered_count: int
    uncovered: tuple[Spot, ...]
    elsewhere_count: int
    elsewhere: tuple[Spot, ...]

    @property
    def verdict(self) -> Verdict:
        if self.uncovered_count or self.elsewhere_count:
            return Verdict.BROKEN
        return Verdict.SURVIVED if self.frames else Verdict.NOT_ENOUGH


@dataclass(frozen=True, slots=True)
class Unread:
    """An output that could not be attacked, and why; a proof with one fails."""

    file: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Proof:
    """detector, pack: ids of what attacked. files: outputs. tried: how many attacks intervals are corrected for.

    run: attacks with the originals themselves as the gallery. labelled: attacks with other pictures of other people;
    None where none were given. not_tried: what nobody tried.
    """

    covering: Covering
    asked: ProofAsked
    detector: str
    pack: str
    version: str
    files: int
    tried: int
    detection: Detection
    run: World
    labelled: World | None
    leftovers: tuple[Leftover, ...]
    unread: tuple[Unread, ...]
    not_tried: tuple[str, ...] = NOT_TRIED
    schema: str = SCHEMA

    @property
    def failing_leftovers(self) -> tuple[Leftover, ...]:
        return tuple(one for one in self.leftovers if one.kind in PICTURES or one.kind not in self.asked.accepted)

    @property
    def verdict(self) -> Verdict:
        worlds = [world.verdict for world in (self.run, self.labelled) if world is not None]
        if self.failing_leftovers or self.unread or Verdict.BROKEN in (*worlds, self.detection.verdict):
            return Verdict.BROKEN
        return Verdict.SURVIVED if Verdict.SURVIVED in worlds else Verdict.NOT_ENOUGH

    @property
    def failed(self) -> bool:
        """Whether a command should end with an error. A limit that was asked for must be shown to be kept; without one
        it is enough that no attack worked."""
        return self.verdict is Verdict.BROKEN or (self.asked.limit is not None and self.verdict is not Verdict.SURVIVED)
