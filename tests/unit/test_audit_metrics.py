"""The measures, against other people's implementations and against closed forms."""

from __future__ import annotations

from random import Random

import lir.metrics
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lir.data.models import LLRData
from pyeer.eer_info import get_eer_stats
from scipy import stats
from sklearn.metrics import det_curve, roc_curve
from tests.audit_scores import normal_trials, trials_of

from secondlook.audit import metrics

scores_lists = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=40)


@pytest.mark.parametrize("seed", range(3))
def test_rates_at_every_threshold_are_those_of_scikit_learn(seed: int) -> None:
    trials = normal_trials(200, 300, 1.5, seed)
    labels = np.r_[np.ones(200), np.zeros(300)]
    fmr, hits, thresholds = roc_curve(labels, np.r_[trials.mated, trials.non_mated], drop_intermediate=False)
    scores = metrics.sort_trials(trials)
    assert metrics.false_positive_rate(scores, thresholds) == pytest.approx(fmr)
    assert metrics.false_negative_rate(scores, thresholds) == pytest.approx(1 - hits)


def test_the_det_lies_on_that_of_scikit_learn() -> None:
    trials = normal_trials(150, 150, 1.0)
    labels = np.r_[np.ones(150), np.zeros(150)]
    fmr, fnmr, thresholds = det_curve(labels, np.r_[trials.mated, trials.non_mated])
    ours = metrics.det(metrics.sort_trials(trials), None, most=10_000)
    assert ours is not None
    inside = np.isfinite(thresholds)
    place = np.searchsorted(ours.thresholds[::-1], thresholds[inside])
    assert ours.false_positive[::-1][place] == pytest.approx(fmr[inside])
    assert ours.false_negative[::-1][place] == pytest.approx(fnmr[inside])


@pytest.mark.parametrize("seed", range(4))
def test_eer_and_fmr_points_are_those_of_pyeer(seed: int) -> None:
    trials = normal_trials(400, 1000, 2.0, seed)
    theirs = get_eer_stats(trials.mated, trials.non_mated)
    scores = metrics.sort_trials(trials)
    found = metrics.eer(scores)
    assert found is not None
    assert found[0] == pytest.approx(theirs.eer, abs=1 / 400)
    assert theirs.eer_low - 1e-12 <= found[0] <= theirs.eer_high + 1 / 400
    for asked, fnmr in ((0.01, theirs.fmr100), (0.05, theirs.fmr20), (0.1, theirs.fmr10)):
        threshold = metrics.threshold_for(scores, asked)
        assert metrics.false_negative_rate(scores, np.array([threshold]))[0] == pytest.approx(fnmr, abs=1 / 400)


@pytest.mark.parametrize("apart", [1.0, 2.0, 3.0])
def test_normal_scores_have_the_error_rates_of_their_closed_form(apart: float) -> None:
    trials = normal_trials(100_000, 100_000, apart)
    scores = metrics.sort_trials(trials)
    found = metrics.eer(scores)
    assert found is not None
    assert found[0] == pytest.approx(stats.norm.cdf(-apart / 2), abs=0.002)
    assert found[1] == pytest.approx(apart / 2, abs=0.02)
    thresholds = np.array([-1.0, 0.5, 2.0])
    assert metrics.false_positive_rate(scores, thresholds) == pytest.approx(stats.norm.sf(thresholds), abs=0.005)
    assert metrics.false_negative_rate(scores, thresholds) == pytest.approx(
        stats.norm.cdf(thresholds - apart), abs=0.005
    )


@pytest.mark.parametrize("seed", range(3))
def test_cllr_is_that_of_lir(seed: int) -> None:
    trials = normal_trials(120, 250, 2.0, seed)
    natural = np.r_[trials.mated, trials.non_mated] * 1.3
    theirs = LLRData(features=natural / np.log(10), labels=np.r_[np.ones(120), np.zeros(250)])
    assert metrics.cllr(trials.mated * 1.3, trials.non_mated * 1.3) == pytest.approx(lir.metrics.cllr(theirs))


@pytest.mark.parametrize("seed", range(3))
def test_cllr_min_is_that_of_lir_ties_among_them(seed: int) -> None:
    trials = normal_trials(120, 250, 1.5, seed)
    mated, non_mated = np.round(trials.mated, 1), np.round(trials.non_mated, 1)
    theirs = LLRData(features=np.r_[mated, non_mated], labels=np.r_[np.ones(120), np.zeros(250)])
    ours = metrics.cllr_min(metrics.sort_trials(trials_of(mated, non_mated)))
    assert ours == pytest.approx(lir.metrics.cllr_min(theirs), abs=1e-6)


