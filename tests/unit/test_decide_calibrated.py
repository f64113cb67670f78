"""The rule with a calibration: every outcome is reached, no name travels that is not worth it, and how it is said."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_up_calibration import GOOD, calibration, parameters
from secondlook.decide.calibration import Stated, stated, threshold
from secondlook.decide.rule import (
    RULED_OUT,
    WORTH_NAMING,
    Calibrated,
    Limits,
    OperatingPoint,
    decide,
    decide_many,
    threshold_for,
)
from secondlook.decide.sentence import calibrated_sentence, chances, missed, share, strangers
from secondlook.errors import CalibrationError, CalibrationStale
from secondlook.types import Candidate, Decision, Estimate, Outcome, Quality

N = 300
RULE = Calibrated(calibration(fit=parameters(own_place=0.35), again=()), fpir=0.01, prior=0.01)
SMALL = replace(GOOD, inter_eye_px=9.0)
LIMIT = threshold(RULE.calibration, GOOD, N, RULE.fpir)


def found(*scores: float) -> tuple[Candidate, ...]:
    return tuple(Candidate(f"Person {i}", i, score, i) for i, score in enumerate(scores, start=1))


def decided(*scores: float, quality: Quality = GOOD, n: int = N, rule: Calibrated = RULE) -> Decision:
    return decide(found(*scores), quality, n, rule, Limits())


def doubtful() -> float:
    """A score below the threshold at which the person is not ruled out."""
    for score in np.linspace(LIMIT - 1e-3, 0, 200):
        said = stated(RULE.calibration, float(score), GOOD, N, RULE.fpir, RULE.prior)
        if said.log10_enrolled > RULED_OUT and said.alike_rate.value < WORTH_NAMING and said.log10_lr > 0:
            return float(score)
    raise AssertionError("nothing is doubtful")


def test_every_outcome_is_reached() -> None:
    assert decided(LIMIT + 0.01, 0.1).outcome is Outcome.CANDIDATE
    assert decided(LIMIT, 0.1).outcome is Outcome.CANDIDATE
    assert decided(doubtful(), 0.1).outcome is Outcome.INCONCLUSIVE
    assert decided(0.1, 0.05).outcome is Outcome.NO_CANDIDATE
    assert decided(0.99, quality=SMALL).outcome is Outcome.INCONCLUSIVE
    assert decide((), GOOD, 0, RULE, Limits()).outcome is Outcome.NO_CANDIDATE


def test_the_grounds_name_the_calibration_that_decided() -> None:
    other = Calibrated(calibration(fit=parameters(own_place=0.3), again=()), fpir=0.01, prior=0.01)
    assert RULE.calibration.id != other.calibration.id == replace(other.calibration).id
    assert decided(LIMIT).grounds.calibration == RULE.calibration.id
    assert decided(0.1, rule=other).grounds.calibration == other.calibration.id


def test_searches_that_are_decided_together_are_decided_as_each_alone() -> None:
    searches = [found(LIMIT + 0.01, 0.1), (), found(doubtful(), 0.1), found(0.99, 0.98), found(0.1)]
    shown = [GOOD, GOOD, GOOD, SMALL, GOOD]
    for rule in (RULE, OperatingPoint(0.5, 0.4, 0.2, "Made up.")):
        together = decide_many(searches, shown, N, rule, Limits())
        alone = tuple(decide(one, quality, N, rule, Limits()) for one, quality in zip(searches, shown, strict=True))
        assert [d.outcome for d in together] == [d.outcome for d in alone]
        assert [d.candidates for d in together] == [d.candidates for d in alone]
        assert [d.grounds.sentence for d in together] == [d.grounds.sentence for d in alone]
    assert decide_many((), (), N, RULE, Limits()) == ()
    assert {d.outcome for d in decide_many(searches, shown, 0, RULE, Limits())} == {Outcome.NO_CANDIDATE}


def test_the_grounds_hold_what_was_stated() -> None:
    grounds = decided(LIMIT + 0.02, 0.3).grounds
    said = stated(RULE.calibration, LIMIT + 0.02, GOOD, N, 0.01, 0.01)
    assert grounds.calibrated and grounds.gallery_size == N and grounds.margin == pytest.approx(LIMIT - 0.28)
    assert grounds.threshold == said.threshold == LIMIT == threshold_for(RULE, GOOD, N)
    assert (grounds.fpir, grounds.prior) == (0.01, 0.01)
    assert (grounds.alike_rate, grounds.miss_rate, grounds.posterior) == (
        said.alike_rate, said.miss_rate, said.posterior,
    )  # fmt: skip
    assert grounds.log10_lr == said.log10_lr


def test_only_candidates_travel_from_the_threshold_upwards() -> None:
    decision = decided(LIMIT + 0.05, LIMIT, LIMIT - 0.001, 0.2)
    assert [c.subject for c in decision.candidates] == ["Person 1", "Person 2"]


def test_a_name_below_travels_alone_and_only_where_it_is_worth_it() -> None:
    score = doubtful()
    assert [c.subject for c in decided(score, score - 0.001).candidates] == ["Person 1"]
    assert decided(0.1, 0.09).candidates == ()
    assert "Person" not in decided(score, 0.1).grounds.sentence


@given(st.floats(-0.5, 1.1), st.sampled_from([GOOD, SMALL]), st.integers(1, 4000))
def test_below_the_threshold_no_name_is_said(score: float, quality: Quality, n: int) -> None:
    decision = decided(score, score - 0.1, quality=quality, n=n)
    grounds = decision.grounds
    assert grounds.alike_rate is not None and grounds.log10_lr is not None
    if decision.outcome is Outcome.CANDIDATE:
        assert score >= grounds.threshold and "a lead to check, no identification" in grounds.sentence
        return
    assert "Person" not in grounds.sentence and "is a candidate" not in grounds.sentence
    assert len(decision.candidates) <= 1
    if decision.candidates:
        assert grounds.alike_rate.value <= WORTH_NAMING and grounds.log10_lr > 0


ORDER = [Outcome.NO_CANDIDATE, Outcome.INCONCLUSIVE, Outcome.CANDIDATE]


@given(st.floats(0.05, 1.1), st.floats(0.05, 1.1), st.integers(1, 4000))
def test_a_candidate_is_never_lost_by_a_higher_score(a: float, b: float, n: int) -> None:
    low, high = (decided(score, n=n) for score in sorted((a, b)))
    if low.outcome is Outcome.CANDIDATE:
        assert high.outcome is Outcome.CANDIDATE
    assert high.grounds.log10_lr >= low.grounds.log10_lr - 1e-9


@given(st.floats(-0.5, 1.1), st.floats(1e-4, 0.9), st.integers(1, 4000))
def test_the_words_count_people_and_call_nobody_found(score: float, prior: float, n: int) -> None:
    decision = decided(score, n=n, rule=replace(RULE, prior=prior))
    said = decision.grounds.sentence
    assert re.search(r"Of (1,000 strangers|100 enrolled people) with such a picture, ", said)
    lower = said.lower()
    for claim in ("match", "certain", "confiden", "identified", "probab", " sure", "%", "nan"):
        assert claim not in lower, said
    assert ("bounds, not estimates" in said) == (n > 1000)
    assert said.endswith(".") and "  " not in said


def test_what_cannot_be_stated_is_refused_and_not_guessed() -> None:
    with pytest.raises(CalibrationStale):
        decided(0.9, n=100_000)
    with pytest.raises(CalibrationError):
        decided(0.9, rule=replace(RULE, fpir=1e-5))
    with pytest.raises(CalibrationError):
        threshold_for(replace(RULE, fpir=1e-5), GOOD, 10)


def test_an_empty_gallery_needs_no_calibration() -> None:
    assert threshold_for(RULE, GOOD, 0) is not None
    assert "Nobody is enrolled" in decided(0.9, n=0).grounds.sentence


# sentences


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value, value if low is None else low, value if high is None else high)


SAID = Stated(
    threshold=0.5,
    alike_rate=estimate(0.003, 0.002, 0.005),
    miss_rate=estimate(0.2, 0.15, 0.3),
    log10_lr=1.5,
    log10_enrolled=1.5,
    posterior=estimate(0.91, 0.85, 0.95),
    beyond=False,
)


@pytest.mark.parametrize(("prior", "words"), [
    (0.01, "1 passer-by in 100 is"),
    (0.3, "30 passers-by in 100 are"),
    (0.5, "50 passers-by in 100 are"),
    (0.001, "1 passer-by in 1,000 is"),
    (0.0005, "5 passers-by in 10,000 are"),
    (0.0001, "1 passer-by in 10,000 is"),
    (0.025, "2.5 passers-by in 100 are"),
])  # fmt: skip
def test_a_prior_in_people(prior: float, words: str) -> None:
    assert share(prior) == words


def test_natural_frequencies() -> None:
    assert strangers(SAID) == (
        "Of 1,000 strangers with such a picture, about 3 (2 to 5) would look this alike to somebody enrolled here."
    )
    assert chances(SAID, 0.01) == (
        "If 1 passer-by in 100 is enrolled, then of 100 such candidates about 91 (85 to 95) would be the person and 9"
        " somebody else."
    )
    assert missed(SAID.miss_rate) == (
        "Of 100 enrolled people with such a picture, about 20 (15 to 30) would not reach the threshold either."
    )


def test_small_numbers_and_bounds() -> None:
    tiny = replace(SAID, alike_rate=estimate(0.0001, 0.00005, 0.0004))
    assert "fewer than 1 would" in strangers(tiny)
    assert "at most 3 (2 to 5) would" in strangers(replace(SAID, rarest=True))
    strongest = replace(SAID, posterior=estimate(0.8), strongest=True)
    assert "at least 80 would be the person and at most 20 somebody else (more cannot be shown" in chances(
        strongest, 0.01
    )
    certain = replace(SAID, posterior=estimate(0.9999))
    assert "more than 99 would be the person and fewer than 1 somebody else." in chances(certain, 0.5)
    assert "about 3 would" in strangers(replace(SAID, alike_rate=estimate(0.003)))
    assert "at most 3 (2 to 5) would" in strangers(replace(SAID, beyond=True))


def test_each_outcome_in_words() -> None:
    best = Candidate("Ada", 1, 0.62, 1)
    said = {o: calibrated_sentence(o, best, 1, SAID, 0.01, ()) for o in ORDER}
    assert said[Outcome.CANDIDATE].startswith(
        "Ada is a candidate among 1 enrolled person (score 0.62, threshold 0.50): a lead to check, no identification. "
    )
    assert said[Outcome.NO_CANDIDATE].startswith("Nobody among 1 enrolled person looks alike enough")
    assert said[Outcome.INCONCLUSIVE].startswith("Too alike to rule out and too little alike to propose")
    poor = calibrated_sentence(Outcome.INCONCLUSIVE, best, 1200, SAID, 0.01, ("blurred", "too dark"))
    assert poor.startswith(
        "The picture cannot carry a decision either way: blurred; too dark (score 0.62, threshold 0.50;"
    )
    assert "among 1,200 enrolled people" in poor and "Ada" not in poor
