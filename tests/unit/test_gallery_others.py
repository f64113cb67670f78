"""What others keep, sealed under the gallery's keys: it opens where it belongs, and never after a key was dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import GalleryError, GalleryLocked, SubjectErased, UnknownSubject
from secondlook.gallery import ById, Gallery, KeyFile, NewReference
from secondlook.types import Quality

PACK, D = "test@0123456789ab", 16
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def new(seed: int) -> NewReference:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    picture = hashlib.sha256(str(seed).encode()).hexdigest()
    points = np.zeros((5, 2), np.float32)
    return NewReference(vector / np.linalg.norm(vector), b"crop", points, "a.jpg", picture, QUALITY)


@pytest.fixture
def gallery(gallery_place: str | Path, tmp_path: Path) -> Iterator[Gallery]:
    with Gallery.create(gallery_place, pack=PACK, dimension=D, key=KeyFile(tmp_path / "keys" / "k.key")) as made:
        made.enrol("Ada", [new(1)], PACK)
        made.enrol("Bob", [new(2)], PACK)
        yield made


def test_a_subject_is_found_by_name_and_by_id(gallery: Gallery) -> None:
    ada = gallery.subject(gallery.subject_id("ada"))
    assert (ada.name, ada.references) == ("Ada", 1)
    with pytest.raises(UnknownSubject):
        gallery.subject("0" * 32)
    with pytest.raises(UnknownSubject):
        gallery.subject_id("Eve")


def test_what_is_sealed_for_a_subject_is_gone_with_the_subject(gallery: Gallery, tmp_path: Path) -> None:
    ada = gallery.subject_id("Ada")
    sealed = gallery.seal(b"seen at noon", "sighting 1", ada)
    assert b"noon" not in sealed and gallery.unseal(sealed, "sighting 1", ada) == b"seen at noon"
    gallery.remove("Ada")
    with pytest.raises((UnknownSubject, GalleryLocked)):
        gallery.unseal(sealed, "sighting 1", ada)


def test_it_opens_only_where_it_belongs(gallery: Gallery) -> None:
    ada, bob = gallery.subject_id("Ada"), gallery.subject_id("Bob")
    sealed = gallery.seal(b"seen", "sighting 1", ada)
    for what, whose in (("sighting 2", ada), ("sighting 1", bob), ("sighting 1", None)):
        with pytest.raises(GalleryError):
            gallery.unseal(sealed, what, whose)


def test_what_is_about_nobody_is_sealed_with_the_gallerys_key(gallery: Gallery) -> None:
    sealed = gallery.seal(b"rtsp://user:secret@camera", "camera 1")
    assert b"secret" not in sealed and gallery.unseal(sealed, "camera 1") == b"rtsp://user:secret@camera"
    with pytest.raises(GalleryError):
        gallery.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "camera 1")


def test_a_subject_is_made_under_its_id_although_somebody_was_stopped_after_its_key(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by killing the server two hundred times."""
    id_ = "a" * 32

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("secondlook.gallery.changes.sealed_row", stopped)
        with pytest.raises(KeyboardInterrupt):
            gallery.enrol(ById(id_, "Eve"), [new(3)], PACK)
    assert gallery.enrol(ById(id_, "Eve"), [new(3)], PACK) != (None,)
    assert gallery.subject(id_).name == "Eve" and gallery.search(new(3).template, PACK)[0].subject == "Eve"


def test_nobody_is_enrolled_under_the_id_of_somebody_who_was_removed(gallery: Gallery) -> None:
    id_ = "b" * 32
    gallery.enrol(ById(id_, "Eve"), [new(4)], PACK)
    gallery.remove("Eve")
    for name in ("Eve", "Mallory"):
        with pytest.raises(SubjectErased, match="take a new one"):
            gallery.enrol_many([(ById(id_, name), [new(5)]), ("Grace", [new(6)])], PACK)
    assert {one.name for one in gallery.subject_list()} == {"Ada", "Bob"}, "all or none"
