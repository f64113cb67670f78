"""Reading a log for people. Nothing is checked here: ``verify`` does that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from secondlook.custody.entries import Line, decoded, taken_apart
from secondlook.custody.files import LOCK, extents, first_seq, raw_lines
from secondlook.custody.identity import read_identity
from secondlook.custody.locks import reading_along
from secondlook.errors import LogUnusable
from secondlook.ports import Action


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: all that fit whatever is not None. since, until: with a zone; until is not included. object: an
    id among those of the entry. case: as stated."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: Action | None = None
    object: str | None = None
    case: str | None = None

    def takes(self, line: Line) -> bool:
        entry = line.entry
        return (
            (self.actor is None or entry.actor == self.actor)
            and (self.action is None or entry.action is self.action)
            and (self.object is None or self.object in entry.object)
            and (self.case is None or entry.case == self.case)
            and (self.since is None or datetime.fromisoformat(line.at) >= self.since)
            and (self.until is None or datetime.fromisoformat(line.at) < self.until)
        )


def read_log(folder: Path, wanted: Wanted = Wanted()) -> Iterator[Line]:
    """The entries, oldest first, so far as they can be read. Raises LogUnusable where there is no log."""
    if read_identity(folder) is None:
        raise LogUnusable(f"There is no log in {folder}: name a gallery's folder, or a service's data folder.")
    try:
        with reading_along(folder / LOCK):
            files = extents(folder)
        for raw in raw_lines(files):
            parts = taken_apart(raw.content) if raw.whole else None
            line = decoded(parts) if parts is not None else None
            if line is not None and wanted.takes(line):
                yield line
    except OSError as error:
        raise LogUnusable(f"The log in {folder} cannot be read ({error.strerror}): allow reading it.") from error


def newest_first(folder: Path, wanted: Wanted = Wanted(), before: int | None = None) -> Iterator[Line]:
    """The same from the end. before: only entries with a smaller ``seq``. Each of the log's files is held as long as it is
    read; those that are not reached are not opened."""
    if read_identity(folder) is None:
        raise LogUnusable(f"There is no log in {folder}: name a gallery's folder, or a service's data folder.")
    try:
        with reading_along(folder / LOCK):
            files = extents(folder)
        for extent in reversed(files):
            if before is not None and first_seq(extent.path) >= before:
                continue
            with extent.path.open("rb") as file:
                lines = file.read(extent.size).split(b"\n")
            for content in reversed(lines):
                parts = taken_apart(content)
                line = decoded(parts) if parts is not None else None
                if line is not None and wanted.takes(line) and (before is None or line.seq < before):
                    yield line
    except OSError as error:
        raise LogUnusable(f"The log in {folder} cannot be read ({error.strerror}): allow reading it.") from error
