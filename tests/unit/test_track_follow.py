"""Following faces: a number each, kept through crossings and gaps, ended by a cut, never shared by two sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.fakes import detections
from secondlook.track.follow import Follower
from secondlook.types import Detections

Box = tuple[float, float, float, float]


def at(x: float, y: float, edge: float = 40) -> Box:
    return (x, y, x + edge, y + edge)


def seen(*boxes: Box, scores: Sequence[float] | float = 0.9) -> Detections:
    return detections(np.array(boxes, np.float32).reshape(-1, 4), np.asarray(scores, np.float32))


def follower(patience: int = 5) -> Follower:
    return Follower(start_score=0.4, patience=patience)


def numbers(follower: Follower, *boxes: Box, scores: Sequence[float] | float = 0.9) -> list[int]:
    return [int(number) for number in follower.update(seen(*boxes, scores=scores))]


def test_numbers_start_at_one_and_follow_the_order_of_the_faces() -> None:
    one = follower()
    assert numbers(one, at(10, 10), at(200, 10), at(400, 10)) == [1, 2, 3]
    assert numbers(one, at(403, 12), at(12, 10)) == [3, 1], "whatever order they come in"
    assert numbers(one, at(600, 10), at(15, 10)) == [4, 1]


def test_nobody_in_any_frame() -> None:
    one = follower()
    for _ in range(5):
        assert one.update(Detections.none()).shape == (0,)
        assert one.alive() == set()
    assert numbers(one, at(10, 10)) == [1]


def test_two_people_cross_and_stay_who_they_are() -> None:
    one = follower()
    for step in range(25):
        left, right = at(10 + 12 * step, 100), at(310 - 12 * step, 125)
        assert numbers(one, left, right) == [1, 2], f"step {step}"


def test_a_gap_is_bridged_along_the_way() -> None:
    """Hidden for three looks behind somebody, and walking on meanwhile."""
    one = follower()
    for step in range(12):
        found = numbers(one, at(10 + 6 * step, 50)) if step not in (5, 6, 7) else numbers(one)
        assert found == ([1] if step not in (5, 6, 7) else [])
        assert one.alive() == {1}


def test_a_longer_gap_ends_the_track() -> None:
    one = follower(patience=3)
    assert numbers(one, at(10, 10)) == [1]
    alive = []
    for _ in range(5):
        one.update(Detections.none())
        alive.append(one.alive())
    assert alive == [{1}, {1}, set(), set(), set()]
    assert numbers(one, at(10, 10)) == [2]


def test_patience_of_one_still_follows_from_look_to_look() -> None:
    one = follower(patience=1)
    assert [numbers(one, at(10 + 3 * step, 10)) for step in range(4)] == [[1]] * 4
    one.update(Detections.none())
    assert one.alive() == set()


def test_a_weak_face_continues_a_track_and_starts_none() -> None:
    one = follower()
    assert numbers(one, at(10, 10), at(200, 10), scores=[0.9, 0.25]) == [1, 0]
    assert numbers(one, at(12, 10), at(200, 10), scores=[0.25, 0.25]) == [1, 0]
    assert one.alive() == {1}


def test_a_cut_ends_everybody() -> None:
    one = follower()
    assert numbers(one, at(10, 10), at(200, 10)) == [1, 2]
    one.cut()
    assert one.alive() == set()
    assert numbers(one, at(10, 10), at(200, 10)) == [3, 4], "the same places, and other people"


def test_two_sources_do_not_share_their_numbers() -> None:
    one, other = follower(), follower()
    assert numbers(one, at(10, 10)) == [1]
    assert numbers(other, at(10, 10), at(90, 10)) == [1, 2]
    assert numbers(one, at(12, 10), at(300, 10)) == [1, 2]
    assert numbers(other, at(12, 10), at(92, 10), at(200, 200)) == [1, 2, 3]
    one.cut()
    assert other.alive() == {1, 2, 3}


def test_numbers_given_by_hand_are_not_given_again() -> None:
    one = follower()
    assert numbers(one, at(10, 10)) == [1]
    assert one.number() == 2
    assert numbers(one, at(12, 10), at(200, 10)) == [1, 3]


Seen = list[tuple[int, int, int, float]]

looks = st.lists(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(5, 80), st.sampled_from([0.25, 0.5, 0.9])),
        max_size=5,
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(looks, st.integers(1, 4))
def test_whatever_is_seen_each_face_has_one_number(script: list[Seen], patience: int) -> None:
    one, again = follower(patience), follower(patience)
    given_out: set[int] = set()
    for faces in script:
        boxes, scores = [at(x, y, edge) for x, y, edge, _ in faces], [score for *_, score in faces]
        found = numbers(one, *boxes, scores=scores)
        assert found == numbers(again, *boxes, scores=scores), "the same footage gives the same numbers"
        named = [number for number in found if number]
        assert len(set(named)) == len(named), "one number is one face in one frame"
        for number, score in zip(found, scores, strict=True):
            assert number or score < 0.4, "a strong face is always followed"
        assert set(named) <= one.alive()
        new = set(named) - given_out
        assert sorted(new) == list(range(len(given_out) + 1, len(given_out) + 1 + len(new))), "none is left out"
        given_out |= new


def test_a_landmark_less_box_of_no_size_is_borne() -> None:
    one = follower()
    assert numbers(one, (10, 10, 10, 10)) == [1]
    assert numbers(one, (10, 10, 10, 10))[0] in (1, 2)


@pytest.mark.parametrize("count", [1, 40])
def test_a_crowd_that_stands_still(count: int) -> None:
    one = follower()
    boxes = [at(60 * (i % 10), 60 * (i // 10)) for i in range(count)]
    for _ in range(3):
        assert numbers(one, *boxes) == list(range(1, count + 1))
