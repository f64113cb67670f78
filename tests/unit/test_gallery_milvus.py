"""Vectors in Milvus Lite, the same calls as a cluster's: found as exactly as in memory, and gone when they are removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import ExtraMissing, GalleryError, OutputError
from secondlook.gallery.index import ExactIndex
from secondlook.gallery.milvus import MilvusIndex
from secondlook.ports import Index
from secondlook.types import Floats

D = 64


def vectors(count: int, seed: int = 0) -> Floats:
    made = np.random.default_rng(seed).standard_normal((count, D))
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def numbers(*ids: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(ids, np.int64)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One server for all of them: starting it takes longer than any test."""
    return str(tmp_path_factory.mktemp("milvus") / "templates.db")


@pytest.fixture
def index(place: str, request: pytest.FixtureRequest) -> Iterator[MilvusIndex]:
    made = MilvusIndex.open(place, f"t_{abs(hash(request.node.nodeid))}", D)
    yield made
    made.drop()
    made.close()


def test_it_finds_what_the_exact_index_finds(index: MilvusIndex) -> None:
    kept: list[Index] = [index, ExactIndex(D)]
    held, probes = vectors(400), vectors(20, seed=1)
    ids = np.random.default_rng(2).permutation(10_000)[:400].astype(np.int64) + 2**40
    for one in kept:
        one.add(ids[:300], held[:300])
        one.add(ids[300:], held[300:])
        one.remove(np.concatenate([ids[:50], numbers(7)]))
    assert [len(one) for one in kept] == [350, 350]
    for k in (0, 1, 5, 400):
        (scores, found), (exact, right) = (one.search(probes, k) for one in kept)
        np.testing.assert_array_equal(found, right)
        np.testing.assert_allclose(scores, exact, atol=1e-6)
    assert index.search(vectors(0), 3)[0].shape == (0, 3)
    assert (index.search(held[:1], 400)[1][0, 350:] == -1).all()


def test_what_was_acknowledged_is_searched_at_once_by_another_too(place: str, index: MilvusIndex) -> None:
    held = vectors(3)
    other = MilvusIndex.open(place, index._collection, D)
    index.add(numbers(1, 2), held[:2])
    assert other.search(held[1:2], 1)[1].tolist() == [[2]]
    other.remove(numbers(2))
    assert index.search(held[1:2], 1)[1].tolist() == [[1]] and len(index) == 1
    other.close()


def test_one_that_is_there_is_replaced_with_its_stamp(index: MilvusIndex) -> None:
    one, other = vectors(2)
    index.add(numbers(1, 2), np.stack([one, other]), ["made of 1", "made of 2"])
    index.add(numbers(1), other[None], ["made anew"])
    assert index.stamps() == {1: "made anew", 2: "made of 2"} and len(index) == 2
    assert index.search(one[None], 2)[0].max() < 0.99


def test_it_is_there_after_opening_again(tmp_path: Path) -> None:
    held = vectors(5)
    file = str(tmp_path / "kept.db")
    first = MilvusIndex.open(file, "kept", D)
    first.add(np.arange(5), held)
    first.close()
    again = MilvusIndex.open(file, "kept", D)
    assert again.search(held, 1)[1].ravel().tolist() == [0, 1, 2, 3, 4]
    again.close()


def test_what_is_removed_is_in_no_file_once_it_is_rewritten(tmp_path: Path) -> None:
    held = vectors(40)
    index = MilvusIndex.open(str(tmp_path / "rewritten.db"), "people", D)
    index.add(np.arange(40), held, [f"made of {number}" for number in range(40)])
    index._client.flush("people")
    other = MilvusIndex.open(str(tmp_path / "rewritten.db"), "people", D)
    index.remove(numbers(7))
    index._client.flush("people")
    index._client.compact("people")
    assert _holds(tmp_path, held[7]), "compacting does not do it, so there is something to test"
    assert index.rewrite() == 39
    assert not _holds(tmp_path, held[7]) and _holds(tmp_path, held[8])
    for one in (index, other):
        assert len(one) == 39 and one.search(held[8:9], 1)[1].tolist() == [[8]]
    assert index.stamps()[8] == "made of 8" and 7 not in index.stamps()
    assert len(index._client.list_collections()) == 1
    for one in (other, index):
        one.close()


def _holds(folder: Path, vector: Floats) -> bool:
    return any(vector[:8].tobytes() in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_what_does_not_fit_is_refused(place: str, index: MilvusIndex) -> None:
    held = vectors(2)
    for ids, templates in (
        (numbers(1), held),
        (numbers(1, 1), held),
        (numbers(-1, 1), held),
        (numbers(1, 2), held[:, :8]),
        (numbers(1, 2), np.full_like(held, np.nan)),
    ):
        with pytest.raises(GalleryError):
            index.add(ids, templates)
    assert len(index) == 0
    with pytest.raises(GalleryError, match="at most"):
        index.search(held, 20_000)
    with pytest.raises(GalleryError, match="other vectors"):
        MilvusIndex.open(place, index._collection, D + 1)


def test_what_goes_wrong_is_one_sentence_without_the_password(index: MilvusIndex) -> None:
    with pytest.raises(OutputError, match="cannot be reached") as caught:
        MilvusIndex.open("http://ann:secret@127.0.0.1:1", "x", D)
    assert "secret" not in str(caught.value)
    for place in ("milvus", "postgresql://u:secret@h/d"):
        with pytest.raises(GalleryError, match="Milvus is named as") as refused:
            MilvusIndex.open(place, "x", D)
        assert "secret" not in str(refused.value)


def test_what_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(ExtraMissing, match=r"secondlook\[milvus\]"):
        MilvusIndex.open("http://localhost:19530", "x", D)
