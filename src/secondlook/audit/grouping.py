"""Groups of the whole material: which attributes, at which one threshold, with what summary."""

from __future__ import annotations

from dataclasses import replace

from secondlook.audit import metrics
from secondlook.audit.bootstrap import Resamples
from secondlook.audit.groups import (
    At,
    Crossed,
    GroupMeasured,
    as_result,
    cross,
    groups_of_pairs,
    groups_of_searches,
)
from secondlook.audit.kinds import Settings
from secondlook.audit.material import Material
from secondlook.audit.results import GroupResult, GroupSummary
from secondlook.audit.scores import SearchScores, shown
from secondlook.audit.summaries import summarise
from secondlook.errors import SourceError


def chosen_attributes(material: Material, settings: Settings) -> tuple[tuple[str, ...], ...]:
    """What to group by: as asked, else every attribute by itself. Raises SourceError for one that is not there."""
    there = tuple(a.name for a in material.attributes)
    for names in settings.attributes:
        for name in names:
            if name not in there:
                known = ", ".join(there) or "none"
                raise SourceError(f"{material.name} has no attribute {name!r} to group by; there is: {known}.")
    return settings.attributes or tuple((name,) for name in there)


def global_threshold(material: Material, searches: tuple[SearchScores, ...], settings: Settings) -> At | None:
    """The one threshold for all groups: the first given one, else that for the asked FPIR at the largest gallery, else
    that for the asked FMR. None where nothing has a score."""
    given = shown(settings.thresholds[0], material.direction) if settings.thresholds else None
    with_strangers = [s for s in searches if not s.enrolled.all()]
    if with_strangers:
        largest = with_strangers[-1]
        found = metrics.threshold_for(metrics.sort_trials(largest.trials(settings.max_rank)), settings.group_fpir)
        threshold = found if given is None else given
        if threshold is None:
            return None
        return At(threshold, largest.n, settings.max_rank, settings.group_fpir, settings.confidence)
    if material.pairs is None:
        return None
    found = metrics.threshold_for(metrics.sort_trials(material.pairs.trials()), settings.group_fmr)
    threshold = found if given is None else given
    return None if threshold is None else At(threshold, None, 1, settings.group_fmr, settings.confidence)


def at_one_threshold(
    material: Material, searches: tuple[SearchScores, ...], at: At | None, people: Resamples, settings: Settings
) -> tuple[tuple[GroupResult, ...], tuple[GroupSummary, ...]]:
    """Every group at the global threshold, and a summary of each attribute."""
    if at is None:
        return (), ()
    results: list[GroupResult] = []
    summaries = []
    for names in chosen_attributes(material, settings):
        crossed, measured = _measured(material, searches, at, people, names)
        found = [as_result(g, crossed, at, material.direction) for g in measured]
        if at.n is not None and material.pairs is not None:
            found = _with_1to1(found, material, at, people, names)
        results.extend(found)
        summaries.append(summarise(measured, crossed, at, settings.alpha, material.direction))
    return tuple(results), tuple(summaries)


def grouped_searches(
    searches: SearchScores, names: tuple[str, ...], at: At, people: Resamples
) -> tuple[Crossed, tuple[GroupMeasured, ...]]:
    """The groups of one attribute, without failures to acquire."""
    crossed = cross(searches.attributes, names)
    return crossed, groups_of_searches(searches, crossed, at, people, None)


def _measured(
    material: Material, searches: tuple[SearchScores, ...], at: At, people: Resamples, names: tuple[str, ...]
) -> tuple[Crossed, tuple[GroupMeasured, ...]]:
    if at.n is not None:
        one = next(s for s in searches if s.n == at.n)
        crossed = cross(one.attributes, names)
        return crossed, groups_of_searches(one, crossed, at, people, material.presented)
    if material.pairs is None:
        raise ValueError("groups of 1:1 without comparisons")
    crossed = cross(material.pairs.attributes, names)
    return crossed, groups_of_pairs(material.pairs, crossed, at, people, material.presented)


def _with_1to1(
    found: list[GroupResult], material: Material, at: At, people: Resamples, names: tuple[str, ...]
) -> list[GroupResult]:
    """Adds FMR and FNMR at the same threshold. An FPIR of F in a gallery of N asks about an FMR of F/N."""
    if material.pairs is None or at.n is None:
        return found
    crossed = cross(material.pairs.attributes, names)
    one_to_one = replace(at, n=None, max_rank=1, wanted=at.wanted / at.n)
    measured = groups_of_pairs(material.pairs, crossed, one_to_one, people, None)
    results = {g.group: as_result(g, crossed, one_to_one, material.direction) for g in measured}
    return [
        replace(r, fmr=results[r.group].fmr, fnmr=results[r.group].fnmr) if r.group in results else r for r in found
    ]
