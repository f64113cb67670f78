"""Drawn searches against searches done by hand, and a cohort that holds nobody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_up_calibration import GOOD
from secondlook.calibrate.cohort import AVERAGED, apart, cohort_of, dealt
from secondlook.calibrate.searches import Samples, Searches, compared, drawn_searches
from secondlook.decide.calibration_file import rounded
from secondlook.gallery.comparison import Cosine
from secondlook.types import Floats


def unit(vectors: np.ndarray) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def samples(people: int = 12, pictures: int = 2, views: int = 3, dimension: int = 24, seed: int = 0) -> Samples:
    """The first view of each picture is fit to be enrolled; person 0 has only one picture."""
    rng = np.random.default_rng(seed)
    subject = np.repeat(np.arange(people), pictures * views)
    picture = np.repeat(np.arange(people * pictures), views)
    keep = (subject > 0) | (picture == 0)
    templates = unit(np.repeat(rng.normal(size=(people, dimension)), pictures * views, axis=0)
                     + rng.normal(size=(len(subject), dimension)))  # fmt: skip
    reference = np.tile(np.arange(views) == 0, people * pictures)
    return Samples(templates[keep], (GOOD,) * int(keep.sum()), subject[keep], picture[keep], reference[keep])


def searched(held: Samples, sizes: list[int], most: int = 99, seed: int = 0) -> Searches:
    made = compared(held, Cosine(held.templates.shape[1]))
    return drawn_searches(held, made, sizes, np.random.default_rng(seed), most)


def test_against_searches_by_hand() -> None:
    """With one picture a person, the gallery of everybody is known: their references."""
    held = samples(pictures=1)
    others = samples(pictures=1, seed=1)  # the same people's second picture, never a reference
    both = Samples(
        np.concatenate([held.templates, others.templates]),
        held.qualities + others.qualities,
        np.concatenate([held.subject, others.subject]),
        np.concatenate([held.picture, others.picture + 100]),
        np.concatenate([held.reference, np.zeros(len(others), bool)]),
    )
    found = searched(both, [12])
    enrolled = np.flatnonzero(both.reference)
    assert sorted(found.probe) == list(range(len(held), len(both))), "views of enrolled pictures are not searched"
    for row in range(len(found)):
        probe = int(found.probe[row])
        scores = {int(both.subject[e]): float(both.templates[probe] @ both.templates[e]) for e in enrolled}
        own = scores.pop(int(both.subject[probe]))
        assert found.own[row] == pytest.approx(own, abs=1e-6)
        assert found.other[row] == pytest.approx(max(scores.values()), abs=1e-6)
        assert found.best[row] == pytest.approx(max(own, *scores.values()), abs=1e-6)
        assert found.right[row] == (own > max(scores.values()))
    assert (found.n == 12).all() and found.enrolled.all() and (found.gallery == 0).all()


def test_no_probe_is_searched_against_its_own_picture() -> None:
    held = samples(people=10, pictures=3, views=2)
    # every picture is a direction of its own, so that any two views of one picture have cosine 1, and no others
    named = Samples(
        np.eye(30, dtype=np.float32)[held.picture], held.qualities, held.subject, held.picture, held.reference
    )
    found = searched(named, [1, 4, 10] * 5)
    assert len(found) > 100
    assert np.nanmax(found.own) == 0 and found.other[found.n > 1].max() == 0


def test_who_is_enrolled_and_who_is_not() -> None:
    found = searched(samples(), [1, 5, 12])
    assert set(found.n) == {1, 5, 12}
    assert np.array_equal(np.isnan(found.own), ~found.enrolled)
    alone = found.where((found.n == 1) & found.enrolled)
    assert len(alone) and np.isneginf(alone.other).all() and alone.right.all()
    assert found.where(found.n == 12).enrolled.all()
    assert not found.where(~found.enrolled).right.any()
    assert np.isfinite(found.best).all()


def test_nobody_with_many_pictures_decides_alone() -> None:
    found = searched(samples(pictures=6), [3, 3], most=2)
    for gallery in (0, 1):
        whose = samples(pictures=6).subject[found.probe[found.gallery == gallery]]
        assert np.bincount(whose).max() == 2


def test_the_same_draw_gives_the_same_searches() -> None:
    one, two, three = (searched(samples(), [4, 8], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.probe, two.probe) and np.array_equal(one.other, two.other)
    assert not (len(one) == len(three) and np.array_equal(one.other, three.other))


def test_some_of_the_samples() -> None:
    held = samples()
    part = held.of(held.reference)
    assert part.reference.all() and len(part) == int(held.reference.sum()) == len(part.qualities)
    assert np.array_equal(held.of(np.array([3, 1])).templates, held.templates[[3, 1]])


# the cohort


def test_each_point_is_several_different_people() -> None:
    held = samples(people=100)
    cohort = cohort_of(held, np.unique(held.subject))
    assert cohort is not None
    assert cohort.members.shape[1] >= AVERAGED == 8
    assert all(len(set(row)) == len(row) for row in cohort.members[:, :AVERAGED].tolist())
    assert len(cohort.people) == 100 and len(cohort.points) == 100
    for point, members in zip(cohort.points, cohort.members[:, :AVERAGED], strict=True):
        mean = unit(cohort.people[members].sum(axis=0))
        assert float(mean @ point) > 0.9999
        # it is nearer to their mean than to any of them: nobody's template is in it
        assert (cohort.people @ point).max() < 0.97
    assert np.linalg.norm(cohort.points, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_point_is_a_person_and_those_most_alike() -> None:
    held = samples(people=100)
    cohort = cohort_of(held, np.unique(held.subject))
    assert cohort is not None
    for members in cohort.members[:10]:
        centre, others = members[0], members[1:AVERAGED]
        cosines = cohort.people @ cohort.people[centre]
        cosines[centre] = -np.inf
        assert set(others) == set(np.argsort(-cosines)[: AVERAGED - 1])


def test_too_few_people_make_no_cohort() -> None:
    few, enough = samples(people=79), samples(people=81)
    assert cohort_of(few, np.unique(few.subject)) is None
    assert cohort_of(enough, np.unique(enough.subject)) is not None


def test_two_people_meet_a_cohort_that_neither_is_in() -> None:
    """Whatever a person looks like, a score with somebody of another group stays as it is for the two that are compared:
    changing a third person of either's group changes nothing."""
    held = samples(people=200)
    rng = np.random.default_rng(0)
    group, centres = dealt(held, rng), np.unique(held.subject)
    made = apart(held, group, centres)
    assert made is not None
    one, other = (int(np.flatnonzero(held.reference & (group == g))[0]) for g in (0, 1))
    third = (np.isin(group, (0, 1))) & ~np.isin(held.subject, held.subject[[one, other]])
    changed = replace(
        held, templates=np.where(third[:, None], unit(rng.normal(size=held.templates.shape)), held.templates)
    )
    again = apart(changed, group, centres)
    assert again is not None
    rows, columns = np.array([one]), np.array([other])
    assert again.scores(rows, columns) == pytest.approx(made.scores(rows, columns), abs=1e-6)


def test_scores_apart_are_those_of_the_comparison_by_hand() -> None:
    held = samples(people=200)
    group = dealt(held, np.random.default_rng(0))
    centres = np.unique(held.subject)
    made = apart(held, group, centres)
    assert made is not None
    one, other = (int(np.flatnonzero(held.reference & (group == g))[0]) for g in (2, 4))
    cohort = cohort_of(held.of(~np.isin(group, (2, 4))), centres)
    assert cohort is not None
    how = compared(held, cohort.comparison())
    rows, columns = np.array([one]), np.array([other])
    assert made.scores(rows, columns) == pytest.approx(how.scores(rows, columns), abs=1e-4)


def test_points_are_kept_as_the_file_gives_them_back() -> None:
    points = unit(np.random.default_rng(0).normal(size=(200, 64)))
    once = rounded(points)
    assert rounded(once).tobytes() == once.tobytes(), "to the last bit, the sign of zero too"
    assert np.abs(once - points).max() < 1e-3
