"""Search is exact: it says what comparing with everything says."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.errors import GalleryError
from secondlook.gallery import Gallery, NewReference
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.ports import Index
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def units(rng: np.random.Generator, n: int, dimension: int) -> Floats:
    vectors = rng.standard_normal((n, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def brute_force(templates: Floats, owners: list[int], probe: Floats) -> dict[str, float]:
    scores = templates.astype(np.float64) @ probe.astype(np.float64)
    return {f"s{owner}": max(s for s, o in zip(scores, owners, strict=True) if o == owner) for owner in set(owners)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_best_of_each_subject_as_by_brute_force(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    dimension = data.draw(st.integers(2, 24))
    # a few subjects with very many references crowd the first places, which is where a fixed width would go wrong
    owners = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=80))
    owners += [0] * data.draw(st.integers(0, 150))
    templates = units(rng, len(owners), dimension)
    k = data.draw(st.integers(0, 8))
    index = SubjectIndex(0, PACK, dimension)
    for owner in set(owners):
        index.name(str(owner), f"s{owner}")
    index.add({i + 1: t for i, t in enumerate(templates)}, [str(owner) for owner in owners])
    probes = units(rng, data.draw(st.integers(0, 25)), dimension)
    for probe, found in zip(probes, index.search(probes, k), strict=True):
        expected = brute_force(templates, owners, probe)
        assert len(found) == len({c.subject for c in found}) == min(k, len(expected))
        assert [c.rank for c in found] == list(range(1, len(found) + 1))
        best = sorted(expected.values(), reverse=True)[: len(found)]
        np.testing.assert_allclose([c.score for c in found], best, atol=1e-5)
        for candidate in found:
            assert candidate.score == pytest.approx(expected[candidate.subject], abs=1e-5)
            own = float(templates[candidate.reference - 1] @ probe)
            assert candidate.score == pytest.approx(own, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.sampled_from("armd"), st.integers(0, 5)), max_size=12))
def test_the_index_follows_every_change(seed: int, steps: list[tuple[str, int]]) -> None:
    """Any run of changes leaves the index in memory as one that is read anew."""
    rng = np.random.default_rng(seed)
    with Gallery.in_memory(PACK, 8) as gallery:
        assert len(gallery) == 0
        for kind, number in [("a", 0), ("a", 1), *steps]:
            _step(gallery, rng, kind, number)
        probes = units(rng, 5, 8)
        followed = (gallery.search_many(probes, PACK, 10), gallery.subjects, len(gallery), gallery.blinded)
        gallery._index = None
        assert (gallery.search_many(probes, PACK, 10), gallery.subjects, len(gallery), gallery.blinded) == followed


def _step(gallery: Gallery, rng: np.random.Generator, kind: str, number: int) -> None:
    held = gallery.subject_list()
    if kind == "a" or not held:
        template = units(rng, 1, 8)[0]
        sha = hashlib.sha256(template.tobytes()).hexdigest()
        new = NewReference(template, b"c", np.zeros((5, 2), np.float32), "s", sha, QUALITY)
        gallery.enrol(f"s{number}", [new], PACK)
    elif kind == "r":
        gallery.remove(held[number % len(held)].name)
    elif kind == "d":
        references = gallery.references(held[number % len(held)].name)
        if references:
            gallery.remove_reference(references[0].id)
    elif len(held) > 1:
        gallery.merge(held[0].name, held[1 + number % (len(held) - 1)].name)


def test_many_at_once_is_each_alone() -> None:
    rng = np.random.default_rng(5)
    index = SubjectIndex(0, PACK, 16)
    for owner in range(10):
        index.name(str(owner), f"s{owner}")
    index.add(dict(enumerate(units(rng, 60, 16))), [str(i % 10) for i in range(60)])
    probes = units(rng, 40, 16)
    for probe, found in zip(probes, index.search(probes, 5), strict=True):
        (alone,) = index.search(probe[None], 5)
        assert [c.subject for c in alone] == [c.subject for c in found]
        np.testing.assert_allclose([c.score for c in alone], [c.score for c in found], atol=1e-6)


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
