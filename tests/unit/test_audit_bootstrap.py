"""Resampling people: deterministic, right on average, and honest about people who give many trials."""

from __future__ import annotations

import numpy as np
import pytest
from tests.audit_scores import crossed_pairs

from secondlook.audit import bootstrap
from secondlook.audit.bootstrap import percentiles, ratio, resample
from secondlook.audit.counted import by_person, false_positive_rate, miss_rate
from secondlook.audit.scores import Trials


def test_the_same_seed_gives_the_same_resamples() -> None:
    assert np.array_equal(resample(50, 20, 7).weights, resample(50, 20, 7).weights)
    assert not np.array_equal(resample(50, 20, 7).weights, resample(50, 20, 8).weights)


def test_each_resample_draws_as_many_people_as_there_are() -> None:
    assert (resample(50, 20, 0).weights.sum(axis=1) == 50).all()


def test_sums_are_of_the_people_drawn() -> None:
    people = resample(3, 200, 0)
    subject = np.array([0, 0, 1, 2], np.int32)
    drawn = people.one_way(people.per_unit(subject, np.array([1.0, 2.0, 10.0, 100.0])))
    assert drawn == pytest.approx(people.weights @ np.array([3.0, 10.0, 100.0]))


def test_a_full_cross_of_people_is_resampled_exactly() -> None:
    people = resample(6, 300, 1)
    first, second = (index.ravel().astype(np.int32) for index in np.indices((6, 6)))
    ours = people.two_way(people.per_unit(first), people.per_unit(second))
    exact = np.array([np.outer(w, w).sum() for w in people.weights])
    assert ours == pytest.approx(exact)


def test_one_error_of_two_people_comes_and_goes_with_both() -> None:
    people = resample(4, 300, 2)
    first, second = np.array([1], np.int32), np.array([3], np.int32)
    drawn = people.two_way(people.per_unit(first), people.per_unit(second))
    assert drawn == pytest.approx(people.weights[:, 1] * people.weights[:, 3])


def test_no_error_is_no_error_in_every_resample() -> None:
    people = resample(4, 10, 0)
    none = np.zeros(0, np.int32)
    assert (people.two_way(people.per_unit(none), people.per_unit(none)) == 0).all()
    assert np.isnan(ratio(np.zeros(3), np.zeros(3))).all()
    assert percentiles(np.full(4, np.nan), 0.95) is None


def test_bins_are_counted_by_person() -> None:
    people = resample(2, 5, 0)
    counts = people.per_unit_and_bin(np.array([0, 0, 1], np.int32), np.array([2, 2, 0]), 3)
    assert counts.tolist() == [[0, 0, 2], [1, 0, 0]]


def test_more_people_than_units_keep_the_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    subject = np.arange(4000, dtype=np.int32)
    error = rng.random(4000) < 0.1
    exact = by_person(error, subject, resample(4000, 1000, 0))
    monkeypatch.setattr(bootstrap, "MOST_UNITS", 500)
    blocks = by_person(error, subject, resample(4000, 1000, 0))
    assert blocks.rates.std() == pytest.approx(exact.rates.std(), rel=0.15)


def test_independent_trials_have_their_binomial_variance() -> None:
    rng = np.random.default_rng(0)
    error = rng.random(3000) < 0.2
    drawn = by_person(error, np.arange(3000, dtype=np.int32), resample(3000, 2000, 0))
    assert drawn.rates.std() == pytest.approx(np.sqrt(0.2 * 0.8 / 3000), rel=0.08)
    assert drawn.rate.effective_errors == pytest.approx(drawn.rate.errors, rel=0.15)


def test_a_person_who_errs_always_is_one_error() -> None:
    subject = np.repeat(np.arange(300), 10).astype(np.int32)
    error = subject % 10 == 0
    seen = by_person(error, subject, resample(300, 2000, 0)).rate
    assert seen.errors == 300
    assert seen.effective_errors == pytest.approx(30, rel=0.1)


def test_shuffled_comparisons_give_the_same_rate() -> None:
    pairs = crossed_pairs(40, 2.0)
    trials = pairs.trials()
    people = resample(40, 200, 0)
    turned = Trials(
        trials.mated[::-1],
        trials.mated_subject[::-1],
        trials.non_mated[::-1],
        trials.non_mated_subject[::-1],
        None if trials.non_mated_other is None else trials.non_mated_other[::-1],
        trials.people,
    )
    for measure in (miss_rate, false_positive_rate):
        assert measure(trials, 1.0, people).rate == measure(turned, 1.0, people).rate


@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_intervals_hold_the_truth_about_as_often_as_they_say(alike: float) -> None:
    """People who resemble everybody (``alike``) make comparisons depend on each other."""
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        likeness = rng.normal(size=60) * alike
        first, second = (index.ravel().astype(np.int32) for index in np.indices((60, 60)))
        apart = first != second
        first, second = first[apart], second[apart]
        noise = rng.normal(size=len(first)) * np.sqrt(1 - 2 * alike**2)
        trials = Trials(
            np.zeros(0), np.zeros(0, np.int32), likeness[first] + likeness[second] + noise, first, second, 60
        )
        seen = false_positive_rate(trials, 1.6449, resample(60, 200, seed)).rate
        held += seen.low <= 0.05 <= seen.high
    assert 87 <= held <= 100
