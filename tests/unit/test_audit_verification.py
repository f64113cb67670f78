"""1:1 figures with their intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.audit_scores import crossed_pairs, normal_trials, trials_of

from secondlook.audit import metrics
from secondlook.audit.bootstrap import resample
from secondlook.audit.figures import Figure, Unsupported
from secondlook.audit.gridded import cllr_mins, eers, grid
from secondlook.audit.kinds import Direction, Enough, ScoreMeaning, Settings, Why
from secondlook.audit.results import Verification
from secondlook.audit.scores import Scores1to1, Trials
from secondlook.audit.verification import verify

SETTINGS = Settings(replicates=300, fmrs=(0.01, 0.1), thresholds=(1.0,))


def verified(pairs: Scores1to1, meaning: ScoreMeaning = ScoreMeaning.SCORE) -> Verification:
    people = resample(len(pairs.people), 300, 0)
    return verify(pairs.trials(), people, SETTINGS, pairs.direction, meaning)


def figure(said: Figure | Unsupported) -> Figure:
    assert isinstance(said, Figure), said
    return said


def test_the_eer_of_normal_scores_lies_in_its_interval() -> None:
    found = verified(crossed_pairs(400, 3.0))
    eer = figure(found.eer)
    assert eer.low <= stats.norm.cdf(-1.5) <= eer.high
    assert eer.high - eer.low < 0.06
    assert (eer.mated, eer.non_mated, eer.subjects) == (400, 400 * 399, 400)
    assert found.eer_threshold == pytest.approx(1.5, abs=0.15)


def test_the_grid_gives_what_every_score_gives() -> None:
    trials = normal_trials(2000, 2000, 2.0)
    scores = metrics.sort_trials(trials)
    drawn = grid(trials, scores, resample(trials.people, 50, 0))
    exact = metrics.eer(scores)
    assert drawn is not None and exact is not None
    assert drawn.eer == pytest.approx(exact[0], abs=0.004)
    assert drawn.cllr_min == pytest.approx(metrics.cllr_min(scores), abs=0.006)
    assert np.mean(eers(drawn)) == pytest.approx(exact[0], abs=0.006)
    # resamples have fewer different scores, which a monotone calibration fits a little better
    assert np.mean(cllr_mins(drawn)) == pytest.approx(metrics.cllr_min(scores), abs=0.02)


def test_intervals_of_the_eer_hold_the_truth() -> None:
    held = 0
    for seed in range(40):
        trials = normal_trials(300, 300, 2.0, seed)
        eer = figure(verify(trials, resample(600, 100, seed), SETTINGS, Direction.SIMILARITY, ScoreMeaning.SCORE).eer)
        held += eer.low <= stats.norm.cdf(-1) <= eer.high
    assert held >= 34


def test_points_are_at_the_asked_rates_and_at_the_given_threshold() -> None:
    points = verified(crossed_pairs(100, 3.0)).points
    assert [p.asked for p in points] == [0.01, 0.1, None]
    assert points[0].fmr.errors == 99
    assert points[2].threshold == 1.0
    assert points[0].fnmr.observed is not None and points[1].fnmr.observed is not None
    assert points[0].fnmr.observed > points[1].fnmr.observed


def test_distances_come_back_as_distances() -> None:
    pairs = crossed_pairs(100, 3.0)
    found = verify(pairs.trials(), resample(100, 50, 0), SETTINGS, Direction.DISTANCE, ScoreMeaning.SCORE)
    assert found.eer_threshold == pytest.approx(-1.5, abs=0.3)
    assert found.points[2].threshold == 1.0
    assert found.det is not None and (np.diff(found.det.thresholds) > 0).all()
    assert (np.diff(found.det.false_positive) >= 0).all()


def test_cllr_needs_likelihood_ratios() -> None:
    pairs = crossed_pairs(100, 2.0)
    assert isinstance(verified(pairs).cllr, Unsupported)
    rated = replace(pairs, score=2.0 * pairs.score - 2.0)
    natural = figure(verified(rated, ScoreMeaning.LN_LR).cllr)
    decimal = figure(verified(replace(rated, score=rated.score / np.log(10)), ScoreMeaning.LOG10_LR).cllr)
    assert natural.value == pytest.approx(decimal.value)
    assert natural.low <= natural.value <= natural.high
    lowest = figure(verified(rated, ScoreMeaning.LN_LR).cllr_min)
    assert lowest.value <= natural.value


def test_failures_are_misses_in_every_figure() -> None:
    pairs = crossed_pairs(200, 4.0)
    score = pairs.score.copy()
    score[pairs.probe < 20] = np.nan
    before, after = verified(pairs), verified(replace(pairs, score=score))
    assert after.points[2].fnmr.errors >= 20
    assert after.points[2].fnmr.trials == before.points[2].fnmr.trials == 200
    assert figure(after.eer).value > figure(before.eer).value
    assert figure(after.cllr_min).value > figure(before.cllr_min).value


def test_a_perfect_system_is_bounded_by_the_rule_of_3() -> None:
    found = verified(crossed_pairs(60, 50.0))
    assert (figure(found.eer).value, figure(found.eer).high) == (0, pytest.approx(3 / 60))
    assert figure(found.cllr_min).value == 0
    assert 0 < figure(found.cllr_min).high < 0.2
    assert found.points[2].fnmr.enough is Enough.BOUND_ONLY


def test_what_is_lacking_is_said() -> None:
    for trials, why in (
        (trials_of([], [1.0] * 50), Why.NO_MATED),
        (trials_of([1.0] * 50, []), Why.NO_NON_MATED),
        (trials_of([1.0] * 5, [0.0] * 50), Why.TOO_FEW_TRIALS),
        (trials_of([1.0] * 50, [0.0] * 5), Why.TOO_FEW_TRIALS),
        (trials_of([-np.inf] * 50, [-np.inf] * 50), Why.NO_CROSSING),
    ):
        found = verify(trials, resample(trials.people, 20, 0), SETTINGS, Direction.SIMILARITY, ScoreMeaning.SCORE)
        assert isinstance(found.eer, Unsupported) and found.eer.reason is why
        assert isinstance(found.cllr_min, Unsupported) and found.cllr_min.reason is why


def test_few_people_compared_often_are_refused() -> None:
    subject = (np.arange(500) % 10).astype(np.int32)
    trials = Trials(np.ones(500), subject, np.zeros(500), subject, (subject + 1) % 10, 10)
    found = verify(trials, resample(10, 20, 0), SETTINGS, Direction.SIMILARITY, ScoreMeaning.SCORE)
    assert isinstance(found.eer, Unsupported) and found.eer.reason is Why.TOO_FEW_SUBJECTS
