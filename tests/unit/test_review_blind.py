"""A blind set tells nothing but faces: neither who is the candidate, nor whether the candidate is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from bench.hiding import chunks, form, place_of_subject, told
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from review_samples import (
    COARSE,
    CRISP,
    TINY,
    SmallGallery,
    dealt,
    enrolled_picture,
    gallery,
    pool,
    probe,
    quality,
    reference,
)
from secondlook.errors import GalleryLocked, PackMismatch
from secondlook.gallery import Reference
from secondlook.review import blind
from secondlook.review.blind import LEAST_PEOPLE, MOST_FACES, already_seen, assembled, blind_set, faces_in_set
from secondlook.review.draws import Draws
from secondlook.review.pictures import PICTURE_PX, levelled
from secondlook.review.sets import Made, NoSet, SetKind, Truth, WhyNoSet, truth_json, truth_of
from secondlook.types import Floats, Pixels


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sets without their pictures, a hundred times as fast; tells how many were levelled together each time."""
    asked: list[int] = []

    def grey(faces: Sequence[tuple[Pixels, Floats]], draws: Draws) -> tuple[Pixels, ...]:
        asked.append(len(faces))
        return tuple(np.zeros((1, 1, 3), np.uint8) for _ in faces)

    monkeypatch.setattr(blind, "levelled", grey)
    return asked


def sets(
    held: Sequence[SmallGallery], count: int, candidates: Sequence[int], rng: np.random.Generator
) -> Iterator[Made]:
    for number in range(count):
        one = held[number % len(held)]
        name = f"person {rng.choice(candidates)}"
        made = blind_set(probe(rng, one.people[name][0].template, TINY), name, one, rng.bytes(32))
        assert isinstance(made, Made)
        yield made


def made_of(found: Made | NoSet) -> Made:
    assert isinstance(found, Made), found
    return found


def refused(found: Made | NoSet) -> NoSet:
    assert isinstance(found, NoSet)
    assert found.sentence.endswith(".") and ": " in found.sentence
    return found


def test_the_coin_is_fair_and_every_place_as_likely(unseen: list[int]) -> None:
    rng = np.random.default_rng(1)
    held = [gallery(rng, 14, camera=TINY) for _ in range(4)]
    made = list(sets(held, 1200, range(14), rng))
    there = [one for one in made if one.truth.present]
    assert binomtest(len(there), len(made)).pvalue > 0.01
    places = Counter(place_of_subject(one) for one in there)
    assert chisquare([places[place] for place in range(MOST_FACES)]).pvalue > 0.01
    # nor do the look-alikes stand in the order of their scores
    first = Counter(
        int(np.argmax([i.score for i in one.truth.items if i.subject != one.truth.subject])) for one in there
    )
    assert chisquare([first[place] for place in range(MOST_FACES - 1)]).pvalue > 0.01
    tokens = [item.token for one in made for item in one.set.items] + [one.set.id for one in made]
    assert len(set(tokens)) == len(tokens) and all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens)


def test_a_set_is_levelled_over_the_same_faces_whichever_way_the_coin_falls(unseen: list[int]) -> None:
    rng = np.random.default_rng(2)
    kinds = Counter(one.truth.kind for one in sets([gallery(rng, 14, camera=TINY)], 40, range(14), rng))
    assert set(kinds) == {SetKind.CANDIDATE, SetKind.LOOK_ALIKES}
    assert unseen == [MOST_FACES + 1, 1] * 40


Pool: TypeAlias = list[tuple[bytes, Floats]]


@pytest.fixture(scope="module")
def pools() -> tuple[Pool, Pool]:
    rng = np.random.default_rng(3)
    return pool(rng, CRISP, 60), pool(rng, COARSE, 60)


def forms(pools: Sequence[Pool], count: int, candidates: Sequence[int]) -> tuple[list[np.ndarray], list[int]]:
    """What travels of so many sets that hold their candidate, each of another gallery, and where it stands.

    pools: where the people's pictures come from, in turn.
    """
    rng = np.random.default_rng(4)
    shown, where = [], []
    for _ in range(count):
        held, name = dealt(rng, *pools), f"person {rng.choice(candidates)}"
        of = probe(rng, held.people[name][0].template, TINY)
        made = made_of(assembled(SetKind.CANDIDATE, of, name, held, Draws(rng.bytes(32), "test"), frozenset()))
        place = place_of_subject(made)
        assert place is not None
        shown.append(form(made.set))
        where.append(place)
    return shown, where


