"""What is remembered of a person: the best shots, apart in time, fused into one template, divided where it was two."""

from __future__ import annotations

from dataclasses import replace
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.track.shots import Keep, OpenTrack, Shot, break_point, closed, divide, embedded, with_templates
from secondlook.types import Face, Floats, Pixels, Quality

BOX = np.array([10, 10, 50, 50], np.float32)
NO_PIXELS = np.zeros((1, 1, 3), np.uint8)


def shot(score: float, frame: int = 0, time_s: float | None = None) -> Shot:
    quality = Quality(40, 1, 0, 0, 0, 0.5, 0.2, 0, 1, score)
    face = Face(BOX, np.zeros((5, 2), np.float32), 0.9, quality, frame, frame / 10 if time_s is None else time_s)
    return Shot(face, NO_PIXELS, np.full((2, 2, 3), frame, np.uint8))


def track(*scores_by_frame: tuple[int, float], keep: Keep | None = None) -> OpenTrack:
    """A track seen in these frames, ten a second, with everything kept that is wanted."""
    first = scores_by_frame[0][0]
    one = OpenTrack(1, first, first / 10)
    for frame, score in scores_by_frame:
        one.see(frame, frame / 10, BOX + frame, 0.5 + score / 10)
        place = one.place(score, frame / 10, keep or Keep())
        if place is not None:
            one.keep(place, shot(score, frame))
    return one


frames = st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1)), min_size=1, max_size=60, unique_by=lambda v: v[0])


@given(frames, st.integers(1, 6), st.sampled_from([0.0, 0.4, 1.5]))
def test_the_best_shots_are_kept_and_apart(seen: list[tuple[int, float]], shots: int, apart_s: float) -> None:
    one = track(*sorted(seen), keep=Keep(shots, apart_s))
    assert 1 <= len(one.shots) <= shots
    times = sorted(s.face.time_s or 0 for s in one.shots)
    assert all(b - a >= apart_s - 1e-9 for a, b in pairwise(times))
    best = max(score for _, score in seen)
    assert max(s.face.quality.score for s in one.shots) == best, "the best shot is never lost"
    assert len(one.path) == len(seen) and one.best_score == pytest.approx(0.5 + best / 10)
    assert (one.first_frame, one.last_frame) == (min(seen)[0], max(seen)[0])


def test_only_what_is_better_replaces() -> None:
    one = track((0, 0.5), (1, 0.4), (2, 0.6), (10, 0.3), keep=Keep(2, 0.4))
    assert [s.face.frame for s in one.shots] == [2, 10]
    assert one.place(0.3, 2.0, Keep(2, 0.4)) is None, "as good as the weakest is not better"
    assert one.place(0.31, 2.0, Keep(2, 0.4)) == 1


def test_without_times_one_shot_is_kept() -> None:
    one = OpenTrack(1, 0, None)
    assert one.place(0.2, None, Keep()) == 0
    one.keep(0, Shot(shot(0.2).face, NO_PIXELS, NO_PIXELS))
    assert one.place(0.1, None, Keep()) is None and one.place(0.3, None, Keep()) == 0


def person(direction: int, n: int, spread: float = 0.1, seed: int = 0) -> Floats:
    """n templates of one of four people, all of them unlike each other."""
    values = np.eye(8)[direction] + np.random.default_rng(seed).normal(0, spread, (n, 8))
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def five_each(templates: Floats) -> OpenTrack:
    n = len(templates)
    one = OpenTrack(7, 0, 0.0)
    for frame in range(10 * n):
        one.see(frame, frame / 10, BOX, 0.9)
    # shots are kept in any order
    order = np.random.default_rng(n).permutation(n)
    one.shots = [replace(shot(0.5 + 0.01 * i, int(10 * i)), template=templates[i]) for i in order]
    return one


def own(part: OpenTrack) -> Floats:
    return np.stack([s.template for s in part.shots if s.template is not None])


def test_one_person_is_not_divided() -> None:
    opened = five_each(person(0, 6))
    kept, numbers = list(opened.shots), count(99)
    (whole,) = divide(opened, 0.5, lambda: next(numbers))
    assert next(numbers) == 99, "and no number is used up"
    assert [s.face.frame for s in whole.shots] == [0, 10, 20, 30, 40, 50]
    assert opened.shots == kept, "what goes on is left as it was"


@pytest.mark.parametrize("before", [1, 2, 5])
def test_two_people_are_divided_where_one_became_the_other(before: int) -> None:
    opened = five_each(np.concatenate([person(0, before), person(1, 6 - before, seed=1)]))
    path, numbers = list(opened.path), count(99)
    first, second = divide(opened, 0.5, lambda: next(numbers))
    mine, theirs = own(first), own(second)
    assert (first.id, second.id) == (7, 99)
    assert len(opened.shots) == 6 and opened.path == path and opened.id == 7, "what goes on is left as it was"
    assert len(first.shots) == len(mine) == before and len(second.shots) == len(theirs) == 6 - before
    assert mine[:, 0].min() > 0.8 and theirs[:, 1].min() > 0.8, "each with its own templates"
    assert [s.face.frame for s in [*first.shots, *second.shots]] == [0, 10, 20, 30, 40, 50]
    # the frames are shared out: none lost, none doubled
    assert [step[0] for step in first.path + second.path] == list(range(60))
    assert second.path[0][0] == 10 * before == second.first_frame
    assert first.last_frame == 10 * before - 1 and second.last_frame == 59
    assert (first.first_s, first.last_s) == (0, first.last_frame / 10)
    assert (second.first_s, second.last_s) == (second.first_frame / 10, 5.9)


