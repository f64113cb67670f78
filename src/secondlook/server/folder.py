"""The service's folder: what lies where, and that only one service works in it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import Conflict, Invalid, OutputError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """root: for its owner only. Keys never lie in it."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "service.db"

    @property
    def database_note(self) -> Path:
        """Where the database is, if that is not here: an address without a password."""
        return self.root / "service.address"

    @property
    def gallery(self) -> Path:
        return self.root / "gallery"

    @property
    def gallery_note(self) -> Path:
        """Where the gallery is, if that is not here: an address without a password."""
        return self.root / "gallery.address"

    @property
    def uploads(self) -> Path:
        """Files as they were sent, by id."""
        return self.root / "uploads"

    @property
    def jobs(self) -> Path:
        """A folder a job, for what it works on and what it made."""
        return self.root / "jobs"

    def make(self) -> None:
        try:
            for folder in (self.root, self.uploads, self.jobs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{error.filename} cannot be made ({error.strerror}): choose another --data.") from error


def read_note(note: Path) -> str:
    """Empty where there is none. Raises OutputError."""
    try:
        return note.read_text("utf-8").strip() if note.exists() else ""
    except OSError as error:
        raise OutputError(f"{note} cannot be read ({error.strerror}): allow it, and start again.") from error


def keep_note(note: Path, place: str, instead_of: Path) -> None:
    """From now on that is there. Raises Invalid where another place is noted, or the thing itself is in the folder already;
    OutputError."""
    there = read_note(note) or (str(instead_of) if instead_of.exists() else "")
    if there not in ("", place):
        raise Invalid(f"This service has {there} already, and not {place}: name that, or another --data.")
    try:
        note.write_text(place + "\n", "utf-8")
    except OSError as error:
        raise OutputError(f"{note} cannot be written ({error.strerror}): allow it, and start again.") from error


class Alone:
    """Held as long as the service runs; the system lets go of it however the service ends."""

    def __init__(self, folder: DataFolder) -> None:
        self._file = os.open(folder.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise Conflict(f"A service works in {folder.root} already: stop it, or choose another --data.") from error

    def release(self) -> None:
        os.close(self._file)