def test_hardly_any_form_tells_the_only_candidate_with_good_pictures(
    pools: tuple[Pool, Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    crisp, coarse = pools
    outstanding = [crisp, *[coarse] * 13]
    assert told(*forms(outstanding, 40, [0])).auc < 0.7
    # that can only fail if the classifier sees what would tell
    monkeypatch.setattr(blind, "levelled", lambda faces, draws: tuple(levelled([one], draws)[0] for one in faces))
    assert told(*forms(outstanding, 20, [0])).auc > 0.95


def test_the_classifier_sees_a_candidate_that_stands_first(unseen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draws, "shuffled", lambda self, values: tuple(values))
    rng = np.random.default_rng(5)
    places = [place_of_subject(one) for one in sets([gallery(rng, 14, camera=TINY)], 40, range(14), rng)]
    where = [place for place in places if place is not None]
    assert set(where) == {0}
    assert told([np.arange(6.0)[:, None]] * len(where), where).auc == 1.0


@pytest.mark.prove
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("which", ["any", "good among poor", "poor among good"])
def test_no_form_tells_the_candidate_in_many_galleries(pools: tuple[Pool, Pool], which: str) -> None:
    crisp, coarse = pools
    match which:
        case "any":
            shown, where = forms([crisp, coarse], 300, range(14))
        case "good among poor":
            shown, where = forms([crisp, *[coarse] * 13], 150, [0])
        case _:
            shown, where = forms([coarse, *[crisp] * 13], 150, [0])
    result = told(shown, where, rounds=200)
    print(f"{which}: AUC {result.auc:.3f}, p {result.p:.3f}")
    if which == "any":
        assert result.p > 0.01
    else:  # drawn from a fineness that no two of a gallery have; each by itself they are told with an AUC of 1
        assert result.auc < 0.65


def test_every_file_of_a_set_is_alike(pools: tuple[Pool, Pool]) -> None:
    held = dealt(np.random.default_rng(7), *pools)
    made = next(sets([held], 1, range(14), np.random.default_rng(7)))
    files = [made.set.probe, *(item.picture for item in made.set.items)]
    assert len({len(file) for file in files}) == 1 and len(set(files)) == len(files)
    structures = {tuple(chunks(file)) for file in files}
    assert len(structures) == 1, "the same chunks of the same lengths"
    (structure,) = structures
    assert {name for name, _ in structure} == {"IHDR", "IDAT", "IEND"}, "no metadata"
    assert len(files[0]) > 3 * PICTURE_PX**2, "stored, not compressed"


def test_nothing_of_the_truth_is_printed(unseen: list[int]) -> None:
    made = next(sets([gallery(np.random.default_rng(8), camera=TINY)], 1, [3], np.random.default_rng(8)))
    assert "person" not in repr(made.set) + repr(made.truth)
    assert made.truth.kind.value not in repr(made.truth)
    assert {field for item in made.set.items for field in item.__slots__} == {"token", "picture"}
    assert set(made.set.__slots__) == {"id", "probe", "items"}
    assert made.truth.set == made.set.id
    assert [item.token for item in made.truth.items] == [item.token for item in made.set.items]


def test_a_truth_is_read_back(unseen: list[int]) -> None:
    for made in sets([gallery(np.random.default_rng(9), camera=TINY)], 4, [3], np.random.default_rng(9)):
        assert truth_of(truth_json(made.truth)) == made.truth
    for broken in ('{"set": "x"}', "{", truth_json(made.truth).replace(made.truth.kind.value, "other")):
        with pytest.raises(ValueError):
            truth_of(broken)


def test_one_seed_makes_one_set(unseen: list[int]) -> None:
    held = gallery(np.random.default_rng(10), camera=TINY)
    of = probe(np.random.default_rng(10), held.people["person 3"][0].template, TINY)
    first, again, other = (made_of(blind_set(of, "person 3", held, seed * 32)) for seed in (b"a", b"a", b"b"))
    assert first == again and first.set.id != other.set.id
    with pytest.raises(ValueError, match="guessed"):
        blind_set(of, "person 3", held, b"short")


def test_look_alikes_are_those_whose_score_is_nearest_to_the_candidates(unseen: list[int]) -> None:
    rng = np.random.default_rng(11)
    held = gallery(rng, 30, camera=TINY)
    of = probe(rng, held.people["person 4"][0].template, TINY, spread=1.5)
    scores = {c.subject: c.score for c in held.search(of.template, of.pack, 30)}
    for candidate in ("person 4", "person 9"):
        wanted = sorted(set(scores) - {candidate}, key=lambda name: abs(scores[name] - scores[candidate]))
        for seed in (b"a", b"b", b"c"):
            truth = made_of(blind_set(of, candidate, held, seed * 32)).truth
            alike = {item.subject for item in truth.items} - {candidate}
            assert alike == set(wanted[: len(alike)])
            assert len(alike) == MOST_FACES - truth.present
            assert all(item.score == scores[item.subject] for item in truth.items)


def test_everybody_is_shown_by_the_best_picture_and_nobody_by_the_likest(unseen: list[int]) -> None:
    rng = np.random.default_rng(12)
    held = gallery(rng, 12, pictures=3, camera=TINY)
    best = {name: max(refs, key=lambda r: r.quality.score).id for name, refs in held.people.items()}
    for made in sets([held], 10, range(12), rng):
        assert all(item.reference == best[item.subject] for item in made.truth.items)


def test_what_cannot_be_read_is_passed_over(unseen: list[int]) -> None:
    rng = np.random.default_rng(13)
    held = gallery(rng, 14, pictures=2, camera=TINY)
    of = probe(rng, held.people["person 0"][0].template, TINY)
    nearest = [c.subject for c in held.search(of.template, of.pack, 14) if c.subject != "person 0"]
    people = {name: list(refs) for name, refs in held.people.items()}
    people[nearest[0]] = [_damaged(one) for one in people[nearest[0]]]
    people[nearest[1]] = [_damaged(one) if one.quality.score > 0.9 else one for one in people[nearest[1]]]
    truth = made_of(blind_set(of, "person 0", SmallGallery(people), b"x" * 32)).truth
    assert nearest[0] not in {item.subject for item in truth.items}
    people["person 0"] = [_damaged(one) for one in people["person 0"]]
    assert refused(blind_set(of, "person 0", SmallGallery(people), b"x" * 32)).reason is WhyNoSet.NO_PICTURE


def _damaged(one: Reference) -> Reference:
    return enrolled_picture(one.id, one.subject, one.crop[:40], one.landmarks, one.template, one.quality.score)


def test_a_blinded_person_is_passed_over(unseen: list[int]) -> None:
    rng = np.random.default_rng(14)

    class Locked(SmallGallery):
        def references(self, subject: str) -> Sequence[Reference]:
            if subject in ("person 1", "person 2"):
                raise GalleryLocked("its key was dropped.")
            return self.people[subject]

    held = Locked(gallery(rng, 14, camera=TINY).people)
    shown = {item.subject for one in sets([held], 20, [0], rng) for item in one.truth.items}
    assert not shown & {"person 1", "person 2"}


@given(st.integers(LEAST_PEOPLE, 2000))
def test_sets_are_as_large_as_the_gallery_allows(people: int) -> None:
    faces = faces_in_set(people)
    assert 4 <= faces <= MOST_FACES and faces <= people - 1
    # two sets of one reviewer share no look-alike, from the size on at which that is possible
    assert 2 * faces <= people - 1 or faces == 4
    assert faces_in_set(people + 1) >= faces


@pytest.mark.parametrize("people", [5, 8, 9, 12, 13])
def test_both_kinds_of_set_have_the_same_number_of_faces(people: int, unseen: list[int]) -> None:
    rng = np.random.default_rng(15)
    made = list(sets([gallery(rng, people, camera=TINY)], 12, [0], rng))
    assert {one.truth.kind for one in made} == {SetKind.CANDIDATE, SetKind.LOOK_ALIKES}
    assert {len(one.set.items) for one in made} == {faces_in_set(people)}


def test_too_few_people_are_refused(unseen: list[int]) -> None:
    rng = np.random.default_rng(16)
    held = gallery(rng, 4, camera=TINY)
    no = refused(blind_set(probe(rng, held.people["person 0"][0].template, TINY), "person 0", held, b"x" * 32))
    assert (no.reason, no.have, no.needed) == (WhyNoSet.GALLERY_TOO_SMALL, 4, LEAST_PEOPLE)


def test_somebody_who_is_no_longer_enrolled_is_refused(unseen: list[int]) -> None:
    rng = np.random.default_rng(17)
    held = gallery(rng, 9, camera=TINY)
    of = probe(rng, held.people["person 0"][0].template, TINY)
    assert refused(blind_set(of, "nobody", held, b"x" * 32)).reason is WhyNoSet.NOT_ENROLLED
    other = SmallGallery(held.people, "another@111111111111")
    with pytest.raises(PackMismatch):
        blind_set(of, "person 0", other, b"x" * 32)


def test_a_far_candidate_is_found_beyond_the_nearest(unseen: list[int]) -> None:
    rng = np.random.default_rng(18)
    held = gallery(rng, 90, camera=TINY)
    of = probe(rng, held.people["person 0"][0].template, TINY)
    last = held.search(of.template, of.pack, 90)[-1].subject
    alike = {i.subject for i in made_of(blind_set(of, last, held, b"x" * 32)).truth.items} - {last}
    assert alike <= {c.subject for c in held.search(of.template, of.pack, 90)[-8:]}


def test_no_look_alike_comes_twice_to_one_reviewer(unseen: list[int]) -> None:
    rng = np.random.default_rng(19)
    held = gallery(rng, 20, camera=TINY)
    of = probe(rng, held.people["person 0"][0].template, TINY)
    earlier: list[Truth] = []
    for _ in range(9):
        found = blind_set(of, "person 0", held, rng.bytes(32), already_seen(earlier, "person 0"))
        if isinstance(found, NoSet):
            break
        earlier.append(found.truth)
    alike = [i.subject for truth in earlier for i in truth.items if i.subject != "person 0"]
    assert len(earlier) >= 2 and len(set(alike)) == len(alike)
    no = refused(found)
    assert no.reason is WhyNoSet.LOOK_ALIKES_SEEN and no.needed == MOST_FACES and no.have < MOST_FACES


def test_equal_qualities_are_told_apart_by_who_came_first() -> None:
    rng = np.random.default_rng(20)
    own = np.eye(16, dtype=np.float32)[0]
    equal = [reference(id_, "a", rng, TINY, own, 0.5) for id_ in (7, 3, 5)]
    assert [one.id for one in blind.by_quality(equal)] == [3, 5, 7]
    assert quality(0.5) == equal[0].quality
