"""How a gallery comes to be, and how one that is there is opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from secondlook.errors import GalleryError, GalleryLocked, GalleryMissing, GalleryVersion, OutputError
from secondlook.gallery.files import beside, publish
from secondlook.gallery.keys import Environment, HomeKey, KeyKind, Keyring, KeySource, refuse_inside
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.records import SCHEMA_VERSION, Database, MetaRow
from secondlook.gallery.sealing import new_key
from secondlook.gallery.vault import Vault

FILE_NAME = "gallery.db"


@dataclass(frozen=True, eq=False, slots=True)
class Foundation:
    """What a gallery stands on. id: uuid in hex."""

    id: str
    database: Database
    vault: Vault

    def close(self) -> None:
        self.database.close()
        self.vault.close()


def found(folder: Path, pack: str, dimension: int, key: KeySource | None) -> Foundation:
    """A new gallery on the disk: whole, or not there. Raises GalleryError, GalleryLocked, OutputError."""
    _refuse_taken(folder)
    source = key or HomeKey()
    gallery = uuid.uuid4().hex
    refuse_inside(source, gallery, folder)
    secret = source.make(gallery)
    vault = Vault(gallery, secret, KeyStore.create(source.subjects_file(gallery)), str(folder))
    try:
        _write(folder, _meta(gallery, source.kind, vault, pack, dimension))
    except BaseException:
        vault.close()
        raise
    return Foundation(gallery, Database.on_disk(folder / FILE_NAME, str(folder)), vault)


def found_in_memory(pack: str, dimension: int) -> Foundation:
    gallery = uuid.uuid4().hex
    database = Database.in_memory()
    vault = Vault(gallery, new_key(), KeyStore.in_memory(), database.place)
    database.found(_meta(gallery, KeyKind.MEMORY, vault, pack, dimension))
    return Foundation(gallery, database, vault)


def reopened(folder: Path, key: KeySource | None) -> Foundation:
    """Raises GalleryMissing, GalleryVersion, GalleryLocked."""
    if not (folder / FILE_NAME).is_file():
        raise GalleryMissing(
            f"There is no gallery in {folder}: name another, or make one with `secondlook enrol PEOPLE --gallery`."
        )
    database = Database.on_disk(folder / FILE_NAME, str(folder))
    try:
        return _unlocked(database, folder, key)
    except BaseException:
        database.close()
        raise


def _unlocked(database: Database, folder: Path, key: KeySource | None) -> Foundation:
    _check_version(database, folder)
    with database.reading() as session:
        meta = session.scalars(select(MetaRow)).one()
    source = key or remembered(meta.key_kind, folder)
    refuse_inside(source, meta.gallery_id, folder)
    secret = source.read(meta.gallery_id)
    vault = Vault(meta.gallery_id, secret, KeyStore.open(source.subjects_file(meta.gallery_id)), str(folder))
    try:
        vault.verify(meta.key_check, source.words(meta.gallery_id))
    except BaseException:
        vault.close()
        raise
    return Foundation(meta.gallery_id, database, vault)


def _refuse_taken(folder: Path) -> None:
    if (folder / FILE_NAME).exists():
        raise GalleryError(f"There is a gallery in {folder} already: open it, or choose another folder.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GalleryError(f"{folder} is not an empty folder: choose a new one for the gallery.")


def _check_version(database: Database, folder: Path) -> None:
    if not database.is_gallery():
        raise GalleryMissing(f"{folder / FILE_NAME} is not a gallery's: name another folder.")
    version = database.schema_version()
    if version != SCHEMA_VERSION:
        newer = "a newer" if version > SCHEMA_VERSION else "an older"
        raise GalleryVersion(
            f"{folder} was written by {newer} Second Look (schema {version}, this one reads {SCHEMA_VERSION}): "
            "open it with that version, or enrol into a new gallery."
        )


def remembered(kind: str, folder: Path) -> KeySource:
    """Where the key of a gallery of this kind of key is. Raises GalleryLocked where it has to be named."""
    match kind:
        case KeyKind.HOME:
            return HomeKey()
        case KeyKind.ENVIRONMENT:
            return Environment()
        case KeyKind.KEYRING:
            return Keyring()
        case KeyKind.FILE:
            raise GalleryLocked(f"{folder} was sealed with a key file of your own: name it with --key-file.")
        case _:
            raise GalleryError(f"{folder} is damaged (no kind of key: {kind!r}): restore it from a backup.")


def _meta(gallery: str, kind: KeyKind, vault: Vault, pack: str, dimension: int) -> MetaRow:
    return MetaRow(
        id=1,
        schema_version=SCHEMA_VERSION,
        gallery_id=gallery,
        key_kind=kind.value,
        key_check=vault.check_value(),
        pack=pack,
        dimension=dimension,
        revision=0,
    )


def _write(folder: Path, meta: MetaRow) -> None:
    """Build the database under another name, so that nobody ever sees half of it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = beside(folder / FILE_NAME)
        try:
            _build(part, str(folder), meta)
            publish(part, folder / FILE_NAME)
        finally:
            for ending in ("", "-journal", "-wal", "-shm"):
                part.with_name(part.name + ending).unlink(missing_ok=True)
    except FileExistsError as error:
        raise GalleryError(f"{folder} was made by another program meanwhile: open it, or choose another.") from error
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): free space or choose another.") from error


def _build(part: Path, place: str, meta: MetaRow) -> None:
    database = Database.on_disk(part, place)
    try:
        database.found(meta)
        database.write_ahead()
    finally:
        database.close()
