"""Groups: counted by hand, crossed, refused where there is too little, and never left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.audit_scores import crossed_pairs, labelled_templates

from secondlook.audit.acquisition import presented_in_pairs
from secondlook.audit.bootstrap import resample
from secondlook.audit.figures import Figure, Unsupported
from secondlook.audit.groups import At, as_result, cross, groups_of_pairs, groups_of_searches
from secondlook.audit.kinds import Direction, Enough, Measure, Why
from secondlook.audit.protocols import search
from secondlook.audit.results import GroupResult, GroupSummary
from secondlook.audit.scores import Attribute, Scores1to1
from secondlook.audit.summaries import summarise
from secondlook.audit.templates import probe_scores


def measured(
    pairs: Scores1to1, threshold: float, names: tuple[str, ...] = ("group",)
) -> tuple[dict[tuple[str, ...], GroupResult], GroupSummary]:
    people = resample(len(pairs.people), 300, 0)
    at = At(threshold, wanted=0.01)
    crossed = cross(pairs.attributes, names)
    groups = groups_of_pairs(pairs, crossed, at, people, presented_in_pairs(pairs))
    results = [as_result(g, crossed, at, pairs.direction) for g in groups]
    return {r.group: r for r in results}, summarise(groups, crossed, at, 0.5, pairs.direction)


def test_fmr_is_within_the_group_and_fnmr_by_the_probe() -> None:
    pairs = crossed_pairs(80, 3.0, values=("a", "b"))
    results, _ = measured(pairs, 2.0)
    group_a = np.arange(80) % 2 == 0
    inside = ~pairs.mated & group_a[pairs.probe_subject] & group_a[pairs.reference_subject]
    own = pairs.mated & group_a[pairs.probe_subject]
    found = results[("a",)]
    assert found.fmr is not None and found.fnmr is not None and found.fta is not None
    assert (found.fmr.errors, found.fmr.trials) == (int((pairs.score[inside] >= 2).sum()), 40 * 39)
    assert (found.fnmr.errors, found.fnmr.trials) == (int((pairs.score[own] < 2).sum()), 40)
    assert found.subjects == 40
    assert found.fpir is None and found.rate(Measure.FNIR) is None


def test_a_group_without_reference_attributes_counts_every_reference() -> None:
    pairs = crossed_pairs(80, 3.0, values=("a", "b"))
    one_side = Attribute("group", ("a", "b"), pairs.attributes[0].probe)
    results, _ = measured(replace(pairs, attributes=(one_side,)), 2.0)
    fmr = results[("a",)].fmr
    assert fmr is not None and fmr.trials == 40 * 79


def test_crossed_attributes_make_the_groups_that_occur() -> None:
    pairs = crossed_pairs(60, 3.0, values=("a", "b"))
    age = (np.arange(60, dtype=np.int32) // 20).astype(np.int32)
    second = Attribute("age", ("young", "middle", "old"), age[pairs.probe_subject], age[pairs.reference_subject])
    crossed = cross((*pairs.attributes, second), ("age", "group"))
    assert crossed.groups == tuple((a, g) for a in ("young", "middle", "old") for g in ("a", "b"))
    number = crossed.groups.index(("middle", "b"))
    assert set(np.unique(pairs.probe_subject[crossed.probe == number])) == set(range(21, 40, 2))


def test_rows_without_a_value_are_in_no_group() -> None:
    pairs = crossed_pairs(40, 3.0, values=("a", "b"))
    codes = pairs.attributes[0].probe.copy()
    codes[pairs.probe_subject < 10] = -1
    crossed = cross((Attribute("group", ("a", "b"), codes),), ("group",))
    assert (crossed.probe[pairs.probe_subject < 10] == -1).all()
    assert crossed.groups == (("a",), ("b",))


def test_a_small_group_is_refused_and_named() -> None:
    pairs = crossed_pairs(100, 3.0, values=("a", "b"))
    few = np.where(np.arange(100) < 5, 2, np.arange(100) % 2).astype(np.int32)
    attribute = Attribute("group", ("a", "b", "few"), few[pairs.probe_subject], few[pairs.reference_subject])
    results, summary = measured(replace(pairs, attributes=(attribute,)), 2.0)
    fnmr = results[("few",)].fnmr
    assert fnmr is not None
    assert fnmr.enough is Enough.TOO_FEW and fnmr.value is None and fnmr.trials == 5
    assert summary.refused == (("few",),)
    assert isinstance(summary.garbe, Figure)


def test_one_group_cannot_be_compared() -> None:
    _, summary = measured(crossed_pairs(60, 3.0, values=("a",)), 2.0)
    for said in (summary.fdr, summary.garbe, summary.spreads[0].ratio, summary.spreads[1].gini):
        assert isinstance(said, Unsupported) and said.reason is Why.TOO_FEW_GROUPS
    assert summary.spreads[0].worst is None


def test_a_group_without_errors_makes_no_ratio() -> None:
    pairs = crossed_pairs(120, 3.0, values=("a", "b"))
    score = pairs.score.copy()
    score[pairs.mated & (pairs.probe_subject % 2 == 0)] = 9.0
    _, summary = measured(replace(pairs, score=score), 2.0)
    missed = next(s for s in summary.spreads if s.measure is Measure.FNMR)
    assert (missed.worst, missed.best) == (("b",), ("a",))
    assert isinstance(missed.ratio, Unsupported) and missed.ratio.reason is Why.ZERO_BEST
    assert isinstance(missed.gini, Figure)


def test_a_real_difference_is_found_and_lies_outside_chance() -> None:
    pairs = crossed_pairs(200, 3.0, values=("a", "b"))
    score = pairs.score - 1.5 * (pairs.mated & (pairs.probe_subject % 2 == 1))
    results, summary = measured(replace(pairs, score=score), 2.0)
    missed = next(s for s in summary.spreads if s.measure is Measure.FNMR)
    assert missed.worst == ("b",)
    assert isinstance(missed.ratio, Figure) and missed.ratio.low > 1
    assert missed.ratio_by_chance is not None and missed.ratio.value > missed.ratio_by_chance
    a, b = results[("a",)].fnmr, results[("b",)].fnmr
    assert a is not None and b is not None and a.observed and b.observed
    assert missed.ratio.value == pytest.approx(b.observed / a.observed)
    assert missed.ratio.low <= missed.ratio.value <= missed.ratio.high
    assert isinstance(summary.garbe, Figure) and summary.garbe_by_chance is not None
    assert summary.garbe.value > summary.garbe_by_chance


def test_equal_groups_mostly_stay_within_what_chance_gives() -> None:
    outside = 0
    for seed in range(40):
        _, summary = measured(crossed_pairs(120, 2.0, seed, ("a", "b")), 1.0)
        missed = next(s for s in summary.spreads if s.measure is Measure.FNMR)
        assert isinstance(missed.ratio, Figure) and missed.ratio_by_chance is not None
        outside += missed.ratio.value > missed.ratio_by_chance
    assert outside <= 7


def test_groups_of_searches_are_the_probes() -> None:
    templates = labelled_templates(200, 3, 0.25, failing=0.05)
    searches = search(probe_scores(templates), 60, 3, 0)
    crossed = cross(searches.attributes, ("group",))
    at = At(0.6, n=60, wanted=0.01)
    groups = groups_of_searches(searches, crossed, at, resample(200, 200, 0), None)
    for number, group in enumerate(groups):
        rows = crossed.probe == number
        result = as_result(group, crossed, at, Direction.SIMILARITY)
        assert result.fpir is not None and result.fnir is not None and result.fta is None
        assert result.fpir.trials == int((rows & ~searches.enrolled).sum())
        strangers = searches.other_score[rows & ~searches.enrolled]
        assert result.fpir.errors == int((strangers >= 0.6).sum())
        assert result.fnir.trials == int((rows & searches.enrolled).sum())
        assert result.n == 60
    # the noisier group is missed more often
    assert groups[1].of(Measure.FNIR).rate.observed > groups[0].of(Measure.FNIR).rate.observed
