"""What lies in a place (a gallery's folder, a service's data folder) that a backup takes along."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from secondlook.custody.files import LOCK
from secondlook.custody.identity import FILE_NAME as LOG_FILE
from secondlook.errors import BackupError, OutputError
from secondlook.gallery.index_file import ENDING as INDEX
from secondlook.gallery.offline import BESIDE, HEAD, GalleryFacts, gallery_facts

_KEYS = (".signing", ".subjects", ".key", ".head")
_PASSING = (LOCK, ".lock")


@dataclass(frozen=True, slots=True)
class Contents:
    """Files of a place, by kind. galleries: their databases, with what they say. databases: others of SQLite. logs:
    folders. plain: everything else but what is in the logs. All of them absolute."""

    galleries: tuple[tuple[Path, GalleryFacts], ...]
    databases: tuple[Path, ...]
    logs: tuple[Path, ...]
    plain: tuple[Path, ...]


def contents(place: Path) -> Contents:
    """Links and what is no file are left out, and so is what programs leave beside databases, locks, half-written files, and
    the sealed index of a gallery, which is made anew of its rows.

    Raises BackupError where the place is none, or keys lie in it; OutputError where it cannot be read.
    """
    galleries, databases, logs, plain = [], [], [], []
    for file in _files(place):
        if file.name == LOG_FILE:
            logs.append(file.parent)
        if not _is_database(file):
            plain.append(file)
        elif facts := gallery_facts(file):
            galleries.append((file, facts))
        else:
            databases.append(file)
    if not galleries and not logs:
        raise BackupError(f"{place} holds no gallery and no log: name a gallery's folder, or a service's data folder.")
    plain = [file for file in plain if not any(file.is_relative_to(log) for log in logs)]
    for file in plain:
        if file.suffix in _KEYS:
            raise BackupError(
                f"{file} looks like a key, and a backup that carries keys is not sealed: move it elsewhere."
            )
    return Contents(tuple(galleries), tuple(databases), tuple(logs), tuple(plain))


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        raise BackupError(f"{place} is no folder: name a gallery's folder, or a service's data folder.")

    def refuse(error: OSError) -> None:
        raise OutputError(f"{error.filename} cannot be read ({error.strerror}): allow reading it.") from error

    found = []
    for folder, folders, names in os.walk(place.absolute(), onerror=refuse):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            passing = name in _PASSING or name.endswith((*BESIDE, INDEX, ".part"))
            if not passing and _is_file(file):
                found.append(file)
    return found


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:  # gone meanwhile
        return False


def _is_database(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(len(HEAD)) == HEAD
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{file} cannot be read ({error.strerror}): allow reading it.") from error
