"""The service's tables and the database they are in: SQLite in write-ahead mode, or PostgreSQL, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, OutputError
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


class Database:
    """Sessions for reading and for writing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{_WRITING: True})
        if self.is_sqlite:
            event.listen(engine, "connect", _on_connect)
            event.listen(engine, "begin", _on_begin)

    @classmethod
    def on_disk(cls, file: Path) -> Database:
        return cls(create_engine(URL.create("sqlite", database=str(file.absolute()))))

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def upgrade(self) -> None:
        """Brings the tables to what this version knows. Raises GalleryVersion where a newer one wrote them."""
        upgrade(self.engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent state."""
        with _explained(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at the end, and rolls back where anything is raised; on SQLite it holds the write
        lock from the beginning. Raises Conflict where a row that must be there once is there already."""
        with _explained(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def compact(self) -> None:
        """Empties SQLite's write-ahead log into the tables, where what was deleted is overwritten. Elsewhere: nothing."""
        if self.is_sqlite:
            with _explained(), self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.engine.dispose()


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _on_begin does
    for pragma in _CONNECT:
        connection.execute(pragma)


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("It is there already, or what it belongs to is not there any more: look again.") from error
    except OperationalError as error:
        raise OutputError(
            f"The service's database does not take this ({error.orig}): make room, allow writing, or wait."
        ) from error
