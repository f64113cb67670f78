"""A backup of a place while it is in use: one consistent state of each database, then the log, which tells of all that
is in them. What is sealed stays sealed: no key is in it (``key_export`` keeps those, in a file of its own)."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from secondlook.custody.archive import About, ArchiveWriter, DatabaseNote
from secondlook.custody.entries import now
from secondlook.custody.files import LOCK, Extent, extents
from secondlook.custody.locks import reading_along
from secondlook.custody.places import Contents, contents
from secondlook.errors import BackupError, OutputError
from secondlook.gallery.files import beside, publish
from secondlook.gallery.offline import copy_database, migration

_HELD_BYTES = 16 << 20
"""Files up to this length are read at once, so that one that is being written is taken as it was at one moment."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """bytes: of the files in the archive."""

    files: int
    bytes: int
    galleries: tuple[str, ...]


def back_up(
    place: Path,
    out: Path,
    made_by: str,
    head: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> BackedUp:
    """Writes a place into a new archive, whole or not at all.

    made_by: version of Second Look. head: of the place's log, stated just before, as one line. progress: told how many
    files are done, of how many. Raises BackupError, OutputError.
    """
    if out.exists():
        raise BackupError(f"{out} is there already: name a file that is not there yet.")
    if out.absolute().is_relative_to(place.absolute()):
        raise BackupError(f"{out} lies in what is backed up: name a file elsewhere.")
    held = contents(place)
    part = beside(out)
    try:
        with (
            TemporaryDirectory(dir=out.absolute().parent, prefix=".backup-") as scratch,
            os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file,
        ):
            done = _Writing(place.absolute(), held, Path(scratch), progress).write(file, made_by, head)
            file.flush()
            os.fsync(file.fileno())
        publish(part, out)
    except FileExistsError as error:
        raise BackupError(f"{out} was made by another program meanwhile: name another file.") from error
    except EOFError as error:
        raise BackupError(f"A file in {place} became shorter while it was copied ({error}): do it again.") from error
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}): free space or choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
    return done


class _Writing:
    def __init__(self, place: Path, held: Contents, scratch: Path, progress: Callable[[int, int], None]) -> None:
        self._place = place
        self._held = held
        self._scratch = scratch
        self._progress = progress
        self._done = 0
        self._bytes = 0

    def write(self, file: io.BufferedWriter, made_by: str, head: str) -> BackedUp:
        held = self._held
        galleries = tuple(sorted({facts.id for _, facts in held.galleries}))
        writer = ArchiveWriter(file, About(now(), made_by, galleries))
        notes = [DatabaseNote(self._name(path), facts.id, str(facts.schema_version)) for path, facts in held.galleries]
        notes += [DatabaseNote(self._name(path), "", migration(path)) for path in held.databases]
        for note in notes:
            self._database(writer, note)
        for path in held.plain:
            self._plain(writer, path)
        for folder in held.logs:  # last, so that it tells of everything that is in the rest
            self._log(writer, folder)
        writer.finish(tuple(notes), head)
        return BackedUp(self._done, self._bytes, galleries)

    def _database(self, writer: ArchiveWriter, note: DatabaseNote) -> None:
        copy = self._scratch / "copy.db"
        copy_database(self._place / note.path, copy)
        self._add(writer, note.path, copy, copy.stat().st_size)
        copy.unlink()

    def _plain(self, writer: ArchiveWriter, path: Path) -> None:
        try:
            size = path.stat().st_size
            if size > _HELD_BYTES:
                self._add(writer, self._name(path), path, size)
                return
            content = path.read_bytes()
        except FileNotFoundError:
            return  # gone meanwhile
        writer.add(self._name(path), io.BytesIO(content), len(content))
        self._count(len(content))

    def _log(self, writer: ArchiveWriter, folder: Path) -> None:
        with reading_along(folder / LOCK):
            entries = extents(folder)
            told = {extent.path for extent in entries}
            others = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != LOCK]
            rest = [Extent(path, path.stat().st_size) for path in others if path not in told and path.suffix != ".part"]
        for extent in (*rest, *entries):
            self._add(writer, self._name(extent.path), extent.path, extent.size)

    def _add(self, writer: ArchiveWriter, name: str, path: Path, size: int) -> None:
        with closing(path.open("rb")) as source:
            writer.add(name, source, size)
        self._count(size)

    def _count(self, size: int) -> None:
        self._done += 1
        self._bytes += size
        self._progress(self._done, max(self._done, self._total()))

    def _total(self) -> int:
        held = self._held
        return len(held.galleries) + len(held.databases) + len(held.plain) + len(held.logs)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._place).as_posix()
