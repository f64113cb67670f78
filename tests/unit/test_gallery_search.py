"""Search is exact: it says what comparing with everything says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.errors import GalleryError
from secondlook.faces.fuse import fuse
from secondlook.gallery import Gallery, NewReference
from secondlook.gallery import rows as rows_module
from secondlook.gallery.comparison import Cosine
from secondlook.gallery.held import HeldTemplates, Weighed
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.ports import Comparison, Index
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def units(rng: np.random.Generator, n: int, dimension: int) -> Floats:
    vectors = rng.standard_normal((n, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class Skewed:
    """Two unlike linear maps into a longer vector, so that swapping the sides shows."""

    def __init__(self, dimension: int, seed: int = 0) -> None:
        self.id = "skewed"
        self.dimension = dimension + 3
        self._probes, self._references = np.random.default_rng(seed).normal(size=(2, dimension, self.dimension))

    def probes(self, templates: Floats) -> Floats:
        return np.asarray(templates @ self._probes, np.float32)

    def references(self, templates: Floats) -> Floats:
        return np.asarray(templates @ self._references, np.float32)


@dataclass(frozen=True)
class Enrolled:
    """Made-up references: row i is reference i + 1."""

    owners: list[int]
    templates: Floats
    weights: Floats

    def index(self, comparison: Comparison) -> SubjectIndex:
        index = SubjectIndex(0, PACK, self.templates.shape[1], comparison)
        for owner in set(self.owners):
            index.name({f"{owner:032x}": f"s{owner}"})
        ids = list(range(1, len(self.owners) + 1))
        index.add(Weighed(ids, [f"{owner:032x}" for owner in self.owners], self.templates, self.weights))
        return index

    def rows(self, owner: int) -> list[int]:
        return [row for row, one in enumerate(self.owners) if one == owner]

    def scores(self, comparison: Comparison, probe: Floats) -> dict[str, float]:
        """Each subject's, one after another."""
        (side,) = comparison.probes(probe[None])
        found = {}
        for owner in set(self.owners):
            fused = fuse(self.templates[self.rows(owner)], self.weights[self.rows(owner)])
            found[f"s{owner}"] = float(comparison.references(fused[None])[0] @ side)
        return found

    def most_alike(self, subject: str, probe: Floats) -> float:
        """The largest cosine of the probe with one of the subject's references."""
        return float((self.templates[self.rows(int(subject[1:]))] @ probe).max())


@st.composite
def enrolled(draw: st.DrawFn, rng: np.random.Generator, dimension: int) -> Enrolled:
    owners = draw(st.lists(st.integers(0, 5), min_size=1, max_size=80))
    owners += [0] * draw(st.integers(0, 150))  # one with very many pictures
    weights = rng.random(len(owners)).astype(np.float32) * draw(st.sampled_from([0.0, 1.0]))
    return Enrolled(owners, units(rng, len(owners), dimension), weights)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_nearest_subjects_as_by_brute_force(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    dimension = data.draw(st.integers(2, 24))
    comparison: Comparison = data.draw(st.sampled_from([Cosine(dimension), Skewed(dimension)]))
    people = data.draw(enrolled(rng, dimension))
    k = data.draw(st.integers(-1, 8))
    index = people.index(comparison)
    probes = units(rng, data.draw(st.integers(0, 25)), dimension)
    results = index.search(probes, k)
    assert len(results) == len(probes)
    for probe, found in zip(probes, results, strict=True):
        expected = people.scores(comparison, probe)
        assert len(found) == len({c.subject for c in found}) == min(max(k, 0), len(expected))
        assert [c.rank for c in found] == list(range(1, len(found) + 1))
        best = sorted(expected.values(), reverse=True)[: len(found)]
        np.testing.assert_allclose([c.score for c in found], best, atol=1e-3, rtol=1e-4)
        for candidate in found:
            assert candidate.score == pytest.approx(expected[candidate.subject], abs=1e-3, rel=1e-4)
            shown = float(people.templates[candidate.reference - 1] @ probe)
            assert people.owners[candidate.reference - 1] == int(candidate.subject[1:])
            assert shown == pytest.approx(people.most_alike(candidate.subject, probe), abs=1e-5)


def test_many_pictures_count_as_one_subject() -> None:
    """A stranger is as near to the mean direction of many pictures as to one, and nearer to the best of them."""
    rng = np.random.default_rng(3)
    person, stranger = units(rng, 2, 32)
    pictures = person + 0.2 * rng.standard_normal((60, 32)).astype(np.float32)
    pictures = np.asarray(pictures / np.linalg.norm(pictures, axis=1, keepdims=True), np.float32)
    people = Enrolled([0] * 60, pictures, np.ones(60, np.float32))
    ((found,),) = people.index(Cosine(32)).search(stranger[None], 1)
    assert found.score == pytest.approx(float(person @ stranger), abs=0.05)
    assert found.score < people.most_alike("s0", stranger) - 0.2


def test_a_poor_picture_counts_less() -> None:
    good, poor = np.eye(2, dtype=np.float32)
    ((found,),) = (
        Enrolled([0, 0], np.stack([good, poor]), np.array([0.9, 0.1], np.float32))
        .index(Cosine(2))
        .search(good[None], 1)
    )
    assert found.score == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-6) and found.reference == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.sampled_from("aarmdn"), st.integers(0, 5)), max_size=14))
