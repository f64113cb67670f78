"""Taking a subject out of backups: the archive is written anew without the subject's rows, an exported key is blotted
out where it stands."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from secondlook.custody.archive import ABOUT, ArchiveReader, ArchiveWriter
from secondlook.custody.files import synchronised
from secondlook.custody.restore import Clean
from secondlook.errors import OutputError
from secondlook.gallery.files import beside
from secondlook.gallery.offline import gallery_facts, remove_rows


def is_archive(file: Path) -> bool:
    """By its first member. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(100).rstrip(b"\0") == ABOUT.encode()


def remove_gallery_rows(file: Path, subject: str) -> int:
    """``Clean`` for a gallery's database."""
    return remove_rows(file, subject) if gallery_facts(file) is not None else 0


def erase_in_archive(archive: Path, subject: str, cleaners: Sequence[Clean] = (remove_gallery_rows,)) -> int:
    """How many rows of a subject (id in hex) were in the archive. Written anew, whole or not at all, where there were any.

    Raises BackupDamaged, BackupVersion, OutputError.
    """
    try:
        with (
            TemporaryDirectory(dir=archive.absolute().parent, prefix=".erasing-") as scratch,
            ArchiveReader.opened(archive) as reader,
        ):
            cleaned: dict[str, Path] = {}
            gone = 0
            databases = {note.path for note in reader.manifest.databases}
            for number, member in enumerate(m for m in reader.manifest.files if m.path in databases):
                file = Path(scratch) / f"{number}.db"
                reader.unpack(member, file)
                count = sum(clean(file, subject) for clean in cleaners)
                if count:
                    cleaned[member.path] = file
                    gone += count
            if cleaned:
                _rewrite(reader, archive, cleaned)
    except OSError as error:
        raise OutputError(
            f"{archive} cannot be written anew ({error.strerror}): free space, and erase again."
        ) from error
    return gone


def _rewrite(reader: ArchiveReader, archive: Path, cleaned: dict[str, Path]) -> None:
    part = beside(archive)
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            writer = ArchiveWriter(file, reader.manifest.about)
            for member in reader.manifest.files:
                path = cleaned.get(member.path)
                with closing(path.open("rb") if path is not None else reader.file(member)) as source:
                    writer.add(member.path, source, path.stat().st_size if path is not None else member.size)
            writer.finish(reader.manifest.databases, reader.manifest.head)
            file.flush()
            os.fsync(file.fileno())
        part.replace(archive)
        synchronised(archive.absolute().parent)
    finally:
        part.unlink(missing_ok=True)
