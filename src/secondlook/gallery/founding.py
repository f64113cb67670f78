"""How a gallery comes to be, and how one that is there is opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from secondlook.errors import GalleryError, GalleryLocked, GalleryMissing, GalleryVersion
from secondlook.gallery.database import Database
from secondlook.gallery.keys import Environment, HomeKey, KeyKind, Keyring, KeySource
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.records import SCHEMA_VERSION, MetaRow
from secondlook.gallery.sealing import new_key
from secondlook.gallery.sites import FILE_NAME, Site, site
from secondlook.gallery.sqlite import SqliteStore
from secondlook.gallery.vault import Vault

__all__ = ["FILE_NAME", "Foundation", "folder_of", "found", "found_in_memory", "is_there", "remembered", "reopened"]


@dataclass(frozen=True, eq=False, slots=True)
class Foundation:
    """What a gallery stands on. id: uuid in hex. folder: where this host keeps files that belong to it, None in memory.
    files: files and folders in which something of a subject may lie. out_of_sight: sentences on where else it may."""

    id: str
    database: Database
    vault: Vault
    folder: Path | None = None
    files: tuple[Path, ...] = ()
    out_of_sight: tuple[str, ...] = ()

    def close(self) -> None:
        self.database.close()
        self.vault.close()


def found(place: str | Path, pack: str, dimension: int, key: KeySource | None) -> Foundation:
    """A new gallery, on the disk or in PostgreSQL: whole, or not there. Raises GalleryError, GalleryLocked, OutputError."""
    at = site(place)
    at.refuse_taken()
    source = key or HomeKey()
    gallery = uuid.uuid4().hex
    at.refuse_keys(source, gallery)
    secret = source.make(gallery)
    vault = Vault(gallery, secret, at.new_keys(source, gallery), at.place)
    try:
        at.write(_meta(gallery, source.kind, vault, pack, dimension))
        return _foundation(at, source, at.database(), vault, gallery)
    except BaseException:
        vault.close()
        raise


def found_in_memory(pack: str, dimension: int) -> Foundation:
    gallery = uuid.uuid4().hex
    database = Database(SqliteStore.in_memory())
    vault = Vault(gallery, new_key(), KeyStore.in_memory(), database.place)
    database.found(_meta(gallery, KeyKind.MEMORY, vault, pack, dimension))
    return Foundation(gallery, database, vault)


def reopened(place: str | Path, key: KeySource | None) -> Foundation:
    """Raises GalleryMissing, GalleryVersion, GalleryLocked."""
    at = site(place)
    database = at.database()
    try:
        return _unlocked(database, at, key)
    except BaseException:
        database.close()
        raise


def folder_of(place: str | Path) -> Path:
    """Where this host keeps files that belong to the gallery there, its log first of all: a folder is its own. Nothing needs
    to be in a folder, no key is needed. Raises GalleryMissing, OutputError for a gallery in PostgreSQL."""
    at = site(place)
    fixed = at.fixed_folder()
    if fixed is not None:
        return fixed
    database = at.database()
    try:
        with database.reading() as session:
            return at.folder(session.scalars(select(MetaRow.gallery_id)).one())
    finally:
        database.close()


def is_there(place: str | Path) -> bool:
    """Whether a gallery is there, which any version may have made. Raises OutputError where that cannot be said."""
    try:
        site(place).database().close()
    except GalleryMissing:
        return False
    return True


def _unlocked(database: Database, at: Site, key: KeySource | None) -> Foundation:
    _check_version(database)
    with database.reading() as session:
        meta = session.scalars(select(MetaRow)).one()
    source = key or remembered(meta.key_kind, at.place)
    at.refuse_keys(source, meta.gallery_id)
    secret = source.read(meta.gallery_id)
    vault = Vault(meta.gallery_id, secret, at.keys(source, meta.gallery_id), at.place)
    try:
        vault.verify(meta.key_check, source.words(meta.gallery_id))
    except BaseException:
        vault.close()
        raise
    return _foundation(at, source, database, vault, meta.gallery_id)


def _foundation(at: Site, source: KeySource, database: Database, vault: Vault, gallery: str) -> Foundation:
    folder = at.folder(gallery)
    return Foundation(gallery, database, vault, folder, (folder, *at.key_files(source, gallery)), at.out_of_sight())


def _check_version(database: Database) -> None:
    version = database.schema_version()
    if version != SCHEMA_VERSION:
        newer = "a newer" if version > SCHEMA_VERSION else "an older"
        raise GalleryVersion(
            f"{database.place} was written by {newer} Second Look (schema {version}, this one reads {SCHEMA_VERSION}): "
            "open it with that version, or enrol into a new gallery."
        )


def remembered(kind: str, place: str | Path) -> KeySource:
    """Where the key of a gallery of this kind of key is. Raises GalleryLocked where it has to be named."""
    match kind:
        case KeyKind.HOME:
            return HomeKey()
        case KeyKind.ENVIRONMENT:
            return Environment()
        case KeyKind.KEYRING:
            return Keyring()
        case KeyKind.FILE:
            raise GalleryLocked(f"{place} was sealed with a key file of your own: name it with --key-file.")
        case _:
            raise GalleryError(f"{place} is damaged (no kind of key: {kind!r}): restore it from a backup.")


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