def test_the_index_follows_every_change(seed: int, steps: list[tuple[str, int]]) -> None:
    """Any run of changes leaves the index in memory as one that is read anew, searched in between or not."""
    rng = np.random.default_rng(seed)
    with Gallery.in_memory(PACK, 8) as gallery:
        skewed = gallery.compared_by(Skewed(8))
        assert len(gallery) == len(skewed) == 0
        for kind, number in [("a", 0), ("a", 1), *steps]:
            _step(gallery, rng, kind, number)
            if rng.random() < 0.5:
                gallery.search(units(rng, 1, 8)[0], PACK)
        probes = units(rng, 5, 8)
        for followed, comparison in ((gallery, Cosine(8)), (skewed, Skewed(8))):
            assert _said(followed, probes) == _said(gallery.compared_by(comparison), probes)


@pytest.mark.parametrize("kind", ["a", "m"])
def test_a_subject_read_with_one_reference_gets_more(kind: str) -> None:
    """What a single reference weighs is not read from the disk; its subject's second one asks for it."""
    rng = np.random.default_rng(4)
    with Gallery.in_memory(PACK, 8) as made:
        _step(made, rng, "a", 0)
        _step(made, rng, "a", 1)
        gallery, probes = made.compared_by(Cosine(8)), units(rng, 5, 8)
        gallery.search_many(probes, PACK)
        _step(gallery, rng, kind, 0)
        assert _said(gallery, probes) == _said(made.compared_by(Cosine(8)), probes)


def _said(gallery: Gallery, probes: Floats) -> tuple[object, ...]:
    return gallery.search_many(probes, PACK, 10), gallery.subjects, len(gallery), gallery.blinded


def _step(gallery: Gallery, rng: np.random.Generator, kind: str, number: int) -> None:
    held = gallery.subject_list()
    if kind == "a" or not held:
        template = units(rng, 1, 8)[0]
        sha = hashlib.sha256(template.tobytes()).hexdigest()
        quality = replace(QUALITY, score=float(rng.random()))
        new = NewReference(template, b"c", np.zeros((5, 2), np.float32), "s", sha, quality)
        gallery.enrol(f"s{number}", [new], PACK)
    elif kind == "r":
        gallery.remove(held[number % len(held)].name)
    elif kind == "n":
        gallery.rename(held[number % len(held)].name, f"renamed {rng.integers(2**31)}")
    elif kind == "d":
        references = gallery.references(held[number % len(held)].name)
        if references:
            gallery.remove_reference(references[0].id)
    elif len(held) > 1:
        gallery.merge(held[0].name, held[1 + number % (len(held) - 1)].name)


def test_a_comparison_that_fails_once_leaves_a_good_index() -> None:
    class Failing(Skewed):
        fails = True

        def references(self, templates: Floats) -> Floats:
            if self.fails:
                raise OSError("no memory")
            return super().references(templates)

    rng = np.random.default_rng(1)
    people, failing = Enrolled([0, 1, 0], units(rng, 3, 8), np.ones(3, np.float32)), Failing(8)
    index, probes = people.index(failing), units(rng, 2, 8)
    with pytest.raises(OSError, match="no memory"):
        index.search(probes, 2)
    failing.fails = False
    assert index.search(probes, 2) == people.index(Skewed(8)).search(probes, 2)


