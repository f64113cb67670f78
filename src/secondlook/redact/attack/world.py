"""All searches and comparisons of one set of people, and what each of them comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.figures import Figure, Rate, Said, Unsupported
from secondlook.audit.kinds import Enough
from secondlook.redact.attack.linking import ENOUGH_PEOPLE, Link, linked
from secondlook.redact.attack.looking import Looks, View
from secondlook.redact.attack.restoring import Restoration
from secondlook.redact.attack.searching import (
    Attack,
    Gallery,
    compared,
    first_is_own,
    gallery_of,
    hit_rate,
    uncovered,
)
from secondlook.redact.proof import AttackResult, LinkedBy, LinkResult, Verdict, World
from secondlook.types import Floats

_OF_SURROUNDINGS = frozenset({Restoration.STRETCH})
"""What these bring out of an opaque cover is, if nothing shows through, what a coder let run in from round it. In one
piece of footage that is the same for a place and not for a face, so there they are tried against originals alone."""

_SEARCHES = ((Attack.NAIVE, True), (Attack.FOUND, False), (Attack.PARROT, True), (Attack.PIXELS, True))
"""Each way of searching, and whether it is tried after restoring, too."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What attacks are judged by. limit: largest share of searches that may be right, None = chance. attacks: how many
    there are in the whole proof: each has its share of one error in twenty (Bonferroni)."""

    seed: int = 0
    limit: float | None = None
    attacks: int = 1

    @property
    def confidence(self) -> float:
        return 1 - 0.05 / max(1, self.attacks)


def attacks_on(view: View, restorations: Sequence[Restoration]) -> int:
    """How many attacks there are on one set of people."""
    return len(_searches(view, restorations)) + len(_comparisons(view, restorations))


def world_of_run(looks: Looks, restorations: Sequence[Restoration], terms: Terms) -> World:
    """The faces of a run against its own originals, the worst case: the attacker has the very pictures.

    Of people with several shots every other one is a reference and the rest are probes; of others the one shot is both,
    which says something of the naive attack only.
    """
    first, several = _alternating(looks.persons)
    references = ~first | ~several
    probes = looks[first]
    note = "The faces of this run, searched in the gallery of its own originals: an attacker who has the very footage."
    gallery = gallery_of(looks[references])
    return _world("this run", note, View.INNER, probes, gallery, several[first], restorations, terms)


def world_of_labelled(
    name: str, probes: Looks, references: Looks, restorations: Sequence[Restoration], terms: Terms
) -> World:
    """Covered pictures of people, searched in a gallery of other pictures of them and of further people."""
    note = (
        "Labelled people, covered in the same way, searched in a gallery of other pictures of them and of further people:"
        " an attacker who knows faces, but not this footage."
    )
    everybody = np.ones(len(probes), np.bool_)
    return _world(name, note, View.WHOLE, probes, gallery_of(references), everybody, restorations, terms)


def _alternating(persons: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Every other shot of each person beginning with the first, and whether the person has several."""
    first, several = np.zeros(len(persons), np.bool_), np.zeros(len(persons), np.bool_)
    for person in np.unique(persons):
        rows = np.nonzero(persons == person)[0]
        first[rows[::2]] = True
        several[rows] = len(rows) > 1
    return first, several


def _world(
    name: str,
    note: str,
    view: View,
    probes: Looks,
    gallery: Gallery,
    again: NDArray[np.bool_],
    restorations: Sequence[Restoration],
    terms: Terms,
) -> World:
    attacks = tuple(_attack(one, probes, gallery, again, terms) for one in _searches(view, restorations))
    links = tuple(_link(one, probes[again], gallery, terms) for one in _comparisons(view, restorations))
    return World(
        name=name,
        note=note,
        view=view,
        gallery=len(gallery),
        probes=len(probes),
        subjects=len(np.unique(probes.persons)),
        again=len(np.unique(probes.persons[again])),
        attacks=attacks,
        links=links,
    )


@dataclass(frozen=True, slots=True)
class _Search:
    """place: of the restoration in ``Looks``, 0 = as covered."""

    attack: Attack
    restoration: Restoration
    place: int


@dataclass(frozen=True, slots=True)
class _Comparison:
    by: LinkedBy
    restoration: Restoration
    place: int


