"""What of a run is whole, so that it can go on where it was.

``OUT/.run/journal.jsonl`` holds one line a finished source: how long each result file was once everything of that
source was in it. Going on cuts the files back to the last such length and goes on with the first source not listed, so
that nothing is lost or doubled wherever the run was stopped. A half-written last line counts as not written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from secondlook.errors import OutputError

SCHEMA = "secondlook.run/1"
_BLOCK = 1 << 16


class Start(StrEnum):
    """What to do with a folder that holds a run already."""

    NEW = "new"
    RESUME = "resume"
    OVERWRITE = "overwrite"


@dataclass(frozen=True, slots=True)
class Finished:
    """A source that is whole. sizes: bytes of each result file after it. warning: what was wrong with it, or empty."""

    source: str
    sizes: Mapping[str, int]
    warning: str = ""


class Journal:
    """The result files of one run and the record of what is whole. Raises OutputError where the disk refuses.

    settings: a short text of whatever would change the results; a run is only taken up with the same. files: names of
    the result files in the folder, appended to through ``write``.
    """

    def __init__(self, out: Path, settings: str, files: tuple[str, ...], start: Start) -> None:
        self.out = out
        self._place = out / ".run" / "journal.jsonl"
        with writing(out):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            if start is Start.OVERWRITE:
                self._place.unlink(missing_ok=True)
        self.finished = self._read(settings, start)
        sizes = self.finished[-1].sizes if self.finished else {}
        self._files: dict[str, BinaryIO] = {}
        with writing(out):
            for name in files:
                self._files[name] = _opened_at(out / name, sizes.get(name, 0))
            if not self.finished:
                self._place.write_text(json.dumps({"schema": SCHEMA, "settings": settings}) + "\n", encoding="utf-8")

    @property
    def done(self) -> frozenset[str]:
        return frozenset(one.source for one in self.finished)

    def write(self, name: str, line: str) -> None:
        """Appends one line to a result file. It counts once ``finish`` was called for its source."""
        with writing(self.out):
            self._files[name].write(line.encode("utf-8") + b"\n")

    def finish(self, source: str, warning: str = "") -> None:
        """Everything of this source is written."""
        with writing(self.out):
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            sizes = {name: file.tell() for name, file in self._files.items()}
            line = json.dumps({"source": source, "sizes": sizes, "warning": warning})
            with self._place.open("a", encoding="utf-8") as journal:
                journal.write(line + "\n")
                journal.flush()
                os.fsync(journal.fileno())
        self.finished = (*self.finished, Finished(source, sizes, warning))

    def drop_unfinished(self) -> None:
        """Cuts off what was written of a source that failed."""
        sizes = self.finished[-1].sizes if self.finished else {}
        with writing(self.out):
            for name, file in self._files.items():
                file.flush()
                file.truncate(sizes.get(name, 0))
                file.seek(0, os.SEEK_END)

    def close(self) -> None:
        with writing(self.out):
            for file in self._files.values():
                file.close()

    def _read(self, settings: str, start: Start) -> tuple[Finished, ...]:
        try:
            lines = self._place.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise OutputError(f"{self._place} cannot be read ({error.strerror}): choose another --out.") from error
        if not lines:  # stopped before it began
            return ()
        if start is Start.NEW:
            raise OutputError(f"{self.out} holds a run already: add --resume to go on, --overwrite, or another --out.")
        cut_torn_line(self._place)
        try:
            head, *rest = (json.loads(line) for line in lines)
            finished = tuple(Finished(line["source"], line["sizes"], line["warning"]) for line in rest)
        except (ValueError, TypeError, KeyError) as error:
            raise OutputError(f"{self._place} is damaged: begin the run anew with --overwrite.") from error
        if head != {"schema": SCHEMA, "settings": settings}:
            raise OutputError(
                f"the run in {self.out} was made with other settings or another gallery: use those, or another --out."
            )
        return finished


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turns what the disk refuses into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{place} cannot be written ({reason}): make room or allow writing, then go on with --resume."
        ) from error


def cut_torn_line(path: Path) -> None:
    """Cuts off what follows the last line break: the stop came while it was written."""
    with writing(path), path.open("r+b") as file:
        start, line_break = file.seek(0, os.SEEK_END), -1
        while start > 0 and line_break < 0:  # from behind: what was found in a long video may be larger than memory
            end, start = start, max(0, start - _BLOCK)
            file.seek(start)
            line_break = file.read(end - start).rfind(b"\n")
        file.truncate(start + line_break + 1)


def _opened_at(path: Path, size: int) -> BinaryIO:
    if size and (not path.exists() or path.stat().st_size < size):
        raise OutputError(f"{path} is shorter than the run had left it: begin the run anew with --overwrite.")
    file = path.open("r+b") if path.exists() else path.open("w+b")
    file.truncate(size)
    file.seek(size)
    return file
