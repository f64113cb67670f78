"""SQLite as the database of a gallery: a file in write-ahead mode, or memory.

Every change happens under the one write lock (BEGIN IMMEDIATE), and is on the disk when it is acknowledged
(synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from secondlook.errors import GalleryError, GalleryMissing, OutputError, SecondLookError

_BUSY_MS = 30_000
_WRITE_BACK_MS = 5_000
_CONNECT = (
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten
)
_WRITING = "secondlook_writing"
POOLED = 32
"""Connections kept open. More are made where more threads read at once, and making one takes as long as reading does."""


class SqliteStore:
    """A ``database.Store``."""

    def __init__(self, engine: Engine, place: str, alone: AbstractContextManager[Any]) -> None:
        self.reader = engine
        self.writer = engine.execution_options(**{_WRITING: True})
        self.alone = alone
        self.place = place
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)

    @classmethod
    def on_disk(cls, file: Path, place: str) -> SqliteStore:
        url = URL.create("sqlite", database=str(file.absolute()))
        engine = create_engine(url, hide_parameters=True, pool_size=POOLED, max_overflow=-1)
        return cls(engine, place, nullcontext())

    @classmethod
    def in_memory(cls) -> SqliteStore:
        # One connection, so one thread at a time.
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        return cls(engine, "the gallery in memory", threading.Lock())

    def prepare(self, session: Session) -> None:
        """Nothing has to be there before the tables."""

    def settle(self) -> None:
        """Switch the file to a write-ahead log. The file remembers it."""
        with self.reader.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode=WAL")

    def overwrite_deleted(self) -> bool:
        """Empty the write-ahead log, so that nothing that was deleted stays in it; False where somebody reads on."""
        with self.reader.connect() as connection:
            run = connection.connection.cursor()
            run.execute(f"PRAGMA busy_timeout={_WRITE_BACK_MS}")
            try:
                busy, *_ = run.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                run.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        return not busy

    def is_gallery(self, session: Session) -> bool:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        return "meta" in set(tables)

    def sentence(self, error: Exception) -> SecondLookError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        name, place = getattr(cause, "sqlite_errorname", ""), self.place
        if name.startswith("SQLITE_FULL"):
            return OutputError(f"{place} cannot be written because the disk is full: free space and do it again.")
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return OutputError(f"{place} cannot be written ({cause}): allow writing to the folder and its files.")
        if name.startswith("SQLITE_IOERR"):
            return OutputError(f"{place} cannot be written ({cause}): check its disk and the space that is left.")
        if name.startswith("SQLITE_BUSY"):
            return OutputError(f"{place} is being written by another program: wait for it and do it again.")
        if name.startswith("SQLITE_NOTADB"):
            return GalleryMissing(
                f"{place} holds no gallery, its gallery.db is another kind of file: name another folder."
            )
        return GalleryError(f"{place} is damaged ({cause}): restore it from a backup.")


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _on_begin does
    for pragma in _CONNECT:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")
