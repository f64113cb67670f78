"""The one place where the room opens a file: regular files only, and every failure a sentence with the file's name."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, TypeAlias

from secondlook.errors import SourceError, UnsupportedSource
from secondlook.sources.kinds import HEAD_BYTES, READABLE, SourceKind, kind_of

Named: TypeAlias = "str | os.PathLike[str]"


def shown(path: Named) -> str:
    """The name of a file for a sentence: as it is, or escaped where a terminal could not print it."""
    name = os.fspath(path)
    return name if name.isprintable() else ascii(name)


def open_file(path: Named) -> BinaryIO:
    """A regular file that is not empty, open for reading. Raises SourceError."""
    name = shown(path)
    try:
        found = Path(path).stat()
        # a pipe would wait for a writer for ever, a device may never end
        if stat.S_ISDIR(found.st_mode):
            raise UnsupportedSource(f"{name} is a folder and no file: name the files in it.")
        if not stat.S_ISREG(found.st_mode):
            raise UnsupportedSource(f"{name} is a pipe, a socket or a device: save what it gives to a file first.")
        if found.st_size == 0:
            raise SourceError(f"{name} is empty: copy it again from where it came.")
        return Path(path).open("rb")
    except FileNotFoundError as error:
        if os.path.lexists(path):
            raise SourceError(f"{name} is a link to a file that is not there: copy the file itself.") from error
        raise SourceError(f"{name} does not exist: check the name.") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{name} cannot be opened ({_reason(error)}): check the name and its permissions.") from error


def kind_of_file(path: Named) -> SourceKind:
    """What a file is by its content. Raises SourceError where it cannot be opened or is nothing that is read here."""
    with open_file(path) as file:
        return kind_of_open(file, path)


def kind_of_open(file: BinaryIO, path: Named) -> SourceKind:
    """The same for a file already open, which is left at its beginning."""
    kind = kind_of(head_of(file, path))
    if kind is None:
        raise UnsupportedSource(f"{shown(path)} is not {READABLE}: convert it, or leave it out.")
    return kind


def head_of(file: BinaryIO, path: Named) -> bytes:
    """The first bytes of a file, which is left at its beginning."""
    try:
        head = file.read(HEAD_BYTES)
        file.seek(0)
    except OSError as error:
        raise SourceError(f"{shown(path)} cannot be read ({_reason(error)}): check the disk it is on.") from error
    return head


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
