"""Searches of covered faces: is the first of all people in a gallery the right one?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.bootstrap import ratio, resample
from secondlook.audit.figures import Rate
from secondlook.audit.rates import rate
from secondlook.redact.attack.looking import Looks, Seen
from secondlook.types import Floats

_ROUNDING = 5
"""Decimals of a comparison score that count: templates of two pictures that are the same to the eye must be a tie."""
_REPLICATES = 1000
_BLOCK = 1024


class Attack(StrEnum):
    """NAIVE: references as they are, and the covered face aligned by the original's own landmarks. FOUND: the same, aligned
    by the face that was found again on the cover. PARROT: the attacker covers his references too. PIXELS: as PARROT, but
    the grey values are compared and no templates."""

    NAIVE = "naive"
    FOUND = "found"
    PARROT = "parrot"
    PIXELS = "pixels"


@dataclass(frozen=True, eq=False, slots=True)
class Gallery:
    """One reference a person. people: (N,). uncovered, covered, outline: as in ``Looks``, N rows each."""

    people: NDArray[np.int64]
    uncovered: Seen
    covered: tuple[Seen, ...]
    outline: Floats

    def __len__(self) -> int:
        return len(self.people)

    @property
    def chance(self) -> float:
        """Of the right person being first by luck."""
        return 1 / max(1, len(self))


def gallery_of(looks: Looks) -> Gallery:
    """All shots of a person fused to one reference: their mean."""
    people, codes = np.unique(looks.persons, return_inverse=True)
    covered = tuple(_fused(seen, codes, len(people)) for seen in looks.covered)
    outline = _mean(looks.outline, codes, len(people))
    return Gallery(people, _fused(looks.uncovered, codes, len(people)), covered, outline)


def _fused(seen: Seen, codes: NDArray[np.intp], people: int) -> Seen:
    return Seen(_mean(seen.templates, codes, people), _mean(seen.grey, codes, people))


def _mean(values: Floats, codes: NDArray[np.intp], people: int) -> Floats:
    total = np.zeros((people, values.shape[1]), np.float32)
    np.add.at(total, codes, values)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.asarray(np.divide(total, length, out=np.zeros_like(total), where=length > 1e-6), np.float32)


def compared(attack: Attack, restored: int, probes: Looks, gallery: Gallery) -> tuple[Floats, Floats]:
    """What is compared in an attack: of the probes, (P, D), and of the references, (N, D).

    restored: 0 = as covered, then the restorers.
    """
    match attack:
        case Attack.NAIVE:
            return probes.exact[restored].templates, gallery.uncovered.templates
        case Attack.FOUND:
            return probes.found.templates, gallery.uncovered.templates
        case Attack.PARROT:
            return probes.covered[restored].templates, gallery.covered[restored].templates
        case Attack.PIXELS:
            return probes.covered[restored].grey, gallery.covered[restored].grey


def uncovered(attack: Attack, probes: Looks, gallery: Gallery) -> tuple[Floats, Floats]:
    """The same attack on the originals."""
    if attack is Attack.PIXELS:
        return probes.uncovered.grey, gallery.uncovered.grey
    return probes.uncovered.templates, gallery.uncovered.templates


def scores(probes: Floats, references: Floats) -> Floats:
    """(P, N) comparison scores, rounded so that what is the same is a tie."""
    return np.asarray(np.round(probes @ references.T, _ROUNDING), np.float32)


def first_is_own(
    probes: Floats, owners: NDArray[np.int64], references: Floats, people: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """(P,) whether the most alike reference is the probe's own; ties are broken at random, anew for each probe."""
    rng = np.random.default_rng(seed)
    right = np.zeros(len(probes), np.bool_)
    for start in range(0, len(probes), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found = scores(probes[rows], references)
        best = found == found.max(1, keepdims=True)
        drawn = np.where(best, rng.random(found.shape, np.float32), -1).argmax(1)
        right[rows] = people[drawn] == owners[rows]
    return right


def hit_rate(right: NDArray[np.bool_], owners: NDArray[np.int64], seed: int, confidence: float = 0.95) -> Rate:
    """How often the right person was first.

    The interval is exact where everybody was searched for once; else it draws people, since one's shots are much alike.
    """
    people, codes = np.unique(owners, return_inverse=True)
    replicated = None
    if 1 < len(people) < len(right):
        drawn = resample(len(people), _REPLICATES, seed)
        who = codes.astype(np.int32)
        hits = drawn.one_way(drawn.per_unit(who, right.astype(np.float64)))
        replicated = ratio(hits, drawn.one_way(drawn.per_unit(who)))
    return rate(int(right.sum()), len(right), subjects=len(people), replicated=replicated, confidence=confidence)
