"""A gallery's file without its keys: told what it is, copied whole while others write, rid of a subject's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import GalleryError, OutputError
from secondlook.gallery.founding import remembered
from secondlook.gallery.keys import KeySource

HEAD = b"SQLite format 3\x00"
"""How every SQLite file begins, except one in which nothing was ever written."""

BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files which SQLite keeps beside a database; a copy of the database holds what is in them."""

_BUSY_SECONDS = 30.0
_PAGES = 256  # copied at once, so that writers are not kept waiting


@dataclass(frozen=True, slots=True)
class GalleryFacts:
    """What any version of a gallery says in clear. id: in hex."""

    id: str
    schema_version: int
    key_kind: str


def gallery_facts(file: Path) -> GalleryFacts | None:
    """None where the file is no gallery's database. Raises OutputError where it cannot be read."""
    with _opened(file, "ro") as run:
        tables = {str(name) for (name,) in run.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"meta", "subjects"} <= tables:
            return None
        gallery, version, kind = run.execute("SELECT gallery_id, schema_version, key_kind FROM meta").fetchone()
    return GalleryFacts(str(gallery), int(version), str(kind))


def key_source(file: Path, key: KeySource | None = None) -> tuple[GalleryFacts, KeySource]:
    """A gallery's facts and where its key is: as given, else as it remembers. Raises GalleryError, GalleryLocked."""
    facts = gallery_facts(file)
    if facts is None:
        raise GalleryError(f"{file} is not a gallery's database: name a gallery's folder.")
    return facts, key or remembered(facts.key_kind, file.parent)


def migration(file: Path) -> str:
    """The revision of a database that is kept by Alembic, empty for any other. Raises OutputError."""
    with _opened(file, "ro") as run:
        if run.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return ""
        row = run.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])


def copy_database(source: Path, target: Path) -> None:
    """One consistent state of a SQLite database, whoever writes to it meanwhile. target: new. Raises OutputError."""
    with _opened(source, "ro") as whole, _opened(target, "rwc") as copy:
        whole.backup(copy, pages=_PAGES)


def remove_rows(file: Path, subject: str) -> int:
    """Delete a subject (id in hex) and its references, and overwrite what they were; how many rows that was.

    Raises OutputError.
    """
    with _opened(file, "rw") as run:
        run.execute("PRAGMA secure_delete=ON")
        run.execute("BEGIN IMMEDIATE")
        gone = run.execute('DELETE FROM "references" WHERE subject_id = ?', (subject,)).rowcount
        gone += run.execute("DELETE FROM subjects WHERE id = ?", (subject,)).rowcount
        if gone:
            run.execute("UPDATE meta SET revision = revision + 1")
        run.execute("COMMIT")
        run.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return gone


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """mode: ro, rw or rwc, as in SQLite's URIs."""
    connection = None
    try:
        place = f"{file.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(place, timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
        yield connection
    except sqlite3.Error as error:
        raise OutputError(f"{file} cannot be read or written as a database ({error}): check the file.") from error
    finally:
        if connection is not None:
            connection.close()
