"""Rates: exact intervals, the rule of 3, the rule of 30, and people who give several trials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from secondlook.audit.kinds import Enough
from secondlook.audit.rates import Sides, clopper_pearson, rate


@pytest.mark.parametrize(("errors", "trials"), [(1, 10), (7, 400), (30, 1000), (399, 400), (0, 50), (50, 50)])
def test_the_interval_is_the_exact_one_of_scipy(errors: int, trials: int) -> None:
    theirs = stats.binomtest(errors, trials).proportion_ci(0.95, "exact")
    assert clopper_pearson(errors, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_error_is_only_a_bound_by_the_rule_of_3() -> None:
    seen = rate(0, 1000)
    assert seen.enough is Enough.BOUND_ONLY
    assert (seen.low, seen.high) == (0, pytest.approx(3 / 1000))
    assert seen.value is None
    assert seen.observed == 0
    assert seen.trials_needed == 10_000


def test_every_trial_an_error_mirrors_it() -> None:
    seen = rate(1000, 1000)
    assert (seen.low, seen.high) == (pytest.approx(1 - 3 / 1000), 1)


@pytest.mark.parametrize(("errors", "enough"), [(1, Enough.ROUGH), (29, Enough.ROUGH), (30, Enough.ENOUGH)])
def test_the_rule_of_30(errors: int, enough: Enough) -> None:
    seen = rate(errors, 10_000)
    assert seen.enough is enough
    assert seen.value == errors / 10_000
    assert (seen.trials_needed is None) == (enough is Enough.ENOUGH)


def test_thirty_errors_are_within_thirty_per_cent_with_ninety_per_cent_confidence() -> None:
    low, high = clopper_pearson(30, 100_000, 0.9)
    assert low == pytest.approx(30e-5, rel=0.3)
    assert high == pytest.approx(30e-5, rel=0.37)


def test_how_many_trials_would_be_enough() -> None:
    needed = rate(10, 1000).trials_needed
    assert needed == 3000
    assert rate(30, needed).enough is Enough.ENOUGH


def test_too_few_trials_for_the_rate_that_was_asked_about() -> None:
    seen = rate(0, 400, wanted=0.003)
    assert seen.enough is Enough.TOO_FEW
    assert seen.trials_needed == 1000
    assert rate(0, 1000, wanted=0.003).enough is Enough.BOUND_ONLY


def test_a_rate_that_is_plainly_worse_than_asked_is_said_for_fewer_trials() -> None:
    # 20 of 400 where 3 of 1,000 were asked for: nobody may hide behind too few trials
    assert rate(20, 400, wanted=0.003).enough is Enough.ROUGH


def test_ten_people_are_too_few_however_often_they_were_tried() -> None:
    seen = rate(40, 100_000, subjects=10)
    assert seen.enough is Enough.TOO_FEW
    assert seen.value is None
    assert seen.subjects_needed == 30


def test_nothing_tried_says_nothing() -> None:
    seen = rate(0, 0)
    assert (seen.enough, seen.low, seen.high, seen.value, seen.observed) == (Enough.TOO_FEW, 0, 1, None, None)


def test_more_errors_than_trials_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="5 errors of 4 trials"):
        rate(5, 4)


def test_people_who_err_always_or_never_widen_the_interval() -> None:
    # 100 people, 10 trials each; ten people fail all of theirs: as good as 100 trials
    drawn = np.random.default_rng(0).binomial(100, 0.1, 20_000) / 100
    seen = rate(100, 1000, subjects=100, replicated=drawn)
    assert seen.effective_errors == pytest.approx(10, rel=0.05)
    assert seen.enough is Enough.ROUGH
    alone = rate(10, 100)
    assert (seen.low, seen.high) == pytest.approx((alone.low, alone.high), abs=0.004)


def test_two_people_in_a_comparison_are_not_counted_twice() -> None:
    # the variance of resampling both sides of independent comparisons is twice theirs
    drawn = np.random.default_rng(0).normal(0.05, np.sqrt(2 * 0.05 * 0.95 / 2000), 20_000)
    seen = rate(100, 2000, subjects=500, replicated=drawn, sides=Sides.TWO)
    assert seen.effective_errors == pytest.approx(100, rel=0.05)


@given(st.integers(0, 500), st.integers(1, 500), st.integers(1, 500))
def test_the_interval_holds_what_was_seen(errors: int, trials: int, people: int) -> None:
    errors, people = min(errors, trials), min(people, trials)
    seen = rate(errors, trials, people)
    assert 0 <= seen.low <= errors / trials <= seen.high <= 1
    assert seen.effective_errors <= errors
    assert (seen.value is None) == (seen.enough in (Enough.BOUND_ONLY, Enough.TOO_FEW))


@given(st.integers(1, 300), st.integers(2, 50))
def test_more_of_the_same_is_surer(errors: int, times: int) -> None:
    few, many = rate(errors, 1000), rate(errors * times, 1000 * times)
    assert few.low <= many.low <= many.high <= few.high