def test_normal_log_likelihood_ratios_are_calibrated_as_they_stand() -> None:
    # scores of N(+-v/2, v) are their own natural log-likelihood ratios
    rng = np.random.default_rng(0)
    mated, other = rng.normal(2, 2, 200_000), rng.normal(-2, 2, 200_000)
    lowest = metrics.cllr_min(metrics.sort_trials(trials_of(mated, other)))
    assert metrics.cllr(mated, other) == pytest.approx(lowest, abs=0.003)
    assert metrics.cllr(mated + 1, other + 1) > lowest + 0.02


def test_scores_that_say_nothing_cost_one_bit() -> None:
    assert metrics.cllr(np.zeros(5), np.zeros(9)) == pytest.approx(1)
    assert metrics.cllr_min(metrics.sort_trials(trials_of([0.0] * 5, [0.0] * 9))) == pytest.approx(1)
    assert metrics.cllr_min(metrics.sort_trials(trials_of([1.0] * 5, [0.0] * 9))) == 0


def test_a_failed_acquisition_costs_one_bit_and_is_a_miss_at_every_threshold() -> None:
    failed = trials_of([1.0, -np.inf], [0.0, -np.inf])
    scores = metrics.sort_trials(failed)
    assert metrics.cllr_min(scores) == pytest.approx(0.5)
    assert metrics.cllr(failed.mated * 1e3, failed.non_mated - 1e3) == pytest.approx(0.5)
    assert metrics.false_negative_rate(scores, np.array([-1e9])) == pytest.approx([0.5])
    assert metrics.false_positive_rate(scores, np.array([-1e9])) == pytest.approx([0.5])


def test_curves_that_never_cross_have_no_eer() -> None:
    assert metrics.eer(metrics.sort_trials(trials_of([-np.inf] * 9 + [5.0], [1.0, -np.inf, -np.inf]))) is None
    assert metrics.eer(metrics.sort_trials(trials_of([-np.inf], [-np.inf]))) is None


def test_the_asked_rate_is_never_exceeded_even_by_ties() -> None:
    scores = metrics.sort_trials(trials_of([5.0], [1.0, 2.0, 2.0, 2.0, 3.0]))
    for asked, allowed in ((0.0, 0), (0.2, 1), (0.4, 1), (0.6, 1), (0.8, 4), (1.0, 5)):
        threshold = metrics.threshold_for(scores, asked)
        assert threshold is not None
        assert metrics.false_positives(scores, threshold) == allowed


@given(scores_lists, scores_lists)
def test_raising_the_threshold_trades_false_positives_for_misses(mated: list[float], other: list[float]) -> None:
    scores = metrics.sort_trials(trials_of(mated, other))
    thresholds = np.arange(-21.0, 22.0)
    assert (np.diff(metrics.false_positives(scores, thresholds)) <= 0).all()
    assert (np.diff(metrics.misses(scores, thresholds)) >= 0).all()


@given(scores_lists, scores_lists, st.randoms())
def test_neither_order_nor_scale_matters(mated: list[float], other: list[float], random: Random) -> None:
    plain = metrics.sort_trials(trials_of(mated, other))
    random.shuffle(mated)
    stretched = metrics.sort_trials(trials_of(np.exp(np.array(mated) / 7), np.exp(np.array(other) / 7)))
    first, second = metrics.eer(plain), metrics.eer(stretched)
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first[0] == pytest.approx(second[0])
    assert metrics.cllr_min(plain) == pytest.approx(metrics.cllr_min(stretched))


@settings(max_examples=50)
@given(scores_lists, scores_lists)
def test_calibration_never_makes_it_worse_and_never_costs_more_than_a_bit(
    mated: list[float], other: list[float]
) -> None:
    lowest = metrics.cllr_min(metrics.sort_trials(trials_of(mated, other)))
    assert -1e-9 <= lowest <= 1 + 1e-9
    assert lowest <= metrics.cllr(np.array(mated), np.array(other)) + 1e-9


@given(scores_lists, scores_lists)
def test_the_eer_lies_between_the_rates_around_its_threshold(mated: list[float], other: list[float]) -> None:
    scores = metrics.sort_trials(trials_of(mated, other))
    found = metrics.eer(scores)
    if found is None:
        # every mated score is below every threshold with as many false positives
        assert min(mated) < max(mated + other)
        return
    positive = float(metrics.false_positives(scores, found[1])) / len(other)
    negative = float(metrics.misses(scores, found[1])) / len(mated)
    assert negative - 1e-9 <= found[0] <= positive + 1e-9


@given(scores_lists, scores_lists, st.floats(0, 1))
def test_no_lower_threshold_keeps_the_asked_rate(mated: list[float], other: list[float], asked: float) -> None:
    scores = metrics.sort_trials(trials_of(mated, other))
    threshold = metrics.threshold_for(scores, asked)
    assert threshold is not None
    allowed = np.floor(asked * len(other) + 1e-9)
    assert metrics.false_positives(scores, threshold) <= allowed
    lower = [x for x in other if x < threshold]
    if lower:
        assert metrics.false_positives(scores, max(lower)) > allowed
