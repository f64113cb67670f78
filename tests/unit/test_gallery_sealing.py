"""Nobody reads a gallery without its keys, and nobody reads a removed subject at all."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path

import keyring
import keyring.backend
import numpy as np
import pytest
from cryptography.exceptions import InvalidTag

from secondlook.errors import ExtraMissing, GalleryError, GalleryLocked
from secondlook.gallery import Environment, Gallery, HomeKey, KeyFile, Keyring, KeySource, NewReference
from secondlook.gallery.keys import home
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.sealing import Belonging, Kind, new_key, seal, unseal
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 64
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def unit(seed: int) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def new(seed: int) -> NewReference:
    return NewReference(
        template=unit(seed),
        crop=b"\xff\xd8" + np.random.default_rng(seed).bytes(5000),
        landmarks=np.zeros((5, 2), np.float32),
        source=f"pictures/of/somebody/{seed}.jpg",
        picture_sha256=hashlib.sha256(str(seed).encode()).hexdigest(),
        quality=QUALITY,
    )


def create(folder: Path, key: KeySource) -> Gallery:
    return Gallery.create(folder, pack=PACK, dimension=D, key=key)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def traces(name: str, seed: int) -> list[bytes]:
    """What would give a person away, in every form it might be written."""
    made = new(seed)
    texts = [name, made.source, made.picture_sha256, "inter_eye_px"]
    forms: list[bytes] = [text.encode(coding) for text in texts for coding in ("utf-8", "utf-16-le")]
    numbers = [made.template.astype(kind) for kind in (np.float32, np.float16, np.float64)]
    forms += [array[:8].tobytes() for array in numbers] + [array[-8:].tobytes() for array in numbers]
    return [*forms, made.crop[:32], made.crop[2000:2032], bytes.fromhex(made.picture_sha256)]


def test_nothing_of_a_person_is_in_the_folder(tmp_path: Path) -> None:
    with create(tmp_path / "g", KeyFile(tmp_path / "keys" / "k.key")) as gallery:
        gallery.enrol("Ann Example", [new(1), new(2)], PACK)
        gallery.rename("Ann Example", "Ann Sample")
        gallery.enrol("Bob", [new(3)], PACK)
        gallery.merge("Ann Sample", "Bob")
        gallery.search(unit(1), PACK)
        held = bytes_of(tmp_path / "g")
        assert {"gallery.db", "gallery.db-wal"} <= held.keys() and len(held["gallery.db-wal"]) > 15_000
        held |= bytes_of(tmp_path / "keys")
    held["gallery.db closed"] = (tmp_path / "g" / "gallery.db").read_bytes()
    for name, seed in (("Ann Example", 1), ("Ann Sample", 2), ("Ann Sample", 3)):
        for trace in traces(name, seed):
            assert [file for file, content in held.items() if trace in content] == []


def test_the_test_above_can_fail() -> None:
    row = sqlite3.connect(":memory:")
    row.execute("CREATE TABLE t (name TEXT, template BLOB, crop BLOB)")
    row.execute("INSERT INTO t VALUES (?, ?, ?)", ("Ann Example", unit(1).tobytes(), new(1).crop))
    row.commit()
    content = row.serialize()
    assert sum(trace in content for trace in traces("Ann Example", 1)) >= 4


def test_a_copy_of_the_folder_is_blind_to_a_removed_subject(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Bob", [new(2)], PACK)
        shutil.copytree(tmp_path / "g", tmp_path / "backup")  # with its write-ahead log
        assert (tmp_path / "backup" / "gallery.db-wal").stat().st_size > 5_000
    with Gallery.open(tmp_path / "backup", key=key) as gallery:
        assert gallery.search(unit(1), PACK)[0].subject == "Ann", "the copy is a good one"
    with Gallery.open(tmp_path / "g", key=key) as gallery:
        (ann,) = [reference.id for reference in gallery.references("Ann")]
        gallery.remove("Ann")
    with Gallery.open(tmp_path / "backup", key=key) as gallery:
        assert (gallery.blinded, gallery.subjects, len(gallery)) == (1, 1, 1)
        assert [candidate.subject for candidate in gallery.search(unit(1), PACK)] == ["Bob"]
        assert [subject.name for subject in gallery.subject_list()] == ["Bob"]
        for read in (lambda: gallery.references("Ann"), lambda: gallery.enrol("Ann", [new(5)], PACK)):
            with pytest.raises(GalleryLocked, match="dropped"):
                read()
        with pytest.raises(GalleryError, match="dropped"):
            gallery.reference(ann)
        gallery.reembed("other@1", D, lambda reference: reference.template)
        assert gallery.pack == "other@1" and gallery.blinded == 1
        gallery.remove("ann")
        assert (gallery.blinded, gallery.subjects) == (0, 1)


def test_all_blinded_subjects_can_be_removed_at_once(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        for seed, name in enumerate(("Ann", "Bob", "Carl")):
            gallery.enrol(name, [new(seed)], PACK)
        shutil.copytree(tmp_path / "g", tmp_path / "backup")
        gallery.remove("Ann")
        gallery.remove("Carl")
    with Gallery.open(tmp_path / "backup", key=key) as gallery:
        assert gallery.blinded == 2 and gallery.remove_blinded() == 2
        assert (gallery.blinded, gallery.subjects, gallery.remove_blinded()) == (0, 1, 0)


def test_removing_after_a_merge_blinds_what_was_sealed_before_it(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Anna", [new(2)], PACK)
        shutil.copytree(tmp_path / "g", tmp_path / "backup")
        gallery.merge("Ann", "Anna")
        gallery.remove("Ann")
    with Gallery.open(tmp_path / "backup", key=key) as gallery:
        assert (gallery.blinded, gallery.subjects) == (2, 0)


def test_a_dropped_key_is_overwritten_in_its_store(tmp_path: Path) -> None:
    store = KeyStore.create(tmp_path / "k.subjects")
    wrapped = os.urandom(60)
    store.keep("a" * 32, wrapped)
    store.keep("b" * 32, b"other")
    assert wrapped in (tmp_path / "k.subjects").read_bytes()
    store.drop("a" * 32)
    assert [file.name for file in tmp_path.iterdir()] == ["k.subjects"], "no log or journal is left"
    assert wrapped not in (tmp_path / "k.subjects").read_bytes()
    assert store.everything() == {"b" * 32: b"other"}
    store.close()


def test_a_subjects_key_lies_nowhere_in_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []

    def remembered() -> bytes:
        made.append(new_key())
        return made[-1]

    monkeypatch.setattr("secondlook.gallery.vault.new_key", remembered)
    with create(tmp_path / "g", KeyFile(tmp_path / "k.key")) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        assert len(made) == 1
        assert not any(made[0] in content for content in bytes_of(tmp_path).values())


@pytest.mark.parametrize("column", ["sealed_template", "sealed_crop", "sealed_details"])
@pytest.mark.parametrize("names", [("Ann", "Bob"), ("Ann", "Ann")], ids=["two subjects", "one subject"])
def test_swapped_rows_do_not_open(tmp_path: Path, column: str, names: tuple[str, str]) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        ids = [gallery.enrol(name, [new(seed)], PACK)[0] for seed, name in enumerate(names)]
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as rows:
        values = [rows.execute(f'SELECT {column} FROM "references" WHERE id = ?', (i,)).fetchone()[0] for i in ids]
        for id_, value in zip(ids, reversed(values), strict=True):
            rows.execute(f'UPDATE "references" SET {column} = ? WHERE id = ?', (value, id_))
    rows.close()
    with Gallery.open(tmp_path / "g", key=key) as gallery:
        with pytest.raises(GalleryError, match="changed or moved"):
            gallery.references("Ann")
        if column == "sealed_template":
            with pytest.raises(GalleryError, match=r"reference 1 .* changed or moved"):
                gallery.search(unit(1), PACK)


def test_a_whole_row_given_to_another_subject_does_not_open(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Bob", [new(2)], PACK)
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as rows:
        rows.execute('UPDATE "references" SET subject_id = (SELECT id FROM subjects ORDER BY rowid DESC LIMIT 1)')
    rows.close()
    with Gallery.open(tmp_path / "g", key=key) as gallery, pytest.raises(GalleryError, match="changed or moved"):
        gallery.search(unit(1), PACK)


def test_templates_relabelled_with_another_pack_do_not_open(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as rows:
        rows.execute("UPDATE meta SET pack = 'other@1'")
        rows.execute("UPDATE \"references\" SET pack = 'other@1'")
    rows.close()
    with Gallery.open(tmp_path / "g", key=key) as gallery, pytest.raises(GalleryError, match="changed or moved"):
        gallery.search(unit(1), "other@1")


def test_a_damaged_row_can_be_removed(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    with create(tmp_path / "g", key) as gallery:
        gallery.enrol("Ann", [new(1), new(2)], PACK)
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as rows:
        rows.execute('UPDATE "references" SET sealed_template = zeroblob(300) WHERE id = 1')
    rows.close()
    with Gallery.open(tmp_path / "g", key=key) as gallery:
        with pytest.raises(GalleryError, match="reference 1 "):
            gallery.search(unit(1), PACK)
        gallery.remove_reference(1)
        assert gallery.search(unit(2), PACK)[0].score == pytest.approx(1.0, abs=1e-6)


def test_sealing_is_bound_to_every_part_of_the_place() -> None:
    key, place = new_key(), Belonging("g", Kind.CROP, "s", "p", b"1")
    sealed = seal(key, b"plain", place)
    assert unseal(key, sealed, place) == b"plain"
    others = [
        Belonging("h", Kind.CROP, "s", "p", b"1"),
        Belonging("g", Kind.TEMPLATE, "s", "p", b"1"),
        Belonging("g", Kind.CROP, "t", "p", b"1"),
        Belonging("g", Kind.CROP, "s", "q", b"1"),
        Belonging("g", Kind.CROP, "s", "p", b"2"),
        Belonging("g", Kind.CROP, "sp", "", b"1"),
    ]
    for other in others:
        with pytest.raises(InvalidTag):
            unseal(key, sealed, other)
    for broken in (b"", sealed[:11], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(InvalidTag):
            unseal(key, broken, place)
    assert seal(key, b"plain", place) != sealed, "a nonce is used once"


# Where the key is


def test_a_wrong_key_is_told_at_once(tmp_path: Path) -> None:
    create(tmp_path / "g", KeyFile(tmp_path / "k.key")).close()
    (tmp_path / "w.key").write_bytes(base64.b64encode(os.urandom(32)))
    shutil.copy(tmp_path / "k.key.subjects", tmp_path / "w.key.subjects")
    with pytest.raises(GalleryLocked, match=r"w\.key does not open .*g: give the key"):
        Gallery.open(tmp_path / "g", key=KeyFile(tmp_path / "w.key"))


@pytest.mark.parametrize("content", [b"", b"short", b"\x00" * 32, base64.b64encode(b"x" * 31), b"not base64 at all!"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k.key").write_bytes(content)
    with pytest.raises(GalleryLocked, match=r"k\.key holds is no key"):
        create(tmp_path / "g", KeyFile(tmp_path / "k.key"))
    assert not (tmp_path / "g").exists()


def test_missing_keys_are_named(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "k.key")
    create(tmp_path / "g", key).close()
    with pytest.raises(GalleryLocked, match="--key-file"):
        Gallery.open(tmp_path / "g")
    (tmp_path / "k.key.subjects").unlink()
    with pytest.raises(GalleryLocked, match=r"k\.key\.subjects are missing"):
        Gallery.open(tmp_path / "g", key=key)
    (tmp_path / "k.key.subjects").write_bytes(b"")
    with pytest.raises(GalleryLocked, match=r"k\.key\.subjects is damaged"):
        Gallery.open(tmp_path / "g", key=key)
    (tmp_path / "k.key").unlink()
    with pytest.raises(GalleryLocked, match=r"no key file .*k\.key"):
        Gallery.open(tmp_path / "g", key=key)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_key_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    create(tmp_path / "g", KeyFile(tmp_path / "keys" / "k.key")).close()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["k.key", "k.key.subjects"]


def test_an_own_key_is_used_and_not_overwritten(tmp_path: Path) -> None:
    own = base64.b64encode(os.urandom(32))
    (tmp_path / "k.key").write_bytes(own)
    for folder in ("g", "h"):  # and may serve two galleries
        with create(tmp_path / folder, KeyFile(tmp_path / "k.key")) as gallery:
            gallery.enrol("Ann", [new(1)], PACK)
    assert (tmp_path / "k.key").read_bytes() == own
    for folder in ("g", "h"):
        with Gallery.open(tmp_path / folder, key=KeyFile(tmp_path / "k.key")) as gallery:
            assert gallery.subjects == 1


def test_a_key_inside_the_gallery_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GalleryLocked, match="every copy of the gallery would carry the key"):
        create(tmp_path / "g", KeyFile(tmp_path / "g" / "k.key"))
    assert not (tmp_path / "g").exists()
    create(tmp_path / "g", KeyFile(tmp_path / "k.key")).close()
    shutil.copy(tmp_path / "k.key", tmp_path / "g" / "k.key")
    (tmp_path / "link").symlink_to(tmp_path / "g")
    for inside in (tmp_path / "g" / "k.key", tmp_path / "link" / "k.key"):
        with pytest.raises(GalleryLocked, match="every copy"):
            Gallery.open(tmp_path / "g", key=KeyFile(inside))
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "h"))
    with pytest.raises(GalleryLocked, match="every copy"):
        create(tmp_path / "h", HomeKey())


def test_by_default_the_key_lies_in_secondlooks_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    with Gallery.create(tmp_path / "g", pack=PACK, dimension=D) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        keys = sorted(file.name for file in (tmp_path / "home" / "keys").iterdir())
        assert keys == [f"{gallery.id}.key", f"{gallery.id}.key.subjects"]
    with Gallery.open(tmp_path / "g") as gallery:
        assert gallery.subjects == 1
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "elsewhere"))
    with pytest.raises(GalleryLocked, match="SECONDLOOK_HOME"):
        Gallery.open(tmp_path / "g")


def test_home_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECONDLOOK_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home() == tmp_path / "secondlook"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert home() == Path.home() / ".local" / "share" / "secondlook"


def test_a_key_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SECONDLOOK_KEY", raising=False)
    with pytest.raises(GalleryLocked, match="SECONDLOOK_KEY is not set"):
        create(tmp_path / "g", Environment())
    monkeypatch.setenv("SECONDLOOK_KEY", base64.b64encode(os.urandom(32)).decode())
    with create(tmp_path / "g", Environment()) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        assert [file.name for file in (tmp_path / "home" / "keys").iterdir()] == [f"{gallery.id}.subjects"]
    with Gallery.open(tmp_path / "g") as gallery:  # remembers where its key is
        assert gallery.subjects == 1
    monkeypatch.setenv("SECONDLOOK_KEY", base64.b64encode(os.urandom(32)).decode())
    with pytest.raises(GalleryLocked, match="SECONDLOOK_KEY does not open"):
        Gallery.open(tmp_path / "g")


class FakeKeyring(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


def test_a_key_in_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    before, fake = keyring.get_keyring(), FakeKeyring()
    keyring.set_keyring(fake)
    try:
        with create(tmp_path / "g", Keyring()) as gallery:
            gallery.enrol("Ann", [new(1)], PACK)
            assert list(fake.held) == [("secondlook", gallery.id)]
        with Gallery.open(tmp_path / "g") as gallery:
            assert gallery.subjects == 1
        fake.held.clear()
        with pytest.raises(GalleryLocked, match="keyring holds no password"):
            Gallery.open(tmp_path / "g")
    finally:
        keyring.set_keyring(before)


def test_a_keyring_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ExtraMissing, match=r"secondlook\[keyring\]"):
        create(tmp_path / "g", Keyring())


def test_keys_do_not_show_in_what_is_printed(tmp_path: Path) -> None:
    with create(tmp_path / "g", KeyFile(tmp_path / "k.key")) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        (subject,) = gallery.subject_list()
        held = gallery._vault.find(subject.id)
        assert held is not None and repr(held.key) not in repr(held)


def test_a_gallery_in_memory_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with Gallery.in_memory(PACK, D) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.remove("Ann")
    assert list(tmp_path.iterdir()) == []