def _searches(view: View, restorations: Sequence[Restoration]) -> list[_Search]:
    tried = (Restoration.NONE, *restorations)
    return [
        _Search(attack, restoration, place)
        for attack, restored_too in _SEARCHES
        for place, restoration in enumerate(tried if restored_too else tried[:1])
        if attack is Attack.NAIVE or _tells(restoration, view)
    ]


def _comparisons(view: View, restorations: Sequence[Restoration]) -> list[_Comparison]:
    found = [
        _Comparison(by, restoration, place)
        for by in (LinkedBy.TEMPLATES, LinkedBy.PIXELS)
        for place, restoration in enumerate((Restoration.NONE, *restorations))
        if _tells(restoration, view)
    ]
    if view is View.WHOLE:  # in a run, seconds apart, a head is held alike, and so are its covers
        found.append(_Comparison(LinkedBy.OUTLINE, Restoration.NONE, 0))
    return found


def _tells(restoration: Restoration, view: View) -> bool:
    """Whether covered faces compared with covered faces say something of faces after this restoration."""
    return view is View.WHOLE or restoration not in _OF_SURROUNDINGS


def _attack(one: _Search, probes: Looks, gallery: Gallery, again: NDArray[np.bool_], terms: Terms) -> AttackResult:
    # a copy of the very same shot would be found by its file, not by its face
    rows = again if one.attack in (Attack.PARROT, Attack.PIXELS) else np.ones(len(probes), np.bool_)
    own = probes[rows & probes.was_found if one.attack is Attack.FOUND else rows]

    def right(compared: tuple[Floats, Floats]) -> NDArray[np.bool_]:
        return first_is_own(compared[0], own.persons, compared[1], gallery.people, terms.seed)

    hits = right(compared(one.attack, one.place, own, gallery))
    covered = hit_rate(hits, own.persons, terms.seed)
    corrected_low = hit_rate(hits, own.persons, terms.seed, terms.confidence).low
    originals = hit_rate(right(uncovered(one.attack, own, gallery)), own.persons, terms.seed)
    verdict = verdict_of(covered, corrected_low, originals, gallery.chance, terms.limit)
    return AttackResult(one.attack, one.restoration, gallery.chance, covered, corrected_low, originals, verdict)


def verdict_of(covered: Rate, corrected_low: float, originals: Rate, chance: float, limit: float | None) -> Verdict:
    """The one rule: see ``Verdict``. limit: None = chance."""
    most = max(chance, limit or 0.0)
    if covered.trials and corrected_low > most:
        return Verdict.BROKEN
    if originals.enough is not Enough.TOO_FEW and originals.low <= chance:
        return Verdict.NO_BITE
    if covered.enough is Enough.TOO_FEW or covered.low > most:
        return Verdict.NOT_ENOUGH
    return Verdict.SURVIVED if limit is None or covered.high <= most else Verdict.NOT_ENOUGH


def _link(one: _Comparison, probes: Looks, gallery: Gallery, terms: Terms) -> LinkResult:
    attack = Attack.PIXELS if one.by is LinkedBy.PIXELS else Attack.PARROT

    def between(compared: tuple[Floats, Floats]) -> Link:
        return linked(compared[0], probes.persons, compared[1], gallery.people, terms.seed, terms.confidence)

    if one.by is LinkedBy.OUTLINE:
        covered = between((probes.outline, gallery.outline))
    else:
        covered = between(compared(attack, one.place, probes, gallery))
    originals = between(uncovered(attack, probes, gallery)).said
    verdict = link_verdict(covered, originals)
    return LinkResult(one.by, one.restoration, covered.said, covered.surely, originals, verdict)


def link_verdict(covered: Link, originals: Said) -> Verdict:
    """As ``verdict_of``; chance is a half."""
    if isinstance(covered.said, Unsupported):
        return Verdict.NOT_ENOUGH
    if covered.surely > 0.5:
        return Verdict.BROKEN
    if isinstance(originals, Figure) and originals.subjects >= ENOUGH_PEOPLE and originals.low <= 0.5:
        return Verdict.NO_BITE
    if covered.said.subjects < ENOUGH_PEOPLE or covered.said.low > 0.5:
        return Verdict.NOT_ENOUGH
    return Verdict.SURVIVED
