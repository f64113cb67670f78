"""What a plan says of error rates: where they are measured, where bounded, where refused, and that the bounds hold."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_up_calibration import GOOD, OTHER, SHAPE, calibration, over, parameters
from plan_samples import BANDS, asked, costs
from secondlook.assemble import SHIPPED_CALIBRATIONS
from secondlook.decide import calibration as stating
from secondlook.decide.calibration_file import load_calibration
from secondlook.decide.evidence import Parameters
from secondlook.decide.rule import Limits, shortcomings
from secondlook.errors import CalibrationError
from secondlook.plan import Support, planned
from secondlook.plan.asked import SETS_A_CANDIDATE, TRIALS
from secondlook.plan.pictures import Band, Kind, shipped_bands
from secondlook.plan.rates import rates
from secondlook.plan.said import said
from secondlook.plan.support import reach, support
from secondlook.review.tasks import CATCH_SHARE
from secondlook.review.verdicts import REVIEWERS

SPREAD = 0.05


def alone(spread: float = SPREAD, own_place: float = 0.75) -> Parameters:
    """Everybody enrolled resembles a stranger by chances of their own: Gumbel's distribution, whose place rises by the spread
    with each natural logarithm of N. So the union bound holds, as it must for real people."""
    other = (
        over(OTHER, 0.05, log_n=(spread * math.log(10),)),
        over(OTHER, math.log(spread)),
        over(SHAPE, 0.0),
    )
    fields = dict(zip(("location", "log_scale", "shape"), other, strict=True))
    made = {f"{of}_{name}": value for of in ("other", "tail") for name, value in fields.items()}
    return replace(parameters(own_place=own_place), **made)


AGAIN = tuple(alone(SPREAD + step, 0.75 + 3 * step) for step in np.linspace(-0.003, 0.003, 11))
LARGE = calibration(largest=5000, people=6250, fit=alone(), again=AGAIN)
SMALL = calibration(largest=500, people=625, fit=alone(), again=AGAIN)
"""The same fit, as if galleries of ten times the size had been measured for the first."""

fpirs = st.floats(1e-5, 0.4)
people = st.integers(1, 10**9)


def shipped() -> stating.Calibration:
    (file,) = (path for path in SHIPPED_CALIBRATIONS.glob("*.json") if "cohort" not in path.name)
    return load_calibration(file)


@given(people, fpirs)
def test_refused_is_what_a_search_refuses(n: int, fpir: float) -> None:
    try:
        stating.check(SMALL, n, fpir)
    except CalibrationError:
        assert support(SMALL, n, fpir) is Support.REFUSED
    else:
        assert support(SMALL, n, fpir) is (Support.BOUNDED if n > SMALL.largest else Support.MEASURED)


@given(people, fpirs)
def test_it_stops_where_it_says(n: int, fpir: float) -> None:
    found = reach(SMALL, n, fpir)
    if found.most_people:
        assert support(SMALL, found.most_people, fpir) is not Support.REFUSED
        assert support(SMALL, found.most_people + 2, fpir) is Support.REFUSED
    else:
        assert support(SMALL, 1, fpir) is Support.REFUSED
    if found.least_fpir is not None:
        assert support(SMALL, n, found.least_fpir) is not Support.REFUSED
        assert found.least_fpir == pytest.approx(stating.least_fpir(SMALL, n))


@given(st.integers(1, 10**8), st.floats(1e-4, 0.4))
def test_so_many_labelled_people_would_do_and_fewer_would_not(n: int, fpir: float) -> None:
    found = reach(SMALL, n, fpir)
    enough = calibration(largest=math.ceil(found.people_bounded * 0.8), people=found.people_bounded)
    assert support(enough, round(n * 0.99), fpir * 1.01) is not Support.REFUSED
    few = math.floor(found.people_bounded * 0.85)
    assert support(calibration(largest=math.ceil(few * 0.8), people=few), n, fpir) is Support.REFUSED
    measured = calibration(largest=math.ceil(found.people_measured * 0.8), people=found.people_measured)
    assert support(measured, round(n * 0.99), fpir * 1.01) is Support.MEASURED


def test_measured_is_what_a_search_states() -> None:
    one = Band(Kind.CLEAR, 50, 70, 1, (GOOD,))
    found = rates(LARGE, 800, 0.01, [one])
    told = stating.stated(LARGE, stating.threshold(LARGE, GOOD, 800, 0.01), GOOD, 800, 0.01, 0.01)
    assert found.support is Support.MEASURED and found.names is None
    assert found.bands[0].threshold == pytest.approx(told.threshold)
    assert found.bands[0].missed.value == pytest.approx(told.miss_rate.value)
    # each refit counts several times, so that the quantiles lie a little farther out
    assert told.miss_rate.low / 2 < found.bands[0].missed.low <= told.miss_rate.low
    assert told.miss_rate.high <= found.bands[0].missed.high < 2 * told.miss_rate.high
    assert found.false.value == pytest.approx(0.01) and found.false.low < 0.01 < found.false.high


@pytest.mark.parametrize("fpir", [0.05, 0.2])
def test_bounded_holds_what_turns_out_when_it_is_measured(fpir: float) -> None:
    bounded, measured = rates(SMALL, 5000, fpir, BANDS), rates(LARGE, 5000, fpir, BANDS)
    assert bounded.support is Support.BOUNDED and measured.support is Support.MEASURED
    assert bounded.false.low < fpir <= bounded.false.value <= bounded.false.high
    assert bounded.names is not None and bounded.names.value == pytest.approx(fpir)
    # the price of not knowing: a higher threshold
    for one, other in zip(bounded.bands, measured.bands, strict=True):
        assert one.missed.value >= other.missed.value


@given(st.integers(600, 5000), st.floats(0.0006, 0.4))
def test_refused_still_says_the_least_there_will_be(n: int, fpir: float) -> None:
    if support(SMALL, n, fpir) is not Support.REFUSED:
        return
    refused, measured = rates(SMALL, n, fpir, BANDS), rates(LARGE, n, fpir, BANDS)
    assert measured.support is Support.MEASURED
    for least, real in zip(refused.bands, measured.bands, strict=True):
        assert least.missed.value <= real.missed.value + 1e-9
    assert refused.false.low <= SMALL.rarest <= refused.false.value <= refused.false.high <= 1


def test_what_cannot_be_searched_is_missed() -> None:
    found = rates(LARGE, 800, 0.01, BANDS)
    clear, camera, small, none = found.bands
    assert clear.not_found == 0.25 and clear.inconclusive == 0 and clear.missed.value > 0.25
    assert camera.inconclusive == 0.5 and camera.missed.value > 0.5
    assert small.threshold is None and small.inconclusive == 1 and small.missed.value == small.missed.low == 1
    assert none.not_found == 1 and none.missed.value == 1


def test_more_people_and_rarer_errors_are_paid_for_with_misses() -> None:
    before = 0.0
    for n, fpir in ((50, 0.1), (500, 0.1), (5000, 0.1), (5000, 0.01), (50_000, 0.01)):
        missed = rates(LARGE, n, fpir, BANDS).bands[0].missed
        assert before < missed.value and missed.low <= missed.value <= missed.high <= 1
        before = missed.value


def test_the_shipped_calibration_does_not_reach_a_country() -> None:
    c = shipped()
    found = rates(c, 40_000_000, 1e-3, shipped_bands())
    assert found.support is Support.REFUSED
    assert found.reach.most_people == 0 and found.reach.least_fpir is None
    assert found.false.low < 1e-3 and found.false.value == found.false.high == 1
    assert found.names is not None and found.names.value == pytest.approx(c.rarest * 40e6 / c.largest)
    assert reach(c, 100_000, 0.05).least_fpir == pytest.approx(0.047)


def test_the_shipped_pictures_are_of_their_sizes() -> None:
    bands = shipped_bands()
    assert {band.kind for band in bands} == set(Kind) and len(bands) >= 8
    for band in bands:
        sizes = [q.inter_eye_px for q in band.qualities]
        assert 0.9 * band.tried <= len(sizes) <= band.tried
        middle = sorted(sizes)[len(sizes) // 2]
        assert band.low_px <= middle <= band.high_px
        if band.high_px <= Limits().inter_eye_px:
            assert sum(bool(shortcomings(q, Limits())) for q in band.qualities) > 0.8 * len(sizes)


def test_candidates_a_day_and_whom_they_keep_busy() -> None:
    plan = planned(asked(people=800, prior=0.1, cameras=10, passers=50, hours=10), LARGE, costs())
    days = plan.days
    assert days.passers == 5000 and days.strangers == pytest.approx(4500)
    assert days.reviewing.false == pytest.approx(45) and days.allowed is None
    assert days.passing is not None and days.passing.enrolled == pytest.approx(500)
    right = [500 * (1 - share / 500) for share in days.passing.missed]
    assert days.reviewing.candidates == pytest.approx(45 + right[0])
    assert days.passing.right == pytest.approx(tuple(100 * one / (one + 45) for one in reversed(right)))
    assert days.reviewing.sets == pytest.approx(days.reviewing.candidates * SETS_A_CANDIDATE / (1 - TRIALS))
    assert days.reviewing.hours == pytest.approx(days.reviewing.sets * 2 / 60)


def test_a_refused_plan_promises_nobody_right() -> None:
    days = planned(asked(people=10**7, fpir=1e-4, prior=0.01), SMALL, costs()).days
    assert days.passing is None and days.allowed is not None
    assert days.reviewing.false == pytest.approx(days.strangers * 1e-4)
    # what is asked for is rarer than what can be shown at all
    assert days.reviewing.false < days.allowed[0] < days.allowed[1] == pytest.approx(days.strangers)


def test_reviews_are_those_of_the_service() -> None:
    """In every other set the candidate is not there."""
    assert SETS_A_CANDIDATE == 2 * REVIEWERS and TRIALS == CATCH_SHARE


def test_without_a_calibration_there_are_no_rates() -> None:
    plan = planned(asked(), None, costs())
    assert plan.support is Support.UNCALIBRATED and plan.rates is None and plan.days.passing is None
    words = " ".join(" ".join(said(plan, ())).split())
    assert "WRONG Unknown. The pack made-up@0123456789ab has no calibration" in words
    assert "secondlook calibrate LABELLED --pack made-up" in words and "Were it kept: of strangers 1 of 100" in words
    # of whom nobody is known to be unlike everybody is kept
    known = planned(asked(), LARGE, costs())
    assert plan.machine.sightings_disk.value == pytest.approx(10 * known.machine.sightings_disk.value)
