"""Who it is wrong for: every group's rates at one global threshold.

One threshold for everybody comes first, because that is how systems are run (NIST IR 8280; ISO/IEC 19795-10:2024).
A group whose trials cannot support a rate keeps its row, with the counts and TOO_FEW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.acquisition import Presentations
from secondlook.audit.bootstrap import Resamples
from secondlook.audit.counted import Replicated, by_person, distinct, false_positive_rate, miss_rate
from secondlook.audit.figures import Rate
from secondlook.audit.kinds import Direction, Measure
from secondlook.audit.rates import LEAST_RATE
from secondlook.audit.results import GroupResult
from secondlook.audit.scores import Attribute, Codes, Scores1to1, SearchScores, Trials, shown

Rows = NDArray[np.integer]


@dataclass(frozen=True, eq=False, slots=True)
class Crossed:
    """Attributes taken together. groups: combinations that occur. probe, reference: (rows,) number of the group."""

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    probe: Codes
    reference: Codes | None


@dataclass(frozen=True, eq=False, slots=True)
class GroupMeasured:
    """A group's rates, resampled. false_positive: FMR or FPIR; miss: FNMR or FNIR."""

    group: tuple[str, ...]
    subjects: int
    false_positive: Replicated | None
    miss: Replicated | None
    fta: Replicated | None

    def of(self, measure: Measure) -> Replicated | None:
        if measure in (Measure.FMR, Measure.FPIR):
            return self.false_positive
        return self.fta if measure is Measure.FTA else self.miss


@dataclass(frozen=True, slots=True)
class At:
    """The global threshold (a similarity) and what it is for. wanted: false-positive rate it was set for."""

    threshold: float
    n: int | None = None
    max_rank: int = 1
    wanted: float = LEAST_RATE
    confidence: float = 0.95


def cross(attributes: tuple[Attribute, ...], names: tuple[str, ...]) -> Crossed:
    """Groups of one attribute or of several crossed. A row that lacks one of the values is in no group (-1)."""
    chosen = [_named(attributes, name) for name in names]
    probe = _combined([a.probe for a in chosen], chosen)
    reference = None
    if all(a.reference is not None for a in chosen):
        reference = _combined([a.reference for a in chosen if a.reference is not None], chosen)
    present = np.unique(np.concatenate([probe, probe[:0] if reference is None else reference]))
    present = present[present >= 0]
    groups = tuple(_values(int(code), chosen) for code in present)
    return Crossed(
        names, groups, _renumbered(probe, present), None if reference is None else _renumbered(reference, present)
    )


def groups_of_pairs(
    scores: Scores1to1, crossed: Crossed, at: At, people: Resamples, presented: Presentations | None
) -> tuple[GroupMeasured, ...]:
    """FMR of comparisons within the group (by the probe's where the reference's is unknown), FNMR and FTA of each."""
    trials = scores.trials()
    inside = crossed.probe
    if crossed.reference is not None:
        inside = np.where(crossed.probe == crossed.reference, crossed.probe, -1).astype(np.int32)
    mated, non_mated = crossed.probe[scores.mated], inside[~scores.mated]
    return _measure(trials, mated, non_mated, crossed, at, people, presented)


def groups_of_searches(
    searches: SearchScores, crossed: Crossed, at: At, people: Resamples, presented: Presentations | None
) -> tuple[GroupMeasured, ...]:
    """FPIR, FNIR(N, R, T) and FTA of each group, by the probe's group."""
    trials = searches.trials(at.max_rank)
    mated, non_mated = crossed.probe[searches.enrolled], crossed.probe[~searches.enrolled]
    return _measure(trials, mated, non_mated, crossed, at, people, presented)


def as_result(measured: GroupMeasured, crossed: Crossed, at: At, direction: Direction) -> GroupResult:
    positive, miss, fta = _rate(measured.false_positive), _rate(measured.miss), _rate(measured.fta)
    threshold = shown(at.threshold, direction)
    if at.n is None:
        return GroupResult(crossed.names, measured.group, measured.subjects, threshold, None, positive, miss, fta=fta)
    return GroupResult(
        crossed.names, measured.group, measured.subjects, threshold, at.n, fpir=positive, fnir=miss, fta=fta
    )


def _measure(
    trials: Trials,
    mated: Codes,
    non_mated: Codes,
    crossed: Crossed,
    at: At,
    people: Resamples,
    presented: Presentations | None,
) -> tuple[GroupMeasured, ...]:
    return tuple(
        _one(
            trials.among(mated == number, non_mated == number),
            group,
            at,
            people,
            None if presented is None else _presented_by(presented, crossed.names, group),
        )
        for number, group in enumerate(crossed.groups)
    )


def _presented_by(presented: Presentations, names: tuple[str, ...], group: tuple[str, ...]) -> Presentations:
    rows = np.ones(len(presented.failed), np.bool_)
    for name, value in zip(names, group, strict=True):
        attribute = _named(presented.attributes, name)
        rows &= attribute.probe == attribute.values.index(value)
    return Presentations(presented.failed[rows], presented.subject[rows], ())


def _one(
    trials: Trials, group: tuple[str, ...], at: At, people: Resamples, presented: Presentations | None
) -> GroupMeasured:
    sides = [trials.mated_subject, trials.non_mated_subject]
    fta = None
    if presented is not None:
        sides.append(presented.subject)
        fta = by_person(presented.failed, presented.subject, people, confidence=at.confidence)
    return GroupMeasured(
        group,
        distinct(np.concatenate(sides), trials.people),
        false_positive_rate(trials, at.threshold, people, at.wanted, at.confidence),
        miss_rate(trials, at.threshold, people, confidence=at.confidence),
        fta,
    )


def _rate(replicated: Replicated | None) -> Rate | None:
    return None if replicated is None else replicated.rate


def _named(attributes: tuple[Attribute, ...], name: str) -> Attribute:
    for attribute in attributes:
        if attribute.name == name:
            return attribute
    raise KeyError(name)


def _combined(columns: list[Codes], chosen: list[Attribute]) -> NDArray[np.int64]:
    combined = np.zeros(len(columns[0]), np.int64)
    for codes, attribute in zip(columns, chosen, strict=True):
        combined = np.where((combined < 0) | (codes < 0), -1, combined * len(attribute.values) + codes)
    return combined


def _values(code: int, chosen: list[Attribute]) -> tuple[str, ...]:
    values = []
    for attribute in reversed(chosen):
        code, at = divmod(code, len(attribute.values))
        values.append(attribute.values[at])
    return tuple(reversed(values))


def _renumbered(combined: NDArray[np.int64], present: NDArray[np.int64]) -> Codes:
    numbers = np.searchsorted(present, combined).astype(np.int32)
    return np.where(combined < 0, np.int32(-1), numbers)
