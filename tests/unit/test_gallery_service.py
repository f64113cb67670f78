"""What a service needs of a gallery: subjects by id, pages of them, dividing one, many at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.errors import GalleryError, GalleryLocked, SubjectExists, UnknownSubject
from secondlook.fakes import FakeComparison
from secondlook.gallery import ById, Gallery, KeyFile, place_of
from secondlook.gallery.sealing import Belonging, Kind
from service_samples import PACK, D, unit
from service_samples import reference as new


@pytest.fixture(params=["disk", "memory", "postgres"])
def gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gallery]:
    if request.param == "memory":
        made = Gallery.in_memory(PACK, D)
    else:
        place = tmp_path / "g" if request.param == "disk" else request.getfixturevalue("postgres").address()
        made = Gallery.create(place, pack=PACK, dimension=D, key=KeyFile(tmp_path / "keys" / "k.key"))
    with made:
        yield made


def names(gallery: Gallery) -> list[tuple[str, int]]:
    return [(subject.name, subject.references) for subject in gallery.subject_list()]


def test_a_subject_is_known_by_its_id_whatever_it_is_called(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1)], PACK)
    ada = ById(gallery.subject_id("Ada"))
    gallery.rename(ada, "Countess")
    assert gallery.enrol(ada, [new(2)], PACK) == (2,)
    assert [reference.subject for reference in gallery.references(ada)] == ["Countess", "Countess"]
    assert gallery.templates(ada).shape == (2, D) and len(gallery.qualities(ada)) == 2
    assert gallery.has_picture(ada, new(2).picture_sha256)
    gallery.enrol("Bob", [new(3)], PACK)
    gallery.merge(ada, ById(gallery.subject_id("Bob")))
    assert names(gallery) == [("Countess", 3)]
    gallery.remove(ada)
    assert names(gallery) == []
    for act in (gallery.remove, gallery.references, lambda who: gallery.enrol(who, [new(4)], PACK)):
        with pytest.raises(UnknownSubject, match=ada.id):
            act(ada)
    assert names(gallery) == [], "an id makes nobody"


def test_an_id_is_no_name_and_a_name_no_id(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1)], PACK)
    id_ = gallery.subject_id("Ada")
    with pytest.raises(UnknownSubject):
        gallery.references(id_)
    with pytest.raises(UnknownSubject):
        gallery.references(ById("Ada"))


def test_somebody_is_made_under_an_id_once(gallery: Gallery) -> None:
    ada = ById("a" * 32, "Ada")
    assert gallery.enrol(ada, [new(1)], PACK) == (1,)
    assert gallery.enrol(ada, [new(1), new(2)], PACK) == (None, 2), "called again, it finds the first"
    assert gallery.subject_id("Ada") == ada.id
    gallery.rename(ada, "Countess")
    gallery.enrol(ada, [new(3)], PACK)
    assert names(gallery) == [("Countess", 3)], "and leaves her the name she has now"
    with pytest.raises(SubjectExists):
        gallery.enrol(ById("b" * 32, "countess"), [new(4)], PACK)
    assert gallery.split(ada, [2], "Eve", "c" * 32) == "c" * 32


# what cannot be written down is not done


def test_a_change_is_told_before_it_counts(gallery: Gallery) -> None:
    told: list[int] = []
    watched = gallery.witnessed(lambda: told.append(1))
    watched.enrol("Ada", [new(1), new(2)], PACK)
    watched.split("Ada", [1], "Eve")
    watched.rename("Eve", "Eva")
    watched.merge("Ada", "Eva")
    watched.remove_reference(1)
    assert len(told) == 5
    gallery.enrol("Bob", [new(3)], PACK)
    assert len(told) == 5, "only what is done through it"
    assert {c.subject for c in watched.search(unit(3), PACK)} == {"Ada", "Bob"}, "it is the same gallery"


def test_what_cannot_be_told_is_not_done(gallery: Gallery) -> None:
    def full() -> None:
        raise OSError("no space")

    gallery.enrol("Ada", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    gallery.search(unit(1), PACK)
    before, watched = names(gallery), gallery.witnessed(full)
    for change in (
        lambda: watched.enrol("Eve", [new(4)], PACK),
        lambda: watched.split("Ada", [1], "Eve"),
        lambda: watched.rename("Ada", "Eve"),
        lambda: watched.merge("Ada", "Bob"),
        lambda: watched.remove_reference(1),
    ):
        with pytest.raises(OSError, match="no space"):
            change()
        assert names(gallery) == before and gallery.search(unit(3), PACK, 1)[0].subject == "Bob"


def test_what_the_gallery_refuses_is_not_told(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1)], PACK)
    told: list[int] = []
    watched = gallery.witnessed(lambda: told.append(1))
    for refused in (lambda: watched.rename("Eve", "Ada"), lambda: watched.remove_reference(9)):
        with pytest.raises(GalleryError):
            refused()
    assert told == []


# dividing


def test_some_references_become_somebody_else(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1), new(2), new(3), new(4)], PACK)
    gallery.search(unit(1), PACK)  # the index is there and has to follow
    ada = ById(gallery.subject_id("Ada"))
    made = gallery.split(ada, [2, 4], "Eve")
    assert made == gallery.subject_id("Eve") and names(gallery) == [("Ada", 2), ("Eve", 2)]
    assert [r.id for r in gallery.references("Eve")] == [2, 4] and [r.id for r in gallery.references(ada)] == [1, 3]
    kept, before = gallery.reference(4), new(4)
    assert (kept.subject, kept.crop, kept.source, kept.picture_sha256) == (
        "Eve", before.crop, before.source, before.picture_sha256,
    )  # fmt: skip
    assert np.allclose(kept.template, before.template)
    first = gallery.search(unit(2), PACK, 1)[0]
    assert (first.subject, first.reference) == ("Eve", 2)
    assert gallery.owners([1, 2, 3, 4, 5]) == {1: ada.id, 2: made, 3: ada.id, 4: made}
    gallery.remove("Eve")
    assert names(gallery) == [("Ada", 2)] and gallery.search(unit(1), PACK, 5)[0].subject == "Ada"


def test_what_cannot_be_divided_stays_as_it_was(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    before = names(gallery)
    for references, name, kind in (
        ([1, 3], "Eve", GalleryError),
        ([1, 2], "Eve", GalleryError),
        ([], "Eve", GalleryError),
        ([1, 99], "Eve", GalleryError),
        ([1], "BOB", SubjectExists),
        ([1], " ", GalleryError),
    ):
        with pytest.raises(kind):
            gallery.split("Ada", references, name)
    assert names(gallery) == before
    with pytest.raises(UnknownSubject):
        gallery.split("Eve", [1], "Adam")


def test_a_divided_gallery_searches_as_one_that_is_read_anew(gallery_place: str | Path, tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "keys" / "k.key")
    with Gallery.create(gallery_place, pack=PACK, dimension=D, key=key) as here:
        here.enrol("Ada", [new(seed) for seed in range(1, 7)], PACK)
        here.enrol("Bob", [new(7)], PACK)
        here.search(unit(1), PACK)
        here.split("Ada", [1, 5, 6], "Eve")
        with Gallery.open(gallery_place, key=key) as there:
            for seed in range(10):
                assert here.search(unit(seed), PACK, 5) == there.search(unit(seed), PACK, 5)


# many at once


def test_many_are_enrolled_as_one_by_one(tmp_path: Path) -> None:
    people = [(f"Person {n}", [new(10 * n + picture) for picture in range(1 + n % 3)]) for n in range(1, 12)]
    with Gallery.in_memory(PACK, D) as one, Gallery.in_memory(PACK, D) as other:
        for name, references in people:
            one.enrol(name, references, PACK)
        other.enrol("Person 2", [new(999)], PACK)
        other.search(unit(1), PACK)
        ids = other.enrol_many(people, PACK)
        other.remove_reference(1)
        assert [len(each) for each in ids] == [len(references) for _, references in people]
        assert names(one) == names(other)
        for seed in range(20):
            found = [
                [(c.subject, pytest.approx(c.score, abs=1e-6)) for c in g.search(unit(seed), PACK, 5)]
                for g in (one, other)
            ]
            assert found[0] == found[1]


def test_many_are_enrolled_whole_or_not_at_all(gallery: Gallery) -> None:
    gallery.enrol("Ada", [new(1)], PACK)
    wrong = [("Bob", [new(2)]), (" ", [new(3)])]
    twice = [("Bob", [new(2)]), ("BOB", [new(3)])]
    for people in (wrong, twice):
        with pytest.raises(GalleryError):
            gallery.enrol_many(people, PACK)
    assert names(gallery) == [("Ada", 1)]
    assert gallery.enrol_many([("Ada", [new(1), new(5)]), ("Bob", [new(1)])], PACK) == ((None, 2), (3,))
    assert gallery.enrol_many([], PACK) == ()
    assert {c.subject for c in gallery.search(unit(5), PACK)} == {"Ada", "Bob"}


# pages


spelt = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=80)


@settings(max_examples=20)
@given(st.lists(spelt, min_size=1, max_size=12, unique_by=lambda name: place_of(name, "")), st.integers(1, 5))
def test_pages_hold_everybody_once_in_the_order_of_names(called: list[str], most: int) -> None:
    with Gallery.in_memory(PACK, D) as gallery:
        for seed, name in enumerate(called):
            gallery.enrol(name, [new(seed)], PACK)
        seen, after = [], None
        while page := gallery.page(after, most):
            assert len(page) <= most
            seen += page
            after = place_of(page[-1].name, page[-1].id)
        assert [place_of(one.name, one.id) for one in seen] == sorted(place_of(one.name, one.id) for one in seen)
        assert len(seen) == len(called) == gallery.enrolled


def test_a_page_follows_every_change(gallery: Gallery) -> None:
    for seed, name in enumerate(("ada", "Bob", "Cid", "dora")):
        gallery.enrol(name, [new(seed)], PACK)

    def listed(containing: str = "") -> list[str]:
        return [one.name for one in gallery.page(None, 50, containing)]

    assert listed() == ["ada", "Bob", "Cid", "dora"] and listed("D") == ["ada", "Cid", "dora"]
    gallery.rename("Bob", "Zoe")
    gallery.merge("ada", "Cid")
    assert listed() == ["ada", "dora", "Zoe"]
    gallery.split("ada", [3], "Cid")
    gallery.remove("dora")
    gallery.remove_reference(2)
    assert listed() == ["ada", "Cid", "Zoe"], "also without references"
    assert [one.references for one in gallery.page(None, 50)] == [1, 1, 0] and gallery.enrolled == 2


def test_a_page_leaves_out_who_was_blinded(gallery_place: str | Path, tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "keys" / "k.key")
    with Gallery.create(gallery_place, pack=PACK, dimension=D, key=key) as gallery:
        gallery.enrol("Ada", [new(1)], PACK)
        gallery.enrol("Bob", [new(2)], PACK)
        gallery.page(None, 5)
        ada = gallery.subject_id("Ada")
        gallery._foundation.vault.drop(ada)
        assert [one.name for one in gallery.page(None, 5)] == ["Bob"]
        with pytest.raises(GalleryLocked):
            gallery.qualities(ById(ada))


def test_a_gallery_that_compares_so_already_is_the_same_one(gallery: Gallery) -> None:
    compared = gallery.compared_by(FakeComparison(D))
    assert compared is not gallery
    assert compared.compared_by(FakeComparison(D)) is compared


def test_what_binds_a_sealed_value_to_its_place_never_changes() -> None:
    """Or galleries of yesterday would not open."""
    place = Belonging("ab", Kind.NAME, "c", "", b"xyz")
    assert place.encoded() == b"\0\0\0\2ab\0\0\0\4name\0\0\0\1c\0\0\0\0\0\0\0\3xyz"
