"""What answers are taken, what two reviewers come to, and how often each is wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_answers import FACES, reviewed, truth
from secondlook.audit.kinds import Enough
from secondlook.errors import Invalid
from secondlook.review.reviewers import reviewer_record, worth
from secondlook.review.sets import SetKind
from secondlook.review.verdicts import Feature, Reviewed, Said, Standing, Verdict, Why, check, standing

CANDIDATE, LOOK_ALIKES, SAME, DIFFERENT = (
    SetKind.CANDIDATE,
    SetKind.LOOK_ALIKES,
    SetKind.SAME,
    SetKind.DIFFERENT,
)
NOBODY: frozenset[str] = frozenset()


def two(first: Said, second: Said) -> list[Reviewed]:
    return [reviewed("bea", CANDIDATE, first), reviewed("cem", CANDIDATE, second, number=1, minutes=5)]


def outcome(answers: list[Reviewed], searchers: frozenset[str] = NOBODY) -> tuple[Verdict, Why | None]:
    found = standing(answers, searchers)
    assert found.sentence.endswith(".") and "bea" not in found.sentence
    return found.verdict, found.why


@pytest.mark.parametrize(
    ("first", "second", "verdict", "why"),
    [
        (Said.SAME, Said.SAME, Verdict.SUPPORTED, None),
        (Said.DIFFERENT, Said.DIFFERENT, Verdict.REJECTED, None),
        (Said.SAME, Said.DIFFERENT, Verdict.UNREVIEWED, Why.DISAGREEMENT),
        (Said.SAME, Said.CANNOT_TELL, Verdict.UNREVIEWED, Why.CANNOT_TELL),
        (Said.CANNOT_TELL, Said.CANNOT_TELL, Verdict.UNREVIEWED, Why.CANNOT_TELL),
        (Said.DIFFERENT, Said.CANNOT_TELL, Verdict.UNREVIEWED, Why.CANNOT_TELL),
    ],
)
def test_two_reviewers(first: Said, second: Said, verdict: Verdict, why: Why | None) -> None:
    assert outcome(two(first, second)) == outcome(two(second, first)) == (verdict, why)
    assert standing(two(first, second), NOBODY).reviewers == ("bea", "cem")


def test_nobody_and_one() -> None:
    assert outcome([]) == (Verdict.UNREVIEWED, Why.WAITING)
    for said, why in ((Said.SAME, Why.WAITING), (Said.DIFFERENT, Why.WAITING), (Said.CANNOT_TELL, Why.CANNOT_TELL)):
        assert outcome([reviewed("bea", CANDIDATE, said)]) == (Verdict.UNREVIEWED, why)
    assert standing([], NOBODY).wants_more
    assert not standing([reviewed("bea", CANDIDATE, Said.CANNOT_TELL)], NOBODY).wants_more


def test_who_searched_does_not_count() -> None:
    both = two(Said.SAME, Said.SAME)
    assert outcome(both, frozenset({"cem"})) == (Verdict.UNREVIEWED, Why.WAITING)
    assert outcome(both, frozenset({"dan"})) == (Verdict.SUPPORTED, None)


def test_one_account_counts_once_and_by_its_first_answer() -> None:
    again = [reviewed("bea", CANDIDATE, Said.SAME, number=i, minutes=i) for i in range(3)]
    assert outcome(again) == (Verdict.UNREVIEWED, Why.WAITING)
    changed = [
        reviewed("bea", CANDIDATE, Said.SAME, number=1, minutes=9),
        reviewed("bea", CANDIDATE, Said.DIFFERENT, number=2, minutes=1),
        reviewed("cem", CANDIDATE, Said.DIFFERENT, number=3, minutes=4),
    ]
    assert outcome(changed) == (Verdict.REJECTED, None)


def test_sets_without_the_candidate_say_nothing_about_it() -> None:
    without = [reviewed(who, LOOK_ALIKES, number=i) for i, who in enumerate(("bea", "cem"))]
    assert outcome(without) == (Verdict.UNREVIEWED, Why.WAITING)
    assert outcome([*without, *two(Said.SAME, Said.SAME)]) == (Verdict.SUPPORTED, None)


@pytest.mark.parametrize("kind", [CANDIDATE, LOOK_ALIKES])
def test_a_look_alike_taken_for_the_person_keeps_it_unreviewed(kind: SetKind) -> None:
    taken = reviewed("dan", kind, Said.SAME, of=4, number=7)
    assert outcome([taken]) == (Verdict.UNREVIEWED, Why.LOOK_ALIKE)
    assert outcome([*two(Said.SAME, Said.SAME), taken]) == (Verdict.UNREVIEWED, Why.LOOK_ALIKE)
    assert not standing([taken], NOBODY).wants_more
    assert outcome([taken], frozenset({"dan"})) == (Verdict.UNREVIEWED, Why.WAITING)


def test_a_third_opinion_does_not_outvote() -> None:
    third = reviewed("dan", CANDIDATE, Said.SAME, number=2, minutes=9)
    assert outcome([*two(Said.SAME, Said.DIFFERENT), third]) == (Verdict.UNREVIEWED, Why.DISAGREEMENT)
    assert outcome([*two(Said.SAME, Said.SAME), third]) == (Verdict.SUPPORTED, None)
    assert "All of 3 people" in standing([*two(Said.SAME, Said.SAME), third], NOBODY).sentence


def test_trials_decide_nothing() -> None:
    trials = [
        reviewed(who, kind, Said.SAME, number=i) for i, (who, kind) in enumerate(product("bc", (SAME, DIFFERENT)))
    ]
    assert outcome(trials) == (Verdict.UNREVIEWED, Why.WAITING)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(SetKind), st.sampled_from(Said), st.integers(0, FACES - 1)),
        max_size=6,
    ),
    st.sets(st.sampled_from("abcd"), max_size=2),
)
def test_support_needs_two_who_did_not_search(said: list[tuple[str, SetKind, Said, int]], searchers: set[str]) -> None:
    answers = [reviewed(who, kind, s, of=of, number=i, minutes=i) for i, (who, kind, s, of) in enumerate(said)]
    found: Standing = standing(answers, frozenset(searchers))
    assert (found.why is None) == (found.verdict is not Verdict.UNREVIEWED)
    assert not set(found.reviewers) & searchers and len(set(found.reviewers)) == len(found.reviewers)
    if found.verdict is Verdict.SUPPORTED:
        yes = {w for w, kind, s, of in said if kind is CANDIDATE and s is Said.SAME and of == 2} - searchers
        assert len(yes) >= 2 and set(found.reviewers) <= yes
        assert not any(s is Said.SAME and (kind is LOOK_ALIKES or (kind is CANDIDATE and of != 2))
                       for w, kind, s, of in said if w not in searchers)  # fmt: skip
    assert standing(answers[::-1], frozenset(searchers)) == found, "the order of the rows says nothing"


def test_answers_that_do_not_fit_are_refused() -> None:
    good = reviewed("bea", CANDIDATE, Said.SAME)
    check(good.answer, good.truth)
    items = good.answer.items
    bare = replace(items[0], features=())
    for broken, what in (
        (replace(good.answer, set="0" * 31 + "f"), "to its own"),
        (replace(good.answer, items=items[:-1]), "answer all"),
        (replace(good.answer, items=(*items, items[0])), "answer all"),
        (replace(good.answer, items=(replace(items[0], token="f" * 32), *items[1:])), "answer all"),
        (replace(good.answer, items=(replace(items[0], said=Said.SAME), *items[1:])), "Two faces"),
        (replace(good.answer, items=(bare, *items[1:])), "Of face 1 it is not said which feature"),
        (replace(good.answer, items=(*items[:5], replace(items[5], note="x" * 1001))), "note on face 6"),
    ):
        with pytest.raises(Invalid, match=what) as raised:
            check(broken, good.truth)
        assert str(raised.value).endswith(".")
        assert "Ann Lee" not in str(raised.value) and "candidate" not in str(raised.value)
    open_ = replace(bare, said=Said.CANNOT_TELL)
    check(replace(good.answer, items=(open_, *items[1:])), good.truth)


def test_the_features_are_fiswgs() -> None:
    assert len(Feature) == 18
    assert {Feature.EARS, Feature.CHIN, Feature.SCARS, Feature.MARKS, Feature.HAIRLINE} <= set(Feature)


def trials(kind: SetKind, outcomes: list[tuple[Said, int, Said]]) -> list[Reviewed]:
    """outcomes: what was said of the face at a place, and of the others; each trial with another person."""
    return [
        reviewed("bea", kind, said, of=of, others=others, number=100 * (kind is SAME) + i, subject=f"person {i}")
        for i, (said, of, others) in enumerate(outcomes)
    ]


def test_error_rates_count_trials_of_each_kind() -> None:
    different, open_ = Said.DIFFERENT, Said.CANNOT_TELL
    absent = trials(DIFFERENT, [
        (Said.SAME, 0, different), (Said.SAME, 5, open_), (different, 0, different), (different, 0, open_),
    ])  # fmt: skip
    present = trials(SAME, [
        (Said.SAME, 2, different), (Said.SAME, 3, different), (different, 2, different), (open_, 2, different),
        (Said.SAME, 4, open_),
    ])  # fmt: skip
    other = [replace(one, answer=replace(one.answer, reviewer="cem")) for one in absent]
    real = two(Said.SAME, Said.SAME)
    record = reviewer_record("bea", [*absent, *present, *other, *real])
    counts = [
        (rate.errors, rate.trials)
        for rate in (record.false_same, record.wrong_face, record.false_different, record.cannot_tell)
    ]
    assert counts == [(2, 4), (2, 5), (2, 5), (3, 9)]
    assert record.trials == 9 and record.false_same.subjects == 4
    assert record.false_same.low < 0.5 < record.false_same.high and record.false_same.enough is Enough.TOO_FEW


def test_nobody_tested_is_no_perfect_reviewer() -> None:
    record = reviewer_record("bea", [])
    assert record.trials == 0 and record.false_same.value is None
    assert (record.false_same.low, record.false_same.high) == (0, 1)
    assert "unknown" in worth([record, record]) and "None of" in worth([record, record])


def test_two_who_agree_are_worth_the_better_of_them_and_no_product() -> None:
    good = reviewer_record("bea", trials(DIFFERENT, [(Said.DIFFERENT, 0, Said.DIFFERENT)] * 40))
    poor = reviewer_record(
        "bea", trials(DIFFERENT, [(Said.SAME, 0, Said.DIFFERENT)] * 10 + [(Said.DIFFERENT, 0, Said.DIFFERENT)] * 30)
    )
    assert good.false_same.high == pytest.approx(3 / 40)
    said = worth([poor, good])
    assert "at most 8 times" in said and "Shown 100 faces" in said and "not multiplied" in said
    assert worth([good, poor]) == said
    assert "Not each" in worth([good, reviewer_record("cem", [])])
    assert "Nobody else" in worth([good])


def test_the_same_person_again_and_again_is_no_new_evidence() -> None:
    once = reviewer_record("bea", [reviewed("bea", DIFFERENT, number=i, subject="one") for i in range(60)])
    assert once.false_same.trials == 60 and once.false_same.subjects == 1 and once.false_same.high == 1


def test_a_truth_knows_where_the_person_stands() -> None:
    assert truth(CANDIDATE).present and truth(SAME).token == truth(SAME).items[2].token
    assert not truth(LOOK_ALIKES).present and truth(DIFFERENT).token is None
