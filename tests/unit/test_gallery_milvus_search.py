"""A gallery that is searched in Milvus says what it says in memory, after every change, and erasing reaches Milvus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import OutputError, PackMismatch
from secondlook.fakes import FakeComparison
from secondlook.gallery import Gallery, KeyFile
from secondlook.gallery.milvus_search import Brought, MilvusSearch
from secondlook.ports import Searchable
from service_samples import PACK, D, unit
from service_samples import reference as new


@pytest.fixture
def gallery(gallery_place: str | Path, tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.create(gallery_place, pack=PACK, dimension=D, key=KeyFile(tmp_path / "keys" / "k.key")) as made:
        people = [(f"Person {n}", [new(10 * n + picture) for picture in range(1 + n % 3)]) for n in range(60)]
        made.enrol_many(people, PACK)
        yield made


@pytest.fixture
def server(tmp_path: Path) -> str:
    (tmp_path / "milvus").mkdir()
    return str(tmp_path / "milvus" / "templates.db")


def alike(gallery: Gallery, search: Searchable) -> None:
    """Both say the same of strangers and of people enrolled."""
    for seed in (*range(7), 1000, 1001):
        mine, theirs = gallery.search(unit(seed), PACK, 5), search.search(unit(seed), PACK, 5)
        assert [(c.subject, c.reference, c.rank) for c in mine] == [(c.subject, c.reference, c.rank) for c in theirs]
        np.testing.assert_allclose([c.score for c in theirs], [c.score for c in mine], atol=1e-6)
    assert (gallery.subjects, gallery.pack) == (search.subjects, search.pack)


def test_it_says_what_the_gallery_says_after_every_change(gallery: Gallery, server: str) -> None:
    search = gallery.in_milvus(server)
    alike(gallery, search)
    assert search.bring() is None
    changes = {
        "somebody new": (lambda: gallery.enrol("Eve", [new(3), new(4)], PACK), 1, 0),
        "another picture": (lambda: gallery.enrol("Person 1", [new(5)], PACK), 1, 0),
        "a name": (lambda: gallery.rename("Person 2", "Person two"), 0, 0),
        "one of two": (lambda: gallery.merge("Person 4", "Person 5"), 1, 1),
        "two of one": (lambda: gallery.split("Eve", [gallery.references("Eve")[1].id], "Adam"), 2, 0),
        "a picture less": (lambda: gallery.remove_reference(gallery.references("Person 8")[0].id), 1, 1),
        "somebody gone": (lambda: gallery.remove("Person 7"), 0, 1),
    }
    for change, made, removed in changes.values():
        change()
        brought = search.bring()
        assert isinstance(brought, Brought) and brought.revision == gallery.revision
        assert (brought.made, brought.removed) == (made, removed)
        alike(gallery, search)
    search.close()


def test_another_process_makes_nothing_anew_and_sees_the_same(gallery: Gallery, server: str) -> None:
    one, other = gallery.in_milvus(server), gallery.in_milvus(server)
    one.bring()
    brought = other.bring()
    assert brought is not None and (brought.made, brought.removed, brought.kept) == (0, 0, 60)
    gallery.remove("Person 3")
    alike(gallery, other)
    alike(gallery, one)
    other.close()
    one.close()


def test_another_comparison_has_a_collection_of_its_own(gallery: Gallery, server: str) -> None:
    compared = gallery.compared_by(FakeComparison(D))
    plain, otherwise = gallery.in_milvus(server), compared.in_milvus(server)
    alike(gallery, plain)
    alike(compared, otherwise)
    otherwise.close()
    plain.close()


def test_who_is_erased_is_in_none_of_its_files_any_more(gallery: Gallery, server: str) -> None:
    search = gallery.in_milvus(server)
    search.bring()
    search._index._client.flush(search._index._collection)
    folder = Path(server).parent
    gone, kept = gallery.templates("Person 3")[0], gallery.templates("Person 6")[0]
    assert _holds(folder, gone.tobytes()), "what is looked for is there"
    assert not _holds(folder, b"Person"), "names are nowhere"
    gallery.remove("Person 3")
    assert search.erase_removed() == 59
    assert "that server's word" in search.out_of_sight[0]
    assert not _holds(folder, gone.tobytes()) and _holds(folder, kept.tobytes())
    alike(gallery, search)
    search.close()


def _holds(folder: Path, what: bytes) -> bool:
    return any(what in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_who_is_blinded_is_taken_out(gallery: Gallery, server: str) -> None:
    search = gallery.in_milvus(server)
    search.bring()
    gallery._vault.drop(gallery.subject_id("Person 3"))
    gallery.enrol("Eve", [new(3)], PACK)
    brought = search.bring()
    assert brought is not None and (brought.made, brought.removed) == (1, 1)
    alike(gallery, search)
    search.close()


def test_another_pack_is_refused(gallery: Gallery, server: str) -> None:
    search = gallery.in_milvus(server)
    with pytest.raises(PackMismatch):
        search.search(unit(1), "other@000000000000")
    gallery.reembed("new@1", D, lambda reference: unit(reference.id))
    with pytest.raises(PackMismatch):
        search.search(unit(1), PACK)
    search.close()


def test_a_gallery_that_never_rests_is_said(gallery: Gallery, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    search = gallery.in_milvus(server)
    numbers = iter(range(100))

    class Busy(MilvusSearch):
        def bring(self) -> Brought | None:
            brought = super().bring()
            gallery.enrol(f"Newcomer {next(numbers)}", [new(5000 + next(numbers))], PACK)
            return brought

    search.__class__ = Busy
    with pytest.raises(OutputError, match="changed all the time"):
        search.search(unit(1), PACK)
    search.close()
