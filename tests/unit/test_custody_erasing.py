"""Who is erased is nowhere any more, and where something is left it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from custody_people import ADA, GRACE, MARY, PACK, create, crop, key, log_of, new, signing, unit
from secondlook.custody.archive import ArchiveReader
from secondlook.custody.archive_erasing import is_archive
from secondlook.custody.backup import back_up
from secondlook.custody.backup_erasing import BackupRemover
from secondlook.custody.erasing import Erased, GalleryRemover, Reason, Remover, erase, unfinished
from secondlook.custody.key_export import export_keys, import_keys
from secondlook.custody.key_import import keys_of
from secondlook.custody.places import contents
from secondlook.custody.reading import Wanted, read_log
from secondlook.custody.receipts import Removed, check_receipt
from secondlook.custody.restore import Wishes, restore
from secondlook.custody.verifying import Verified, verify
from secondlook.errors import CustodyError, UnknownSubject
from secondlook.gallery import Gallery
from secondlook.ports import Action

REASON = Reason("os:ann", "she asked for it", "2026-17")
PASSPHRASE = "correct horse battery"


def erased(
    folder: Path, gallery: Gallery, name: str = GRACE, removers: Sequence[Remover] = (), places: Sequence[Path] = ()
) -> Erased:
    everywhere = (folder / "g", folder / "keys", *places)
    return erase(name, gallery, log_of(gallery, folder), REASON, removers, everywhere)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Keeper:
    """Somebody who keeps a file a subject."""

    folder: Path
    asked: list[str] = field(default_factory=list)

    def remove(self, subject: str) -> Sequence[Removed]:
        self.asked.append(subject)
        file = self.folder / subject
        there = file.exists()
        file.unlink(missing_ok=True)
        return (Removed("files", int(there)),)


class Killed(BaseException):
    pass


def kill(*_: object, **__: object) -> None:
    raise Killed


def test_nothing_of_an_erased_subject_is_left(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with create(tmp_path) as gallery:
        keeper = Keeper(tmp_path / "data")
        subject = gallery.subject_id(GRACE)
        (tmp_path / "data" / subject).write_bytes(GRACE.encode() + unit(1).tobytes() + crop(2))
        (tmp_path / "data" / "other").write_bytes(ADA.encode() + unit(3).tobytes() + crop(3))
        done = erased(tmp_path, gallery, removers=(keeper,), places=(tmp_path / "data",))
        assert keeper.asked == [subject]
        assert done.receipt.complete and done.receipt.searched.clean
        assert {one.what: one.count for one in done.receipt.removed} == {
            "files": 1,
            "subject's rows in the gallery": 1,
            "references in the gallery": 2,
        }
        assert done.receipt.searched.bytes > 20_000 and done.receipt.searched.files >= 6
        assert [s.name for s in gallery.subject_list()] == [ADA, MARY]
        assert gallery.search(unit(1), PACK)[0].subject != GRACE
    everything = files_of(tmp_path)
    for trace in (GRACE.encode(), unit(1).tobytes()[:32], unit(2).astype(np.float16).tobytes()[:16], crop(1)[100:164]):
        assert not [name for name, content in everything.items() if trace in content]


def test_the_receipt_is_signed_and_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "data" / "grace_hopper").mkdir(parents=True)
    with create(tmp_path) as gallery:
        subject, log = gallery.subject_id(GRACE), log_of(gallery, tmp_path)
        done = erased(tmp_path, gallery, places=(tmp_path / "data",))
    text = done.file.read_bytes()
    assert done.file.parent == tmp_path / "g" / "log" / "receipts" and done.file.name.startswith(subject)
    fields = check_receipt(text, "it")
    assert (fields["subject"], fields["actor"], fields["case"]) == (subject, "os:ann", "2026-17")
    assert base64.b64decode(fields["public_key"]) == log.key.public
    assert fields["looked_for"] == {"name": 1, "templates": 2, "crops": 2, "sealed": 11}
    assert not done.receipt.complete, "a folder still says the name"
    assert fields["searched"]["found"][0]["place"].endswith("(name)")
    for name in (GRACE, "grace_hopper"):
        assert name.encode() not in text
    begun, finished = read_log(tmp_path / "g" / "log", Wanted(action=Action.ERASE))
    assert begun.entry.object == finished.entry.object == (subject,) and begun.entry.details == {"stage": "begun"}
    assert finished.entry.details["receipt_sha256"] == hashlib.sha256(text).hexdigest()
    assert finished.entry.details["found"] == 1 and finished.entry.case == "2026-17"
    assert isinstance(verify(tmp_path / "g" / "log", (), signing(tmp_path)), Verified)
    for bad in (text.replace(b'"complete": false', b'"complete": true'), b"", b"{}", text[:-40]):
        with pytest.raises(CustodyError, match="no signed receipt"):
            check_receipt(bad, "it")


@pytest.mark.parametrize(
    ("left", "what"),
    [
        (unit(2).astype(">f2").tobytes()[6:30], "template, float16 big-endian"),
        (json.dumps({"v": unit(1).tolist()}).encode(), "template, in decimals"),
        (base64.b64encode(b"x" + unit(2).tobytes()), "template, float32 little-endian, base64"),
        (crop(1)[1000:1100].hex().encode(), "crop, hex"),
        (b"a,b\nGRACE HOPPER,1\n", "name, UTF-8"),
        (b"/srv/people/grace_hopper/picture1.jpg", "reference's file name, UTF-8"),
        (hashlib.sha256(b"2").hexdigest().encode(), "SHA-256 of a reference's picture, hex"),
    ],
)
def test_whatever_is_left_is_told(tmp_path: Path, left: bytes, what: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "left").write_bytes(b"\n\n" + left + b"\n")
    with create(tmp_path) as gallery:
        receipt = erased(tmp_path, gallery, places=(tmp_path / "data",)).receipt
    assert not receipt.complete and what in {found.what for found in receipt.searched.found}
    assert {found.place for found in receipt.searched.found} == {str(tmp_path / "data" / "left")}


def test_the_fused_template_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with create(tmp_path) as gallery:
        fused = gallery.known(gallery.subject_id(GRACE)).fused
        assert fused is not None
        (tmp_path / "data" / "index").write_bytes(fused.tobytes())
        receipt = erased(tmp_path, gallery, places=(tmp_path / "data",)).receipt
    assert [found.what for found in receipt.searched.found] == ["template, float32 little-endian"]


def test_sealed_rows_that_stay_are_told(tmp_path: Path) -> None:
    """A copy of the gallery from before: nobody can read it, and still it is said."""
    with create(tmp_path) as gallery:
        shutil.copytree(tmp_path / "g", tmp_path / "old")
        receipt = erased(tmp_path, gallery, places=(tmp_path / "old",)).receipt
    assert {found.what for found in receipt.searched.found} == {"sealed value"}


def test_nobody_else_is_touched_or_found(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        for name in (GRACE, ADA):
            assert erased(tmp_path, gallery, name).receipt.complete
        assert [s.name for s in gallery.subject_list()] == [MARY] and len(gallery.templates(MARY)) == 2
        with pytest.raises(UnknownSubject):
            erased(tmp_path, gallery, GRACE)
        assert unfinished(log_of(gallery, tmp_path)) == ()


# Backups


def backed_up(folder: Path, gallery: Gallery) -> None:
    (folder / "backups" / "keys").mkdir(parents=True)
    back_up(folder / "g", folder / "backups" / "b.tar", "0.0", log_of(gallery, folder).head().text())
    held = contents(folder / "g")
    keys = keys_of(list(held.galleries), key(folder), [gallery.id], signing(folder))
    export_keys(folder / "backups" / "keys" / "b.keys", keys, PASSPHRASE)


def test_backups_are_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.custody.key_export._N", 2**4)
    with create(tmp_path) as gallery:
        backed_up(tmp_path, gallery)
        (tmp_path / "backups" / "notes.txt").write_text("other files are left alone")
        (tmp_path / "backups" / "link").symlink_to(tmp_path / "backups" / "b.tar")
        known, places = gallery.known(gallery.subject_id(GRACE)), (tmp_path / "backups",)
        done = erased(tmp_path, gallery, removers=(BackupRemover(places),), places=places)
        assert done.receipt.complete, done.receipt
        removed = {one.what: one.count for one in done.receipt.removed}
        assert (removed["backups written anew"], removed["rows in backups"]) == (1, 3)
        assert removed["keys in files of exported keys"] == 1
    assert is_archive(tmp_path / "backups" / "b.tar")
    assert sorted(p.name for p in (tmp_path / "backups").iterdir()) == ["b.tar", "keys", "link", "notes.txt"]
    content = (tmp_path / "backups" / "b.tar").read_bytes()
    assert not any(value[at : at + 32] in content for value in known.sealed for at in range(0, len(value) - 31, 500))
    shutil.rmtree(tmp_path / "keys")
    keys = import_keys(tmp_path / "backups" / "keys" / "b.keys", PASSPHRASE)
    restore(tmp_path / "backups" / "b.tar", tmp_path / "h", "os:ann", Wishes(key(tmp_path), keys, signing(tmp_path)))
    with Gallery.open(tmp_path / "h", key=key(tmp_path)) as restored:
        assert [s.name for s in restored.subject_list()] == [ADA, MARY] and restored.blinded == 0
        assert restored.search(unit(3), PACK)[0].subject == ADA


def test_other_databases_in_a_backup_have_cleaners_of_their_own(tmp_path: Path) -> None:
    with create(tmp_path, "data/gallery") as gallery:
        subject = gallery.subject_id(GRACE)
        with sqlite3.connect(tmp_path / "data" / "service.db") as rows:
            rows.execute("CREATE TABLE sightings (subject_id TEXT)")
            rows.executemany("INSERT INTO sightings VALUES (?)", [(subject,), ("other",)])
        rows.close()
        back_up(tmp_path / "data", tmp_path / "b.tar", "0.0")

        def clean(file: Path, whose: str) -> int:
            if file.read_bytes().count(b"sightings") == 0:
                return 0
            opened = sqlite3.connect(file)
            with opened:
                count = opened.execute("DELETE FROM sightings WHERE subject_id = ?", (whose,)).rowcount
            opened.close()
            return count

        remover = BackupRemover((tmp_path / "b.tar",), (clean,))
        assert [one.count for one in remover.remove(subject)] == [1, 4, 0]
        assert [one.count for one in remover.remove(subject)] == [0, 0, 0], "again does no harm"
    with ArchiveReader.opened(tmp_path / "b.tar") as reader:
        (member,) = (m for m in reader.manifest.files if m.path == "service.db")
        reader.unpack(member, tmp_path / "service.db")
    left = sqlite3.connect(tmp_path / "service.db")
    assert left.execute("SELECT subject_id FROM sightings").fetchall() == [("other",)]
    left.close()


# Stopped half-way


def test_stopped_before_the_gallery_it_is_repeated_with_all_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "left").write_bytes(unit(1).tobytes())

    class Stops:
        remove = kill

    with create(tmp_path) as gallery:
        with pytest.raises(Killed):
            erased(tmp_path, gallery, removers=(Stops(),))
        assert unfinished(log_of(gallery, tmp_path)) == (gallery.subject_id(GRACE),)
        assert gallery.search(unit(1), PACK)[0].subject == GRACE, "whole until the gallery's turn comes"
        receipt = erased(tmp_path, gallery, places=(tmp_path / "data",)).receipt
        assert receipt.notes == () and [f.what for f in receipt.searched.found] == ["template, float32 little-endian"]
        assert unfinished(log_of(gallery, tmp_path)) == ()


@pytest.mark.parametrize(
    "place",
    [
        "secondlook.gallery.changes.delete",
        "secondlook.gallery.database.Database.write_back",
        "secondlook.custody.erasing.search",
    ],
)
def test_stopped_after_the_key_was_dropped_it_says_what_it_still_knows(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "left").write_bytes(b"a letter of Grace Hopper's")
    with create(tmp_path) as gallery:
        subject = gallery.subject_id(GRACE)
        with monkeypatch.context() as cut, pytest.raises(Killed):
            cut.setattr(place, kill)
            erased(tmp_path, gallery)
    with Gallery.open(tmp_path / "g", key=key(tmp_path)) as gallery:
        assert {candidate.subject for candidate in gallery.search(unit(1), PACK)} == {ADA, MARY}
        keeper = Keeper(tmp_path / "data")
        done = erased(tmp_path, gallery, removers=(keeper,), places=(tmp_path / "data",))
        assert keeper.asked == [subject], "whoever was not asked then is asked now"
        (note,) = done.receipt.notes
        assert "name" in note and not done.receipt.complete
        assert done.receipt.looked_for.templates == 0 and done.receipt.subject == subject
        assert [f.what for f in done.receipt.searched.found] == ["name, UTF-8"]
        assert unfinished(log_of(gallery, tmp_path)) == () and gallery.blinded == 0
        with pytest.raises(UnknownSubject):
            erased(tmp_path, gallery)


def test_an_id_will_do_and_is_not_looked_for(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        grace, ada = gallery.subject_id(GRACE), gallery.subject_id(ADA)
        (tmp_path / "g" / "notes").write_text(f"Grace Hopper was {grace}")
        receipt = erased(tmp_path, gallery, grace).receipt
        assert receipt.subject == grace and [f.what for f in receipt.searched.found] == ["name, UTF-8"]
        gallery._vault.drop(ada)
        receipt = erased(tmp_path, gallery, ada).receipt
        assert receipt.looked_for.name == 0 and receipt.notes and gallery.blinded == 0
        with pytest.raises(UnknownSubject):
            erased(tmp_path, gallery, ada)


def test_a_stopped_erasure_is_finished_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create(tmp_path) as gallery:
        ids = [gallery.subject_id(name) for name in (GRACE, ADA)]
        for name in (GRACE, ADA):
            with monkeypatch.context() as cut, pytest.raises(Killed):
                cut.setattr("secondlook.custody.erasing.search", kill)
                erased(tmp_path, gallery, name)
        receipt = erased(tmp_path, gallery, ids[1]).receipt
        assert receipt.subject == ids[1] and receipt.looked_for.name == 0
        assert unfinished(log_of(gallery, tmp_path)) == ()


def test_a_gallery_is_asked_again_without_harm(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        remover, subject = GalleryRemover(gallery), gallery.subject_id(GRACE)
        assert [one.count for one in remover.remove(subject)] == [1, 2]
        assert [one.count for one in remover.remove(subject)] == [0, 0]


def test_a_reader_that_keeps_the_write_ahead_log_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.gallery.sqlite._WRITE_BACK_MS", 50)
    with create(tmp_path) as gallery:
        gallery.enrol(GRACE, [new(GRACE, 7)], PACK)
        reader = sqlite3.connect(tmp_path / "g" / "gallery.db")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subjects").fetchone()
        receipt = erased(tmp_path, gallery).receipt
        reader.close()
    assert not receipt.complete
    assert {found.what for found in receipt.searched.found} == {"sealed value"}
    assert "gallery.db-wal" in {Path(found.place).name for found in receipt.searched.found}
