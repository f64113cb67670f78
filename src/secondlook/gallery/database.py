"""The database that a gallery's rows are in, whichever it is: sessions for reading and for writing.

Every change happens under one write lock, raises ``revision`` by one, and is on the disk when it is acknowledged. A
process that finds another revision than the one it has in memory reads again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from secondlook.errors import GalleryError, SecondLookError
from secondlook.gallery.records import Base, MetaRow


class Store(Protocol):
    """What differs from one kind of database to another. reader, writer: one engine, with what a transaction of either kind
    begins with. alone: held during each. place: what the user calls the gallery, for sentences."""

    @property
    def reader(self) -> Engine: ...

    @property
    def writer(self) -> Engine: ...

    @property
    def alone(self) -> AbstractContextManager[Any]: ...

    @property
    def place(self) -> str: ...

    def prepare(self, session: Session) -> None:
        """What comes before the tables, in their transaction. Raises GalleryError where the place is taken."""
        ...

    def settle(self) -> None:
        """What comes after the tables."""
        ...

    def overwrite_deleted(self) -> bool:
        """Whether nothing that was deleted is left in the database's files."""
        ...

    def is_gallery(self, session: Session) -> bool: ...

    def sentence(self, error: Exception) -> SecondLookError:
        """What is to be raised for what the database said."""
        ...


class Database:
    """Sessions for reading and for writing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.place = store.place
        self.failures = 0
        """How many changes failed: what is in memory from before the last of them may hold a subject blinded by it."""

    def found(self, meta: MetaRow) -> None:
        """Make the tables and their one row of meta data. Raises GalleryError where the place is taken."""
        with self._changing() as session:
            self._store.prepare(session)
            Base.metadata.create_all(session.connection())
            session.add(meta)
        with self._explained():
            self._store.settle()

    def write_back(self) -> bool:
        """See to it that nothing that was deleted stays anywhere; False where that cannot be said now."""
        with self._store.alone, self._explained():
            return self._store.overwrite_deleted()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent state of the gallery."""
        with self._store.alone, self._explained(), Session(self._store.reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that holds the write lock, commits at the end, and rolls back where anything is raised."""
        with self._changing() as session:
            session.execute(text("UPDATE meta SET revision = revision + 1"))
            yield session

    @contextmanager
    def locked(self) -> Iterator[Session]:
        """As ``writing``, for changes which nobody has to read again for."""
        with self._changing() as session:
            session.execute(select(MetaRow.id).with_for_update())
            yield session

    def is_gallery(self) -> bool:
        with self.reading() as session:
            return self._store.is_gallery(session)

    def schema_version(self) -> int:
        with self.reading() as session:
            return self._number(session.execute(text("SELECT schema_version FROM meta")).scalar_one())

    def revision(self) -> int:
        with self._store.alone, self._explained(), self._store.reader.connect() as connection:
            return self._number(connection.exec_driver_sql("SELECT revision FROM meta").scalar_one())

    def close(self) -> None:
        self._store.reader.dispose()

    @contextmanager
    def _changing(self) -> Iterator[Session]:
        try:
            with self._store.alone, self._explained(), Session(self._store.writer) as session, session.begin():
                yield session
        except BaseException:
            self.failures += 1  # two at once may count as one, which is one all the same
            raise

    def _number(self, value: object) -> int:
        if not isinstance(value, int):  # SQLite columns take anything
            raise GalleryError(f"{self.place} is damaged ({value!r} is no number): restore it from a backup.")
        return value

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
            raise self._store.sentence(error) from error
