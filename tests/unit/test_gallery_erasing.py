"""What is deleted from a gallery is overwritten, and a key that was dropped is known as dropped."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import GalleryError, OutputError, UnknownSubject
from secondlook.gallery import Gallery, HomeKey, KeyFile, NewReference
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.offline import copy_database, gallery_facts, key_source, migration, remove_rows
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 32
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def unit(seed: int) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def new(seed: int) -> NewReference:
    return NewReference(
        template=unit(seed),
        crop=np.random.default_rng(seed).bytes(9000),
        landmarks=np.zeros((5, 2), np.float32),
        source=f"{seed}.jpg",
        picture_sha256=hashlib.sha256(str(seed).encode()).hexdigest(),
        quality=QUALITY,
    )


def create(folder: Path) -> Gallery:
    gallery = Gallery.create(folder / "g", pack=PACK, dimension=D, key=KeyFile(folder / "k.key"))
    gallery.enrol("Ann", [new(1), new(2)], PACK)
    gallery.enrol("Bob", [new(3)], PACK)
    return gallery


def content(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def pieces(sealed: tuple[bytes, ...]) -> list[bytes]:
    """A sealed crop is spread over pages, so that only pieces of it lie together."""
    return [value[at : at + 32] for value in sealed for at in range(0, len(value) - 31, 500)]


def test_all_that_is_kept_is_known_and_then_gone(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        ann = gallery.subject_id("Ann")
        known = gallery.known(ann)
        assert (known.id, known.name, len(known.references)) == (ann, "Ann", 2)
        assert known.fused is not None
        assert gallery.search(known.fused, PACK)[0].score == pytest.approx(1.0, abs=1e-6)
        assert all(piece in content(tmp_path) for piece in pieces(known.sealed)), "what is looked for is there"
        bob = gallery.known(gallery.subject_id("Bob"))
        assert gallery.remove_by_id(ann) and not gallery.remove_by_id(ann)
        assert (tmp_path / "g" / "gallery.db-wal").stat().st_size == 0
        assert not any(piece in content(tmp_path) for piece in pieces(known.sealed))
        assert all(piece in content(tmp_path) for piece in pieces(bob.sealed))
        with pytest.raises(UnknownSubject):
            gallery.known(ann)
        assert [candidate.subject for candidate in gallery.search(unit(1), PACK)] == ["Bob"]


def test_of_a_blinded_subject_only_what_is_sealed_is_known(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        ann = gallery.subject_id("Ann")
        whole = gallery.known(ann)
        gallery._vault.drop(ann)
        known = gallery.known(ann)
        assert (known.name, known.references, known.fused) == ("", (), None)
        assert known.sealed == whole.sealed[:-1], "all but the key"


def test_a_subject_without_references_is_known(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        (only,) = gallery.references("Bob")
        gallery.remove_reference(only.id)
        known = gallery.known(gallery.subject_id("Bob"))
        assert known.references == () and known.fused is None and known.name == "Bob"


def test_a_reader_keeps_the_write_ahead_log_but_not_the_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secondlook.gallery.sqlite._WRITE_BACK_MS", 50)
    with create(tmp_path) as gallery:
        reading, done = threading.Event(), threading.Event()

        def read() -> None:
            with gallery._database.reading() as session:
                session.connection().exec_driver_sql("SELECT count(*) FROM subjects").scalar()
                reading.set()
                done.wait(30)

        reader = threading.Thread(target=read)
        reader.start()
        assert reading.wait(30)
        gallery.remove("Ann")
        assert gallery._database.write_back() is False
        done.set()
        reader.join(30)
        assert gallery._database.write_back() is True and gallery.subjects == 1


def test_a_dropped_key_is_remembered(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "k.subjects")
    assert store.dropped() == frozenset()
    store.keep("a" * 32, b"sealed")
    store.drop("a" * 32)
    store.drop("b" * 32)
    assert store.dropped() == {"a" * 32, "b" * 32} and store.everything() == {}
    store.drop("a" * 32)
    store.close()
    again = KeyStore.open(tmp_path / "k.subjects")
    assert again.dropped() == {"a" * 32, "b" * 32}
    again.close()


def test_a_merged_subjects_key_counts_as_dropped(tmp_path: Path) -> None:
    """Or a backup of the keys would bring back, under the old id, who was erased after the merge."""
    with create(tmp_path) as gallery:
        bob = gallery.subject_id("Bob")
        gallery.merge("Ann", "Bob")
    store = KeyStore.open(tmp_path / "k.key.subjects")
    assert store.dropped() == {bob}
    store.close()


# Without keys


def test_a_gallery_says_what_it_is(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        file = tmp_path / "g" / "gallery.db"
        facts = gallery_facts(file)
        assert facts is not None and (facts.id, facts.schema_version, facts.key_kind) == (gallery.id, 1, "file")
        assert key_source(file, HomeKey()) == (facts, HomeKey())
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('0007')")
    other.close()
    assert gallery_facts(tmp_path / "other.db") is None
    assert (migration(tmp_path / "other.db"), migration(file)) == ("0007", "")
    with pytest.raises(GalleryError, match="not a gallery's"):
        key_source(tmp_path / "other.db")
    (tmp_path / "none.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(OutputError, match="as a database"):
        gallery_facts(tmp_path / "none.db")


def test_a_copy_is_whole_while_others_write(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        stop = threading.Event()

        def write() -> None:
            for seed in range(100, 1000):
                if stop.is_set():
                    return
                gallery.enrol(f"subject {seed}", [new(seed)], PACK)

        writer = threading.Thread(target=write)
        writer.start()
        (tmp_path / "h").mkdir()
        try:
            copy_database(tmp_path / "g" / "gallery.db", tmp_path / "h" / "gallery.db")
        finally:
            stop.set()
            writer.join(60)
    assert [file.name for file in (tmp_path / "h").iterdir()] == ["gallery.db"]
    with Gallery.open(tmp_path / "h", key=KeyFile(tmp_path / "k.key")) as copy:
        assert {"Ann", "Bob"} <= {subject.name for subject in copy.subject_list()} and copy.blinded == 0
        assert copy.search(unit(3), PACK)[0].subject == "Bob"


def test_rows_are_removed_and_overwritten(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        ann = gallery.known(gallery.subject_id("Ann"))
    file = tmp_path / "g" / "gallery.db"
    assert remove_rows(file, ann.id) == 3 and remove_rows(file, ann.id) == 0
    assert not any(piece in content(tmp_path / "g") for piece in pieces(ann.sealed))
    with Gallery.open(tmp_path / "g", key=KeyFile(tmp_path / "k.key")) as gallery:
        assert [subject.name for subject in gallery.subject_list()] == ["Bob"]
