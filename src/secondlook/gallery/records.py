"""The gallery's rows and the database they are in: SQLite in write-ahead mode, through SQLAlchemy.

Every change happens under the one write lock (BEGIN IMMEDIATE), raises ``revision`` by one, and is on the disk when it
is acknowledged (synchronous=FULL). A process that finds another revision than the one it has in memory reads again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ForeignKey, StaticPool, UniqueConstraint, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from secondlook.errors import GalleryError, GalleryMissing, OutputError, SecondLookError

SCHEMA_VERSION = 1
_BUSY_MS = 30_000
_WRITE_BACK_MS = 5_000
_CONNECT = (
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
)
_WRITING = "secondlook_writing"


class Base(DeclarativeBase):
    pass


class MetaRow(Base):
    """One row. ``schema_version`` keeps its name and place in every version, so that any version can read it."""

    __tablename__ = "meta"
    id: Mapped[int] = mapped_column(primary_key=True)
    schema_version: Mapped[int]
    gallery_id: Mapped[str]
    key_kind: Mapped[str]
    key_check: Mapped[bytes]
    pack: Mapped[str]
    dimension: Mapped[int]
    revision: Mapped[int]


class SubjectRow(Base):
    """id: uuid in hex. created_at: UTC, ISO 8601. Nothing else of the person is in clear."""

    __tablename__ = "subjects"
    id: Mapped[str] = mapped_column(primary_key=True)
    name_lookup: Mapped[bytes] = mapped_column(unique=True)
    sealed_name: Mapped[bytes]
    created_at: Mapped[str]


class ReferenceRow(Base):
    """The crop comes last: SQLite then reads the templates without passing over the pictures."""

    __tablename__ = "references"
    __table_args__ = (UniqueConstraint("subject_id", "picture_lookup"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subjects.id", ondelete="CASCADE"))
    pack: Mapped[str]
    picture_lookup: Mapped[bytes]
    sealed_template: Mapped[bytes]
    sealed_details: Mapped[bytes]
    sealed_crop: Mapped[bytes]


class RetiredKeyRow(Base):
    """A key which no row needs any more and which is to be dropped: kept until that was done."""

    __tablename__ = "retired_keys"
    subject_id: Mapped[str] = mapped_column(primary_key=True)


class Database:
    """Sessions for reading and for writing. ``place`` is what the user calls the gallery, for sentences."""

    def __init__(self, engine: Engine, place: str, alone: AbstractContextManager[Any]) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITING: True})
        self._alone = alone
        self.place = place
        self.failures = 0
        """How many changes failed: what is in memory from before the last of them may hold a subject blinded by it."""
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)

    @classmethod
    def on_disk(cls, file: Path, place: str) -> Database:
        return cls(create_engine(URL.create("sqlite", database=str(file.absolute()))), place, nullcontext())

    @classmethod
    def in_memory(cls) -> Database:
        # One connection, so one thread at a time.
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        return cls(engine, "the gallery in memory", threading.Lock())

    def found(self, meta: MetaRow) -> None:
        """Make the tables and their one row of meta data."""
        with self.locked() as session:
            Base.metadata.create_all(session.connection())
            session.add(meta)

    def write_ahead(self) -> None:
        """Switch the file to a write-ahead log. The file remembers it."""
        with self._explained(), self._engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode=WAL")

    def write_back(self) -> bool:
        """Empty the write-ahead log, so that nothing that was deleted stays in it; False where somebody reads on."""
        with self._alone, self._explained(), self._engine.connect() as connection:
            run = connection.connection.cursor()
            run.execute(f"PRAGMA busy_timeout={_WRITE_BACK_MS}")
            try:
                busy, *_ = run.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                run.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        return not busy

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent state of the gallery."""
        with self._alone, self._explained(), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that holds the write lock, commits at the end, and rolls back where anything is raised."""
        with self.locked() as session:
            session.execute(text("UPDATE meta SET revision = revision + 1"))
            yield session

    @contextmanager
    def locked(self) -> Iterator[Session]:
        """As ``writing``, for changes which nobody has to read again for."""
        try:
            with self._alone, self._explained(), Session(self._writer) as session, session.begin():
                yield session
        except BaseException:
            self.failures += 1  # two at once may count as one, which is one all the same
            raise

    def is_gallery(self) -> bool:
        with self.reading() as session:
            tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
            return "meta" in set(tables)

    def schema_version(self) -> int:
        with self.reading() as session:
            return self._number(session.execute(text("SELECT schema_version FROM meta")).scalar_one())

    def revision(self) -> int:
        with self._alone, self._explained(), self._engine.connect() as connection:
            return self._number(connection.exec_driver_sql("SELECT revision FROM meta").scalar_one())

    def close(self) -> None:
        self._engine.dispose()

    def _number(self, value: object) -> int:
        if not isinstance(value, int):  # SQLite columns take anything
            raise GalleryError(f"{self.place} is damaged ({value!r} is no number): restore it from a backup.")
        return value

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
            raise _sentence(error, self.place) from error


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _on_begin does
    for pragma in _CONNECT:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")


def _sentence(error: Exception, place: str) -> SecondLookError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return OutputError(f"{place} cannot be written because the disk is full: free space and do it again.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return OutputError(f"{place} cannot be written ({cause}): allow writing to the folder and its files.")
    if name.startswith("SQLITE_IOERR"):
        return OutputError(f"{place} cannot be written ({cause}): check its disk and the space that is left.")
    if name.startswith("SQLITE_BUSY"):
        return OutputError(f"{place} is being written by another program: wait for it and do it again.")
    if name.startswith("SQLITE_NOTADB"):
        return GalleryMissing(f"{place} holds no gallery, its gallery.db is another kind of file: name another folder.")
    return GalleryError(f"{place} is damaged ({cause}): restore it from a backup.")
