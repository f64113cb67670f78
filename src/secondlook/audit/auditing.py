"""The whole audit on one page: trials, rates, curves, groups, advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from secondlook.audit.advice import Grouping, advise, advised_threshold
from secondlook.audit.bootstrap import Resamples, resample
from secondlook.audit.calibration import balanced, calibration_curve
from secondlook.audit.counted import by_person
from secondlook.audit.deciding import decided
from secondlook.audit.discard import error_versus_discard
from secondlook.audit.figures import Rate
from secondlook.audit.grouping import at_one_threshold, chosen_attributes, global_threshold, grouped_searches
from secondlook.audit.groups import At
from secondlook.audit.identification import closed_set, det_of, open_set
from secondlook.audit.kinds import Audited, Direction, Measure, Settings, Wanted
from secondlook.audit.material import Material, of_table, of_templates, searches_of
from secondlook.audit.protocols import largest_gallery, search
from secondlook.audit.results import Advice, AuditResult, CalibrationCurve, DecidedAt, QualityDiscard
from secondlook.audit.scores import SearchScores, Trials, shown
from secondlook.audit.stated_advice import with_stated
from secondlook.audit.tables import read_scores
from secondlook.audit.templates import Templates
from secondlook.audit.verification import likelihood_ratio_costs, verify

Told = Callable[[str], None]
"""Is told in a few words what is being done."""


def audit_table(
    path: Path,
    settings: Settings,
    direction: Direction | None = None,
    gallery_size: int | None = None,
    wanted: Wanted | None = None,
    told: Told = lambda _: None,
) -> AuditResult:
    """Audits somebody else's scores (see ``tables.py``). Raises SourceError for a table that cannot be understood."""
    told("reading the scores")
    names = tuple(dict.fromkeys(name for names in settings.attributes for name in names)) or None
    return audit(of_table(read_scores(path, direction, names, gallery_size)), settings, wanted, told)


def audit_templates(
    templates: Templates,
    settings: Settings,
    name: str,
    notes: tuple[str, ...] = (),
    wanted: Wanted | None = None,
    told: Told = lambda _: None,
) -> AuditResult:
    """Audits templates that were made of labelled pictures."""
    told("comparing")
    return audit(of_templates(templates, name, settings.seed, notes), settings, wanted, told)


def audit(
    material: Material, settings: Settings, wanted: Wanted | None = None, told: Told = lambda _: None
) -> AuditResult:
    """Every figure the material can carry. The same material, settings and seed give the same result."""
    people = resample(len(material.people), settings.replicates, settings.seed)
    told("searching galleries")
    searches, notes = searches_of(material, settings)
    told("measuring 1:1")
    pairs = material.pairs
    verification = None
    if pairs is not None:
        verification = verify(pairs.trials(), people, settings, material.direction, material.meaning)
    told("measuring 1:N")
    closed = [closed_set(s, people, settings) for s in searches]
    dets = [det_of(s, settings) for s in searches]
    told("measuring groups")
    at = global_threshold(material, searches, settings)
    groups, summaries = at_one_threshold(material, searches, at, people, settings)
    decisions, refused = _decided(material, searches, people, settings)
    return AuditResult(
        _audited(material, searches, (*notes, *refused)),
        settings,
        _fta(material, people, settings),
        verification,
        tuple(c for c in closed if c is not None),
        tuple(found for s in searches for found in open_set(s, people, settings)),
        tuple(d for d in dets if d is not None),
        None if at is None else shown(at.threshold, material.direction),
        groups,
        summaries,
        _quality(material, searches, at, people, settings),
        _calibration(material, searches, people, settings),
        None if wanted is None else _advice(material, searches, people, settings, wanted),
        decisions,
    )


def _audited(material: Material, searches: tuple[SearchScores, ...], notes: tuple[str, ...]) -> Audited:
    pairs = material.pairs
    if pairs is not None:
        mated, non_mated = int(np.count_nonzero(pairs.mated)), int(np.count_nonzero(~pairs.mated))
        failed = int(np.count_nonzero(pairs.failed))
    else:
        mated = sum(int(np.count_nonzero(s.enrolled)) for s in searches)
        non_mated = sum(int(np.count_nonzero(~s.enrolled)) for s in searches)
        failed = sum(int(np.count_nonzero(s.failed)) for s in searches)
    return Audited(
        material.name,
        material.way,
        material.direction,
        material.meaning,
        len(material.people),
        mated,
        non_mated,
        failed,
        tuple(a.name for a in material.attributes),
        (*material.notes, *notes),
    )


