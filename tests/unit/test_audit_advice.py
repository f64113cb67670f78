"""What to set, what it costs, and for whom: on searches whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from secondlook.audit.advice import Grouping, advise, advised_threshold
from secondlook.audit.bootstrap import resample
from secondlook.audit.figures import Figure, Unsupported
from secondlook.audit.grouping import grouped_searches
from secondlook.audit.groups import At
from secondlook.audit.kinds import Direction, Measure, Wanted, Why
from secondlook.audit.results import Advice
from secondlook.audit.scores import Attribute, SearchScores


def normal_searches(people: int, worse: float = 0.0, n: int = 100, seed: int = 0) -> SearchScores:
    """Half enrolled with scores of N(4, 1), half strangers with N(0, 1); those of group "b" are worse both ways."""
    rng = np.random.default_rng(seed)
    enrolled = np.arange(people) < people // 2
    group = (np.arange(people) % 2).astype(np.int32)
    score = rng.normal(size=people) + np.where(enrolled, 4 - worse * group, worse * group)
    return SearchScores(
        n,
        enrolled,
        np.arange(people, dtype=np.int32),
        np.where(enrolled, score, np.nan),
        enrolled.astype(np.int32),
        np.where(enrolled, np.nan, score),
        np.zeros(people, np.bool_),
        tuple(f"person {k}" for k in range(people)),
        np.zeros(people, np.int32),
        (Attribute("group", ("a", "b"), group),),
    )


def advised(searches: SearchScores, wanted: Wanted, replicates: int = 300) -> Advice:
    people = resample(len(searches.people), replicates, 0)
    threshold = advised_threshold(searches, wanted)
    groupings: tuple[Grouping, ...] = ()
    if threshold is not None:
        at = At(threshold, searches.n, wanted=wanted.fpir)
        groupings = (Grouping(*grouped_searches(searches, ("group",), at, people)),)
    return advise(searches, people, wanted, groupings)


def figure(said: Figure | Unsupported) -> Figure:
    assert isinstance(said, Figure), said
    return said


def test_the_threshold_of_normal_scores_lies_in_its_interval() -> None:
    found = advised(normal_searches(20_000), Wanted(100, 0.01))
    threshold = figure(found.threshold)
    assert threshold.low <= stats.norm.isf(0.01) <= threshold.high
    assert threshold.high - threshold.low < 0.25
    assert found.fpir is not None and found.fpir.errors == 100
    assert found.fnir is not None and found.fnir.low <= stats.norm.cdf(stats.norm.isf(0.01) - 4) <= found.fnir.high
    assert found.more_trials == 0
    assert "10 of 1,000 strangers" in found.sentence


def test_intervals_of_the_threshold_hold_the_truth() -> None:
    held = 0
    for seed in range(40):
        threshold = figure(advised(normal_searches(4000, seed=seed), Wanted(100, 0.02), 200).threshold)
        held += threshold.low <= stats.norm.isf(0.02) <= threshold.high
    assert held >= 34


def test_distances_come_back_as_distances() -> None:
    searches = normal_searches(4000)
    turned = SearchScores(**{**{k: getattr(searches, k) for k in searches.__slots__}, "direction": Direction.DISTANCE})
    plain, other = figure(advised(searches, Wanted(100, 0.01)).threshold), advised(turned, Wanted(100, 0.01))
    back = figure(other.threshold)
    assert (back.low, back.value, back.high) == pytest.approx((-plain.high, -plain.value, -plain.low))


def test_a_group_that_is_worse_is_named_with_how_much() -> None:
    found = advised(normal_searches(8000, worse=0.7), Wanted(100, 0.01))
    assert {w.measure for w in found.worse} == {Measure.FPIR, Measure.FNIR}
    assert all(w.group == ("b",) for w in found.worse)
    ratios = [figure(w.ratio).value for w in found.worse]
    assert ratios == sorted(ratios, reverse=True)
    for w in found.worse:
        assert w.rate.observed is not None and w.overall.observed is not None
        assert figure(w.ratio).value == pytest.approx(w.rate.observed / w.overall.observed)


def test_equal_groups_are_not_called_worse() -> None:
    named = [advised(normal_searches(3000, seed=seed), Wanted(100, 0.01), 200).worse for seed in range(40)]
    assert sum(bool(worse) for worse in named) <= 4


def test_groups_that_stay_open_are_named() -> None:
    found = advised(normal_searches(2000), Wanted(100, 0.005))
    assert (("group",), ("a",)) in found.undecided or (("group",), ("b",)) in found.undecided


def test_how_many_more_searches_would_settle_it() -> None:
    found = advised(normal_searches(2000), Wanted(100, 0.01))
    # 1,000 strangers of 3,000, if they are independent
    assert 1500 <= found.more_trials <= 2700
    assert f"{found.more_trials:,} more searches" in found.sentence


@pytest.mark.parametrize(
    ("searches", "wanted", "why"),
    [
        (normal_searches(400), Wanted(100, 0.003), Why.TOO_FEW_TRIALS),
        (normal_searches(4000), Wanted(1400, 0.01), Why.GALLERY_TOO_SMALL),
        (normal_searches(40), Wanted(100, 0.15), Why.TOO_FEW_SUBJECTS),
    ],
)
def test_what_cannot_be_advised_is_refused(searches: SearchScores, wanted: Wanted, why: Why) -> None:
    found = advised(searches, wanted)
    assert isinstance(found.threshold, Unsupported)
    assert found.threshold.reason is why
    assert found.sentence == found.threshold.sentence
    assert found.fpir is None and found.worse == ()


def test_the_refusal_says_how_many_more() -> None:
    assert advised(normal_searches(400), Wanted(100, 0.003)).more_trials == 10_000 - 200
