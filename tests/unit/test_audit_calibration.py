"""Stated chances against scikit-learn, and quality against doing it plainly."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve as their_curve
from sklearn.metrics import brier_score_loss

from secondlook.audit.bootstrap import resample
from secondlook.audit.calibration import balanced, calibration_curve
from secondlook.audit.discard import error_versus_discard
from secondlook.audit.figures import Figure, Unsupported
from secondlook.audit.kinds import Measure, Why
from secondlook.audit.results import QualityDiscard

PEOPLE = resample(500, 300, 0)


def whose(rows: int) -> np.ndarray:
    return (np.arange(rows) % 500).astype(np.int32)


def test_bins_and_brier_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    stated = rng.random(2000)
    mated = rng.random(2000) < stated**2
    share, mean = their_curve(mated, stated, n_bins=10)
    ours = calibration_curve(stated, mated, whose(2000), PEOPLE)
    assert [b.observed for b in ours.bins] == pytest.approx(list(share))
    assert [b.mean_stated for b in ours.bins] == pytest.approx(list(mean))
    assert isinstance(ours.brier, Figure) and isinstance(ours.ece, Figure)
    assert ours.brier.value == pytest.approx(brier_score_loss(mated, stated))
    weights = np.array([b.wrong.trials for b in ours.bins]) / 2000
    assert ours.ece.value == pytest.approx(float((weights * np.abs(share - mean)).sum()))
    for figure in (ours.brier, ours.ece):
        assert figure.low <= figure.value <= figure.high


def test_what_is_stated_truly_has_a_small_error() -> None:
    rng = np.random.default_rng(1)
    stated = rng.random(20_000)
    ours = calibration_curve(stated, rng.random(20_000) < stated, whose(20_000), PEOPLE)
    assert isinstance(ours.ece, Figure) and ours.ece.value < 0.02
    assert isinstance(ours.brier, Figure) and ours.brier.value == pytest.approx(1 / 6, abs=0.01)


def test_nothing_stated_is_left_out_and_certainty_has_its_bin() -> None:
    stated = np.r_[np.full(100, np.nan), np.ones(50), np.zeros(50)]
    mated = np.r_[np.zeros(100), np.ones(50), np.zeros(50)] > 0
    ours = calibration_curve(stated, mated, whose(200), PEOPLE)
    assert sum(b.wrong.trials for b in ours.bins) == 100
    assert ours.bins[-1].wrong.trials == 50
    assert ours.bins[-1].observed == 1
    assert isinstance(ours.ece, Figure) and ours.ece.value == 0


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_row_that_weighs_three_is_three_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stated, times = rng.random(300), rng.integers(1, 4, 300)
    mated = rng.random(300) < stated**2
    once = calibration_curve(stated, mated, whose(300), PEOPLE, weights=times.astype(float))
    again = np.repeat(np.arange(300), times)
    plain = calibration_curve(stated[again], mated[again], whose(300)[again], PEOPLE)
    for one, other in zip(once.bins, plain.bins, strict=True):
        assert one.observed == pytest.approx(other.observed) and one.mean_stated == pytest.approx(other.mean_stated)
    for first, second in ((once.ece, plain.ece), (once.brier, plain.brier)):
        assert isinstance(first, Figure) and isinstance(second, Figure)
        assert (first.value, first.low, first.high) == pytest.approx((second.value, second.low, second.high))
    assert sum(one.share or 0 for one in once.bins) == pytest.approx(1)


def test_a_weighed_share_has_an_interval_no_narrower_than_its_counts() -> None:
    stated, mated = np.full(200, 0.97), np.arange(200) >= 2
    weights = np.where(mated, 1.0, 4.0)
    (top,) = [b for b in calibration_curve(stated, mated, whose(200), PEOPLE, weights=weights).bins if b.wrong.trials]
    assert top.weighted is not None and top.weighted.value == pytest.approx(8 / 206)
    assert top.weighted.low < 0.02 and top.weighted.high > 2 * top.weighted.value
    none = np.ones(200) > 0
    (top,) = [b for b in calibration_curve(stated, none, whose(200), PEOPLE, weights=weights).bins if b.wrong.trials]
    assert top.weighted is not None and top.weighted.value == 0
    assert top.weighted.high > top.wrong.high, "an error that was not seen might weigh four"


def test_balance_is_between_those_of_whom_something_was_said() -> None:
    enrolled, said = np.array([1, 1, 1, 0, 0, 0, 0, 0]) > 0, np.array([1, 1, 0, 1, 1, 1, 1, 0]) > 0
    weights = balanced(enrolled, said, 0.25)
    assert weights is not None
    assert weights[enrolled & said].sum() / weights[said].sum() == pytest.approx(0.25)
    assert balanced(enrolled, enrolled, 0.25) is None


def test_a_handful_is_refused() -> None:
    ours = calibration_curve(np.full(12, 0.5), np.ones(12) > 0, whose(12), PEOPLE)
    assert isinstance(ours.ece, Unsupported)
    assert (ours.ece.reason, ours.ece.have, ours.ece.needed) == (Why.TOO_FEW_TRIALS, 12, 30)
    empty = calibration_curve(np.zeros(0), np.zeros(0) > 0, whose(0), PEOPLE)
    assert isinstance(empty.brier, Unsupported)


def discard(missed: np.ndarray, quality: np.ndarray) -> QualityDiscard:
    found = error_versus_discard(missed, quality, whose(len(missed)), PEOPLE, "quality", Measure.FNMR, 0.5)
    assert found is not None
    return found


def test_the_curve_is_the_error_of_the_better_ones() -> None:
    rng = np.random.default_rng(0)
    quality = rng.random(1000)
    missed = rng.random(1000) < 0.3 * (1 - quality)
    curve = discard(missed, quality)
    order = np.argsort(quality)
    plain = [missed[order][k * 10 :].mean() for k in range(100)]
    assert curve.error == pytest.approx(plain, abs=1e-9)
    assert curve.error[0] == pytest.approx(missed.mean())
    assert isinstance(curve.area, Figure)
    assert curve.ideal <= curve.area.value <= missed.mean()


def test_a_perfect_measure_is_ideal_and_a_useless_one_is_flat() -> None:
    missed = np.arange(1000) < 100
    perfect = discard(missed, np.arange(1000.0))
    assert isinstance(perfect.area, Figure)
    assert perfect.area.value == pytest.approx(perfect.ideal)
    assert perfect.error[10] == pytest.approx(0, abs=1e-12)
    useless = discard(missed, np.zeros(1000))
    assert useless.error == pytest.approx(np.full(100, 0.1))


def test_what_has_no_quality_is_discarded_first() -> None:
    quality = np.r_[np.full(100, np.nan), np.random.default_rng(0).random(900)]
    curve = discard(np.arange(1000) < 100, quality)
    assert curve.error[10] == pytest.approx(0, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=30, max_size=60), st.randoms())
def test_order_of_ties_does_not_matter(rows: list[tuple[bool, int]], random: Random) -> None:
    missed, quality = np.array([m for m, _ in rows]), np.array([float(q) for _, q in rows])
    turned = np.array(random.sample(range(len(rows)), len(rows)))
    assert discard(missed, quality).error == pytest.approx(discard(missed[turned], quality[turned]).error)


def test_more_levels_than_are_kept_change_little() -> None:
    rng = np.random.default_rng(3)
    quality = rng.normal(size=20_000)
    missed = rng.random(20_000) < 1 / (1 + np.exp(3 + quality))
    curve = discard(missed, quality)
    kept = quality >= np.quantile(quality, 0.5)
    assert curve.error[50] == pytest.approx(missed[kept].mean(), rel=0.02)


def test_nothing_missed_has_no_area() -> None:
    assert isinstance(discard(np.zeros(100) > 0, np.arange(100.0)).area, Unsupported)
    assert (
        error_versus_discard(np.zeros(0) > 0, np.zeros(0), np.zeros(0, np.int32), PEOPLE, "quality", Measure.FNMR, 0.5)
        is None
    )
