"""A large gallery starts from a sealed file that says what its rows say, and that an erasure reaches wherever it is."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from secondlook.custody.key_import import keys_of
from secondlook.custody.places import contents
from secondlook.custody.signing import KeyFolder
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.gallery import current as current_module
from secondlook.gallery import reading as reading_module
from secondlook.gallery.index_file import ENDING
from secondlook.gallery.kept_index import KeptIndexes
from secondlook.gallery.keystore import KeyStore
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 16
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


@pytest.fixture(autouse=True)
def every_gallery_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_module, "WORTH_KEEPING", 1)


class Rows:
    """Counts how often the rows were read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read = 0
        usual = reading_module.subject_index

        def counted(*given: object) -> object:
            self.read += 1
            return usual(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(reading_module, "subject_index", counted)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    return Rows(monkeypatch)


class Turned:
    """Another comparison of the same length."""

    id = "turned"
    dimension = D

    def probes(self, templates: Floats) -> Floats:
        return -templates

    def references(self, templates: Floats) -> Floats:
        return templates


def unit(seed: int) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def new(seed: int) -> NewReference:
    sha256 = hashlib.sha256(str(seed).encode()).hexdigest()
    return NewReference(unit(seed), b"crop", np.zeros((5, 2), np.float32), f"{seed}.jpg", sha256, QUALITY)


def opened(folder: Path) -> Gallery:
    return Gallery.open(folder / "g", key=KeyFile(folder / "k.key"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A gallery of five, two of whom have several references, one none any more; its file is written."""
    with Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=KeyFile(tmp_path / "k.key")) as gallery:
        for seed, name in enumerate(("Ann", "Bob", "Çağla", "Dan", "Eve")):
            gallery.enrol(name, [new(seed)], PACK)
        gallery.enrol("Bob", [new(11), new(12)], PACK)
        gallery.enrol("Dan", [new(13)], PACK)
        gallery.remove_reference(gallery.references("Eve")[0].id)
        gallery.search(unit(0), PACK)
    assert len(files(tmp_path)) == 1
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted((folder / "g").glob(f"*{ENDING}*"))


def said(gallery: Gallery) -> tuple[object, ...]:
    probes = np.stack([unit(seed) for seed in (0, 1, 11, 13, 40, 41)])
    listed = [subject.name for subject in gallery.page(None, 10)]
    owners = gallery.owners(range(1, 10))
    return gallery.search_many(probes, PACK, 9), gallery.subjects, len(gallery), gallery.blinded, listed, owners


def from_rows(place: Path) -> tuple[object, ...]:
    for file in files(place):
        file.unlink()
    with opened(place) as gallery:
        return said(gallery)


def test_the_file_says_what_the_rows_say(place: Path, rows: Rows) -> None:
    with opened(place) as gallery:
        by_file = said(gallery)
    assert rows.read == 0
    assert by_file == from_rows(place) and rows.read == 1
    assert by_file[4] == ["Ann", "Bob", "Dan", "Eve", "Çağla"]


def test_what_comes_from_the_file_follows_every_change(place: Path, rows: Rows) -> None:
    with opened(place) as gallery:
        gallery.search(unit(0), PACK)
        gallery.enrol("Ann", [new(20)], PACK)  # whose only template is not in the file
        gallery.enrol("Fay", [new(21)], PACK)
        gallery.enrol("Eve", [new(22)], PACK)
        gallery.merge("Bob", "Çağla")
        gallery.split("Dan", [gallery.references("Dan")[1].id], "Dana")
        gallery.rename("Fay", "Faye")
        gallery.remove_reference(gallery.references("Ann")[0].id)
        followed = said(gallery)
    assert rows.read == 0
    assert followed == from_rows(place)


def test_a_changed_gallery_is_read_anew_and_its_file_written_again(place: Path, rows: Rows) -> None:
    (before,) = files(place)
    content = before.read_bytes()
    with opened(place) as gallery:
        gallery.enrol("Fay", [new(30)], PACK)  # never searched, so there is no index that could follow
    with opened(place) as gallery:
        assert gallery.search(unit(30), PACK)[0].subject == "Fay" and rows.read == 1
    (after,) = files(place)
    assert after.read_bytes() != content
    with opened(place) as gallery:
        assert gallery.search(unit(30), PACK)[0].subject == "Fay" and rows.read == 1


def test_the_file_is_written_while_the_gallery_is_in_use(place: Path) -> None:
    files(place)[0].unlink()
    with opened(place) as gallery:
        gallery.search(unit(0), PACK)
        saving = gallery._current._saving
        if saving is not None:
            saving.join(60)
        assert len(files(place)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0",
        lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
        lambda content: content[:68] + b"\xff" * 8 + content[76:],
        lambda content: content[:68] + bytes(8) + content[76:],
        lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
        lambda content: b"X" + content[1:],
        lambda content: content[:8] + bytes(60) + content[68:],
    ],
    ids=[
        "empty",
        "head",
        "torn",
        "half",
        "longer",
        "key",
        "length",
        "no length",
        "changed",
        "other kind",
        "not finished",
    ],
)
def test_a_file_that_is_not_whole_is_passed_over(place: Path, rows: Rows, damage: Callable[[bytes], bytes]) -> None:
    (file,) = files(place)
    content = file.read_bytes()
    assert damage(content) != content
    file.write_bytes(damage(content))
    with opened(place) as gallery:
        assert gallery.search(unit(0), PACK)[0].subject == "Ann"
    assert rows.read == 1
    with opened(place) as gallery:  # and was replaced
        assert gallery.search(unit(0), PACK)[0].subject == "Ann"
    assert rows.read == 1


def test_nothing_of_a_person_is_in_the_file(place: Path) -> None:
    with opened(place) as gallery:
        id_ = gallery.subject_id("Ann")
    content = files(place)[0].read_bytes() + (place / "k.key.subjects").read_bytes()
    for trace in (b"Ann", unit(0)[:4].tobytes(), unit(0).astype(np.float16)[:8].tobytes(), bytes.fromhex(id_)):
        assert trace not in content


# Erasure


@pytest.mark.parametrize("how", ["subject", "reference", "merge"])
def test_what_was_removed_is_in_no_copy_of_the_file_that_opens(place: Path, rows: Rows, how: str) -> None:
    """Neither at once, nor when another file was written since."""
    shutil.copy(files(place)[0], place / "copy")
    name = files(place)[0].name
    with opened(place) as gallery:
        if how == "subject":
            gallery.remove("Ann")
        elif how == "reference":
            gallery.remove_reference(gallery.references("Ann")[0].id)
        else:
            gallery.merge("Bob", "Ann")
        assert files(place) == [] or how == "reference"
        assert KeyStore.open(place / "k.key.subjects").index_key(gallery.id) is None
        vault = gallery._vault
        sealed_key = (place / "copy").read_bytes()[8:68]
        assert vault.open_index_key(sealed_key) is None
        gallery.search(unit(0), PACK)
    assert len(files(place)) == 1
    shutil.copy(place / "copy", place / "g" / name)
    read = rows.read
    with opened(place) as gallery:
        assert gallery._vault.open_index_key(sealed_key) is None
        gallery.search(unit(0), PACK)
    assert rows.read == read + 1


def test_a_process_that_has_not_heard_of_a_removal_writes_no_file(place: Path) -> None:
    files(place)[0].unlink()
    with opened(place) as late:
        late.search(unit(0), PACK)
        saving = late._current._saving
        if saving is not None:
            saving.join(60)
        with opened(place) as gallery:
            gallery.remove("Ann")
        assert files(place) == []
        late._current._in_file = None
    assert files(place) == []


def test_a_key_that_was_dropped_by_a_change_that_failed_writes_no_file(place: Path) -> None:
    """Then the revision says nothing of it."""
    with opened(place) as gallery:
        ann = gallery.subject_id("Ann")
        gallery.search(unit(0), PACK)
        gallery._vault.drop(ann)
        gallery._current.remove_files()
        gallery._current._in_file = None
    assert files(place) == []
    with opened(place) as gallery:
        assert gallery.blinded == 1


def test_the_file_and_its_key_are_in_no_backup(place: Path) -> None:
    with opened(place) as gallery:
        id_ = gallery.id
    held = contents(place / "g")
    assert not [file for file in held.plain if ENDING in file.name] and len(held.galleries) == 1
    keys = keys_of(list(held.galleries), KeyFile(place / "k.key"), [], KeyFolder(place / "signing"))
    store = KeyStore.open(place / "k.key.subjects")
    wrapped = store.index_key(id_)
    store.close()
    assert wrapped is not None and wrapped not in keys.subjects.values() and len(keys.subjects) == 5


# When there is none


def test_a_change_between_two_pieces_writes_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(place) as gallery:
        gallery.search(unit(0), PACK)
        gallery._current._in_file = None
        taken = gallery._current._taken()
        assert taken is not None
        gallery.enrol("Fay", [new(30)], PACK)
        with pytest.raises(current_module._ChangedMeanwhileError):
            list(taken.blocks)


def test_each_comparison_has_a_file_of_its_own(place: Path, rows: Rows) -> None:
    for reads in (1, 1):
        with opened(place) as gallery:
            turned = gallery.compared_by(Turned())
            assert turned.search(unit(0), PACK)[-1].subject == "Ann"
            assert gallery.search(unit(0), PACK)[0].subject == "Ann"
        assert rows.read == reads and len(files(place)) == 2


def test_a_disk_that_takes_no_file_harms_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(place)[0].unlink()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("secondlook.gallery.index_file.write", full)
    with opened(place) as gallery:
        assert gallery.search(unit(0), PACK)[0].subject == "Ann"
    assert files(place) == []


def test_small_galleries_and_those_in_memory_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[object] = []
    monkeypatch.setattr(KeptIndexes, "save", lambda _, taken: saved.append(taken))
    with Gallery.in_memory(PACK, D) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.search(unit(1), PACK)
    monkeypatch.setattr(current_module, "WORTH_KEEPING", 2)
    with Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=KeyFile(tmp_path / "k.key")) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.search(unit(1), PACK)
    assert saved == []
