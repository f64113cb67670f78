"""The one rule: every outcome on its grounds, names only from the doubtful upwards, and words that claim no more."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.decide.rule import (
    Limits,
    OperatingPoint,
    Rule,
    decide,
    not_searchable,
    shortcomings,
    threshold_for,
)
from secondlook.types import Candidate, Decision, Outcome, Quality

GOOD = Quality(60, 1.0, 5, 5, 2, 0.5, 0.2, 0.0, 1.0, 0.9)
MEASURED = "The threshold is a constant: on LFW, with 826 people enrolled once each, 3 of 1,000 strangers reached it."
POINT = OperatingPoint(0.6, 0.5, 0.3, MEASURED)
UNMEASURED = OperatingPoint(None, None, -1.0, "No threshold was ever measured for pack tiny: measure or give one.")
SET_BY_HAND = OperatingPoint(0.6, 0.6, -1.0, "The threshold was set by hand to 0.600.")

POOR = {
    "inter_eye_px": (9.0, "only 9 px between the eyes (wanted: 14)"),
    "sharpness": (0.01, "blurred (sharpness 0.01, wanted: 0.03)"),
    "yaw_deg": (-62.0, "turned about 62 degrees away (at most 40)"),
    "exposure": (0.02, "too dark (mean brightness 0.02 of 1, wanted: 0.08)"),
    "contrast": (0.01, "flat (contrast 0.01, wanted: 0.03)"),
    "visible": (0.4, "cut by the picture's edge (40 % visible)"),
}


def found(*scores: float) -> tuple[Candidate, ...]:
    return tuple(Candidate(f"Person {i}", i, score, i) for i, score in enumerate(scores, start=1))


def decided(*scores: float, quality: Quality = GOOD, point: Rule = POINT) -> Decision:
    return decide(found(*scores), quality, max(3, len(scores)), point, Limits())


@pytest.mark.parametrize(
    ("score", "outcome"),
    [
        (0.99, Outcome.CANDIDATE),
        (0.6, Outcome.CANDIDATE),
        (0.599, Outcome.INCONCLUSIVE),
        (0.5, Outcome.INCONCLUSIVE),
        (0.499, Outcome.NO_CANDIDATE),
        (-1.0, Outcome.NO_CANDIDATE),
    ],
)
def test_the_score_decides(score: float, outcome: Outcome) -> None:
    decision = decided(score, score - 0.1)
    assert decision.outcome is outcome
    assert decision.grounds.score == score and decision.grounds.threshold == 0.6
    assert decision.grounds.margin == pytest.approx(0.1) and decision.grounds.gallery_size == 3
    assert not decision.grounds.calibrated and decision.grounds.against == ()


def test_names_travel_only_from_the_doubtful_upwards() -> None:
    assert [c.subject for c in decided(0.9, 0.55, 0.5, 0.49, 0.1).candidates] == ["Person 1", "Person 2", "Person 3"]
    assert [c.subject for c in decided(0.55, 0.3).candidates] == ["Person 1"]
    assert decided(0.49, 0.48).candidates == ()
    assert "Person" not in decided(0.49).grounds.sentence and "Person" not in decided(0.55).grounds.sentence


def test_nobody_enrolled() -> None:
    for decision in (decide((), GOOD, 0, POINT, Limits()), decide(found(0.9), GOOD, 0, POINT, Limits())):
        assert decision.outcome is Outcome.NO_CANDIDATE and decision.candidates == ()
        assert "Nobody is enrolled" in decision.grounds.sentence
        assert decision.grounds.score is None


def test_one_enrolled_has_no_runner_up() -> None:
    decision = decide(found(0.7), GOOD, 1, POINT, Limits())
    assert decision.grounds.margin is None and "among 1 enrolled person" in decision.grounds.sentence


@pytest.mark.parametrize("measure", POOR)
@pytest.mark.parametrize("score", [0.99, 0.55, 0.1])
def test_a_picture_that_cannot_carry_it_is_inconclusive_whatever_the_score(measure: str, score: float) -> None:
    value, words = POOR[measure]
    decision = decided(score, quality=replace(GOOD, **{measure: value}))
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.grounds.against == (words,) and words in decision.grounds.sentence
    assert bool(decision.candidates) == (score >= 0.5)


def test_too_bright_and_several_at_once() -> None:
    assert shortcomings(replace(GOOD, exposure=0.97), Limits()) == (
        "too bright (mean brightness 0.97 of 1, at most 0.95)",
    )
    all_poor = replace(GOOD, **{measure: value for measure, (value, _) in POOR.items()})
    assert shortcomings(all_poor, Limits()) == tuple(words for _, words in POOR.values())
    assert shortcomings(GOOD, Limits()) == ()


def test_limits_are_reached_and_not_passed() -> None:
    limits = Limits()
    edge = replace(
        GOOD, inter_eye_px=limits.inter_eye_px, sharpness=limits.sharpness, yaw_deg=limits.turn_deg,
        exposure=limits.exposure[0], contrast=limits.contrast, visible=limits.visible,
    )  # fmt: skip
    assert shortcomings(edge, limits) == ()


@pytest.mark.parametrize("score", [0.99, 0.1])
def test_without_a_threshold_nobody_is_proposed(score: float) -> None:
    decision = decided(score, 0.05, point=UNMEASURED)
    assert decision.outcome is Outcome.INCONCLUSIVE and decision.candidates == ()
    assert decision.grounds.sentence.startswith("Nothing can be said: No threshold was ever measured for pack tiny")
    assert decision.grounds.threshold is None


def test_a_threshold_set_by_hand_leaves_no_doubtful_zone() -> None:
    assert decided(0.6, point=SET_BY_HAND).outcome is Outcome.CANDIDATE
    assert decided(0.59, point=SET_BY_HAND).outcome is Outcome.NO_CANDIDATE
    assert "set by hand to 0.600" in decided(0.6, point=SET_BY_HAND).grounds.sentence


def test_what_could_not_be_searched() -> None:
    decision = not_searchable("No usable face was kept.", ("blurred",))
    assert decision.outcome is Outcome.NOT_SEARCHABLE and decision.candidates == ()
    assert decision.grounds.sentence == "No usable face was kept." and decision.grounds.against == ("blurred",)


def test_an_uncalibrated_outcome_says_so() -> None:
    decision = decided(0.9)
    assert "Uncalibrated: no probability can be given." in decision.grounds.sentence
    grounds = decision.grounds
    assert not grounds.calibrated
    assert (
        grounds.fpir,
        grounds.alike_rate,
        grounds.miss_rate,
        grounds.log10_lr,
        grounds.prior,
        grounds.posterior,
    ) == ((None,) * 6)


points = st.sampled_from([POINT, UNMEASURED, SET_BY_HAND])
qualities = st.sampled_from([GOOD, *(replace(GOOD, **{name: value}) for name, (value, _) in POOR.items())])
scores = st.lists(st.floats(-1, 1), min_size=1, max_size=5).map(lambda values: sorted(values, reverse=True))


@given(scores, qualities, points)
def test_the_words_hold_numbers_and_claim_no_probability(
    values: list[float], quality: Quality, point: OperatingPoint
) -> None:
    decision = decided(*values, quality=quality, point=point)
    said = decision.grounds.sentence
    assert re.search(r"among \d+ enrolled", said)
    if point.threshold is not None:
        assert f"score {values[0]:.3f}, threshold {point.threshold:.3f}" in said
    lower = said.lower()
    assert "match" not in lower
    # the one place where the word stands is where it is refused
    assert "probab" not in lower.replace("no probability can be given", "")
    for claim in ("likely", "chance", "certain", "confiden", "identified", "is person", " sure"):
        assert claim not in lower, said
    if decision.outcome is Outcome.CANDIDATE:
        assert "a lead to check, no identification" in said
    else:
        assert "is a candidate" not in said


ORDER = [Outcome.NO_CANDIDATE, Outcome.INCONCLUSIVE, Outcome.CANDIDATE]


@given(st.floats(-1, 1), st.floats(-1, 1), qualities, points)
def test_a_higher_score_never_says_less(a: float, b: float, quality: Quality, point: OperatingPoint) -> None:
    low, high = (decided(score, quality=quality, point=point) for score in sorted((a, b)))
    assert ORDER.index(low.outcome) <= ORDER.index(high.outcome)
    assert len(low.candidates) <= len(high.candidates)


@given(scores, points, st.sampled_from(sorted(POOR)))
def test_a_poorer_picture_never_says_more(values: list[float], point: OperatingPoint, measure: str) -> None:
    """It may turn a candidate, or a denial, into nothing said; never nothing into something."""
    poor = decided(*values, quality=replace(GOOD, **{measure: POOR[measure][0]}), point=point)
    assert poor.outcome is Outcome.INCONCLUSIVE
    assert poor.candidates == decided(*values, point=point).candidates


def test_every_measure_of_a_picture_is_known_here() -> None:
    """A new measure is either used by the rule or left out on purpose."""
    left_out = {"pitch_deg", "roll_deg", "blockiness", "score"}
    assert {f.name for f in fields(Quality)} == set(POOR) | left_out


def test_the_threshold_of_a_constant_is_the_same_everywhere() -> None:
    assert threshold_for(POINT, GOOD, 1) == threshold_for(POINT, GOOD, 10**6) == 0.6
    assert threshold_for(UNMEASURED, GOOD, 10) is None
