"""Taking a subject out of the backups within reach."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from secondlook.custody.archive_erasing import erase_in_archive, is_archive, remove_gallery_rows
from secondlook.custody.key_export import blot_out, is_key_export
from secondlook.custody.receipts import Removed
from secondlook.custody.restore import Clean
from secondlook.errors import OutputError


@dataclass(frozen=True, slots=True)
class BackupRemover:
    """Takes a subject out of every archive and every file of exported keys below some folders.

    cleaners: for the databases in the archives; of galleries' there is one.
    """

    folders: Sequence[Path]
    cleaners: Sequence[Clean] = ()

    def remove(self, subject: str) -> Sequence[Removed]:
        """Raises BackupDamaged where an archive cannot be read, OutputError."""
        rows = archives = keys = 0
        for file in self._files():
            if is_archive(file):
                count = erase_in_archive(file, subject, (remove_gallery_rows, *self.cleaners))
                rows, archives = rows + count, archives + (count > 0)
            elif is_key_export(file):
                keys += blot_out(file, subject)
        return (
            Removed("backups written anew", archives),
            Removed("rows in backups", rows),
            Removed("keys in files of exported keys", keys),
        )

    def _files(self) -> Iterator[Path]:
        def refuse(error: OSError) -> None:
            raise OutputError(f"{error.filename} cannot be read ({error.strerror}): allow reading it.") from error

        for place in self.folders:
            if place.is_file():
                yield place
                continue
            for folder, _, names in os.walk(place, onerror=refuse):
                for name in sorted(names):
                    file = Path(folder, name)
                    if file.is_file() and not file.is_symlink():
                        yield file