def test_many_at_once_is_each_alone() -> None:
    rng = np.random.default_rng(5)
    people = Enrolled([i % 10 for i in range(60)], units(rng, 60, 16), np.ones(60, np.float32))
    index = people.index(Cosine(16))
    probes = units(rng, 40, 16)
    for probe, found in zip(probes, index.search(probes, 5), strict=True):
        assert index.search(probe[None], 5) == (found,), "to the last digit"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_over_many_blocks_the_nearest_are_those_of_brute_force(data: st.DataObject) -> None:
    """Added and removed at will, some of them twice there: equal ones come by their ids."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "BLOCK_BYTES", 4 * 6 * data.draw(st.integers(1, 40)))
        index, held = ExactIndex(6), dict[int, Floats]()
        for _ in range(data.draw(st.integers(1, 4))):
            new = [id_ for id_ in rng.permutation(300)[:80].tolist() if id_ not in held]
            vectors = units(rng, len(new), 6)
            vectors[len(new) // 2 :] = vectors[: len(new) - len(new) // 2]
            index.add(np.array(new, np.int64), vectors)
            held.update(zip(new, vectors, strict=True))
            gone = rng.permutation(300)[: data.draw(st.integers(0, 250))]
            index.remove(gone)
            for id_ in gone.tolist():
                held.pop(id_, None)
        probes, k = units(rng, data.draw(st.sampled_from([1, 3, 30])), 6), data.draw(st.integers(1, 9))
        scores, ids = index.search(probes, k)
    for probe, row_scores, row_ids in zip(probes, scores, ids, strict=True):
        expected = sorted((-float(np.einsum("d,d", probe, vector)), id_) for id_, vector in held.items())[:k]
        found = [(-score, id_) for score, id_ in zip(row_scores.tolist(), row_ids.tolist(), strict=True) if id_ != -1]
        assert len(found) == len(expected)
        np.testing.assert_allclose([score for score, _ in found], [score for score, _ in expected], atol=1e-6)
        assert found == sorted(found)


def test_an_index_says_nothing_where_it_holds_nothing() -> None:
    index: Index = ExactIndex(4)
    scores, ids = index.search(np.eye(4, dtype=np.float32)[:2], 3)
    assert np.isneginf(scores).all() and (ids == -1).all() and scores.shape == ids.shape == (2, 3)
    assert index.search(np.zeros((0, 4), np.float32), 3)[0].shape == (0, 3)
    assert index.search(np.eye(4, dtype=np.float32), 0)[1].shape == (4, 0)


def test_an_index_adds_and_removes() -> None:
    index = ExactIndex(4)
    index.add(np.array([7, 3, 2**40]), np.eye(4, dtype=np.float32)[:3])
    index.remove(np.array([3, 99]))
    scores, ids = index.search(np.eye(4, dtype=np.float32)[2:3], 3)
    assert ids.tolist() == [[2**40, 7, -1]] and scores.tolist() == [[1.0, 0.0, -np.inf]] and len(index) == 2


@pytest.mark.parametrize(
    ("ids", "templates"),
    [
        ([1], np.zeros((1, 5), np.float32)),
        ([1], np.zeros(4, np.float32)),
        ([1, 2], np.zeros((1, 4), np.float32)),
        ([0], np.zeros((1, 4), np.float32)),
        ([2, 2], np.zeros((2, 4), np.float32)),
        ([-1], np.zeros((1, 4), np.float32)),
        ([1], np.full((1, 4), np.inf, np.float32)),
    ],
    ids=["dimension", "vector", "count", "held", "twice", "negative", "infinite"],
)
def test_what_does_not_fit_an_index_is_refused(ids: list[int], templates: Floats) -> None:
    index = ExactIndex(4)
    index.add(np.array([0]), np.eye(4, dtype=np.float32)[:1])
    with pytest.raises(GalleryError):
        index.add(np.array(ids), templates)
    assert len(index) == 1


def test_a_probe_of_another_dimension_is_an_error() -> None:
    with pytest.raises(GalleryError, match="do not fit"):
        ExactIndex(4).search(np.zeros((1, 5), np.float32), 1)


def test_held_templates_come_and_go() -> None:
    rng = np.random.default_rng(2)
    held = HeldTemplates(8)
    templates, weights = units(rng, 2500, 8), rng.random(2500).astype(np.float32)
    held.add(range(2500), templates, weights)
    held.drop(range(0, 2500, 2))
    held.add(range(3000, 4500), templates[:1500], weights[:1500])

    assert len(held) == 2750 and 0 not in held and 1 in held
    np.testing.assert_array_equal(held.templates([2499, 3000, 4499]), templates[[2499, 0, 1499]])
    np.testing.assert_array_equal(held.weights([1, 3, 3001]), [weights[1], weights[3], weights[1]])


@pytest.mark.parametrize(
    ("ids", "templates"),
    [
        ([7], np.ones((1, 8), np.float32)),
        ([1, 1], np.ones((2, 8), np.float32)),
        ([1], np.ones((1, 9), np.float32)),
        ([1], np.full((1, 8), np.nan, np.float32)),
    ],
    ids=["held", "twice", "dimension", "nan"],
)
def test_what_does_not_fit_is_not_held(ids: list[int], templates: Floats) -> None:
    held = HeldTemplates(8)
    held.add([7], np.ones((1, 8), np.float32), np.ones(1, np.float32))
    with pytest.raises(GalleryError):
        held.add(ids, templates, np.ones(len(ids), np.float32))
    assert len(held) == 1
