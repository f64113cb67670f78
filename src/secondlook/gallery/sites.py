"""Where a gallery is or is to be: a folder, or a schema in PostgreSQL; and where the keys of its subjects are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from secondlook.errors import GalleryError, GalleryLocked, GalleryMissing, OutputError
from secondlook.gallery import keyserver
from secondlook.gallery.addresses import Address, address
from secondlook.gallery.database import Database
from secondlook.gallery.files import beside, publish
from secondlook.gallery.keys import KeySource, home, refuse_inside
from secondlook.gallery.keyserver import KeyServer
from secondlook.gallery.keystore import KeyStore
from secondlook.gallery.postgres import PostgresStore, system_identifier
from secondlook.gallery.records import MetaRow
from secondlook.gallery.sqlite import SqliteStore
from secondlook.gallery.vault import SubjectKeys

FILE_NAME = "gallery.db"
SUBJECT_KEYS = "SECONDLOOK_SUBJECT_KEYS"
"""Environment variable: address of the PostgreSQL that keeps the subjects' keys of galleries in another PostgreSQL."""


class Site(Protocol):
    """place: what the user calls it, for sentences. It tells no password."""

    @property
    def place(self) -> str: ...

    def refuse_taken(self) -> None:
        """Raises GalleryError where no new gallery can be made here."""
        ...

    def refuse_keys(self, source: KeySource, gallery: str) -> None:
        """Raises GalleryLocked where the gallery's key would lie with the gallery."""
        ...

    def write(self, meta: MetaRow) -> None:
        """A new database, whole or not at all. Raises GalleryError, OutputError."""
        ...

    def database(self) -> Database:
        """The one that is there. Raises GalleryMissing where there is none."""
        ...

    def new_keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        """Raises GalleryLocked, OutputError."""
        ...

    def keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        """Raises GalleryLocked, OutputError."""
        ...

    def folder(self, gallery: str) -> Path:
        """Where this host keeps files that belong to the gallery."""
        ...

    def fixed_folder(self) -> Path | None:
        """The same, where it is known without asking the database."""
        ...

    def key_files(self, source: KeySource, gallery: str) -> tuple[Path, ...]:
        """Files with subjects' keys in them."""
        ...

    def out_of_sight(self) -> tuple[str, ...]:
        """Sentences on what an erasure cannot look through."""
        ...


def site(place: str | Path) -> Site:
    """Raises GalleryError where it begins as an address and is none."""
    where = address(place)
    return FolderSite(Path(place)) if where is None else ServerSite(where, _key_server())


def missing(place: str) -> GalleryMissing:
    return GalleryMissing(
        f"There is no gallery in {place}: name another, or make one with `secondlook enrol PEOPLE --gallery`."
    )


