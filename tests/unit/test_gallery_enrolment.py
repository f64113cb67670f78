"""Which pictures become references, and what is said of those which do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from secondlook.gallery.enrolment import (
    EnrolLimits,
    EnrolStatus,
    OnSuspicion,
    Refusal,
    RefusalKind,
    Siblings,
    SuspicionKind,
    SuspicionLimits,
    already_enrolled,
    choose_face,
    judged,
    refused,
    shortfalls,
    suspicion,
)
from secondlook.types import Candidate, Face, Quality

LIMITS = EnrolLimits()
SCORES = SuspicionLimits(another=0.6, own=0.3)
GOOD = Quality(60.0, 0.9, 0.0, 0.0, 0.0, 0.45, 0.2, 0.0, 1.0, 0.9)


def face(width: float, quality: Quality = GOOD, left: float = 0.0) -> Face:
    box = np.array([left, 10, left + width, 10 + width], np.float32)
    return Face(box, np.zeros((5, 2), np.float32), 0.9, quality)


def test_the_only_face_is_chosen() -> None:
    only = face(100)
    assert choose_face([only], LIMITS) is only


def test_no_face() -> None:
    refusal = choose_face([], LIMITS)
    assert isinstance(refusal, Refusal) and refusal.kind is RefusalKind.NO_FACE


def test_several_faces_of_similar_size_are_refused() -> None:
    refusal = choose_face([face(100), face(70), face(30)], LIMITS)
    assert isinstance(refusal, Refusal) and refusal.kind is RefusalKind.SEVERAL_FACES
    assert "2 faces" in refusal.reason and "Crop" in refusal.fix


def test_a_face_among_bystanders_is_chosen_wherever_it_stands() -> None:
    main = face(100)
    for faces in ([main, face(50), face(57)], [face(50), main]):
        assert choose_face(faces, LIMITS) is main
    assert choose_face([face(173.3), face(100)], LIMITS) is not main
    assert isinstance(choose_face([face(173), face(100)], LIMITS), Refusal), "just under three times"
    assert isinstance(choose_face([face(174), face(100)], LIMITS), Face), "just over three times"


def test_a_good_bystander_does_not_stand_in_for_a_poor_main_face() -> None:
    refusal = choose_face([face(200, replace(GOOD, sharpness=0.01)), face(50)], LIMITS)
    assert isinstance(refusal, Refusal) and refusal.kind is RefusalKind.TOO_POOR


@pytest.mark.parametrize(
    ("measure", "value", "wanted"),
    [
        ("inter_eye_px", 12.0, 24.0),
        ("visible", 0.5, 0.85),
        ("sharpness", 0.05, 0.15),
        ("exposure", 0.05, 0.12),
        ("exposure", 0.97, 0.92),
        ("contrast", 0.01, 0.05),
        ("yaw_deg", -70.0, 45.0),
        ("pitch_deg", 55.0, 40.0),
        ("roll_deg", -90.0, 60.0),
    ],
)
def test_too_poor_names_the_measure_its_value_and_what_would_do(measure: str, value: float, wanted: float) -> None:
    refusal = choose_face([face(100, replace(GOOD, **{measure: value}))], LIMITS)
    assert isinstance(refusal, Refusal) and refusal.kind is RefusalKind.TOO_POOR
    (short,) = refusal.shortfalls
    assert (short.measure, short.wanted) == (measure, wanted) and short.value == abs(value)
    result = refused("p.jpg", "Ann", refusal)
    assert result.status is EnrolStatus.REFUSED and result.fix
    percent = measure == "visible"
    for number in (short.value, wanted):
        assert (f"{number:.0%}" if percent else f"{number:g}") in result.reason


@pytest.mark.parametrize("measure", ["inter_eye_px", "sharpness", "exposure", "contrast", "yaw_deg", "visible"])
def test_a_measure_that_is_nan_is_never_good_enough(measure: str) -> None:
    assert measure in [short.measure for short in shortfalls(replace(GOOD, **{measure: float("nan")}), LIMITS)]


def test_at_the_limit_is_good_enough() -> None:
    edge = replace(GOOD, inter_eye_px=24.0, sharpness=0.15, exposure=0.12, contrast=0.05, yaw_deg=-45.0, visible=0.85)
    assert shortfalls(edge, LIMITS) == ()


def test_every_shortfall_is_told_the_weightiest_first() -> None:
    short = shortfalls(replace(GOOD, contrast=0.0, inter_eye_px=5.0), LIMITS)
    assert [s.measure for s in short] == ["inter_eye_px", "contrast"]


def candidates(**scores: float) -> list[Candidate]:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    return [Candidate(name, rank, score, rank) for rank, (name, score) in enumerate(ranked, start=1)]


def like(score: float, *cosines: float) -> Siblings:
    return Siblings(np.array(cosines, np.float32), score)


def test_nothing_to_compare_with_is_nothing_to_suspect() -> None:
    assert suspicion("Ann", Siblings.none(), [], SCORES) is None


def test_what_looks_like_an_enrolled_subject_is_suspicious() -> None:
    found = suspicion("Ann", Siblings.none(), candidates(Carl=0.3, Bob=0.6), SCORES)
    assert found is not None and found.kind is SuspicionKind.LOOKS_LIKE_ANOTHER
    assert (found.nearest, found.score) == ("Bob", 0.6) and "'Bob'" in found.reason
    assert suspicion("Ann", Siblings.none(), candidates(Bob=0.59), SCORES) is None


def test_the_subject_itself_is_no_other_however_it_is_spelt() -> None:
    assert suspicion("ann", like(0.9, 0.9), candidates(Ann=0.99), SCORES) is None


def test_nearer_to_another_than_to_its_own() -> None:
    found = suspicion("Ann", like(0.45, 0.4, 0.42), candidates(Ann=0.42, Bob=0.5), SCORES)
    assert found is not None and found.kind is SuspicionKind.NEARER_TO_ANOTHER and found.nearest == "Bob"
    assert found.score == 0.5 and "score 0.50" in found.reason and "score 0.45" in found.reason
    assert suspicion("Ann", like(0.51, 0.4, 0.42), candidates(Bob=0.5), SCORES) is None


def test_scores_are_in_the_comparisons_scale_and_cosines_apart_from_it() -> None:
    limits = SuspicionLimits(another=4.0, own=0.3)
    assert suspicion("Ann", like(3.0, 0.4), candidates(Bob=2.0), limits) is None
    nearer = suspicion("Ann", like(2.0, 0.4), candidates(Bob=3.0), limits)
    assert nearer is not None and nearer.kind is SuspicionKind.NEARER_TO_ANOTHER
    far = suspicion("Ann", like(3.0, 0.2), candidates(Bob=2.0), limits)
    assert far is not None and far.kind is SuspicionKind.FAR_FROM_ITS_OWN and far.score == pytest.approx(0.2)


def test_the_median_sibling_must_not_be_far() -> None:
    assert suspicion("Ann", like(0.9, 0.1, 0.4, 0.9), [], SCORES) is None
    found = suspicion("Ann", like(0.9, 0.1, 0.2, 0.9), [], SCORES)
    assert found is not None and found.kind is SuspicionKind.FAR_FROM_ITS_OWN
    assert found.nearest is None and "'Ann'" in found.reason and found.score == pytest.approx(0.2)


def test_a_score_that_is_nan_is_held_back() -> None:
    assert suspicion("Ann", like(float("nan"), float("nan")), [], SCORES) is not None


def test_results() -> None:
    found = suspicion("Ann", Siblings.none(), candidates(Bob=0.7), SCORES)
    held = judged("p.jpg", "Ann", found, OnSuspicion.HOLD)
    assert (held.status, held.nearest, held.score) == (EnrolStatus.SUSPICIOUS, "Bob", 0.7) and held.fix
    kept = judged("p.jpg", "Ann", found, OnSuspicion.ENROL)
    assert kept.status is EnrolStatus.ENROLLED and kept.nearest == "Bob" and "'Bob'" in kept.reason
    good = judged("p.jpg", "Ann", None, OnSuspicion.HOLD)
    assert good.status is EnrolStatus.ENROLLED and good.fix is None
    assert already_enrolled("p.jpg", "Ann").status is EnrolStatus.ALREADY_ENROLLED
