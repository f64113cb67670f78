"""The files of a log: ``entries.jsonl``, and once that is large ``entries-<seq of its first line>.jsonl`` and so on.

The last of them is the one that is written to. None is ever renamed, so that readers and other writers may hold it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from secondlook.custody.entries import LONGEST_LINE

FIRST = "entries.jsonl"
LOCK = "lock"
_LATER = re.compile(r"entries-(\d{12})\.jsonl")
_STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Extent:
    """A file of the log, and how many bytes of it there were."""

    path: Path
    size: int


def later_file(folder: Path, seq: int) -> Path:
    """The file whose first line is to be entry ``seq``."""
    return folder / f"entries-{seq:012d}.jsonl"


def entry_files(folder: Path) -> list[Path]:
    """In the order of their entries. Raises OSError."""
    names = {entry.name for entry in os.scandir(folder) if entry.is_file()}
    later = sorted(name for name in names if _LATER.fullmatch(name))
    return [folder / name for name in ([FIRST] if FIRST in names else []) + later]


def extents(folder: Path) -> tuple[Extent, ...]:
    """Raises OSError."""
    return tuple(Extent(path, path.stat().st_size) for path in entry_files(folder))


def first_seq(path: Path) -> int:
    """By its name."""
    found = _LATER.fullmatch(path.name)
    return int(found[1]) if found else 1


@dataclass(frozen=True, slots=True)
class End:
    """How a file ends. line: its last whole line without line break, None where there is none. whole: bytes up to the
    end of that line. torn: bytes after it, of a line that was never finished."""

    line: bytes | None
    whole: int
    torn: int


def end_of(path: Path) -> End:
    """Reads from the back. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        held, start = b"", size
        while start > 0 and held.count(b"\n", 0, max(held.rfind(b"\n"), 0)) == 0:
            step = min(_STEP, start)
            start -= step
            file.seek(start)
            held = file.read(step) + held
    last = held.rfind(b"\n")
    if last < 0:
        return End(None, 0, size)
    line = held[held.rfind(b"\n", 0, last) + 1 : last]
    return End(line, start + last + 1, len(held) - last - 1)


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line as it stands. number: 1 upwards in its file. content: without its line break; whole: it had one."""

    path: Path
    number: int
    content: bytes
    whole: bool


def raw_lines(files: tuple[Extent, ...]) -> Iterator[RawLine]:
    """Every line of the files, so far as they are told to go; overlong ones in pieces. Raises OSError."""
    for extent in files:
        left, number = extent.size, 0
        with extent.path.open("rb") as file:
            while left > 0:
                content = file.readline(min(left, LONGEST_LINE + 1))
                if not content:
                    break
                left -= len(content)
                number += 1
                yield RawLine(extent.path, number, content.removesuffix(b"\n"), content.endswith(b"\n"))


def synchronised(folder: Path) -> None:
    """The folder's own entries are on the disk. Raises OSError."""
    with suppress(PermissionError):  # systems that cannot open a folder (Windows) write its entries themselves
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