@dataclass(frozen=True, slots=True)
class FolderSite:
    """A folder with one file of SQLite in it."""

    root: Path

    @property
    def place(self) -> str:
        return str(self.root)

    def refuse_taken(self) -> None:
        if (self.root / FILE_NAME).exists():
            raise GalleryError(f"There is a gallery in {self.root} already: open it, or choose another folder.")
        if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            raise GalleryError(f"{self.root} is not an empty folder: choose a new one for the gallery.")

    def refuse_keys(self, source: KeySource, gallery: str) -> None:
        refuse_inside(source, gallery, self.root)

    def write(self, meta: MetaRow) -> None:
        """Under another name first, so that nobody ever sees half of it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            part = beside(self.root / FILE_NAME)
            try:
                database = Database(SqliteStore.on_disk(part, self.place))
                try:
                    database.found(meta)
                finally:
                    database.close()
                publish(part, self.root / FILE_NAME)
            finally:
                for ending in ("", "-journal", "-wal", "-shm"):
                    part.with_name(part.name + ending).unlink(missing_ok=True)
        except FileExistsError as error:
            raise GalleryError(
                f"{self.root} was made by another program meanwhile: open it, or choose another."
            ) from error
        except OSError as error:
            raise OutputError(
                f"{self.root} cannot be written ({error.strerror}): free space or choose another."
            ) from error

    def database(self) -> Database:
        file = self.root / FILE_NAME
        if not file.is_file():
            raise missing(self.place)
        database = Database(SqliteStore.on_disk(file, self.place))
        return _checked(database, GalleryMissing(f"{file} is not a gallery's: name another folder."))

    def new_keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        return KeyStore.create(source.subjects_file(gallery))

    def keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        return KeyStore.open(source.subjects_file(gallery))

    def folder(self, gallery: str) -> Path:
        return self.root

    def fixed_folder(self) -> Path | None:
        return self.root

    def key_files(self, source: KeySource, gallery: str) -> tuple[Path, ...]:
        return (source.subjects_file(gallery),)

    def out_of_sight(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class ServerSite:
    """A schema in PostgreSQL. key_server: where the subjects' keys are; None: in the file of the gallery's key source."""

    where: Address
    key_server: Address | None

    @property
    def place(self) -> str:
        return str(self.where)

    def refuse_taken(self) -> None:
        database = self._connected()
        try:
            if database.is_gallery():
                raise GalleryError(f"There is a gallery in {self.place} already: open it, or name another schema.")
        finally:
            database.close()

    def refuse_keys(self, source: KeySource, gallery: str) -> None:
        """No file of this host lies in the server."""

    def write(self, meta: MetaRow) -> None:
        database = self._connected()
        try:
            database.found(meta)
        finally:
            database.close()

    def database(self) -> Database:
        return _checked(self._connected(), missing(self.place))

    def new_keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        if self.key_server is None:
            return KeyStore.create(source.subjects_file(gallery))
        self._refuse_same_server(KeyServer(self.key_server, gallery))
        return KeyServer.create(self.key_server, gallery)

    def keys(self, source: KeySource, gallery: str) -> SubjectKeys:
        if self.key_server is not None:
            self._refuse_same_server(KeyServer(self.key_server, gallery))
            return KeyServer.open(self.key_server, gallery)
        if not source.subjects_file(gallery).is_file():
            raise GalleryLocked(
                f"The subjects' keys {source.subjects_file(gallery)} are missing: bring that file back, or name the server "
                f"that keeps them in {SUBJECT_KEYS}."
            )
        return KeyStore.open(source.subjects_file(gallery))

    def folder(self, gallery: str) -> Path:
        return home() / "galleries" / gallery

    def fixed_folder(self) -> Path | None:
        return None

    def key_files(self, source: KeySource, gallery: str) -> tuple[Path, ...]:
        return (source.subjects_file(gallery),) if self.key_server is None else ()

    def out_of_sight(self) -> tuple[str, ...]:
        rows = (
            f"The files, the write-ahead log and the backups of the server of {self.place} could not be looked through: what "
            "they hold of the subject is sealed with the key that was dropped."
        )
        if self.key_server is None:
            return (rows,)
        return (
            rows,
            f"Nor could those of {self.key_server}, which keeps the subjects' keys: until it has overwritten its write-ahead log "
            "and its backups are gone, whoever has both servers' files and the gallery's key could open what was erased.",
        )

    def _connected(self) -> Database:
        return Database(PostgresStore(self.where))

    def _refuse_same_server(self, keys: KeyServer) -> None:
        """One server's backup would carry the keys along with what they seal."""
        database = self._connected()
        try:
            with database.reading() as session:
                gallery = system_identifier(session)
            if keys.system_identifier() == gallery:
                raise GalleryLocked(
                    f"{keys.place} is the server that holds the gallery, and its backups would carry the keys that open it: "
                    f"name another server in {SUBJECT_KEYS}."
                )
        finally:
            database.close()
            keys.close()


def _key_server() -> Address | None:
    text = os.environ.get(SUBJECT_KEYS)
    if not text:
        return None
    where = address(text, keyserver.SCHEMA)
    if where is None:
        raise GalleryError(
            f"What {SUBJECT_KEYS} holds is no address: write it as postgresql://USER@HOST:PORT/DATABASE."
        )
    return where


def _checked(database: Database, otherwise: GalleryMissing) -> Database:
    try:
        if not database.is_gallery():
            raise otherwise
    except BaseException:
        database.close()
        raise
    return database
