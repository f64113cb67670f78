"""The subjects' keys: a small SQLite file of its own, outside the gallery's folder.

Of a key that was dropped its subject's id is kept, so that no backup brings the key back.

A subject's key is wrapped by the gallery's key. Dropping it makes every copy of what it sealed unreadable: in the
gallery, in its write-ahead log, in a backup of the folder. That holds as long as nobody keeps an old copy of *this*
file as well. So here: no write-ahead log (journal_mode=DELETE), deleted bytes are overwritten (secure_delete=ON), and
a commit is on the disk, journal gone, before it is acknowledged (synchronous=EXTRA).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from secondlook.errors import GalleryLocked, OutputError, SubjectErased
from secondlook.gallery.files import create_private

_BUSY_SECONDS = 30.0
_PRAGMAS = ("PRAGMA journal_mode=DELETE", "PRAGMA secure_delete=ON", "PRAGMA synchronous=EXTRA")
_TABLE = "keys (subject TEXT PRIMARY KEY, wrapped BLOB NOT NULL)"
_DROPPED = "dropped (subject TEXT PRIMARY KEY)"
_INDEX = "index_keys (gallery TEXT PRIMARY KEY, wrapped BLOB NOT NULL)"
_NOT_ONE = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR")  # the last: it has no such table


class KeyStore:
    """Wrapped keys by subject id. Safe from several threads and processes."""

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.place = place

    @classmethod
    def create(cls, file: Path) -> KeyStore:
        """The store in that file, which is made where there is none. Raises OutputError, GalleryLocked."""
        # where there is one already: two galleries may share a key file, and then this too
        with suppress(FileExistsError):
            create_private(file, b"")
        return cls._prepared(str(file.absolute()), "CREATE TABLE IF NOT EXISTS " + _TABLE)

    @classmethod
    def open(cls, file: Path) -> KeyStore:
        """Raises GalleryLocked where the file is missing or is no key store."""
        if not file.is_file():
            raise GalleryLocked(f"The subjects' keys {file} are missing: bring that file back to open the gallery.")
        return cls._prepared(str(file.absolute()), "SELECT wrapped FROM keys LIMIT 1")

    @classmethod
    def in_memory(cls) -> KeyStore:
        return cls._prepared(":memory:", "CREATE TABLE " + _TABLE)

    @classmethod
    def _prepared(cls, database: str, first: str) -> KeyStore:
        # isolation_level None: each statement commits by itself, and each of ours is a whole change.
        connection = sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        store = cls(connection, database)
        try:
            with store._statements() as run:
                for statement in (*_PRAGMAS, first):
                    run.execute(statement)
        except BaseException:
            connection.close()
            raise
        return store

    def keep(self, subject: str, wrapped: bytes) -> None:
        self.keep_all({subject: wrapped})

    def keep_all(self, wrapped: Mapping[str, bytes]) -> None:
        """Keys by subject id, all of them or none. Raises SubjectErased where one was dropped before."""
        with self._statements() as run, _whole(run):
            gone = _dropped(run) & wrapped.keys()
            if gone:
                raise SubjectErased(
                    f"The subject {min(gone)} was removed, and nobody is enrolled under that id again: take a new one."
                )
            run.executemany("INSERT INTO keys VALUES (?, ?)", wrapped.items())

    def find(self, subject: str) -> bytes | None:
        with self._statements() as run:
            row = run.execute("SELECT wrapped FROM keys WHERE subject = ?", (subject,)).fetchone()
        return None if row is None else bytes(row[0])

    def everything(self) -> dict[str, bytes]:
        with self._statements() as run:
            return {
                str(subject): bytes(wrapped) for subject, wrapped in run.execute("SELECT subject, wrapped FROM keys")
            }

    def drop(self, subject: str) -> None:
        """Forget a key for good, and that its subject is to have none. One which is not there is no error. With it go the
        keys of indexes, as the subject may be in any of them."""
        with self._statements() as run, _whole(run):
            if _there(run, "index_keys"):
                run.execute("DELETE FROM index_keys")
            run.execute("CREATE TABLE IF NOT EXISTS " + _DROPPED)
            run.execute("INSERT OR IGNORE INTO dropped VALUES (?)", (subject,))
            run.execute("DELETE FROM keys WHERE subject = ?", (subject,))

    def dropped(self) -> frozenset[str]:
        """The subjects whose keys were dropped here, in whichever gallery."""
        with self._statements() as run:
            return _dropped(run)

    def index_key(self, gallery: str) -> bytes | None:
        """What opens a gallery's indexes, wrapped. It is in no export of keys: whoever has it makes the indexes anew."""
        with self._statements() as run:
            return _index_key(run, gallery)

    def keep_index_key(self, gallery: str, wrapped: bytes) -> bytes:
        """The one that is there, else this one, which then is."""
        with self._statements() as run, _whole(run):
            run.execute("CREATE TABLE IF NOT EXISTS " + _INDEX)
            run.execute("INSERT OR IGNORE INTO index_keys VALUES (?, ?)", (gallery, wrapped))
            return _index_key(run, gallery) or wrapped

    def drop_index_key(self, gallery: str) -> None:
        """Forget it for good. It is no error where there is none."""
        with self._statements() as run:
            if _there(run, "index_keys"):
                run.execute("DELETE FROM index_keys WHERE gallery = ?", (gallery,))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _statements(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise _explained(error, self.place) from error


def _dropped(run: sqlite3.Connection) -> frozenset[str]:
    rows = run.execute("SELECT subject FROM dropped").fetchall() if _there(run, "dropped") else []
    return frozenset(str(subject) for (subject,) in rows)


def _index_key(run: sqlite3.Connection, gallery: str) -> bytes | None:
    if not _there(run, "index_keys"):
        return None
    row = run.execute("SELECT wrapped FROM index_keys WHERE gallery = ?", (gallery,)).fetchone()
    return None if row is None else bytes(row[0])


def _there(run: sqlite3.Connection, table: str) -> bool:
    return run.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


@contextmanager
def _whole(run: sqlite3.Connection) -> Iterator[None]:
    """Statements that take effect together."""
    run.execute("BEGIN IMMEDIATE")
    try:
        yield
        run.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            run.execute("ROLLBACK")
        raise


def _explained(error: sqlite3.Error, place: str) -> GalleryLocked | OutputError:
    if getattr(error, "sqlite_errorname", "").startswith(_NOT_ONE):
        return GalleryLocked(f"{place} is damaged or does not hold subjects' keys: bring back the right file.")
    return OutputError(f"The subjects' keys {place} cannot be used ({error}): check free space and permissions.")
