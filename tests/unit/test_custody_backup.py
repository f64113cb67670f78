"""A backup comes back as it was, without whoever was erased since, or not at all."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import stat
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backup_samples import PASSPHRASE, again, exported, reopened, saved
from custody_people import ADA, GRACE, MARY, PACK, D, answers, create, key, log_of, new, signing, unit
from secondlook.custody.archive import ABOUT, DIGEST, MANIFEST, ArchiveReader
from secondlook.custody.backup import back_up
from secondlook.custody.key_export import blot_out, import_keys
from secondlook.custody.key_import import keys_of
from secondlook.custody.log import CustodyLog
from secondlook.custody.places import contents
from secondlook.custody.reading import Wanted, read_log
from secondlook.custody.verifying import Broken, Verified, verify
from secondlook.errors import BackupDamaged, BackupError, BackupVersion, SecondLookError
from secondlook.gallery import Gallery, HomeKey
from secondlook.ports import Action, Entry


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.custody.key_export._N", 2**4)


# There and back


def test_searches_give_the_same_after_it(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        log.record(Entry("os:ann", Action.SEARCH))
        (tmp_path / "g" / "custody.json").write_text("{}")
        done = saved(tmp_path)
        before = answers(gallery)
        log.record(Entry("os:ann", Action.SEARCH))
    assert (done.files, done.galleries) == (4, (gallery.id,))
    back = again(tmp_path)
    assert (back.files, back.erased, back.notes) == (4, 0, ())
    with reopened(tmp_path) as restored:
        assert answers(restored) == before and restored.subjects == 3 and restored.id == gallery.id
        restored.enrol("Emmy Noether", [new("Emmy Noether", 9)], PACK)
    assert sorted(file.name for file in (tmp_path / "h").iterdir()) == ["custody.json", "gallery.db", "log"]
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")], "nothing is left beside it"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_what_is_written_is_for_its_owner(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
    again(tmp_path)
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    for path in [tmp_path / "h", *(tmp_path / "h").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_log_goes_on_in_both_and_both_are_whole(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        for _ in range(3):
            log.record(Entry("os:ann", Action.SEARCH))
        saved(tmp_path)
        for _ in range(4):
            log.record(Entry("os:ann", Action.VIEW))
        witness = log.head()
    again(tmp_path)
    copy = CustodyLog.open(tmp_path / "h" / "log", signing(tmp_path))
    copy.record(Entry("os:bob", Action.VIEW))
    log.record(Entry("os:ann", Action.VIEW))
    for place in ("g", "h"):
        said = verify(tmp_path / place / "log", (), signing(tmp_path))
        assert isinstance(said, Verified) and len(said.compared) == 1, said
    (told,) = read_log(tmp_path / "h" / "log", Wanted(action=Action.RESTORE))
    assert told.seq == 4 and told.entry.actor == "os:ann"
    assert (told.entry.details["from_seq"], told.entry.details["lost_to_seq"]) == (3, 7)
    said = verify(tmp_path / "h" / "log", [witness], signing(tmp_path))
    assert isinstance(said, Verified) and len(said.notes) == 2, "what the backup does not have is said, and not a cut"
    assert "up to entry 7, is not in it" in said.notes[0]
    assert isinstance(verify(tmp_path / "g" / "log", [copy.head()], signing(tmp_path)), Broken)


def test_a_cut_off_end_of_a_restored_log_is_found(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path).record(Entry("os:ann", Action.SEARCH))
        saved(tmp_path)
    again(tmp_path)
    copy = CustodyLog.open(tmp_path / "h" / "log", signing(tmp_path))
    for _ in range(3):
        copy.record(Entry("os:bob", Action.VIEW))
    file = tmp_path / "h" / "log" / "entries.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    assert isinstance(verify(tmp_path / "h" / "log", (), signing(tmp_path)), Broken)
    # nor does it help to take the life from before
    text = (tmp_path / "g" / "log" / "log.json").read_bytes()
    (tmp_path / "h" / "log" / "log.json").write_bytes(text)
    assert isinstance(verify(tmp_path / "h" / "log", (), signing(tmp_path)), Broken)


def test_it_is_consistent_while_others_write(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        stop, failed = threading.Event(), []

        def write() -> None:
            for seed in range(100, 2000):
                if stop.is_set():
                    return
                try:
                    gallery.enrol(f"subject {seed}", [new("x", seed)], PACK)
                    log.record(Entry("os:ann", Action.ENROL, (gallery.subject_id(f"subject {seed}"),)))
                except SecondLookError as error:
                    failed.append(error)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                saved(tmp_path, f"b{number}.tar")
        finally:
            stop.set()
            writer.join(60)
        assert not failed
    for number in range(3):
        again(tmp_path, f"h{number}", f"b{number}.tar")
        with reopened(tmp_path, f"h{number}") as restored:
            assert restored.blinded == 0 and {GRACE, ADA, MARY} <= {s.name for s in restored.subject_list()}
            told = {line.entry.object[0] for line in read_log(tmp_path / f"h{number}" / "log") if line.entry.object}
            held = {s.id for s in restored.subject_list() if s.name.startswith("subject")}
            assert len(held - told) <= 1, "the log was copied after the rows that it tells of"
        assert isinstance(verify(tmp_path / f"h{number}" / "log", (), signing(tmp_path)), Verified)


def test_a_services_folder_with_several_databases(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with create(tmp_path, "data/gallery") as gallery:
        log_of(gallery, tmp_path).record(Entry("os:ann", Action.SEARCH))
        before = answers(gallery)
        rows = sqlite3.connect(data / "service.db")
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute("CREATE TABLE alembic_version (version_num TEXT)")
        rows.execute("INSERT INTO alembic_version VALUES ('0042')")
        rows.commit()
        (data / "uploads").mkdir()
        (data / "uploads" / "big").write_bytes(bytes(17 << 20))
        (data / "uploads" / "link").symlink_to(tmp_path / "elsewhere")
        (data / ".lock").write_bytes(b"")
        back_up(data, tmp_path / "b.tar", "0.0")
        rows.close()
    seen: list[tuple[str, str]] = []
    again(tmp_path, check=lambda file, schema: seen.append((file.name, schema)))
    assert seen == [("service.db", "0042")]
    with Gallery.open(tmp_path / "h" / "gallery", key=key(tmp_path)) as restored:
        assert answers(restored) == before
    files = {file.relative_to(tmp_path / "h").as_posix() for file in (tmp_path / "h").rglob("*") if file.is_file()}
    log = {f"gallery/log/{name}" for name in ("log.json", "entries.jsonl", "lock")}
    assert files == {"gallery/gallery.db", "service.db", "uploads/big", *log}


# What was erased since


def test_an_erased_subject_is_not_restored(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
        file = exported(tmp_path)
        known = gallery.known(gallery.subject_id(GRACE))
        gallery.remove(GRACE)
    back = again(tmp_path, keys=import_keys(file, PASSPHRASE))
    assert back.erased == 1
    with reopened(tmp_path) as restored:
        assert [subject.name for subject in restored.subject_list()] == [ADA, MARY] and restored.blinded == 0
        assert {candidate.subject for candidate in restored.search(unit(1), PACK)} == {ADA, MARY}
        content = b"".join(p.read_bytes() for p in (tmp_path / "h").rglob("*") if p.is_file())
    assert not any(value[at : at + 32] in content for value in known.sealed for at in range(0, len(value) - 31, 500))
    (told,) = read_log(tmp_path / "h" / "log", Wanted(action=Action.RESTORE))
    assert told.entry.details["erased"] == 1


def test_nor_who_was_merged_into_an_erased_subject(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        saved(tmp_path) if (tmp_path / "g" / "log").exists() else back_up(tmp_path / "g", tmp_path / "b.tar", "0.0")
        file = exported(tmp_path)
        gallery.merge(GRACE, ADA)
        gallery.remove(GRACE)
    assert again(tmp_path, keys=import_keys(file, PASSPHRASE)).erased == 2
    with reopened(tmp_path) as restored:
        assert [subject.name for subject in restored.subject_list()] == [MARY]


def test_a_key_blotted_out_of_its_export_stays_out_on_another_machine(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
        file = exported(tmp_path)
        grace = gallery.subject_id(GRACE)
    size = file.stat().st_size
    (sealed,) = [
        line["sealed"] for line in map(json.loads, file.read_text().splitlines()) if line.get("subject") == grace
    ]
    assert blot_out(file, grace) == 1 and blot_out(file, grace) == 0 and file.stat().st_size == size
    assert sealed not in file.read_text()
    keys = import_keys(file, PASSPHRASE)
    assert len(keys.subjects) == 2 and {subject for _, subject in keys.erased} == {grace}
    shutil.rmtree(tmp_path / "keys")
    assert again(tmp_path, keys=keys).erased == 1
    with reopened(tmp_path) as restored:
        assert [subject.name for subject in restored.subject_list()] == [ADA, MARY]


# What cannot be restored


def test_a_taken_place_is_refused(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
    (tmp_path / "empty").mkdir()
    again(tmp_path, "empty")
    for taken in ("g", "b.tar"):
        with pytest.raises(BackupError, match="not an empty folder"):
            again(tmp_path, taken)
    with pytest.raises(BackupError, match="There is no"):
        again(tmp_path, name="nowhere.tar")
    assert not (tmp_path / "h").exists()


def test_what_is_no_place_is_not_backed_up(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    for place, words in (("g", "holds no gallery"), ("nowhere", "is no folder")):
        with pytest.raises(BackupError, match=words):
            back_up(tmp_path / place, tmp_path / "b.tar", "0.0")
    shutil.rmtree(tmp_path / "g")
    create(tmp_path).close()
    with pytest.raises(BackupError, match="lies in what is backed up"):
        back_up(tmp_path / "g", tmp_path / "g" / "b.tar", "0.0")
    (tmp_path / "b.tar").write_bytes(b"")
    with pytest.raises(BackupError, match="there already"):
        back_up(tmp_path / "g", tmp_path / "b.tar", "0.0")


def test_any_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
    good = (tmp_path / "b.tar").read_bytes()
    whole = _files_of(tmp_path / "b.tar")
    rng = np.random.default_rng(2)
    refused = 0
    bad = [good[: int(cut)] for cut in rng.integers(0, len(good) - 1024 * 10, 25)]
    # headers and the manifest more often than by chance
    places = [
        *rng.integers(0, len(good), 120),
        *(good.find(word) + 3 for word in (b"manifest.json", b'"sha256"', b'"head"')),
    ]
    for at in places:
        changed = bytearray(good)
        changed[int(at)] ^= int(rng.integers(1, 256))
        bad.append(bytes(changed))
    for number, content in enumerate(bad):
        (tmp_path / "bad.tar").write_bytes(content)
        try:
            again(tmp_path, f"bad{number}", "bad.tar")
        except (BackupDamaged, BackupVersion) as error:
            refused += 1
            assert str(error).startswith(str(tmp_path / "bad.tar")) and str(error).count(". ") == 0
            assert not (tmp_path / f"bad{number}").exists()
        else:
            assert _files_of(tmp_path / "bad.tar") == whole
        shutil.rmtree(tmp_path / f"bad{number}", ignore_errors=True)
    assert refused > 100
    assert not [file for file in tmp_path.iterdir() if file.name.endswith(".part")]


def _files_of(archive: Path) -> dict[str, str]:
    with ArchiveReader.opened(archive) as reader:
        return {member.path: member.sha256 for member in reader.manifest.files}


@pytest.mark.parametrize("name", ["place/../../out", "/place/out", "place//etc/out", "../out"])
def test_nothing_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
    _forge(
        tmp_path / "b.tar",
        tmp_path / "forged.tar",
        lambda path, content: (name, content) if "entries" in path else None,
    )
    with pytest.raises(BackupDamaged):
        again(tmp_path, name="forged.tar")
    assert not (tmp_path / "h").exists() and not (tmp_path / "out").exists()


def _forge(archive: Path, out: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> None:
    with tarfile.open(archive) as source, tarfile.open(out, "w") as target:
        for info in source:
            opened = source.extractfile(info)
            assert opened is not None
            content = opened.read()
            name, content = change(info.name, content) or (info.name, content)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))


def test_a_forged_manifest_is_refused(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
        saved(tmp_path)
    for name, wrong in ((MANIFEST, b"{}"), (DIGEST, b"0" * 64), (ABOUT, b"[]"), (ABOUT, b'{"schema":"something"}')):
        _forge(tmp_path / "b.tar", tmp_path / "f.tar", lambda path, _, n=name, w=wrong: (n, w) if path == n else None)
        with pytest.raises(BackupDamaged, match="is no whole backup"):
            again(tmp_path, name="f.tar")


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log_of(gallery, tmp_path)
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as rows:
        rows.execute("UPDATE meta SET schema_version = 99")
    rows.close()
    saved(tmp_path)
    with pytest.raises(BackupVersion, match=r"gallery\.db in the backup is of a newer Second Look \(schema 99"):
        again(tmp_path)
    newer = b'{"schema":"secondlook.backup/2"}'
    _forge(tmp_path / "b.tar", tmp_path / "f.tar", lambda path, _: (ABOUT, newer) if path == ABOUT else None)
    with pytest.raises(BackupVersion, match="newer"):
        again(tmp_path, name="f.tar")

    def refuse(file: Path, schema: str) -> None:
        raise BackupVersion("the service's database is too new")

    (tmp_path / "data").mkdir()
    with sqlite3.connect(tmp_path / "data" / "service.db") as rows:
        rows.execute("CREATE TABLE t (x)")
    rows.close()
    create(tmp_path, "data/gallery").close()
    back_up(tmp_path / "data", tmp_path / "d.tar", "0.0")
    with pytest.raises(BackupVersion, match="too new"):
        again(tmp_path, name="d.tar", check=refuse)


def test_a_log_that_was_cut_is_restored_and_said(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        log = log_of(gallery, tmp_path)
        for _ in range(3):
            log.record(Entry("os:ann", Action.SEARCH))
        file = tmp_path / "g" / "log" / "entries.jsonl"
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(lines[0] + lines[2])
        saved(tmp_path)
    back = again(tmp_path)
    assert "not whole when it was made" in back.notes[0] and "Entry 2 is missing" in back.notes[0]


def test_the_homes_key_is_put_into_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    with Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=HomeKey()) as gallery:
        gallery.enrol(GRACE, [new(GRACE, 1)], PACK)
        back_up(tmp_path / "g", tmp_path / "b.tar", "0.0")
    keys = keys_of(list(contents(tmp_path / "g").galleries), None, [], signing(tmp_path))
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "other"))
    again(tmp_path, keys=keys, key=None)
    with Gallery.open(tmp_path / "h") as restored:
        assert restored.search(unit(1), PACK)[0].subject == GRACE
