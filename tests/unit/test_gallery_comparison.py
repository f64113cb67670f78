"""One gallery under several comparisons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from secondlook.errors import GalleryError, OutputError, PackMismatch
from secondlook.fakes import FakeComparison
from secondlook.gallery import Gallery, NewReference
from secondlook.gallery.comparison import Cosine
from secondlook.ports import Comparison
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 8
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def unit(seed: int, dimension: int = D) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def new(seed: int) -> NewReference:
    sha = hashlib.sha256(str(seed).encode()).hexdigest()
    return NewReference(unit(seed), b"c", np.zeros((5, 2), np.float32), f"{seed}.jpg", sha, QUALITY)


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    with Gallery.in_memory(PACK, D) as made:
        for seed in range(5):
            made.enrol(f"s{seed}", [new(seed)], PACK)
        yield made


class PassedBy:
    """Subtracts from every subject its likeness to one passer-by, who is thereby no candidate of anybody."""

    def __init__(self, passer_by: Floats) -> None:
        self.id = "passed by"
        self.dimension = len(passer_by) + 1
        self._passer_by = passer_by

    def probes(self, templates: Floats) -> Floats:
        return np.concatenate([templates, np.full((len(templates), 1), -2, np.float32)], axis=1)

    def references(self, templates: Floats) -> Floats:
        return np.concatenate([templates, (templates @ self._passer_by)[:, None]], axis=1)


def test_the_cosine_leaves_templates_alone() -> None:
    comparison: Comparison = Cosine(D)
    templates = np.stack([unit(1), unit(2)])
    assert (comparison.id, comparison.dimension) == ("cosine", D)
    np.testing.assert_array_equal(comparison.probes(templates), templates)
    np.testing.assert_array_equal(comparison.references(templates), templates)


def test_each_side_is_made_its_own_way(gallery: Gallery) -> None:
    passed = gallery.compared_by(PassedBy(unit(3)))
    assert gallery.search(unit(3), PACK)[0].subject == "s3"
    found = passed.search(unit(3), PACK)
    assert found[-1].subject == "s3" and found[-1].score == pytest.approx(-1.0, abs=1e-5)
    for candidate in found:
        cosine = float(unit(int(candidate.subject[1:])) @ unit(3))
        assert candidate.score == pytest.approx(-cosine, abs=1e-5)


def test_scores_are_as_of_candidates(gallery: Gallery) -> None:
    for one in (gallery, gallery.compared_by(PassedBy(unit(3))), gallery.compared_by(FakeComparison(D))):
        told = {c.subject: c.score for c in one.search(unit(9), PACK)}
        (loose,) = one.scores(unit(9)[None], np.stack([unit(seed) for seed in range(5)]))
        assert [told[f"s{seed}"] for seed in range(5)] == pytest.approx(loose.tolist(), abs=1e-5)
        assert one.scores(unit(9)[None], np.zeros((0, D), np.float32)).shape == (1, 0)
        with pytest.raises(GalleryError):
            one.scores(unit(9)[None], 2 * unit(1)[None])


def test_a_score_may_be_beyond_one_unless_it_is_a_cosine(gallery: Gallery) -> None:
    assert gallery.compared_by(FakeComparison(D)).search(unit(1), PACK, 1)[0].score == pytest.approx(1.5, abs=1e-5)
    assert gallery.compared_by(FakeComparison(D)).scores(unit(1)[None], unit(1)[None])[0, 0] == pytest.approx(
        1.5, abs=1e-5
    )
    for seed in range(5):
        assert gallery.search(unit(seed), PACK, 1)[0].score <= 1.0
        assert gallery.scores(unit(seed)[None], unit(seed)[None])[0, 0] <= 1.0


def test_it_is_one_gallery(gallery: Gallery) -> None:
    other = gallery.compared_by(FakeComparison(D))
    assert (other.id, other.pack, other.place, other.subjects) == (gallery.id, PACK, gallery.place, 5)
    other.enrol("Ann", [new(20)], PACK)
    assert gallery.search(unit(20), PACK, 1)[0].subject == "Ann"
    gallery.rename("Ann", "Anna")
    assert other.search(unit(20), PACK, 1)[0].subject == "Anna"
    gallery.remove("Anna")
    assert other.search(unit(20), PACK, 1)[0].subject != "Anna" and len(other) == 5


def test_a_removal_that_fails_blinds_under_every_comparison(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("the disk is full")

    other = gallery.compared_by(FakeComparison(D))
    assert other.search(unit(3), PACK, 1)[0].subject == "s3"
    with monkeypatch.context() as cut, pytest.raises(OutputError):
        cut.setattr("secondlook.gallery.changes.delete", full)  # the key is dropped by then
        gallery.remove("s3")
    assert "s3" not in {candidate.subject for candidate in other.search(unit(3), PACK)} and other.blinded == 1


@pytest.mark.parametrize("length", [D - 1, D + 1])
def test_a_comparison_of_other_templates_is_refused(gallery: Gallery, length: int) -> None:
    with pytest.raises(PackMismatch, match="passed by does not fit the templates of the gallery in memory"):
        gallery.compared_by(PassedBy(unit(1, length)))
    with pytest.raises(PackMismatch, match="cosine does not fit"):
        gallery.compared_by(Cosine(length))


@pytest.mark.parametrize("dimension", [D, D + 4])
def test_after_another_pack_the_comparison_is_refused_and_the_cosine_goes_on(gallery: Gallery, dimension: int) -> None:
    other = gallery.compared_by(FakeComparison(D))
    other.search(unit(1), PACK)
    gallery.reembed("new@1", dimension, lambda reference: unit(int(reference.source.split(".")[0]), dimension))
    assert gallery.search(unit(2, dimension), "new@1", 1)[0].score == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(PackMismatch, match="choose one that was made for this pack"):
        other.search(unit(2, dimension), "new@1")
    with pytest.raises(PackMismatch):
        other.scores(unit(2, dimension)[None], unit(2, dimension)[None])
    again = gallery.compared_by(FakeComparison(dimension))
    assert again.search(unit(2, dimension), "new@1", 1)[0].score == pytest.approx(1.5, abs=1e-5)


def test_what_each_reference_weighs(gallery: Gallery) -> None:
    gallery.enrol("s0", [new(30)], PACK)
    templates, weights = gallery.weighted_templates("s0")
    np.testing.assert_array_equal(templates, np.stack([unit(0), unit(30)]))
    assert weights.tolist() == pytest.approx([0.8, 0.8])
    gallery.remove_reference(gallery.references("s1")[0].id)
    templates, weights = gallery.weighted_templates("s1")
    assert templates.shape == (0, D) and weights.shape == (0,)
