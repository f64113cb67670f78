"""What a reviewer is given next, and what never."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from review_answers import START, reviewed
from secondlook.review.draws import Draws
from secondlook.review.sets import CATCH_TRIALS, SetKind
from secondlook.review.tasks import CATCH_SHARE, LookAt, Pending, Trial, draw_task, may_review
from secondlook.review.verdicts import Said

SEED = b"s" * 32


def pending(name: str = "a", minutes: int = 0, **changed: object) -> Pending:
    return replace(Pending(name, START + timedelta(minutes=minutes), frozenset({"ada"})), **changed)  # type: ignore[arg-type]


def test_who_searched_never_reviews_it() -> None:
    assert not may_review("ada", pending())
    assert may_review("bea", pending())
    assert draw_task("ada", [pending()], CATCH_TRIALS, SEED) is None, "nor are trials given where nothing waits"


def test_nobody_is_asked_about_a_candidate_twice() -> None:
    one = pending(reviewed=(reviewed("bea", SetKind.CANDIDATE, Said.SAME),))
    assert not may_review("bea", one) and may_review("cem", one)
    without = pending(reviewed=(reviewed("bea", SetKind.LOOK_ALIKES),))
    assert may_review("bea", without), "who was not shown the candidate is asked again"


def test_no_more_are_asked_than_must_agree() -> None:
    assert may_review("bea", pending(open_to=frozenset({"cem"})))
    assert not may_review("bea", pending(open_to=frozenset({"cem", "dan"})))
    assert not may_review("bea", pending(open_to=frozenset({"bea"}))), "the open set is to be answered, not drawn anew"
    half = pending(reviewed=(reviewed("cem", SetKind.CANDIDATE, Said.SAME),), open_to=frozenset({"dan"}))
    assert not may_review("bea", half)


@pytest.mark.parametrize("said", [Said.SAME, Said.DIFFERENT])
def test_what_is_settled_is_asked_no_more(said: Said) -> None:
    both = tuple(reviewed(who, SetKind.CANDIDATE, said, number=i) for i, who in enumerate(("cem", "dan")))
    assert not may_review("bea", pending(reviewed=both))
    taken = (reviewed("cem", SetKind.LOOK_ALIKES, Said.SAME, of=1),)
    assert not may_review("bea", pending(reviewed=taken))


def test_the_oldest_first_and_what_was_seen_without_the_candidate_last() -> None:
    seen = pending("old", 0, reviewed=(reviewed("bea", SetKind.LOOK_ALIKES),))
    many = [pending("new", 9), seen, pending("middle", 5)]
    assert draw_task("bea", many, frozenset(), SEED) == LookAt("middle")
    assert draw_task("cem", many, frozenset(), SEED) == LookAt("old")
    assert draw_task("bea", [seen], frozenset(), SEED) == LookAt("old")


def test_one_in_four_is_a_trial_and_half_of_those_of_each_kind() -> None:
    rng = np.random.default_rng(1)
    drawn = [draw_task("bea", [pending()], CATCH_TRIALS, rng.bytes(32)) for _ in range(4000)]
    kinds = Counter(one.kind for one in drawn if isinstance(one, Trial))
    assert binomtest(sum(kinds.values()), len(drawn), CATCH_SHARE).pvalue > 0.01
    assert binomtest(kinds[SetKind.SAME], sum(kinds.values())).pvalue > 0.01


def test_the_share_of_trials_is_asked() -> None:
    seeds = [bytes([i]) * 32 for i in range(60)]
    assert all(isinstance(draw_task("bea", [pending()], CATCH_TRIALS, s, 1.0), Trial) for s in seeds)
    assert all(isinstance(draw_task("bea", [pending()], CATCH_TRIALS, s, 0.0), LookAt) for s in seeds)
    only = frozenset({SetKind.DIFFERENT})
    assert {draw_task("bea", [pending()], only, s, 1.0) for s in seeds} == {Trial(SetKind.DIFFERENT)}
    assert all(isinstance(draw_task("bea", [pending()], frozenset(), s, 1.0), LookAt) for s in seeds)


@given(st.binary(min_size=16, max_size=40), st.integers(1, 300))
def test_draws_are_fair_and_repeat(seed: bytes, n: int) -> None:
    first, again = Draws(seed, "a"), Draws(seed, "a")
    assert [first.below(n) for _ in range(9)] == [again.below(n) for _ in range(9)]
    assert sorted(first.shuffled(range(n))) == list(range(n))
    assert Draws(seed, "a").bytes(32) != Draws(seed, "b").bytes(32)
    assert Draws(seed, "a").bytes(50)[:7] == Draws(seed, "a").bytes(7)


def test_every_number_is_as_likely() -> None:
    draws = Draws(SEED, "numbers")
    counts = np.bincount([draws.below(7) for _ in range(7000)], minlength=7)
    assert chisquare(counts).pvalue > 0.01
    orders = Counter(draws.shuffled("abc") for _ in range(6000))
    assert len(orders) == 6 and chisquare(list(orders.values())).pvalue > 0.01
    with pytest.raises(ValueError, match="nothing to choose"):
        draws.below(0)
