"""What happens to a gallery when something goes wrong: other writers, kills, full disks, strange files.

This file is also the program that the tests run beside themselves (see ``_work``).
"""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from secondlook.errors import GalleryError, GalleryMissing, GalleryVersion, OutputError, SecondLookError
from secondlook.faces.fuse import fuse
from secondlook.gallery import Gallery, KeyFile, NewReference, Reference
from secondlook.types import Floats, Quality

PACK = "test@0123456789ab"
D = 32
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)


def new(seed: int) -> NewReference:
    vector = np.random.default_rng(seed).standard_normal(D).astype(np.float32)
    return NewReference(
        template=np.asarray(vector / np.linalg.norm(vector), np.float32),
        crop=np.random.default_rng(seed).bytes(3000),
        landmarks=np.zeros((5, 2), np.float32),
        source=f"{seed}.jpg",
        picture_sha256=hashlib.sha256(str(seed).encode()).hexdigest(),
        quality=QUALITY,
    )


@pytest.fixture(params=["disk", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a test, whose gallery is in it or in PostgreSQL."""
    if request.param == "postgres":
        (tmp_path / "address").write_text(request.getfixturevalue("postgres").address())
    return tmp_path


def place(tmp_path: Path) -> str | Path:
    address = tmp_path / "address"
    return address.read_text() if address.exists() else tmp_path / "g"


def create(tmp_path: Path) -> Gallery:
    return Gallery.create(place(tmp_path), pack=PACK, dimension=D, key=KeyFile(tmp_path / "k.key"))


def reopen(tmp_path: Path) -> Gallery:
    return Gallery.open(place(tmp_path), key=KeyFile(tmp_path / "k.key"))


def start(job: str, tmp_path: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, job, str(tmp_path), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def said(worker: subprocess.Popen[str]) -> list[str]:
    """The rest of what a worker acknowledged: whole lines only."""
    assert worker.stdout is not None
    with worker.stdout:
        lines = worker.stdout.read().splitlines(keepends=True)
    worker.wait(timeout=60)
    return [line.strip() for line in lines if line.endswith("\n")]


def names(gallery: Gallery) -> set[str]:
    return {subject.name for subject in gallery.subject_list()}


def whole(gallery: Gallery) -> bool:
    """Every reference of every subject opens, and all of them together find their own subject."""
    held = {subject.name: gallery.references(subject.name) for subject in gallery.subject_list()}
    probes = np.stack([fused(references) for references in held.values()])
    found = gallery.search_many(probes, PACK, 1)
    return gallery.blinded == 0 and [f[0].subject for f in found] == list(held)


def fused(references: Sequence[Reference]) -> Floats:
    templates = np.stack([reference.template for reference in references])
    return fuse(templates, np.array([reference.quality.score for reference in references], np.float32))


# Several processes


def test_two_processes_write_at_once_and_nothing_is_lost(kept: Path) -> None:
    with create(kept) as gallery:
        workers = [start("share", kept, first, 12) for first in (0, 100)]
        acknowledged = {name for worker in workers for name in said(worker)}
        assert [worker.returncode for worker in workers] == [0, 0]
        assert len(acknowledged) == 24 and names(gallery) == acknowledged | {"everybody"}
        assert len(gallery.references("everybody")) == 24
        assert gallery.subjects == 25 and len(gallery) == 72 and whole(gallery)


def test_a_gallery_made_by_another_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create(tmp_path) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
    # as if both had found the folder empty
    monkeypatch.setattr("secondlook.gallery.sites.FolderSite.refuse_taken", lambda site: None)
    with pytest.raises(GalleryError, match="made by another program"):
        create(tmp_path)
    assert [file.name for file in (tmp_path / "g").iterdir()] == ["gallery.db"]
    with reopen(tmp_path) as gallery:
        assert names(gallery) == {"Ann"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_what_was_acknowledged_survives_a_kill(kept: Path) -> None:
    create(kept).close()
    acknowledged: set[str] = set()
    for attempt in range(4):
        worker = start("enrol", kept, attempt * 1000, 1000)
        assert worker.stdout is not None
        acknowledged.add(worker.stdout.readline().strip())
        time.sleep(0.02 + 0.031 * attempt)  # somewhere inside a later enrolment
        worker.send_signal(signal.SIGKILL)
        acknowledged.update(said(worker))
        assert worker.returncode == -signal.SIGKILL
        with reopen(kept) as gallery:
            assert acknowledged <= names(gallery)
            assert whole_subjects(gallery) and gallery.blinded == 0
    assert len(acknowledged) >= 4


def whole_subjects(gallery: Gallery) -> bool:
    """An enrolment is one transaction: each subject has both its references, or is not there."""
    return all(subject.references == 2 for subject in gallery.subject_list())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_removal_is_done_or_not_and_never_half_readable(kept: Path) -> None:
    everybody = {f"subject {seed}" for seed in range(30)}
    with create(kept) as gallery:
        for seed in range(30):
            gallery.enrol(f"subject {seed}", [new(seed)], PACK)
    worker = start("remove", kept, 0, 30)
    assert worker.stdout is not None
    removed = {worker.stdout.readline().strip()}
    worker.send_signal(signal.SIGKILL)
    removed.update(said(worker))
    with reopen(kept) as gallery:
        left = names(gallery)
        assert not removed & left
        # at most one was under way: its key is dropped before its rows, so nobody can read it
        assert len(everybody - removed - left) <= 1
        assert whole(gallery) or (gallery.blinded == 1 and gallery.remove_blinded() == 1 and whole(gallery))


def test_a_merge_cut_short_before_the_old_key_is_dropped_is_finished_later(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create(kept) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Anna", [new(2)], PACK)
        with monkeypatch.context() as cut:
            cut.setattr(Gallery, "_drop_retired", lambda gallery: None)  # as if killed right there
            gallery.merge("Ann", "Anna")
        assert _stored_keys(kept) == 2
    with reopen(kept) as gallery:
        assert _stored_keys(kept) == 1
        assert whole(gallery) and len(gallery) == 2


def _stored_keys(tmp_path: Path) -> int:
    store = sqlite3.connect(tmp_path / "k.key.subjects")
    try:
        return int(store.execute("SELECT count(*) FROM keys").fetchone()[0])
    finally:
        store.close()


def test_a_crash_between_key_and_rows_leaves_a_good_gallery(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with create(kept) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        with monkeypatch.context() as cut, pytest.raises(Killed):
            cut.setattr("secondlook.gallery.changes.sealed_row", killed)
            gallery.enrol("Bob", [new(2)], PACK)
        assert names(gallery) == {"Ann"} and whole(gallery)
        gallery.enrol("Bob", [new(2)], PACK)
        assert names(gallery) == {"Ann", "Bob"} and whole(gallery)


# The disk


def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        with gallery._database.locked() as session:  # SQLite then behaves as on a disk which is full
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
            session.execute(text(f"PRAGMA max_page_count = {pages + 4}"))
        with pytest.raises(OutputError, match="disk is full") as caught:
            gallery.enrol("Bob", [new(seed) for seed in range(20)], PACK)
        assert str(tmp_path / "g") in str(caught.value)
        assert names(gallery) == {"Ann"} and whole(gallery)
    with reopen(tmp_path) as gallery:
        gallery.enrol("Bob", [new(seed) for seed in range(20)], PACK)
        assert names(gallery) == {"Ann", "Bob"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_disk_that_takes_no_more_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    create(tmp_path).close()
    worker = start("fill", tmp_path, 0, 1000)
    *acknowledged, last = said(worker)
    assert last.startswith("OutputError:") and str(tmp_path) in last
    assert 2 < len(acknowledged) < 1000
    with reopen(tmp_path) as gallery:
        assert set(acknowledged) <= names(gallery) and whole_subjects(gallery)


def test_a_removal_that_the_disk_does_not_take_blinds_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("the disk is full")

    with create(tmp_path) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Bob", [new(2)], PACK)
        assert gallery.search(new(1).template, PACK)[0].subject == "Ann"
        with monkeypatch.context() as cut, pytest.raises(OutputError):
            cut.setattr("secondlook.gallery.changes.delete", full)  # the key is dropped by then
            gallery.remove("Ann")
        assert [candidate.subject for candidate in gallery.search(new(1).template, PACK)] == ["Bob"]
        assert gallery.blinded == 1
        gallery.remove("Ann")
        assert gallery.blinded == 0


def test_what_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        with gallery._database.reading() as session:
            session.execute(text("PRAGMA query_only = ON"))  # the same error as a read-only file, for root as well
        with pytest.raises(OutputError, match="allow writing"):
            gallery.enrol("Bob", [new(2)], PACK)
        assert gallery.search(new(1).template, PACK)[0].subject == "Ann"


def test_a_gallery_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for place in (tmp_path / "file", tmp_path / "file" / "g"):
        with pytest.raises((GalleryError, OutputError), match="file"):
            Gallery.create(place, pack=PACK, dimension=D, key=KeyFile(tmp_path / "k.key"))
    with pytest.raises(OutputError, match="file"):
        Gallery.create(tmp_path / "g", pack=PACK, dimension=D, key=KeyFile(tmp_path / "file" / "k.key"))
    assert not (tmp_path / "g").exists()


# Strange files


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"GIF89a" + bytes(5000), b"SQLite format 3\x00" + bytes(10), bytes(8192)],
    ids=["empty", "one byte", "picture", "head only", "zeros"],
)
def test_what_is_no_gallery_is_said_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "gallery.db").write_bytes(content)
    with pytest.raises(GalleryMissing, match="another"):
        Gallery.open(tmp_path / "g")
    assert (tmp_path / "g" / "gallery.db").read_bytes() == content


def test_another_database_is_no_gallery(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as other:
        other.execute("CREATE TABLE pictures (id INTEGER)")
    other.close()
    with pytest.raises(GalleryMissing, match="not a gallery"):
        Gallery.open(tmp_path / "g")


@pytest.mark.parametrize(("version", "words"), [(0, "an older"), (99, "a newer")])
def test_another_version_is_said(tmp_path: Path, version: int, words: str) -> None:
    create(tmp_path).close()
    with sqlite3.connect(tmp_path / "g" / "gallery.db") as other:
        other.execute("UPDATE meta SET schema_version = ?", (version,))
        other.execute('DROP TABLE "references"')  # nothing but the version may be relied on
    other.close()
    with pytest.raises(GalleryVersion, match=rf"{words} Second Look \(schema {version}"):
        reopen(tmp_path)


def test_a_truncated_gallery_is_one_sentence(tmp_path: Path) -> None:
    with create(tmp_path) as gallery:
        for seed in range(30):
            gallery.enrol(f"subject {seed}", [new(seed)], PACK)
    file = tmp_path / "g" / "gallery.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(GalleryError, match="damaged"), reopen(tmp_path) as gallery:
        gallery.search(new(1).template, PACK)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Never a wrong name and never another error than ours, whatever byte of the file is changed."""
    with create(tmp_path) as gallery:
        gallery.enrol("Ann", [new(1)], PACK)
        gallery.enrol("Bob", [new(2)], PACK)
    file = tmp_path / "g" / "gallery.db"
    good = file.read_bytes()
    noticed = 0
    for position in np.random.default_rng(3).integers(0, len(good), 60).tolist():
        bad = bytearray(good)
        bad[position] ^= 0xFF
        file.write_bytes(bad)
        try:
            with reopen(tmp_path) as gallery:
                found = gallery.search(new(1).template, PACK, 1)
                gallery.references("Ann")
                gallery.subject_list()
            assert found[0].subject == "Ann" and found[0].score == pytest.approx(1.0, abs=1e-6)
        except SecondLookError:
            noticed += 1
    assert noticed > 5


def _work(job: str, tmp_path: Path, first: int, count: int) -> None:
    """What a test runs in another process: say each thing once it is done."""
    if job == "fill":
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
    with reopen(tmp_path) as gallery:
        for seed in range(first, first + count):
            try:
                _work_on(gallery, job, seed)
            except OutputError as error:
                print(f"OutputError: {error}", flush=True)
                return
            print(f"subject {seed}", flush=True)


def _work_on(gallery: Gallery, job: str, seed: int) -> None:
    if job == "remove":
        gallery.remove(f"subject {seed}")
        return
    gallery.enrol(f"subject {seed}", [new(2 * seed), new(2 * seed + 1)], PACK)
    if job == "share":
        gallery.enrol("everybody", [new(10_000 + seed)], PACK)


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