def test_there_and_back_is_one_person() -> None:
    """Somebody who looked away and came back: shots before and after are alike."""
    templates = np.concatenate([person(0, 2), person(1, 2), person(0, 2, seed=2)])
    assert len(divide(five_each(templates), 0.5, lambda: 99)) == 1


def test_poor_shots_say_nothing_about_who_it_is() -> None:
    templates = np.concatenate([person(0, 3), person(1, 3, seed=1)])
    poor = np.array([0.5, 0.5, 0.5, 0.1, 0.1, 0.1], np.float32)
    assert break_point(templates, np.full(6, 0.5, np.float32), 0.5) == 3
    assert break_point(templates, poor, 0.5) is None
    assert break_point(templates, np.full(6, 0.5, np.float32), -1.0) is None, "a pack without a measure divides nothing"


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_shots_to_divide(n: int) -> None:
    assert break_point(person(0, n), np.ones(n, np.float32), 0.9) is None


def test_nothing_is_embedded_twice() -> None:
    """Only what has no template yet, of all tracks at once; a shot without one is never closed in silence."""
    asked: list[int] = []

    def embed(chips: Pixels) -> Floats:
        asked.append(len(chips))
        return person(0, len(chips))

    one, other = track((0, 0.5), (10, 0.5)), track((0, 0.5))
    with pytest.raises(ValueError, match="without templates"):
        closed(one, "pack@1")
    embedded([one, other], embed)
    embedded([one, other], embed)
    assert asked == [3]
    one.see(20, 2.0, BOX, 0.9)
    one.keep(2, shot(0.7, 20))
    embedded([one, other], embed)
    assert asked == [3, 1]


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 64, 100])
def test_everybody_gets_their_own_template_in_order(n: int) -> None:
    asked: list[int] = []

    def embed(chips: Pixels) -> Floats:
        asked.append(len(chips))
        return np.asarray(chips.reshape(len(chips), -1)[:, :4], np.float32)

    bare = (Shot(shot(0.5, k).face, np.full((2, 2, 3), k, np.uint8), NO_PIXELS) for k in range(n))
    done = list(with_templates(bare, embed))
    assert [one.face.frame for one in done] == list(range(n))
    assert all(one.template is not None and (one.template == one.face.frame).all() for one in done)
    assert sum(asked) == n and 0 not in asked


def test_who_cannot_embed_says_so_however_many_wait() -> None:
    def embed(chips: Pixels) -> Floats:
        raise RuntimeError("a broken model")

    with pytest.raises(RuntimeError, match="a broken model"):
        list(with_templates((shot(0.5, k) for k in range(80)), embed))


def test_a_track_is_due_where_more_is_to_be_seen_and_not_too_often() -> None:
    one = track((0, 0.5))
    assert one.due(0.0, 0.5) and not one.due(9.0, 0.5), "nothing has changed since"
    one.keep(0, shot(0.54, 1))
    assert not one.due(9.0, 0.5), "hardly better"
    one.keep(1, shot(0.6, 4))
    assert not one.due(0.4, 0.5) and one.due(0.5, 0.5) and not one.due(5.0, 0.5)
    assert not OpenTrack(1, 0, 0.0).due(0.0, 0.5)


@given(st.lists(st.floats(1e-6, 1), max_size=300))
def test_however_long_somebody_is_followed_they_are_due_a_bounded_number_of_times(scores: list[float]) -> None:
    one, due = OpenTrack(1, 0, 0.0), 0
    for frame, score in enumerate(scores):
        place = one.place(score, float(frame), Keep())
        if place is not None:
            one.keep(place, shot(score, frame, float(frame)))
        due += one.due(float(frame), 0.0)
    assert due <= 2 + np.log(6 / 1e-6) / np.log(1.1)


def test_the_finished_track() -> None:
    opened = track((0, 0.4), (5, 0.9), (10, 0.2))
    embedded([opened], lambda chips: person(0, len(chips)))
    done = closed(opened, "pack@1")
    assert (done.id, done.frames, done.first_frame, done.last_frame) == (1, 3, 0, 10)
    assert (done.first_s, done.last_s) == (0.0, 1.0)
    assert done.best == 1 and done.best_face.quality.score == 0.9
    assert done.crop is not None and (done.crop == 5).all(), "the crop is the best shot's"
    assert done.template is not None and np.linalg.norm(done.template) == pytest.approx(1, abs=1e-6)
    assert [face.pack for face in done.faces] == ["pack@1"] * 3
    assert all(face.template is not None for face in done.faces)
