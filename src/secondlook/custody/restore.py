"""From a backup's archive to a place that can be used again.

Everything is unpacked beside the place, checked, brought up to what was erased since, and only then given its name.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from secondlook.custody.archive import PLACE, ArchiveReader, Manifest, inside
from secondlook.custody.files import synchronised
from secondlook.custody.heads import Head, kept_head, parsed_head
from secondlook.custody.identity import FILE_NAME, Identity, read_identity
from secondlook.custody.key_export import Keys
from secondlook.custody.key_import import take_keys
from secondlook.custody.log import CustodyLog
from secondlook.custody.signing import KeyFolder
from secondlook.custody.verifying import Broken, verify
from secondlook.errors import BackupError, BackupVersion, GalleryLocked, LogUnusable, OutputError
from secondlook.gallery.files import beside, private_folder
from secondlook.gallery.keys import KeySource
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.offline import BESIDE, gallery_facts, key_source, remove_rows
from secondlook.gallery.records import SCHEMA_VERSION
from secondlook.ports import Action, Entry

Clean = Callable[[Path, str], int]
"""Takes a subject (id in hex) out of a database's file; how many rows that was, 0 where it knows nothing of it."""

Check = Callable[[Path, str], None]
"""Told the file and the schema of a database that is no gallery's; raises BackupVersion where it is too new."""


@dataclass(frozen=True, slots=True)
class Restored:
    """erased: subjects that were in the backup and are erased since. notes: sentences."""

    files: int
    made_at: str
    erased: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """key: where the galleries' keys are, or are to be put; None: as the galleries remember. keys: exported ones, to be
    put there. signing: where the logs' keys are. check, cleaners: for databases that are no gallery's."""

    key: KeySource | None = None
    keys: Keys | None = None
    signing: KeyFolder | None = None
    check: Check = lambda file, schema: None
    cleaners: Sequence[Clean] = ()


def restore(archive: Path, place: Path, actor: str, wishes: Wishes = Wishes()) -> Restored:
    """Unpacks an archive into a place which is empty or not there yet; all of it, or nothing.

    actor: who does it, for the logs. Whoever was erased since is not in it, as long as the keys' folder remembers that.
    Raises BackupDamaged, BackupVersion, BackupError where the place is taken or a key does not fit, OutputError.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BackupError(f"{place} is not an empty folder: choose a new one for what is restored.")
    part = beside(place)
    try:
        private_folder(part)
        manifest = _unpacked(archive, part)
        _check_versions(part, manifest, wishes.check)
        if wishes.keys is not None:
            take_keys(part, manifest, wishes.keys, wishes.key, wishes.signing or KeyFolder.default())
        erased, notes = _without_erased(part, manifest, wishes)
        notes += _logs(part, manifest, actor, erased, wishes.signing or KeyFolder.default())
        for note in manifest.databases:
            _without_companions(inside(part, note.path))
        with suppress(FileNotFoundError):
            place.rmdir()
        part.rename(place)
        synchronised(place.absolute().parent)
    except OSError as error:
        raise OutputError(
            f"{place} cannot be written ({error.strerror}): free space or choose another place."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(len(manifest.files), manifest.about.made_at, erased, tuple(notes))


def _unpacked(archive: Path, part: Path) -> Manifest:
    try:
        with ArchiveReader.opened(archive) as reader:
            for member in reader.manifest.files:
                target = inside(part, member.path)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                reader.unpack(member, target)
            return reader.manifest
    except FileNotFoundError as error:
        if error.filename == str(archive):
            raise BackupError(f"There is no {archive}: name a file that `secondlook backup` wrote.") from error
        raise


def _check_versions(part: Path, manifest: Manifest, check: Check) -> None:
    for note in manifest.databases:
        file = inside(part, note.path)
        facts = gallery_facts(file)
        if facts is None:
            check(file, note.schema)
        elif facts.schema_version > SCHEMA_VERSION:
            raise BackupVersion(
                f"{PLACE}{note.path} in the backup is of a newer Second Look (schema {facts.schema_version}, this one "
                f"knows {SCHEMA_VERSION}): restore it with that version."
            )


def _without_companions(file: Path) -> None:
    """What reading a database leaves beside it; nothing was written through them."""
    for ending in BESIDE:
        beside_it = file.with_name(file.name + ending)
        if ending == "-shm" or (beside_it.exists() and beside_it.stat().st_size == 0):
            beside_it.unlink(missing_ok=True)


def _without_erased(part: Path, manifest: Manifest, wishes: Wishes) -> tuple[int, list[str]]:
    """How many subjects were taken out, and what has to be said."""
    gone: set[str] = set()
    notes = []
    for note in manifest.databases:
        if not note.gallery:
            continue
        dropped = _dropped(inside(part, note.path), wishes.key)
        if dropped is None:
            notes.append(
                f"The keys of the gallery {note.gallery} are not here, so it cannot be opened, and nobody knows who was "
                "erased since: bring them back, or restore with --keys."
            )
        for subject in sorted(dropped or ()):
            counts = [remove_rows(inside(part, note.path), subject)]
            counts += [
                clean(inside(part, other.path), subject) for clean in wishes.cleaners for other in manifest.databases
            ]
            gone |= {subject} if any(counts) else set()
    return len(gone), notes


def _dropped(file: Path, key: KeySource | None) -> frozenset[str] | None:
    try:
        facts, source = key_source(file, key)
        store = KeyStore.open(source.subjects_file(facts.id))
    except GalleryLocked:
        return None
    try:
        return store.dropped()
    finally:
        store.close()


def _logs(part: Path, manifest: Manifest, actor: str, erased: int, signing: KeyFolder) -> list[str]:
    notes = []
    for file in sorted(part.rglob(FILE_NAME)):
        folder = file.parent
        identity = read_identity(folder)
        if identity is None:
            continue
        if manifest.head and isinstance(said := _verified(folder, manifest.head, identity), Broken):
            notes.append(f"The log in the backup was not whole when it was made: {said.findings[0].sentence}")
        try:
            _begin_life(folder, identity, Entry(actor, Action.RESTORE, details=_details(manifest, erased)), signing)
        except LogUnusable as error:
            notes.append(f"The log was restored, but this could not be recorded in it: {error}")
    return notes


def _verified(folder: Path, head: str, identity: Identity) -> object:
    stated = parsed_head(head.encode(), "The manifest")
    return verify(folder, [stated] if stated.log == identity.log else [])


def _begin_life(folder: Path, identity: Identity, entry: Entry, signing: KeyFolder) -> None:
    """The log of which this is a copy may go on, with the same key: each is held against a head of its own."""
    signing.read(identity.log)  # first: without its key it stays as it is
    before = kept_head(signing.head_file(identity.life), identity)
    alive = replace(identity, life=uuid.uuid4().hex)
    (folder / FILE_NAME).write_bytes(alive.text())
    log = CustodyLog.open(folder, signing)
    end = log.head().seq
    details = {**entry.details, "life": alive.life, "from_seq": end}
    if isinstance(before, Head) and before.seq > end:
        details |= {"lost_to_seq": before.seq, "lost_hash": before.hash}
    log.record(replace(entry, details=details))


def _details(manifest: Manifest, erased: int) -> dict[str, str | int | float]:
    return {"made_at": manifest.about.made_at, "made_by": manifest.about.made_by, "erased": erased}
