"""The sealed files of a gallery's indexes: where they are, under which key, and when they are no more.

An erasure has to reach them, too. Their keys are sealed under one key of the gallery's, which is kept beside the keys of
the subjects and is dropped in the same step as any of those; what was written before then opens for nobody, whoever has a copy.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import IO

from sqlalchemy import select

from secondlook.errors import SecondLookError
from secondlook.gallery import index_file
from secondlook.gallery.files import beside, private_folder
from secondlook.gallery.founding import Foundation
from secondlook.gallery.index_file import ENDING, Taken, UnusableError
from secondlook.gallery.records import MetaRow
from secondlook.gallery.sealing import new_key
from secondlook.gallery.subject_index import State, SubjectIndex
from secondlook.ports import Comparison

CANNOT = (OSError, SecondLookError, sqlite3.Error)
"""What keeps a file from being written: it is done without, as a gallery without one only starts more slowly."""


class KeptIndexes:
    """One file for each comparison that the gallery is searched by. Safe from several threads and processes."""

    def __init__(self, foundation: Foundation) -> None:
        self._gallery = foundation.id
        self._database = foundation.database
        self._vault = foundation.vault
        self._folder = foundation.folder

    def load(self, now: MetaRow, comparison: Comparison) -> SubjectIndex | None:
        """The index of this state of the gallery; None where no file holds it. A file that is of no use is removed."""
        if self._folder is None:
            return None
        path = self._file(self._folder, comparison.id)
        if not path.exists():
            return None
        try:
            return index_file.read(path, self._gallery, self._vault.open_index_key, _state(now, comparison), comparison)
        except UnusableError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return None

    def save(self, taken: Taken) -> bool:
        """Whether it was written: not where the gallery was changed meanwhile, or somebody in it erased."""
        if self._folder is None:
            return False
        path, key = self._file(self._folder, taken.listed.state.comparison), new_key()
        part = beside(path)
        try:
            private_folder(self._folder)
            with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "r+b") as file:
                index_file.write(file, self._gallery, key, taken)
                # with the write lock, under which subjects are removed: until here the file's key was nowhere but in memory
                with self._database.locked() as session:
                    now = session.scalars(select(MetaRow)).one()
                    return self._still(now, taken) and self._publish(file, key, part, path)
        except CANNOT:
            return False
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def forget(self) -> None:
        """Nobody opens any of the files any more, whoever has a copy of one. Raises OutputError, GalleryLocked."""
        self._vault.drop_index_key()
        self.remove()

    def remove(self) -> None:
        """The files, whose key was dropped."""
        if self._folder is None:
            return
        for path in self._folder.glob(f"*{ENDING}*"):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _still(self, now: MetaRow, taken: Taken) -> bool:
        if (now.revision, now.pack) != (taken.listed.state.revision, taken.listed.state.pack):
            return False
        gone = self._vault.dropped()  # a change that failed may have dropped a key, and the revision says nothing
        return not any(id_.tobytes().hex() in gone for id_ in taken.listed.ids) if gone else True

    def _publish(self, file: IO[bytes], key: bytes, part: Path, path: Path) -> bool:
        try:
            index_file.put_key(file, self._vault.seal_index_key(key))
            part.replace(path)
        except CANNOT:  # within the lock nothing is raised: that would say that a change failed
            return False
        return True

    def _file(self, folder: Path, comparison: str) -> Path:
        return folder / f"{hashlib.sha256(comparison.encode()).hexdigest()[:12]}{ENDING}"


def _state(now: MetaRow, comparison: Comparison) -> State:
    return State(now.revision, now.pack, now.dimension, comparison.id)
