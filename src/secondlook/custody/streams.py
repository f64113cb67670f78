"""The files below some folders, each as one stream of bytes or, where it is compressed, as what is in it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Protocol


class Reader(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


MOST_UNPACKED = 64 * 1024**3
"""Bytes that are read out of one compressed file."""

_COMPRESSED: dict[bytes, Callable[[Path], Reader]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_CLOSED = {b"\x28\xb5\x2f\xfd": "Zstandard", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR"}
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Stream:
    """place: the file, and the part of it where it is one of several. open: raises any of ``UNREADABLE``. limit: most
    bytes to read of it; None for all there are."""

    place: str
    open: Callable[[], Reader]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a part of one, that could not be looked into."""

    place: str
    why: str


UNREADABLE = _DAMAGED
"""What opening or reading a stream may raise."""


def paths_below(places: Iterable[Path]) -> Iterator[Path | Unread]:
    """Every folder and file at or below the places, each once; links are told as what they are and not followed."""
    seen: set[tuple[int, int]] = set()
    for place in places:
        waiting = [place]
        while waiting:
            path = waiting.pop()
            try:
                facts = path.lstat()
                if (facts.st_dev, facts.st_ino) in seen and not stat.S_ISLNK(facts.st_mode):
                    continue
                seen.add((facts.st_dev, facts.st_ino))
                yield path
                if stat.S_ISDIR(facts.st_mode):
                    waiting += sorted((Path(entry.path) for entry in os.scandir(path)), reverse=True)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError as error:
                yield Unread(str(path), error.strerror or str(error))


def streams(path: Path) -> Iterator[Stream | Unread]:
    """The file's own bytes, and what is in it where it is compressed. Nothing for what is no file."""
    if path.is_symlink() or not path.is_file():
        return
    yield Stream(str(path), partial(FileIO, path))
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if head.startswith(_ZIP):
            yield from _members(path)
    except _DAMAGED as error:
        yield Unread(str(path), f"cannot be unpacked ({error})")
        return
    for begins, opened in _COMPRESSED.items():
        if head.startswith(begins):
            yield Stream(f"{path} unpacked", partial(opened, path), MOST_UNPACKED)
    for begins, name in _CLOSED.items():
        if head.startswith(begins):
            yield Unread(str(path), f"is packed with {name}, which is not looked into")


def _members(path: Path) -> Iterator[Stream | Unread]:
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            place = f"{path}!{member.filename}"
            if member.flag_bits & 1:
                yield Unread(place, "is encrypted")
            elif not member.is_dir():
                yield Stream(place, partial(packed.open, member), MOST_UNPACKED)
