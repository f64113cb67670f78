"""What a gallery keeps, and what may be done to it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import GalleryError, GalleryMissing, PackMismatch, SubjectExists, UnknownSubject
from secondlook.gallery import Gallery, KeyFile, NewReference, Reference
from secondlook.ports import Searchable
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 16
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def unit(seed: int, dimension: int = D) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def new(seed: int, dimension: int = D) -> NewReference:
    return NewReference(
        template=unit(seed, dimension),
        crop=b"\x89PNG crop of " + str(seed).encode(),
        landmarks=np.arange(10, dtype=np.float32).reshape(5, 2) + seed,
        source=f"pictures/{seed}.jpg",
        picture_sha256=hashlib.sha256(str(seed).encode()).hexdigest(),
        quality=QUALITY,
    )


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


def test_is_searchable(gallery: Gallery) -> None:
    searchable: Searchable = gallery
    assert searchable.pack == PACK and gallery.dimension == D


def test_an_empty_gallery_says_nothing(gallery: Gallery) -> None:
    assert gallery.search(unit(1), PACK) == ()
    assert gallery.search_many(np.zeros((0, D), np.float32), PACK) == ()
    assert (gallery.subjects, len(gallery), gallery.blinded, gallery.subject_list()) == (0, 0, 0, ())


def test_enrolling_nothing_makes_nobody(gallery: Gallery) -> None:
    assert gallery.enrol("Ann", [], PACK) == ()
    assert gallery.subject_list() == ()


def test_a_reference_comes_back_as_it_went_in(gallery: Gallery) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    (id_,) = gallery.enrol("Ann", [new(1)], PACK)
    assert id_ is not None
    (held,) = gallery.references("Ann")
    assert (held.id, held.subject, held.source, held.quality) == (id_, "Ann", "pictures/1.jpg", QUALITY)
    assert held.crop == new(1).crop and held.picture_sha256 == new(1).picture_sha256
    assert held.enrolled_at >= before
    np.testing.assert_array_equal(held.template, unit(1))
    np.testing.assert_array_equal(held.landmarks, new(1).landmarks)
    assert gallery.reference(id_).crop == held.crop
    np.testing.assert_array_equal(gallery.templates("Ann"), unit(1)[None])


def test_it_is_all_there_after_opening_again(gallery_place: str | Path, tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with Gallery.create(gallery_place, pack=PACK, dimension=D, key=key) as gallery:
        gallery.enrol("Ann", [new(1), new(2)], PACK)
        gallery.enrol("Bob", [new(3)], PACK)
        made = gallery.id
    with Gallery.open(gallery_place, key=key) as gallery:
        assert (gallery.id, gallery.pack, gallery.dimension) == (made, PACK, D)
        assert names(gallery) == [("Ann", 2), ("Bob", 1)]
        assert (gallery.subjects, len(gallery)) == (2, 3)
        assert gallery.search(unit(3), PACK, 1)[0].subject == "Bob"


def test_a_picture_is_enrolled_once_for_a_subject(gallery: Gallery) -> None:
    (first,) = gallery.enrol("Ann", [new(1)], PACK)
    again = gallery.enrol("Ann", [new(1), new(2), new(2)], PACK)
    assert again[0] is None and again[1] is not None and again[2] is None
    assert gallery.has_picture("Ann", new(1).picture_sha256)
    assert not gallery.has_picture("Ann", new(9).picture_sha256)
    assert gallery.enrol("Bob", [new(1)], PACK) != (None,)
    assert first is not None and len(gallery) == 3


def test_names_that_differ_in_case_or_spelling_of_accents_are_one_subject(gallery: Gallery) -> None:
    gallery.enrol("Zoë", [new(1)], PACK)
    gallery.enrol(" zoe\u0308 ", [new(2)], PACK)
    assert names(gallery) == [("Zoë", 2)]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00", "\u202eabc", "x" * 201])
def test_what_is_no_name_is_refused(gallery: Gallery, name: str) -> None:
    with pytest.raises(GalleryError, match="cannot be a subject's name"):
        gallery.enrol(name, [new(1)], PACK)


@pytest.mark.parametrize(
    "template",
    [np.zeros(D, np.float32), np.full(D, np.nan, np.float32), unit(1, D + 1), unit(1)[None], 2 * unit(1)],
    ids=["zero", "nan", "long", "matrix", "not unit"],
)
def test_what_is_no_template_is_refused_and_nothing_of_the_call_is_kept(gallery: Gallery, template: Floats) -> None:
    bad = NewReference(template, b"c", np.zeros((5, 2), np.float32), "s", "0" * 64, QUALITY)
    with pytest.raises(GalleryError):
        gallery.enrol("Ann", [new(1), bad], PACK)
    assert gallery.subject_list() == ()
    with pytest.raises(GalleryError):
        gallery.search(template, PACK)


def test_another_pack_is_an_error_that_names_the_way_out(gallery: Gallery) -> None:
    gallery.enrol("Ann", [new(1)], PACK)
    with pytest.raises(PackMismatch, match="secondlook gallery re-embed"):
        gallery.search(unit(1), "other@000000000000")
    with pytest.raises(PackMismatch, match="secondlook gallery re-embed"):
        gallery.enrol("Ann", [new(2)], "other@000000000000")


def test_rename(gallery: Gallery) -> None:
    gallery.enrol("Ann", [new(1)], PACK)
    gallery.enrol("Bob", [new(2)], PACK)
    assert gallery.search(unit(1), PACK, 1)[0].subject == "Ann"
    gallery.rename("Ann", "Anna")
    assert gallery.search(unit(1), PACK, 1)[0].subject == "Anna"
    assert [reference.subject for reference in gallery.references("anna")] == ["Anna"]
    gallery.rename("Anna", "ANNA")
    assert names(gallery) == [("ANNA", 1), ("Bob", 1)]
    with pytest.raises(SubjectExists, match="'Bob'"):
        gallery.rename("ANNA", "Bob")
    with pytest.raises(UnknownSubject, match="'Ann'"):
        gallery.rename("Ann", "Carl")


@pytest.mark.parametrize("warm", [True, False], ids=["index in memory", "index not yet read"])
def test_merge_keeps_ids_and_drops_doubles(gallery: Gallery, warm: bool) -> None:
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    ids = gallery.enrol("Anna", [new(2), new(3)], PACK)
    gallery.enrol("Bob", [new(4)], PACK)
    assert not warm or len(gallery) == 5
    gallery.merge("Ann", "Anna")
    assert names(gallery) == [("Ann", 3), ("Bob", 1)]
    assert (gallery.subjects, len(gallery), gallery.blinded) == (2, 4, 0)
    found = gallery.search(unit(3), PACK, 5)
    assert (found[0].subject, found[0].reference) == ("Ann", ids[1])
    assert [candidate.subject for candidate in found[1:]] == ["Bob"]
    assert sorted(r.source for r in gallery.references("Ann")) == [f"pictures/{i}.jpg" for i in (1, 2, 3)]
    with pytest.raises(UnknownSubject):
        gallery.references("Anna")
    with pytest.raises(GalleryError, match="the same subject"):
        gallery.merge("Ann", "ann")


@pytest.mark.parametrize("warm", [True, False], ids=["index in memory", "index not yet read"])
def test_remove(gallery: Gallery, warm: bool) -> None:
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    assert not warm or len(gallery) == 3
    gallery.remove("Ann")
    assert names(gallery) == [("Bob", 1)]
    assert (gallery.subjects, len(gallery), gallery.blinded) == (1, 1, 0)
    assert [candidate.subject for candidate in gallery.search(unit(1), PACK)] == ["Bob"]
    with pytest.raises(UnknownSubject):
        gallery.remove("Ann")
    gallery.enrol("Ann", [new(1)], PACK)
    assert gallery.search(unit(1), PACK)[0].subject == "Ann"


def test_remove_one_reference(gallery: Gallery) -> None:
    first, second = gallery.enrol("Ann", [new(1), new(2)], PACK)
    assert first is not None and second is not None and len(gallery) == 2
    gallery.remove_reference(first)
    assert [reference.id for reference in gallery.references("Ann")] == [second]
    gallery.remove_reference(second)
    assert gallery.search(unit(1), PACK) == () and gallery.subjects == 0
    assert names(gallery) == [("Ann", 0)]
    assert gallery.templates("Ann").shape == (0, D)
    with pytest.raises(GalleryError, match="no reference"):
        gallery.remove_reference(first)
    (third,) = gallery.enrol("Ann", [new(1)], PACK)
    assert third is not None and third > second, "an id is never used twice"


def test_reembed_swaps_pack_and_dimension(gallery: Gallery) -> None:
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    seen: list[tuple[int, int]] = []

    def embed(reference: Reference) -> Floats:
        return unit(int(reference.crop.split()[-1]), 8)

    gallery.reembed("new@1", 8, embed, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (gallery.pack, gallery.dimension, len(gallery)) == ("new@1", 8, 3)
    assert gallery.search(unit(3, 8), "new@1", 1)[0].subject == "Bob"
    assert gallery.references("Bob")[0].crop == new(3).crop
    with pytest.raises(PackMismatch):
        gallery.search(unit(3), PACK)


def test_reembed_that_fails_changes_nothing(gallery: Gallery) -> None:
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    before = gallery.search(unit(2), PACK)
    made: list[int] = []

    def embed(reference: Reference) -> Floats:
        made.append(reference.id)
        return unit(1, 8) if len(made) == 1 else unit(1, 9)

    with pytest.raises(GalleryError, match="do not fit"):
        gallery.reembed("new@1", 8, embed)
    assert len(made) == 2 and gallery.search(unit(2), PACK) == before


def test_reembed_takes_along_what_changes_meanwhile(gallery: Gallery) -> None:
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    steps = iter([lambda: gallery.enrol("Carl", [new(4)], PACK), lambda: gallery.remove("Bob")])

    def embed(reference: Reference) -> Floats:
        next(steps, lambda: None)()
        return unit(int(reference.crop.split()[-1]), 8)

    gallery.reembed("new@1", 8, embed)
    assert names(gallery) == [("Ann", 2), ("Carl", 1)]
    assert gallery.search(unit(4, 8), "new@1", 1)[0].score == pytest.approx(1.0, abs=1e-6)


def test_two_open_galleries_see_each_other(gallery_place: str | Path, tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with (
        Gallery.create(gallery_place, pack=PACK, dimension=D, key=key) as one,
        Gallery.open(gallery_place, key=key) as other,
    ):
        one.enrol("Ann", [new(1)], PACK)
        assert other.search(unit(1), PACK)[0].subject == "Ann"
        other.rename("Ann", "Anna")
        assert one.search(unit(1), PACK)[0].subject == "Anna"
        other.enrol("Bob", [new(2)], PACK)
        one.enrol("Carl", [new(3)], PACK)
        assert len(one) == len(other) == 3
        other.remove("Anna")
        assert {candidate.subject for candidate in one.search(unit(1), PACK)} == {"Bob", "Carl"}


def test_threads_share_a_gallery(gallery: Gallery) -> None:
    lost: list[object] = []

    def work(worker: int) -> None:
        for i in range(10):
            seed = worker * 100 + i
            gallery.enrol(f"subject {seed}", [new(seed)], PACK)
            found = gallery.search(unit(seed), PACK, 1)
            if found[0].subject != f"subject {seed}":
                lost.append(found)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == [] and gallery.subjects == 40


def test_a_taken_folder_is_refused(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=key).close()
    with pytest.raises(GalleryError, match="already"):
        Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=key)
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ann.jpg").touch()
    with pytest.raises(GalleryError, match="not an empty folder"):
        Gallery.create(tmp_path / "people", pack=PACK, dimension=D, key=key)
    assert [file.name for file in (tmp_path / "people").iterdir()] == ["ann.jpg"]


def test_no_gallery_is_missing(tmp_path: Path) -> None:
    with pytest.raises(GalleryMissing, match="There is no gallery in"):
        Gallery.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
