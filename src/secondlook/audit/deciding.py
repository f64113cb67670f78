"""How the audited system itself decides, where that is known: what it states of each search, and whom it proposes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from secondlook.audit.bootstrap import Resamples
from secondlook.audit.counted import by_person, false_positive_rate, miss_rate
from secondlook.audit.groups import At, as_result, cross, groups_of_searches
from secondlook.audit.kinds import Settings
from secondlook.audit.rates import LEAST_RATE
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Flags, SearchScores
from secondlook.audit.statements import DecidedAt, DecidedGroup
from secondlook.decide.calibration import Calibration, check, log10_ratios, thresholds
from secondlook.decide.evidence import Conditions, log_own_cdf, posterior
from secondlook.decide.rule import Calibrated, Limits, OperatingPoint, Rule, shortcomings
from secondlook.decide.terms import standardised
from secondlook.errors import CalibrationError, CalibrationStale
from secondlook.report import words
from secondlook.types import Quality

PRIOR = 0.5
"""At which posteriors are stated here: one that leaves most to the evidence."""


@dataclass(frozen=True, eq=False, slots=True)
class Deciding:
    """rule, limits: as ``find`` has them. pictures: (p,) quality of each probe, None where acquisition failed."""

    rule: Rule
    limits: Limits
    pictures: tuple[Quality | None, ...]

    @property
    def calibration(self) -> Calibration | None:
        return self.rule.calibration if isinstance(self.rule, Calibrated) else None

    @property
    def unfit(self) -> Flags:
        """(p,) whether the picture forbids a candidate whatever the score; a failed acquisition is not among them."""
        return np.array([q is not None and bool(shortcomings(q, self.limits)) for q in self.pictures], np.bool_)


def with_posteriors(searches: Sequence[SearchScores], deciding: Deciding) -> tuple[SearchScores, ...]:
    """The searches with what the calibration states of their best candidates, at even odds that the person is enrolled.

    Nothing is stated where acquisition failed, nobody was returned, or the gallery is larger than any that was measured.
    """
    c = deciding.calibration
    if c is None:
        return tuple(searches)
    return tuple(_stated(one, c, deciding.pictures) if one.n <= c.largest else one for one in searches)


def unstated(searches: Sequence[SearchScores], deciding: Deciding) -> tuple[str, ...]:
    """A note where posteriors are missing."""
    c = deciding.calibration
    larger = [one.n for one in searches if c is not None and one.n > c.largest]
    if c is None or not larger:
        return ()
    sizes = words.listed([f"{n:,}" for n in larger])
    return (
        f"No posterior was looked at with {sizes} people enrolled: the calibration was measured up to {c.largest:,}, and"
        " states bounds beyond.",
    )


def decided(
    searches: Sequence[SearchScores],
    deciding: Deciding,
    attributes: tuple[tuple[str, ...], ...],
    people: Resamples,
    settings: Settings,
) -> tuple[tuple[DecidedAt, ...], tuple[str, ...]]:
    """What the system's own decisions do at each gallery size and asked FPIR, and a note for each that it refuses.

    attributes: what to group by. Only searches that hold strangers count.
    """
    found: list[DecidedAt] = []
    refused: dict[float, list[int]] = {}
    unfit = deciding.unfit
    asked: tuple[float | None, ...] = (None,) if deciding.calibration is None else settings.fpirs
    for one in searches:
        for fpir in asked if not one.enrolled.all() else ():
            limits = _thresholds(deciding, one.n, fpir)
            if limits is not None:
                found.append(_decided_at(one, deciding, limits, unfit, fpir, attributes, people, settings))
            elif fpir is not None:
                refused.setdefault(fpir, []).append(one.n)
    return tuple(found), tuple(_refusal(fpir, sizes) for fpir, sizes in refused.items())


def _stated(searches: SearchScores, c: Calibration, pictures: tuple[Quality | None, ...]) -> SearchScores:
    if searches.probe is None:
        return searches
    best = searches.best_score
    of = [pictures[number] for number in searches.probe.tolist()]
    said = ~np.isnan(best) & np.array([quality is not None for quality in of], np.bool_)
    qualities = [quality for quality, there in zip(of, said.tolist(), strict=True) if there and quality is not None]
    chance, log_lr = np.full(len(searches), np.nan), np.full(len(searches), np.nan)
    if qualities:
        chance[said], log_lr[said] = _chances(c, best[said], qualities, searches.n)
    return replace(searches, posterior=chance, prior=PRIOR, log_lr=log_lr)


def _chances(c: Calibration, best: Doubles, qualities: list[Quality], n: int) -> tuple[Doubles, Doubles]:
    """The posterior that the first candidate is the person (``calibration.posteriors`` at ``PRIOR``), and the natural log
    of the likelihood ratio of "is enrolled": the own subject with this score, or somebody else before it."""
    at = Conditions(standardised(qualities, c.terms), np.full(len(best), float(n)))
    first = log10_ratios(c, best, qualities, n) * math.log(10)
    below = log_own_cdf(c.fit, at, best)
    return posterior(first, np.exp(below), PRIOR), np.asarray(np.logaddexp(first, below), np.float64)


def _thresholds(deciding: Deciding, n: int, fpir: float | None) -> Doubles | None:
    """(p,) of each probe, infinite where it has no picture; None where the system refuses to decide."""
    found = np.full(len(deciding.pictures), np.inf)
    known = np.array([quality is not None for quality in deciding.pictures], np.bool_)
    rule = deciding.rule
    if isinstance(rule, OperatingPoint):
        if rule.threshold is None:
            return None
        found[known] = rule.threshold
    elif fpir is not None:
        try:
            check(rule.calibration, n, fpir)
        except (CalibrationError, CalibrationStale):
            return None
        found[known] = thresholds(rule.calibration, [q for q in deciding.pictures if q is not None], n, fpir)
    return found


def _decided_at(
    searches: SearchScores,
    deciding: Deciding,
    limits: Doubles,
    unfit: Flags,
    fpir: float | None,
    attributes: tuple[tuple[str, ...], ...],
    people: Resamples,
    settings: Settings,
) -> DecidedAt:
    probe = _probes(searches)
    above = _above(searches, limits[probe], unfit[probe])
    trials = above.trials(settings.max_rank)
    at = At(0.0, searches.n, settings.max_rank, LEAST_RATE if fpir is None else fpir, settings.confidence)
    finite = limits[np.isfinite(limits)]
    c = deciding.calibration
    return DecidedAt(
        searches.n,
        searches.repeats,
        fpir,
        float(finite.min()) if len(finite) else math.inf,
        float(finite.max()) if len(finite) else math.inf,
        false_positive_rate(trials, 0.0, people, at.wanted, at.confidence).rate,
        miss_rate(trials, 0.0, people, confidence=at.confidence).rate,
        by_person(unfit[probe], searches.subject, people, confidence=at.confidence).rate,
        settings.max_rank,
        c is not None and searches.n > c.largest,
        tuple(group for names in attributes for group in _groups(above, names, at, people)),
    )


def _above(searches: SearchScores, limits: Doubles, unfit: Flags) -> SearchScores:
    """Scores less their own thresholds, so that 0 is everybody's; an unfit picture gives no candidate, like a failed one."""
    return replace(
        searches,
        mated_score=searches.mated_score - limits,
        other_score=searches.other_score - limits,
        failed=searches.failed | unfit,
    )


def _groups(above: SearchScores, names: tuple[str, ...], at: At, people: Resamples) -> tuple[DecidedGroup, ...]:
    crossed = cross(above.attributes, names)
    found = (
        as_result(one, crossed, at, above.direction) for one in groups_of_searches(above, crossed, at, people, None)
    )
    return tuple(DecidedGroup(one.attributes, one.group, one.subjects, one.fpir, one.fnir) for one in found)


def _probes(searches: SearchScores) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    if searches.probe is None:
        raise ValueError("searches without the numbers of their probes")
    return searches.probe


def _refusal(fpir: float, sizes: list[int]) -> str:
    enrolled = words.listed([f"{n:,}" for n in sizes])
    return (
        f"secondlook find does not decide at FPIR {fpir:g} with {enrolled} people enrolled: the people of its calibration are"
        " too few to state so rare a rate there."
    )
