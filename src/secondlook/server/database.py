"""The service's tables and the database they are in: SQLite in write-ahead mode, or PostgreSQL, through SQLAlchemy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, Invalid, OutputError
from secondlook.gallery import postgres
from secondlook.gallery.addresses import Address, address
from secondlook.gallery.sqlite import POOLED
from secondlook.server.folder import DataFolder, keep_note, read_note
from secondlook.server.migrations.running import upgrade

FILE_NAME = "service.db"
_CONNECT = (
    "PRAGMA busy_timeout=30000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_mode=WAL",
    # what was acknowledged is on the disk, and what was deleted is overwritten
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
)
_WRITING = "secondlook_writing"
SCHEMA = "secondlook_service"
_ONE_WRITER = "SELECT pg_advisory_xact_lock(hashtextextended('{schema} writes', 0))"
_ONE_SERVICE = text("SELECT pg_try_advisory_lock(hashtextextended(:schema || ' serves', 0))")
_GONE_S = 5.0
"""How long a server may take to notice that who held a lock is gone."""


class Database:
    """Sessions for reading and for writing. place: what its user calls it, without a password."""

    def __init__(self, engine: Engine, writer: Engine, place: str, where: Address | None = None) -> None:
        """For the makers below; use those. where: in PostgreSQL; None: a file."""
        self.engine, self._writer, self.place, self._where = engine, writer, place, where
        self._held: Connection | None = None

    @classmethod
    def on_disk(cls, file: Path) -> Database:
        engine = create_engine(URL.create("sqlite", database=str(file.absolute())), pool_size=POOLED, max_overflow=-1)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        return cls(engine, engine.execution_options(**{_WRITING: True}), str(file))

    @classmethod
    def on_server(cls, place: str) -> Database:
        """A schema in PostgreSQL, named by its address. Writers come one after another there, too, since what is looked up
        before a change must still be true at its end. Raises Invalid where it is no address, ExtraMissing."""
        where = address(place, SCHEMA)
        if where is None:
            raise Invalid("The service's database is named as postgresql://USER@HOST:PORT/DATABASE: give that.")
        engine = postgres.engine_for(where, _ONE_WRITER.format(schema=where.schema))
        return cls(postgres.reading(engine), postgres.writing(engine), str(where), where)

    @property
    def is_sqlite(self) -> bool:
        return self._where is None

    @property
    def out_of_sight(self) -> tuple[str, ...]:
        """Sentences on what an erasure cannot look through."""
        if self._where is None:
            return ()
        return (
            f"The files, the write-ahead log and the backups of the server of {self.place}, where the service's tables are, "
            "could not be looked through: sightings there are sealed with the key that was dropped; pictures in blind sets that "
            "were open are sealed with the gallery's, and whoever has that and those files could open them.",
        )

    def upgrade(self) -> None:
        """Brings the tables to what this version knows. Raises GalleryVersion where a newer one wrote them."""
        if self._where is not None:
            with self.writing() as session:
                postgres.make_schema(session, self._where)
        with self._explained():
            upgrade(self._writer)

    def hold(self) -> None:
        """Keep every other service out of this database as long as this one is open. Raises Conflict after some seconds: of a
        service that was killed the server notices only after a moment that it is gone. A file lies in a folder that is held
        already."""
        if self._where is None:
            return
        until = time.monotonic() + _GONE_S
        with self._explained():
            self._held = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            while not self._held.scalar(_ONE_SERVICE, {"schema": self._where.schema}):
                if time.monotonic() > until:
                    self._held.close()
                    raise Conflict(f"A service works with {self.place} already: stop it, or name another schema.")
                time.sleep(0.1)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent state."""
        with self._explained(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that holds the one write lock, commits at the end, and rolls back where anything is raised.
        Raises Conflict where a row that must be there once is there already."""
        with self._explained(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def compact(self) -> None:
        """Empties SQLite's write-ahead log into the tables, where what was deleted is overwritten. Elsewhere: nothing."""
        if self.is_sqlite:
            with self._explained(), self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._held is not None:
            with suppress(SQLAlchemyError):
                self._held.close()
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise Conflict("It is there already, or what it belongs to is not there any more: look again.") from error
        except SQLAlchemyError as error:
            if not self.is_sqlite:
                raise postgres.sentence(error, f"The service's database {self.place}") from error
            if not isinstance(error, OperationalError):
                raise
            raise OutputError(
                f"The service's database does not take this ({error.orig}): make room, allow writing, or wait."
            ) from error


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _on_begin does
    for pragma in _CONNECT:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")


def database_of(folder: DataFolder, place: str = "") -> Database:
    """The database of a service's folder. place: its address in PostgreSQL, which the folder then remembers without the
    password; empty: as it remembers, and a file of its own where it remembers none. Raises Invalid where the folder has
    another database than the one that is named, OutputError."""
    if not place:
        remembered = read_note(folder.database_note)
        return Database.on_server(remembered) if remembered else Database.on_disk(folder.database)
    database = Database.on_server(place)
    try:
        keep_note(folder.database_note, database.place, folder.database)
    except BaseException:
        database.close()
        raise
    return database