def _fta(material: Material, people: Resamples, settings: Settings) -> Rate | None:
    presented = material.presented
    if presented is None:
        return None
    return by_person(presented.failed, presented.subject, people, confidence=settings.confidence).rate


def _quality(
    material: Material, searches: tuple[SearchScores, ...], at: At | None, people: Resamples, settings: Settings
) -> tuple[QualityDiscard, ...]:
    """At the threshold of the groups: of searches where there are, else of comparisons."""
    if at is None:
        return ()
    threshold = shown(at.threshold, material.direction)
    one = next((s for s in searches if s.n == at.n), None)
    pairs = material.pairs
    if one is not None and one.quality is not None:
        trials, quality, measure = one.trials(at.max_rank), one.quality[one.enrolled], Measure.FNIR
    elif pairs is not None and pairs.quality is not None:
        trials, quality, measure = pairs.trials(), pairs.quality[pairs.mated], Measure.FNMR
    else:
        return ()
    missed = trials.mated < at.threshold
    found = error_versus_discard(
        missed, quality, trials.mated_subject, people, "quality", measure, threshold, settings.confidence
    )
    return () if found is None else (found,)


def _calibration(
    material: Material, searches: tuple[SearchScores, ...], people: Resamples, settings: Settings
) -> CalibrationCurve | None:
    """Of the posteriors stated for each comparison, or for the best candidate of each search of the largest gallery."""
    pairs = material.pairs
    if pairs is not None and pairs.posterior is not None:
        return calibration_curve(pairs.posterior, pairs.mated, pairs.probe_subject, people, settings.confidence)
    stated = [s for s in searches if s.posterior is not None]
    if not stated or stated[-1].posterior is None:
        return None
    one, posterior, confidence = stated[-1], stated[-1].posterior, settings.confidence
    right = one.mated_rank == 1
    if one.prior is None:
        return replace(calibration_curve(posterior, right, one.subject, people, confidence), n=one.n)
    weights = balanced(one.enrolled, ~np.isnan(posterior), one.prior)
    if weights is None:
        return None
    curve = calibration_curve(posterior, right, one.subject, people, confidence, weights=weights)
    return _costs(replace(curve, n=one.n, prior=one.prior), one, people, settings)


def _costs(curve: CalibrationCurve, searches: SearchScores, people: Resamples, settings: Settings) -> CalibrationCurve:
    """The curve with Cllr of the likelihood ratios, where they were stated; of a failed acquisition nothing was."""
    if searches.log_lr is None:
        return curve
    ratio = np.where(np.isnan(searches.log_lr), -np.inf, searches.log_lr)
    here, there = searches.enrolled, ~searches.enrolled
    trials = Trials(
        ratio[here], searches.subject[here], ratio[there], searches.subject[there], None, len(searches.people)
    )
    cllr, lowest = likelihood_ratio_costs(trials, people, settings.confidence)
    return replace(curve, cllr=cllr, cllr_min=lowest)


def _decided(
    material: Material, searches: tuple[SearchScores, ...], people: Resamples, settings: Settings
) -> tuple[tuple[DecidedAt, ...], tuple[str, ...]]:
    if material.deciding is None:
        return (), ()
    return decided(searches, material.deciding, chosen_attributes(material, settings), people, settings)


def _advice(
    material: Material, searches: tuple[SearchScores, ...], people: Resamples, settings: Settings, wanted: Wanted
) -> Advice | None:
    """None where nothing could be searched."""
    chosen = _searched_at(material, searches, settings, wanted.n)
    if chosen is None:
        return None
    threshold = advised_threshold(chosen, wanted, settings.max_rank)
    groupings: tuple[Grouping, ...] = ()
    if threshold is not None and chosen.n == wanted.n:
        at = At(threshold, wanted.n, settings.max_rank, wanted.fpir, settings.confidence)
        names = chosen_attributes(material, settings)
        groupings = tuple(Grouping(*grouped_searches(chosen, one, at, people)) for one in names)
    advice = advise(chosen, people, wanted, groupings, settings.max_rank, settings.confidence)
    if material.deciding is None or chosen.n >= wanted.n:
        return advice
    return with_stated(advice, material.deciding, wanted, len(np.unique(chosen.subject)))


def _searched_at(
    material: Material, searches: tuple[SearchScores, ...], settings: Settings, n: int
) -> SearchScores | None:
    """Searches of a gallery of ``n``, else of the largest that the material lets be tried."""
    probes = material.probes
    at = n if probes is None else min(n, largest_gallery(probes))
    for one in searches:
        if one.n == at:
            return one
    if probes is not None and at >= 1:
        return search(probes, at, settings.repeats, settings.seed)
    return searches[-1] if searches else None
