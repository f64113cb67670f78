"""1:N: what counts as a miss, what as a false positive, and what stays in the denominators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.audit_scores import searches_of

from secondlook.audit.acquisition import presented_in_searches
from secondlook.audit.bootstrap import resample
from secondlook.audit.folds import subject_folds
from secondlook.audit.identification import closed_set, det_of, open_set
from secondlook.audit.kinds import Settings, ThresholdFrom
from secondlook.audit.results import OpenSetAt
from secondlook.audit.scores import SearchScores

MATED = [(0.9, 1), (0.8, 1), (0.7, 2), (0.6, 1), (0.0, 0)]
STRANGERS = [0.1, 0.2, 0.65, 0.3]


def at(searches: SearchScores, threshold: float, max_rank: int = 1) -> OpenSetAt:
    asked = Settings(fpirs=(), thresholds=(threshold,), max_rank=max_rank, replicates=50)
    return open_set(searches, resample(len(searches.people), 50, 0), asked)[0]


def test_fnir_counts_low_scores_low_ranks_and_those_not_returned() -> None:
    found = at(searches_of(10, MATED, STRANGERS), 0.65)
    # 0.6 is too low, 0.7 came second, one was not returned
    assert (found.fnir.errors, found.fnir.trials) == (3, 5)
    assert (at(searches_of(10, MATED, STRANGERS), 0.65, max_rank=2).fnir.errors) == 2


def test_fpir_counts_strangers_at_and_above_the_threshold() -> None:
    found = at(searches_of(10, MATED, STRANGERS), 0.65)
    assert (found.fpir.errors, found.fpir.trials) == (1, 4)
    assert found.threshold_from is ThresholdFrom.GIVEN


def test_a_failed_acquisition_is_a_miss_and_no_false_positive_and_stays_in_both() -> None:
    searches = searches_of(10, MATED, STRANGERS, failed_enrolled=2, failed_strangers=3)
    found = at(searches, 0.65)
    assert (found.fnir.errors, found.fnir.trials) == (5, 7)
    assert (found.fpir.errors, found.fpir.trials) == (1, 7)
    # however low the threshold
    assert at(searches, -1e9, max_rank=10).fnir.errors == 3
    assert int(presented_in_searches(searches).failed.sum()) == 5


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=12),
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.integers(0, 5),
    st.floats(0, 1),
)
def test_failures_never_lower_fnir_and_never_raise_fpir(
    mated: list[tuple[float, int]], strangers: list[float], failures: int, threshold: float
) -> None:
    before = at(searches_of(10, mated, strangers), threshold)
    after = at(searches_of(10, mated, strangers, failures, failures), threshold)
    assert after.fnir.errors / after.fnir.trials >= before.fnir.errors / before.fnir.trials
    assert after.fpir.errors / after.fpir.trials <= before.fpir.errors / before.fpir.trials
    assert after.fnir.trials == before.fnir.trials + failures


def test_cmc_rises_with_the_rank_and_keeps_those_that_never_come() -> None:
    searches = searches_of(10, MATED, STRANGERS, failed_enrolled=1)
    found = closed_set(searches, resample(len(searches.people), 50, 0), Settings(ranks=(1, 2, 10, 20)))
    assert found is not None
    assert [point.rank for point in found.cmc] == [1, 2, 10]
    assert [point.miss.errors for point in found.cmc] == [3, 2, 2]
    assert found.rank_1.identified == pytest.approx(3 / 6)


def test_nobody_enrolled_has_no_cmc_and_nobody_strange_no_open_set() -> None:
    people = resample(9, 10, 0)
    assert closed_set(searches_of(5, [], STRANGERS), people, Settings()) is None
    assert open_set(searches_of(5, MATED, []), people, Settings()) == ()
    assert det_of(searches_of(5, MATED, []), Settings()) is None


def test_the_asked_fpir_is_met_by_construction_on_the_same_data() -> None:
    strangers = list(np.random.default_rng(0).normal(size=2000))
    searches = searches_of(100, [(3.0, 1)] * 50, strangers)
    people = resample(len(searches.people), 100, 0)
    same = open_set(searches, people, Settings(fpirs=(0.01,), folds=1))[0]
    assert same.fpir.errors == 20
    assert same.threshold_from is ThresholdFrom.SAME_DATA
    other = open_set(searches, people, Settings(fpirs=(0.01,), folds=2))[0]
    assert other.threshold_from is ThresholdFrom.OTHER_FOLDS
    assert other.fpir.low <= 0.01 <= other.fpir.high


def test_a_threshold_from_other_people_does_not_flatter() -> None:
    """Set on 20 strangers and tried on the same, 1 of 20 is met by construction; on 20 others it is more."""
    rates = []
    for seed in range(60):
        strangers = list(np.random.default_rng(seed).normal(size=40))
        searches = searches_of(10, [(3.0, 1)] * 5, strangers)
        found = open_set(searches, resample(45, 20, 0), Settings(fpirs=(0.05,), folds=2, seed=seed))
        rates.append(found[0].fpir.errors / 40)
    # just above the second best of 20 it would be 2 of 21
    assert 0.055 < np.mean(rates) < 2 / 21


def test_folds_part_the_people_evenly() -> None:
    fold = subject_folds(103, 5, 0)
    assert sorted(np.bincount(fold)) == [20, 20, 21, 21, 21]
    assert np.array_equal(fold, subject_folds(103, 5, 0))
    with pytest.raises(ValueError, match="0 folds"):
        subject_folds(10, 0, 0)
